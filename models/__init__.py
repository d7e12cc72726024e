"""Tortoise models: they describe tables and serve plain reads and profile writes."""
