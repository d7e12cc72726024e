"""The ledger in integers and dictionaries: what each command must come to, told without a database.

Written from the contract, not from the code under test: amounts come as minor units beside their text, and
the checks stand in the order that the product promises.
"""
