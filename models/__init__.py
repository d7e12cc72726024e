"""Tortoise models: they describe tables and serve plain reads and profile writes."""

from models.accounts import Account, ClientProfile, CompanyProfile, LoginFailure, Session
from models.money import Currency, Wallet

__all__ = ["Account", "ClientProfile", "CompanyProfile", "Currency", "LoginFailure", "Session", "Wallet"]
