"""Histories as files: how they are written, and how they are downloaded."""
