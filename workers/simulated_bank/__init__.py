"""A bank to try withdrawals with: a real HTTP server that pays nobody, fails as it is told to, and keeps books."""
