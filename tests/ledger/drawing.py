"""Commands as Hypothesis draws them: sensible ones, and such as nobody should give."""

from dataclasses import dataclass, replace

from hypothesis import strategies as st

from tests.ledger.model.asking import Kind

ACCOUNTS = 4
WALLETS_MAX = 8
# As the number of a wallet: the account's own first one.
OWN = -1
# The first one of the next account.
ANOTHERS = -2

# The number of a wallet, and whether it is named rightly; None is the name of no wallet at all.
Named = tuple[int, bool] | None

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
            "999999999",
            "9" * 40,
        ]
    ),
)
named_wallets: st.SearchStrategy[Named] = st.one_of(
    st.tuples(st.integers(0, WALLETS_MAX - 1), st.sampled_from([True] * 9 + [False])), st.none()
)
keys = st.sampled_from([None] * 5 + ["one", "two", "three"])


@dataclass(frozen=True, slots=True)
class DrawnSplit:
    """A part of a charge."""

    into: Named
    amount: str | None
    percentage: str | None


@dataclass(frozen=True, slots=True)
class Drawn:
    """A command as Hypothesis draws it, before numbers are turned into wallets and operations."""

    kind: Kind
    account: int
    amount: str | None = "1"
    wallet: Named = (OWN, True)
    currency: str | None = None
    converts: bool = True
    into: Named = None
    has_into: bool = False
    usual: int | None = OWN
    to: Named = (OWN, True)
    by_id: bool = False
    splits: tuple[DrawnSplit, ...] = ()
    # Counted from the newest operation, or from the newest that it could go back to; None is the id of none.
    earlier: int | None = 0
    is_fitting: bool = False
    is_final: bool = True
    is_later: bool = False
    is_queued: bool = False
    key: str | None = None
    summary: str = ""


kinds: list[Kind] = [
    *(
        "DEPOSIT",
        "CHARGE",
        "CHARGE",
        "TRANSFER",
        "AUTHORIZATION",
        "REFUND",
        "REFUND",
        "CAPTURE",
        "CAPTURE",
        "RELEASE",
        "WITHDRAWAL",
        "CANCEL",
    )
]
split_amounts = st.one_of(
    st.builds(DrawnSplit, named_wallets, st.integers(1, 9).map(str), st.none()),
    st.builds(
        DrawnSplit, named_wallets, st.none(), st.sampled_from(["10", "33.3333", "50", "0.0001", "99.9999"])
    ),
    st.builds(
        DrawnSplit,
        named_wallets,
        st.none() | amounts,
        st.sampled_from([None, "0", "0.0", "100.0001", "100", "7"]),
    ),
)
wild_commands = st.builds(
    Drawn,
    kind=st.sampled_from(kinds),
    account=st.integers(0, ACCOUNTS - 1),
    amount=amounts,
    wallet=named_wallets,
    currency=st.sampled_from([None] * 8 + ["USD", "JPY", "BTC", "EUR", "CHF", "XYZ"]),
    converts=st.sampled_from([True] * 4 + [False]),
    into=named_wallets,
    has_into=st.booleans(),
    usual=st.sampled_from([OWN, *range(WALLETS_MAX), None]),
    to=named_wallets,
    by_id=st.booleans(),
    splits=st.lists(split_amounts, max_size=3).map(tuple),
    earlier=st.none() | st.integers(0, 12),
    is_final=st.booleans(),
    is_later=st.booleans(),
    is_queued=st.booleans(),
    key=keys,
    summary=st.sampled_from(["", "", "", "Soup"]),
)
# What most people ask for: it succeeds as long as there is money.
sensible_charges = st.builds(
    Drawn,
    kind=st.sampled_from(["CHARGE", "CHARGE", "AUTHORIZATION"]),
    account=st.integers(0, ACCOUNTS - 1),
    amount=st.integers(1, 15).map(str),
    wallet=st.tuples(st.sampled_from([ANOTHERS] * 4 + [*range(ACCOUNTS)]), st.just(True)),
    currency=st.sampled_from([None] * 3 + ["EUR", "USD", "JPY"]),
    into=st.just((OWN, True)),
    has_into=st.sampled_from([True] * 5 + [False]),
    is_queued=st.sampled_from([False] * 3 + [True]),
    key=keys,
)
sensible_splits = st.builds(
    replace,
    sensible_charges,
    kind=st.just("CHARGE"),
    splits=st.tuples(
        st.builds(
            DrawnSplit,
            st.tuples(st.integers(0, WALLETS_MAX - 1), st.just(True)),
            st.none(),
            st.sampled_from(["10", "33.3333", "12.5", "99"]),
        )
    ),
)
sensible_deposits = st.builds(
    replace,
    sensible_charges,
    kind=st.just("DEPOSIT"),
    wallet=st.just((OWN, True)),
    currency=st.sampled_from([None, None, "USD", "BTC"]),
    is_later=st.sampled_from([False, False, True]),
)
sensible_transfers = st.builds(
    replace,
    sensible_charges,
    kind=st.just("TRANSFER"),
    wallet=st.just((OWN, True)),
    to=st.tuples(st.integers(0, WALLETS_MAX - 1), st.just(True)),
    by_id=st.booleans(),
)
sensible_withdrawals = st.builds(
    replace,
    sensible_charges,
    kind=st.just("WITHDRAWAL"),
    wallet=st.just((OWN, True)),
)
# Of an operation that was lately recorded, by whoever may: the machine puts in the account that made it.
afterwards = st.builds(
    Drawn,
    kind=st.sampled_from(["REFUND", "REFUND", "CAPTURE", "CAPTURE", "RELEASE"]),
    account=st.just(OWN),
    amount=st.none() | st.integers(1, 500).map(lambda cents: f"{cents // 100}.{cents % 100:02d}") | amounts,
    earlier=st.integers(0, 3),
    is_fitting=st.just(True),
    is_final=st.booleans(),
    key=keys,
)
cancellations = st.builds(replace, afterwards, kind=st.just("CANCEL"), earlier=st.integers(0, 1))
commands = st.sampled_from(
    [
        *(sensible_charges, sensible_charges, sensible_splits, sensible_deposits, sensible_transfers),
        *(sensible_withdrawals, sensible_withdrawals, cancellations),
        *(afterwards, afterwards, afterwards, afterwards, wild_commands, wild_commands),
    ]
).flatmap(lambda kind: kind)
