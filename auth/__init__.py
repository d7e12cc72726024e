"""Passwords, tokens, sessions and permissions."""
