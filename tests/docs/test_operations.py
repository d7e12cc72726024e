"""docs/operations.md and its picture against the schema and the ledger."""

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

import asyncpg
import pytest

from ledger.books import OPEN, Reservation
from ledger.commands import Authorize, Capture, Command, Refund, Release, Split
from ledger.decisions import Acceptance, Decision, decide, post
from ledger.decisions.authorization import TERM_MAX, USUAL_TERM
from ledger.earlier import Earlier
from ledger.outcomes import Outcome
from ledger.rejections import ErrorCode
from ledger.service import Ledger
from ledger.sheet import Sheet
from ledger.tokens import NOWHERE
from ledger.withdrawal_commands import CancelWithdrawal, SettleWithdrawal, Withdraw
from runtime.database import open_pool
from runtime.settings import Settings
from schema.authorizations import AuthorizationState, ledger_states
from schema.operations import OperationKind, OperationStatus
from schema.requests.cost import LIMITS
from schema.root import schema
from schema.wallets import WalletStatus
from schema.withdrawals import WithdrawalState
from tests.databases import copy_database
from tests.docs.tables import ROOT, table_of
from tests.ledger.holders import Holder, open_holder
from tests.ledger.sending import send
from tests.service import access
from tests.unit.ledger.story import COMPANY, NOW, Story

PAGE = "operations.md"
TEXT = (ROOT / "docs" / PAGE).read_text("utf-8")
_LEDGER_STATES = {state: name for state in AuthorizationState for name in ledger_states([state]) or ()}
PICTURE = (ROOT / "docs" / "images" / "states.svg").read_text("utf-8")


def test_every_kind_and_status_is_there() -> None:
    assert set(table_of(PAGE, "Kind").by_name()) == set(OperationKind)
    assert set(table_of(PAGE, "Status").by_name()) == set(OperationStatus)
    assert set(table_of(PAGE, "Wallet").by_name()) == set(WalletStatus)


def test_who_asks_for_each_kind() -> None:
    asked_for_by = {"the owner": access.HOLDERS, "a company": access.COMPANIES}
    mutations = schema._schema.mutation_type
    assert mutations is not None
    named = set()
    for kind, (listed, who, _) in table_of(PAGE, "Kind").by_name().items():
        for mutation in listed.split(", ") if listed else ():
            assert access.FIELDS[f"Mutation.{mutation}"] == asked_for_by[who], kind
            named.add(mutation)
    payloads = ("OperationPayload!", "BulkPayload!")
    assert named == {name for name, field in mutations.fields.items() if str(field.type) in payloads}


def test_the_limits_are_those_of_the_code() -> None:
    assert f"up to {LIMITS.inputs_max:,} requests" in TEXT
    assert f"({USUAL_TERM.days} days ahead when left out, {TERM_MAX.days} at most)" in TEXT


def test_the_picture_shows_the_states_there_are() -> None:
    shown = re.findall(r">([A-Z]{3,})</text>", PICTURE)
    assert sorted(shown) == sorted({*OperationStatus, *AuthorizationState} - {OperationStatus.PENDING})


def test_every_name_in_capitals_is_one() -> None:
    known = {
        *OperationKind,
        *OperationStatus,
        *AuthorizationState,
        *WalletStatus,
        *WithdrawalState,
        *ErrorCode,
        "NO",
        "UNKNOWN",
    }
    assert set(re.findall(r"\b[A-Z]+(?:_[A-Z]+)*[A-Z]\b", TEXT.replace("AMOUNT_…", ""))) <= known


def test_what_follows_in_each_state_of_an_authorization() -> None:
    table = table_of(PAGE, "State")
    assert {row[0] for row in table.rows} == set(AuthorizationState)
    assert list(table.rows) == [
        (state, *(_what_follows(AuthorizationState(state), action) for action in table.headings[1:]))
        for state, *_ in table.rows
    ]


