"""A believable world to try Purser with: clients and companies, and the history that they had.

People's doings are told as stories (`seeding/stories/`), drawn from a seed, and decided by the ledger's own pure
functions. So whatever is written is what the writer would have written, only all at once and long ago.
"""
