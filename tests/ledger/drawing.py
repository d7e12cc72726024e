"""Commands as Hypothesis draws them: sensible ones, and such as nobody should give."""

from dataclasses import dataclass, replace

from hypothesis import strategies as st

ACCOUNTS = 4
WALLETS_MAX = 8
# As the number of a wallet: the account's own first one.
OWN = -1

amounts = st.one_of(
    st.integers(1, 30).map(str),
    st.integers(1, 3000).map(lambda cents: f"{cents // 100}.{cents % 100:02d}"),
    st.sampled_from(
        [
            "0",
            "0.00",
            "00.000000000",
            "0.001",
            "0.00000001",
            "5",
            "5.0",
            "05.00",
            "7.500",
            "1000000000",
            "9" * 40,
        ]
    ),
)
# The number of a wallet, and whether the token's secret is right; None is a token of no wallet at all.
named_wallets = st.one_of(
    st.tuples(st.integers(0, WALLETS_MAX - 1), st.sampled_from([True] * 9 + [False])), st.none()
)


@dataclass(frozen=True, slots=True)
class Drawn:
    """A command as Hypothesis draws it, before numbers are turned into wallets."""

    kind: str
    account: int
    wallet: tuple[int, bool] | None
    amount: str
    currency: str | None
    into: tuple[int, bool] | None
    usual: int | None
    key: str | None
    summary: str


wild_commands = st.builds(
    Drawn,
    kind=st.sampled_from(["DEPOSIT", "CHARGE", "CHARGE"]),
    account=st.integers(0, ACCOUNTS - 1),
    wallet=named_wallets,
    amount=amounts,
    currency=st.sampled_from([None] * 8 + ["USD", "JPY", "BTC", "XYZ"]),
    into=st.one_of(st.none(), named_wallets),
    usual=st.sampled_from([OWN, *range(WALLETS_MAX), None]),
    key=st.sampled_from([None] * 3 + ["one", "two", "three"]),
    summary=st.sampled_from(["", "", "", "Soup"]),
)
# What most people ask for: it succeeds as long as there is money.
sensible_charges = st.builds(
    Drawn,
    kind=st.just("CHARGE"),
    account=st.integers(0, ACCOUNTS - 1),
    wallet=st.tuples(st.integers(0, ACCOUNTS - 1), st.just(True)),
    amount=st.integers(1, 15).map(str),
    currency=st.none(),
    into=st.sampled_from([(OWN, True), None]),
    usual=st.just(OWN),
    key=st.sampled_from([None] * 6 + ["one", "two", "three"]),
    summary=st.just(""),
)
sensible_deposits = st.builds(
    replace, sensible_charges, kind=st.just("DEPOSIT"), wallet=st.just((OWN, True)), into=st.none()
)
commands = st.sampled_from(
    [sensible_charges] * 3 + [sensible_deposits, wild_commands, wild_commands]
).flatmap(lambda kind: kind)
