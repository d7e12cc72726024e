"""Charges a second: the service, the ledger in process and pgbench, side by side on one PostgreSQL."""
