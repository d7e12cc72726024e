"""Tortoise models: they describe tables and serve plain reads and profile writes."""

from models.accounts import Account, ClientProfile, CompanyProfile, Session

__all__ = ["Account", "ClientProfile", "CompanyProfile", "Session"]