def _what_follows(state: AuthorizationState, action: str) -> str:
    """The state after the action, or the code it is refused with, for an authorization of 6.00 that holds 5.00."""
    story, authorization_id = Story(), UUID(int=60)
    books = story.books()
    ledger_state = _LEDGER_STATES[state]
    left_minor = 500 if ledger_state == OPEN else 0
    story.purse.held = left_minor
    ends_at = NOW if action == "expiresAt comes" else NOW + timedelta(microseconds=1)
    books.reservations[authorization_id] = Reservation(
        operation_id=authorization_id,
        kind="AUTHORIZATION",
        wallet_id=story.purse.id,
        account_id=COMPANY,
        state=ledger_state,
        asked_minor=600,
        captured_minor=100,
        refunded_minor=0,
        remaining_minor=left_minor,
        debit_minor=600,
        credit_minor=600,
        ends_at=ends_at,
    )
    Sheet(books)  # settles what is over
    earlier = Earlier(
        *(authorization_id, "AUTHORIZATION", "SUCCEEDED", COMPANY, story.purse.id, story.till.id, 600, "USD"),
        *(None, None, None, frozenset({COMPANY}), (), 600),
    )
    asked: dict[str, Command] = {
        "capture": Capture(COMPANY, authorization_id, "1", "", earlier),
        "capture, final: false": Capture(COMPANY, authorization_id, "1", "", earlier, is_final=False),
        "release": Release(COMPANY, authorization_id, earlier),
    }
    if action in asked:
        decision = decide(asked[action], books)
        assert not isinstance(decision, Acceptance)
        rejection = decision.rejection if isinstance(decision, Decision) else decision
        if rejection is not None:
            return rejection.code
        assert isinstance(decision, Decision)
        post(decision, UUID(int=61), books)
    after = books.reservations[authorization_id].state
    return next(state for state, name in _LEDGER_STATES.items() if name == after)


@pytest.fixture
def dsn(template_dsn: str, request: pytest.FixtureRequest) -> str:
    return copy_database(template_dsn, f"docs operations {hash(request.node.name)}")


@pytest.fixture
async def ledger(dsn: str) -> AsyncIterator[Ledger]:
    async with open_pool(dsn, 4) as pool, Ledger.open(Settings(), dsn, pool) as ledger:
        yield ledger


@pytest.mark.parametrize("state", WithdrawalState)
async def test_what_follows_in_each_state_of_a_withdrawal(
    state: WithdrawalState, ledger: Ledger, connection: asyncpg.Connection
) -> None:
    table = table_of(PAGE, "Withdrawal")
    assert {row[0] for row in table.rows} == set(WithdrawalState)
    status, money, *actions = table.by_name()[state]
    owner = await open_holder(ledger, "10")
    for action, expected in zip(("cancel", "paid", "not paid"), actions, strict=True):
        withdrawal = await _withdrawal_in(state, ledger, connection, owner)
        assert withdrawal.status == status
        wallet = await ledger.reads.wallet(owner.wallet.wallet_id)
        assert wallet is not None
        assert money == ("held" if wallet.held else "has left" if wallet.balance < 1000 else "is available")
        if expected:
            assert await _follows(action, ledger, owner, withdrawal) == expected
        owner = await open_holder(ledger, "10")


async def _withdrawal_in(
    state: WithdrawalState, ledger: Ledger, connection: asyncpg.Connection, owner: Holder
) -> Earlier:
    """A new withdrawal of 1.00, brought into that state."""
    account_id = owner.account_id
    done = await ledger.submit(Withdraw(account_id, owner.wallet, "1", None, "NL91ABNA0417164300", ""))
    assert done.operation is not None
    begun = await ledger.reads.earlier(done.operation.id, account_id)
    assert begun is not None
    if state is WithdrawalState.CANCELLED:
        await ledger.submit(CancelWithdrawal(account_id, begun.id, begun))
    elif state is not WithdrawalState.PENDING:
        await send(connection, begun.id)
        if state is WithdrawalState.UNKNOWN:
            await connection.execute(
                "UPDATE withdrawals SET state = 'UNKNOWN' WHERE operation_id = $1", begun.id
            )
        elif state is not WithdrawalState.SENT:
            await ledger.submit(SettleWithdrawal(account_id, begun, state is WithdrawalState.SUCCEEDED))
    earlier = await ledger.reads.earlier(begun.id, account_id)
    assert earlier is not None
    return earlier


async def _follows(action: str, ledger: Ledger, owner: Holder, withdrawal: Earlier) -> str:
    """The state after the action, or the code it is refused with."""
    account_id = owner.account_id
    if action == "cancel":
        outcome = await ledger.submit(CancelWithdrawal(account_id, withdrawal.id, withdrawal))
    else:
        outcome = await ledger.submit(SettleWithdrawal(account_id, withdrawal, action == "paid"))
    if outcome.rejection is not None:
        return outcome.rejection.code
    return (await ledger.reads.withdrawals([withdrawal.id]))[withdrawal.id].state


async def test_what_is_recorded(ledger: Ledger) -> None:
    payer, company = await open_holder(ledger, "10"), await open_holder(ledger, "10")
    outcomes = {
        **await _refused_charges(ledger, payer, company),
        **await _refused_afterwards(ledger, payer, company),
    }
    written = {
        code: cell.startswith("yes") for code, (cell,) in table_of(PAGE, "Refused with").by_name().items()
    }
    assert written == {
        code: outcome.operation is not None and outcome.operation.status == "FAILED"
        for code, outcome in outcomes.items()
    }


