"""Decisions: what moves, what is refused, and for which of several reasons."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from ledger.accounts import ACTIVE, CLOSED, FROZEN
from ledger.decisions import Decision
from ledger.money import BIGINT_MAX
from ledger.rejections import ErrorCode, Rejection
from ledger.tokens import NOWHERE, WalletToken
from tests.unit.ledger.story import COMPANY, OTHER_SECRET, SECRET, Story, a_charge, a_deposit, token


@pytest.fixture
def story() -> Story:
    return Story()


def test_a_charge_moves_from_the_payer_to_the_company(story: Story) -> None:
    decision = story.decide(a_charge(story))
    assert isinstance(decision, Decision)
    assert decision.rejection is None
    assert (decision.kind, decision.amount_minor, decision.currency) == ("CHARGE", 450, "USD")
    assert decision.postings == ((story.purse, -450), (story.till, 450))
    story.post(decision)
    assert (story.purse.balance, story.purse.sequence) == (550, 2)
    assert (story.till.balance, story.till.sequence) == (450, 1)


def test_a_deposit_comes_from_the_world(story: Story) -> None:
    decision = story.decide(a_deposit(story))
    assert isinstance(decision, Decision)
    assert decision.rejection is None
    assert (decision.kind, decision.source, decision.target) == ("DEPOSIT", None, story.purse)
    story.post(decision)
    assert (story.purse.balance, story.world.balance) == (1450, -1450)
    assert (story.purse.sequence, story.world.sequence) == (2, 2)


def test_all_that_is_available_can_be_charged_and_not_a_cent_more(story: Story) -> None:
    decision = story.decide(a_charge(story, amount="10.00"))
    assert isinstance(decision, Decision)
    assert decision.rejection is None
    assert story.code(a_charge(story, amount="10.01")) == (ErrorCode.INSUFFICIENT_FUNDS, ("amount",), True)


@pytest.mark.parametrize("part", ["held", "pending"])
def test_what_is_held_or_pending_can_not_be_charged(story: Story, part: str) -> None:
    setattr(story.purse, part, 551)
    assert story.code(a_charge(story))[0] is ErrorCode.INSUFFICIENT_FUNDS


def test_a_recorded_refusal_moves_nothing_and_stands_in_both_histories(story: Story) -> None:
    decision = story.decide(a_charge(story, amount="10.01"))
    assert isinstance(decision, Decision)
    assert decision.postings == ((story.purse, 0), (story.till, 0))
    story.post(decision)
    assert (story.purse.balance, story.purse.sequence) == (1000, 2)
    assert (story.till.balance, story.till.sequence) == (0, 1)


def test_a_charge_of_itself_stands_in_its_history_once(story: Story) -> None:
    decision = story.decide(a_charge(story, wallet=token(story.till)))
    assert isinstance(decision, Decision)
    assert decision.rejection is not None
    assert decision.rejection.code is ErrorCode.SAME_WALLET
    assert decision.postings == ((story.till, 0),)


def test_the_company_may_name_which_of_its_wallets_is_credited(story: Story) -> None:
    story.till.only_one = False
    decision = story.decide(a_charge(story, into=token(story.till), usual_wallet_id=None))
    assert isinstance(decision, Decision)
    assert decision.rejection is None
    assert decision.target is story.till


# What is wrong with a charge, in the order in which it is looked for; each fault can hold with all others
# that follow it. `spoil` changes the wallets, `changes` the command.
Fault = tuple[str, ErrorCode, tuple[str, ...], bool, Callable[[Story], dict[str, Any]]]


def _say(**changes: Any) -> Callable[[Story], dict[str, Any]]:
    return lambda _: changes


def _spoil(wallet: str, **values: Any) -> Callable[[Story], dict[str, Any]]:
    def spoil(story: Story) -> dict[str, Any]:
        for name, value in values.items():
            setattr(getattr(story, wallet), name, value)
        return {}

    return spoil


CHARGE_FAULTS: list[Fault] = [
    ("zero", ErrorCode.AMOUNT_NOT_POSITIVE, ("amount",), False, _say(amount="0.000")),
    ("unknown currency", ErrorCode.CURRENCY_UNKNOWN, ("currency",), False, _say(currency="ZZZ")),
    ("too precise", ErrorCode.AMOUNT_TOO_PRECISE, ("amount",), False, _say(amount="4000.501")),
    ("too large", ErrorCode.AMOUNT_TOO_LARGE, ("amount",), False, _say(amount="1000000000")),
    ("unknown wallet", ErrorCode.WALLET_NOT_FOUND, ("wallet",), False, _say(wallet=NOWHERE)),
    ("unknown into", ErrorCode.WALLET_NOT_FOUND, ("into",), False, _say(into=NOWHERE)),
    ("other currency", ErrorCode.RATE_MISSING, ("currency",), True, _say(currency="EUR")),
    ("other till", ErrorCode.RATE_MISSING, ("currency",), True, _spoil("till", currency="EUR")),
    ("frozen", ErrorCode.WALLET_FROZEN, ("wallet",), True, _spoil("purse", status=FROZEN)),
    ("closed till", ErrorCode.WALLET_CLOSED, ("into",), True, _spoil("till", status=CLOSED)),
    ("poor", ErrorCode.INSUFFICIENT_FUNDS, ("amount",), True, _spoil("purse", balance=1)),
    ("full till", ErrorCode.AMOUNT_TOO_LARGE, ("amount",), True, _spoil("till", balance=BIGINT_MAX)),
]
DEPOSIT_FAULTS: list[Fault] = [
    *CHARGE_FAULTS[:5],
    ("other currency", ErrorCode.RATE_MISSING, ("currency",), True, _say(currency="EUR")),
    ("closed", ErrorCode.WALLET_CLOSED, ("wallet",), True, _spoil("purse", status=CLOSED)),
    ("full purse", ErrorCode.AMOUNT_TOO_LARGE, ("amount",), True, _spoil("purse", balance=BIGINT_MAX)),
]


@pytest.mark.parametrize("fault", CHARGE_FAULTS, ids=lambda fault: fault[0])
def test_each_fault_of_a_charge(story: Story, fault: Fault) -> None:
    _, code, field, recorded, spoil = fault
    assert story.code(a_charge(story, **spoil(story))) == (code, field, recorded)


@pytest.mark.parametrize("fault", DEPOSIT_FAULTS, ids=lambda fault: fault[0])
def test_each_fault_of_a_deposit(story: Story, fault: Fault) -> None:
    _, code, field, recorded, spoil = fault
    assert story.code(a_deposit(story, **spoil(story))) == (code, field, recorded)


def _pairs(faults: list[Fault]) -> list[Any]:
    return [
        pytest.param(first, then, id=f"{first[0]} before {then[0]}")
        for place, first in enumerate(faults)
        for then in faults[place + 1 :]
    ]


def _with_both(story: Story, first: Fault, then: Fault) -> dict[str, Any]:
    # The earlier fault is applied last: where both speak of one field, its value stands.
    changes = then[4](story) | first[4](story)
    if changes.get("wallet") is NOWHERE and "currency" not in changes:
        # Decimals and limits are the currency's: without a wallet it must be named to be known.
        changes["currency"] = "USD"
    return changes


@pytest.mark.parametrize(("first", "then"), _pairs(CHARGE_FAULTS))
def test_of_two_faults_of_a_charge_the_earlier_check_speaks(story: Story, first: Fault, then: Fault) -> None:
    changes = _with_both(story, first, then)
    assert story.code(a_charge(story, **changes))[:2] == first[1:3]


@pytest.mark.parametrize(("first", "then"), _pairs(DEPOSIT_FAULTS))
def test_of_two_faults_of_a_deposit_the_earlier_check_speaks(story: Story, first: Fault, then: Fault) -> None:
    changes = _with_both(story, first, then)
    assert story.code(a_deposit(story, **changes))[:2] == first[1:3]


@pytest.mark.parametrize(
    "spoil", [f[4] for f in CHARGE_FAULTS[8:11]], ids=[f[0] for f in CHARGE_FAULTS[8:11]]
)
def test_the_same_wallet_comes_before_status_and_funds(
    story: Story, spoil: Callable[[Story], dict[str, Any]]
) -> None:
    story.purse.owner_id = COMPANY
    story.till = story.purse
    changes = spoil(story)
    assert story.code(a_charge(story, usual_wallet_id=story.purse.id, **changes))[0] is ErrorCode.SAME_WALLET


def test_an_unknown_wallet_comes_before_one_of_the_companys_that_is_missing(story: Story) -> None:
    charge = a_charge(story, wallet=NOWHERE, usual_wallet_id=None)
    assert story.code(charge) == (ErrorCode.WALLET_NOT_FOUND, ("wallet",), False)


def test_wrong_secrets_and_others_wallets_are_answered_like_unknown_ones(story: Story) -> None:
    unknown = story.decide(a_charge(story, wallet=NOWHERE))
    assert isinstance(unknown, Rejection)
    assert story.decide(a_charge(story, wallet=token(story.purse, OTHER_SECRET))) == unknown
    assert story.decide(a_charge(story, wallet=WalletToken(UUID(int=99), SECRET))) == unknown
    assert story.decide(a_charge(story, wallet=token(story.world))) == unknown
    assert story.decide(a_deposit(story, wallet=token(story.foreign))) == unknown
    assert story.decide(a_deposit(story, wallet=token(story.purse, OTHER_SECRET))) == unknown
    into = story.decide(a_charge(story, into=NOWHERE))
    assert story.decide(a_charge(story, into=token(story.foreign))) == into
    assert story.decide(a_charge(story, into=token(story.till, OTHER_SECRET))) == into


@pytest.mark.parametrize("amount", ["4.50", "4.501", "1000000000"])
def test_the_amount_tells_nothing_about_anothers_wallet(story: Story, amount: str) -> None:
    others = a_deposit(story, wallet=token(story.foreign), amount=amount)
    assert story.decide(others) == story.decide(replace(others, wallet=NOWHERE))


@pytest.mark.parametrize("spoil", ["nothing looked up", "not the only one", "another's", "gone"])
def test_a_company_must_have_one_wallet_or_name_it(story: Story, spoil: str) -> None:
    usual: UUID | None = story.till.id
    if spoil == "nothing looked up":
        usual = None
    elif spoil == "not the only one":
        story.till.only_one = False
    elif spoil == "another's":
        usual = story.foreign.id
    else:
        usual = UUID(int=99)
    charge = a_charge(story, usual_wallet_id=usual)
    assert story.code(charge)[:2] == (ErrorCode.WALLET_REQUIRED, ("into",))


@pytest.mark.parametrize("status", [ACTIVE, FROZEN])
def test_a_frozen_wallet_receives(story: Story, status: str) -> None:
    story.purse.status = story.till.status = status
    deposit = story.decide(a_deposit(story))
    assert isinstance(deposit, Decision)
    assert deposit.rejection is None


def test_a_frozen_till_is_credited(story: Story) -> None:
    story.till.status = FROZEN
    charge = story.decide(a_charge(story))
    assert isinstance(charge, Decision)
    assert charge.rejection is None


def test_limits_are_the_currencys(story: Story) -> None:
    story.purse.currency = story.till.currency = "TIN"
    assert story.code(a_deposit(story, amount="10.01")) == (ErrorCode.AMOUNT_TOO_LARGE, ("amount",), False)
    decision = story.decide(a_deposit(story, amount="10.00"))
    assert isinstance(decision, Decision)
    assert decision.rejection is None


def test_decimals_are_the_currencys(story: Story) -> None:
    story.purse.currency = "JPY"
    assert story.code(a_deposit(story, amount="1.0"))[0] is ErrorCode.AMOUNT_TOO_PRECISE
    decision = story.decide(a_deposit(story, amount="1"))
    assert isinstance(decision, Decision)
    assert decision.amount_minor == 1


def test_a_balance_grows_to_the_last_bigint_and_no_further(story: Story) -> None:
    story.purse.balance = BIGINT_MAX - 450
    decision = story.decide(a_deposit(story))
    assert isinstance(decision, Decision)
    assert decision.rejection is None
    story.post(decision)
    assert story.purse.balance == BIGINT_MAX
    code = (ErrorCode.AMOUNT_TOO_LARGE, ("amount",), True)
    assert story.code(a_deposit(story, amount="0.01")) == code


def test_a_deposit_comes_from_the_first_outside_wallet_with_room(story: Story) -> None:
    story.full_world.balance = -BIGINT_MAX + 449
    decision = story.decide(a_deposit(story))
    assert isinstance(decision, Decision)
    assert decision.postings[0].wallet is story.world
    story.full_world.balance = -BIGINT_MAX + 450
    decision = story.decide(a_deposit(story))
    assert isinstance(decision, Decision)
    assert decision.postings[0].wallet is story.full_world


def test_no_message_tells_the_balance_to_the_company(story: Story) -> None:
    story.purse.balance = 123
    decision = story.decide(a_charge(story))
    assert isinstance(decision, Decision)
    assert decision.rejection is not None
    assert "1.23" not in decision.rejection.message
