"""Two requests share a fingerprint exactly when they ask for the same."""

from dataclasses import fields, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from hypothesis import assume, example, given
from hypothesis import strategies as st

from ledger.commands import (
    Authorize,
    Capture,
    CarryOut,
    Charge,
    Command,
    Deposit,
    Enqueue,
    Refund,
    Release,
    Split,
    Transfer,
    fingerprint,
)
from ledger.tokens import WalletToken
from ledger.withdrawal_commands import CancelWithdrawal, SettleWithdrawal, Withdraw

TOKEN = WalletToken(UUID(int=3), b"a")

# Few values of each, so that equal requests come up as often as different ones.
accounts = st.sampled_from([UUID(int=1), UUID(int=2)])
tokens = st.builds(WalletToken, st.sampled_from([UUID(int=3), UUID(int=4)]), st.sampled_from([b"a", b"b"]))
amounts = st.sampled_from(["5", "5.0", "05.00", "50", "0.5", "5.01"])
codes = st.sampled_from([None, "USD", "EUR", "USDEUR"])
summaries = st.sampled_from(["", "EUR", "a", "ab", "\xff"]) | st.text(max_size=3)
keys = st.sampled_from([None, "k", "l"])
instants = st.sampled_from([None, datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 3, 2, tzinfo=UTC)])
ids = st.sampled_from([UUID(int=5), UUID(int=6)])
parts = st.builds(Split, tokens, st.none() | amounts, st.none() | amounts)
splits = st.lists(parts, max_size=2).map(tuple)
deposits = st.builds(Deposit, accounts, tokens, amounts, codes, summaries, keys, instants, st.booleans())
charges = st.builds(
    Charge,
    *(accounts, tokens, amounts, codes, summaries),
    st.none() | tokens,
    st.none() | ids,
    keys,
    splits,
    st.booleans(),
)
transfers = st.builds(
    Transfer, accounts, tokens, tokens | ids, amounts, codes, summaries, keys, st.booleans()
)
refunds = st.builds(Refund, accounts, ids, st.none() | amounts, summaries, st.none(), keys)
authorizations = st.builds(
    Authorize,
    *(accounts, tokens, amounts, codes, summaries),
    st.none() | tokens,
    st.none() | ids,
    instants,
    keys,
    st.booleans(),
)
captures = st.builds(Capture, accounts, ids, st.none() | amounts, summaries, st.none(), st.booleans(), keys)
releases = st.builds(Release, accounts, ids, st.none(), keys)
withdrawals = st.builds(Withdraw, accounts, tokens, amounts, codes, summaries, summaries, keys)
cancellations = st.builds(CancelWithdrawal, accounts, ids, st.none(), keys)
queued = st.builds(Enqueue, deposits | charges | transfers)
kinds: list[st.SearchStrategy[Command]] = [
    *(deposits, charges, transfers, refunds, authorizations, captures, withdrawals),
    *(releases, cancellations, queued),
]
commands = st.one_of(kinds)


@st.composite
def likes(draw: st.DrawFn, kind: st.SearchStrategy[Command]) -> tuple[Command, Command]:
    """Two commands of one kind that differ in one or two fields only, or in none."""
    one, other = draw(kind), draw(kind)
    names = [field.name for field in fields(one)]
    taken = draw(st.lists(st.sampled_from(names), max_size=2))
    return one, replace(one, **{name: getattr(other, name) for name in taken})


pairs = st.one_of(*map(likes, kinds), st.tuples(commands, commands))

# Whose key it is, and how the service looked things up, is no part of what is asked for.
LOOKED_UP = {"account_id", "idempotency_key", "usual_wallet_id", "charge", "authorization"}


def asked_for(command: Command) -> tuple[Any, ...]:
    """What a caller says, with each amount as a number."""
    said = {
        field.name: getattr(command, field.name) for field in fields(command) if field.name not in LOOKED_UP
    }
    if (amount := said.get("amount")) is not None:
        said["amount"] = Decimal(amount)
    said["splits"] = [
        (part.into, *(None if text is None else Decimal(text) for text in part[1:]))
        for part in said.get("splits", ())
    ]
    return type(command), said


@example((Deposit(UUID(int=1), TOKEN, "5", None, ""), Deposit(UUID(int=1), TOKEN, "5.00", None, "")))
# Run together, the parts of these two are the same text.
@example((Deposit(UUID(int=1), TOKEN, "5", "USD", "EUR"), Deposit(UUID(int=1), TOKEN, "5", "USDEUR", "")))
@given(pairs)
def test_equal_exactly_when_the_same_is_asked_for(pair: tuple[Command, Command]) -> None:
    one, other = pair
    assert (fingerprint(one) == fingerprint(other)) == (asked_for(one) == asked_for(other))


@given(charges)
def test_how_the_companys_wallet_was_looked_up_makes_no_difference(charge: Charge) -> None:
    assert fingerprint(charge) == fingerprint(replace(charge, usual_wallet_id=UUID(int=9)))


@given(st.one_of(kinds[:-3]), st.text(min_size=1, max_size=300))
def test_every_character_of_the_summary_counts(command: Command, summary: str) -> None:
    assume(summary != command.summary)
    assert not isinstance(command, Enqueue | CarryOut | CancelWithdrawal | SettleWithdrawal)
    assert fingerprint(command) != fingerprint(replace(command, summary=summary))


def test_a_part_left_out_is_not_the_byte_that_stands_for_it() -> None:
    deposit = Deposit(UUID(int=1), WalletToken(UUID(int=3), b"a"), "5", None, "x")
    assert fingerprint(deposit) != fingerprint(replace(deposit, currency="\xff"))


def test_a_fingerprint_is_the_same_in_every_process_and_release() -> None:
    """It is kept for ever: another digest for the same request would turn every replay into a conflict."""
    deposit = Deposit(UUID(int=1), WalletToken(UUID(int=3), b"secret"), "5.00", "USD", "Top-up")
    charge = Charge(UUID(int=1), WalletToken(UUID(int=3), b"secret"), "5.00", None, "Soup")
    assert fingerprint(deposit).hex() == "ef2d648e646923e0c04c9719b7632dfc"
    assert fingerprint(charge).hex() == "4f3a555e8b928878fa217756527a4671"
    account, token, earlier = UUID(int=1), WalletToken(UUID(int=3), b"secret"), UUID(int=5)
    later: dict[Command, str] = {
        Transfer(account, token, UUID(int=4), "5.00", None, "Rent"): "e54a3d6963e237b6d617859617537008",
        Refund(account, earlier, None, "Bruised", None): "b3ab56db0fc2fe4420e0f5aeb6c0b9d8",
        Authorize(account, token, "5.00", None, "Bicycle"): "363216bc5fdcdf8d2ebf37994914457f",
        Capture(account, earlier, "5.00", "Puncture", None): "f59c4f228125de586d53ed976044d121",
        Release(account, earlier, None): "797eb7f27ebf0c136d4a0531f34c80ac",
    }
    assert [fingerprint(command).hex() for command in later] == list(later.values())


def test_the_wallets_that_a_command_needs() -> None:
    payer, named, usual = (WalletToken(UUID(int=number), b"") for number in (1, 2, 3))
    charge = Charge(UUID(int=9), payer, "1", None, "", into=named, usual_wallet_id=usual.wallet_id)
    assert list(charge.wallet_ids()) == [payer.wallet_id, named.wallet_id]
    assert list(replace(charge, into=None).wallet_ids()) == [payer.wallet_id, usual.wallet_id]
    assert list(replace(charge, into=None, usual_wallet_id=None).wallet_ids()) == [payer.wallet_id]
