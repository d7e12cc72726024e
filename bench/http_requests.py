"""The requests that are sent over HTTP, put together from bytes made in advance.

All of one kind are of the same length. Money moves between random wallets, under keys that were never used.
"""

import itertools
import json
import os
import random
from collections.abc import Callable, Iterator
from pathlib import Path

from auth.principal import Role
from auth.tokens import Tokens
from bench.population import (
    FIRST_MERCHANT,
    FIRST_PAYER,
    SIGNED_IN_PAYERS_MAX,
    Population,
    bearer_token,
    wallet_id,
    wallet_token,
)
from ledger.tokens import write_token

QUERIES = Path(__file__).with_name("queries")
# As many charges in one request as still fill a batch of their own.
BULK_SIZE = 500
PLACES = ("<wallet>", "<other>", "<key>")

# What each kind asks for, with places for what differs.
INPUTS = {
    "charge": {"wallet": "<wallet>", "amount": "1.00", "summary": "A coffee", "idempotencyKey": "<key>"},
    "deposit": {"wallet": "<wallet>", "amount": "1.00", "idempotencyKey": "<key>"},
    "transfer": {"from": "<wallet>", "to": {"id": "<other>"}, "amount": "1.00", "idempotencyKey": "<key>"},
}


class Requests:
    """Makes requests of a kind: charge, deposit, transfer, or bulk for many charges in one."""

    def __init__(self, kind: str, population: Population, secret_key: str) -> None:
        self.operations = BULK_SIZE if kind == "bulk" else 1
        self.success = (
            (b'"failedCount":0', b'"succeededCount":%d' % BULK_SIZE)
            if kind == "bulk"
            else (b'"status":"SUCCEEDED"', b'"replayed":false', b'"userErrors":[]')
        )
        self._key_prefix = os.urandom(8).hex().encode()
        self._numbers = itertools.count(10**11)
        self._population = population
        self._is_by_owner = kind in ("deposit", "transfer")
        tokens = Tokens([secret_key])
        if self._is_by_owner:
            callers = range(min(population.payers, SIGNED_IN_PAYERS_MAX))
            first, role = FIRST_PAYER, Role.CLIENT
        else:
            callers, first, role = range(population.merchants), FIRST_MERCHANT, Role.COMPANY
        bearers = [bearer_token(tokens, first + number, role) for number in callers]
        self._wallets = [_token(FIRST_PAYER + n) for n in range(population.payers)]
        self._others = [f"wal_{wallet_id(FIRST_PAYER + n).hex}".encode() for n in range(population.payers)]
        item = json.dumps(INPUTS["charge" if kind == "bulk" else kind])
        self._pieces = list(_pieces(item))
        query = json.dumps((QUERIES / f"{kind}.graphql").read_text().strip())
        name = "inputs" if kind == "bulk" else "input"
        brackets = ("[", "]") if kind == "bulk" else ("", "")
        self._before = f'{{"query": {query}, "variables": {{"{name}": {brackets[0]}'.encode()
        self._after = f"{brackets[1]}}}}}".encode()
        length = len(self._body(0))
        self._heads = [
            (
                "POST /graphql HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
                f"Authorization: Bearer {bearer}\r\nContent-Length: {length}\r\n\r\n"
            ).encode()
            for bearer in bearers
        ]

    def next(self) -> bytes:
        """A request of a random caller."""
        caller = random.randrange(len(self._heads))
        return self._heads[caller] + self._body(caller)

    def _body(self, caller: int) -> bytes:
        items = (self._item(caller) for _ in range(self.operations))
        return b"".join((self._before, b",".join(items), self._after))

    def _item(self, caller: int) -> bytes:
        drawn: dict[bytes, Callable[[], bytes]] = {
            b"<wallet>": lambda: self._wallets[caller] if self._is_by_owner else random.choice(self._wallets),
            b"<other>": lambda: self._others[
                (caller + random.randrange(1, len(self._others))) % len(self._others)
            ],
            b"<key>": lambda: self._key_prefix + b"%d" % next(self._numbers),
        }
        return b"".join(drawn[piece]() if piece in drawn else piece for piece in self._pieces)


def _pieces(text: str) -> Iterator[bytes]:
    while found := min((place for place in PLACES if place in text), key=text.find, default=None):
        before, _, text = text.partition(found)
        yield before.encode()
        yield found.encode()
    yield text.encode()


def _token(number: int) -> bytes:
    token = wallet_token(number)
    return write_token(token.wallet_id, token.secret).encode()