async def _refused_charges(ledger: Ledger, payer: Holder, company: Holder) -> dict[str, Outcome]:
    frozen, closed = await open_holder(ledger, "10"), await open_holder(ledger)
    await ledger.wallet_life.set_frozen(frozen.wallet.wallet_id, None, frozen=True)
    await ledger.wallet_life.close(closed.wallet, closed.account_id)
    charge = company.charge(payer, "1", key="key")
    assert (await ledger.submit(charge)).rejection is None
    charges = {
        ErrorCode.INSUFFICIENT_FUNDS: company.charge(payer, "100"),
        ErrorCode.WALLET_FROZEN: company.charge(frozen, "1"),
        ErrorCode.WALLET_CLOSED: company.charge(closed, "1"),
        ErrorCode.SAME_WALLET: company.charge(company, "1"),
        ErrorCode.CURRENCY_MISMATCH: replace(company.charge(payer, "1"), currency="EUR", converts=False),
        ErrorCode.RATE_MISSING: replace(company.charge(payer, "1"), currency="EUR"),
        ErrorCode.WALLET_REQUIRED: replace(
            company.charge(payer, "1"), account_id=uuid4(), usual_wallet_id=None
        ),
        ErrorCode.AMOUNT_NOT_POSITIVE: company.charge(payer, "0"),
        ErrorCode.AMOUNT_TOO_PRECISE: company.charge(payer, "1.001"),
        ErrorCode.AMOUNT_TOO_LARGE: company.charge(payer, "1000000000"),
        ErrorCode.CURRENCY_UNKNOWN: replace(company.charge(payer, "1"), currency="ZZZ"),
        ErrorCode.WALLET_NOT_FOUND: replace(company.charge(payer, "1"), wallet=NOWHERE),
        ErrorCode.IDEMPOTENCY_CONFLICT: replace(charge, amount="2"),
        ErrorCode.INVALID: replace(company.charge(payer, "1"), splits=(Split(frozen.wallet, "2", None),)),
    }
    outcomes = {code.value: await ledger.submit(command) for code, command in charges.items()}
    together = await ledger.submit_many(
        [company.charge(payer, "1"), company.charge(payer, "100")], is_atomic=True
    )
    return _as_expected({**outcomes, ErrorCode.NOT_EXECUTED.value: together[0]})


async def _refused_afterwards(ledger: Ledger, payer: Holder, company: Holder) -> dict[str, Outcome]:
    mine = company.account_id
    till = company.wallet.wallet_id

    async def done(command: Command) -> Earlier:
        outcome = await ledger.submit(command)
        assert outcome.operation is not None
        earlier = await ledger.reads.earlier(outcome.operation.id, mine)
        assert earlier is not None
        return earlier

    charge, deposit = await done(company.charge(payer, "1")), await done(company.deposit("1"))
    held = await done(Authorize(mine, payer.wallet, "1", None, "", usual_wallet_id=till))
    over = await done(Authorize(mine, payer.wallet, "1", None, "", usual_wallet_id=till))
    await ledger.submit(Release(mine, over.id, over))
    refused = await done(Withdraw(mine, company.wallet, "100", None, "NL91ABNA0417164300", ""))
    commands: dict[ErrorCode, Command] = {
        ErrorCode.REFUND_EXCEEDS_CHARGE: Refund(mine, charge.id, "2", "", charge),
        ErrorCode.NOT_REFUNDABLE: Refund(mine, deposit.id, "1", "", deposit),
        ErrorCode.OPERATION_NOT_FOUND: Refund(mine, uuid4(), "1", "", None),
        ErrorCode.NOT_CANCELLABLE: CancelWithdrawal(mine, refused.id, refused),
        ErrorCode.AUTHORIZATION_EXCEEDED: Capture(mine, held.id, "2", "", held),
        ErrorCode.AUTHORIZATION_CLOSED: Capture(mine, over.id, "1", "", over),
    }
    for all_that_is_left in (Capture(mine, over.id, None, "", over), Release(mine, over.id, over)):
        assert (await ledger.submit(all_that_is_left)).operation is None
    return _as_expected({code.value: await ledger.submit(command) for code, command in commands.items()})


def _as_expected(outcomes: dict[str, Outcome]) -> dict[str, Outcome]:
    assert {code: outcome.rejection and outcome.rejection.code for code, outcome in outcomes.items()} == {
        code: code for code in outcomes
    }
    return outcomes
