"""What mutations that move money take."""

from enum import StrEnum
from typing import Annotated

import strawberry

from schema.enums import describe_enum
from schema.scalars import Amount, CurrencyCode, DateTime, Percentage, WalletToken

_KEY = (
    "1 to 255 characters of your choice. The same key from the same account with the same input answers with the "
    "first outcome (`replayed: true`) for ever, and with another input is IDEMPOTENCY_CONFLICT. Send one with "
    "every request that moves money, and a lost answer is got again by sending the request again."
)
_CURRENCY = (
    "The currency of `amount`; the wallet's when left out. Another one is converted at the rate of that moment: what "
    "arrives is rounded down to the last decimal, what leaves is rounded up."
)
_CONVERSION = "Whether amounts may be converted; FORBID refuses with CURRENCY_MISMATCH instead."
_QUEUED = (
    "Whether it is only accepted now, as PENDING, and carried out by a worker in its turn: in the order of acceptance "
    "for the wallet that pays (of a deposit, the wallet topped up). Funds and rates are those of that moment; "
    "`operation` and the history tell what came of it."
)
_SUMMARY = "What it is for: up to 255 characters."
_INTO = "Which of the company's wallets is credited; needed only where it has more than one."


class Conversion(StrEnum):
    """Whether amounts may be converted."""

    ALLOW = "ALLOW"
    FORBID = "FORBID"


describe_enum(
    Conversion,
    "What is to be done where two currencies meet.",
    {
        Conversion.ALLOW: "Convert at the rate of that moment, which then stands on the operation.",
        Conversion.FORBID: "Refuse with CURRENCY_MISMATCH.",
    },
)


@strawberry.input(description="A top-up of one's own wallet.")
class DepositInput:
    """The caller owns the wallet."""

    wallet: WalletToken = strawberry.field(description="The token of your wallet.")
    amount: Amount = strawberry.field(description="How much, greater than zero.")
    currency: CurrencyCode | None = strawberry.field(default=None, description=_CURRENCY)
    conversion: Conversion | None = strawberry.field(default=Conversion.ALLOW, description=_CONVERSION)
    summary: str | None = strawberry.field(default=None, description=_SUMMARY)
    available_at: DateTime | None = strawberry.field(
        default=None,
        description="From when on the money can be used; until then it is `pending`. At once when left out or past.",
    )
    queued: bool | None = strawberry.field(default=False, description=_QUEUED)
    idempotency_key: str | None = strawberry.field(default=None, description=_KEY)


@strawberry.input(
    description="A part of a charge for another wallet: `amount` or `percentage`, one of the two."
)
class SplitInput:
    """What is not split goes to the company."""

    into: WalletToken = strawberry.field(description="The token of the wallet that gets this part.")
    amount: Amount | None = strawberry.field(
        default=None, description="How much of the charge, in the charge's currency."
    )
    percentage: Percentage | None = strawberry.field(
        default=None,
        description=(
            "How much of the whole charge, in percent. Parts are whole units and leave no remainder: units that are "
            "left over go to those whose parts lost most by rounding down."
        ),
    )


@strawberry.input(description="A company's charge of a wallet.")
class ChargeInput:
    """The caller is a company."""

    wallet: WalletToken = strawberry.field(description="The token of the wallet to take the money from.")
    amount: Amount = strawberry.field(description="How much, greater than zero.")
    currency: CurrencyCode | None = strawberry.field(default=None, description=_CURRENCY)
    conversion: Conversion | None = strawberry.field(default=Conversion.ALLOW, description=_CONVERSION)
    summary: str = strawberry.field(description="What it is for, for both histories: up to 255 characters.")
    into: WalletToken | None = strawberry.field(default=None, description=_INTO)
    splits: list[SplitInput] | None = strawberry.field(
        default=None,
        description="Up to 20 parts for other wallets, each once. What is not split goes to the company.",
    )
    queued: bool | None = strawberry.field(default=False, description=_QUEUED)
    idempotency_key: str | None = strawberry.field(default=None, description=_KEY)


@strawberry.input(one_of=True, description="Exactly one: the wallet's public id, or its token.")
class WalletTarget:
    """Any wallet, whoever owns it."""

    id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="The wallet's public id, such as another account shows to you."
    )
    token: WalletToken | None = strawberry.field(default=strawberry.UNSET, description="The wallet's token.")


@strawberry.input(description="Money from one's own wallet to any other.")
class TransferInput:
    """The caller owns the wallet that the money leaves."""

    from_: WalletToken = strawberry.field(name="from", description="The token of your wallet.")
    to: WalletTarget = strawberry.field(description="Where the money goes; not to the same wallet.")
    amount: Amount = strawberry.field(description="How much, greater than zero.")
    currency: CurrencyCode | None = strawberry.field(default=None, description=_CURRENCY)
    conversion: Conversion | None = strawberry.field(default=Conversion.ALLOW, description=_CONVERSION)
    summary: str | None = strawberry.field(
        default=None, description="A message, for both histories: up to 255 characters."
    )
    queued: bool | None = strawberry.field(default=False, description=_QUEUED)
    idempotency_key: str | None = strawberry.field(default=None, description=_KEY)


@strawberry.input(description="What a company gives back of one of its charges.")
class RefundInput:
    """The caller made the charge."""

    operation: strawberry.ID = strawberry.field(description="The id of the charge, or of the capture.")
    amount: Amount | None = strawberry.field(
        default=None, description="How much, in the charge's currency; all that is left of it when left out."
    )
    summary: str | None = strawberry.field(default=None, description=_SUMMARY)
    idempotency_key: str | None = strawberry.field(default=None, description=_KEY)


@strawberry.input(description="Money to be set aside for a later capture.")
class AuthorizeInput:
    """The caller is a company."""

    wallet: WalletToken = strawberry.field(description="The token of the wallet to set the money aside in.")
    amount: Amount = strawberry.field(description="How much, greater than zero.")
    currency: CurrencyCode | None = strawberry.field(default=None, description=_CURRENCY)
    conversion: Conversion | None = strawberry.field(default=Conversion.ALLOW, description=_CONVERSION)
    summary: str = strawberry.field(description="What it is for, for both histories: up to 255 characters.")
    into: WalletToken | None = strawberry.field(default=None, description=_INTO)
    expires_at: DateTime | None = strawberry.field(
        default=None,
        description=(
            "When what is still held becomes available again by itself: within 366 days; in 7 days when left out."
        ),
    )
    idempotency_key: str | None = strawberry.field(default=None, description=_KEY)


@strawberry.input(description="What a company takes of what it authorized.")
class CaptureInput:
    """The caller made the authorization."""

    authorization: strawberry.ID = strawberry.field(
        description="The id of the operation that `authorize` made."
    )
    amount: Amount | None = strawberry.field(
        default=None, description="How much, in the authorization's currency; all that is left when left out."
    )
    final: bool | None = strawberry.field(
        default=True, description="Whether the rest is released; `false` keeps it held for further captures."
    )
    summary: str | None = strawberry.field(default=None, description=_SUMMARY)
    idempotency_key: str | None = strawberry.field(default=None, description=_KEY)


@strawberry.input(description="An authorization that is not needed any more.")
class ReleaseInput:
    """The caller made the authorization."""

    authorization: strawberry.ID = strawberry.field(
        description="The id of the operation that `authorize` made."
    )
    idempotency_key: str | None = strawberry.field(default=None, description=_KEY)


@strawberry.input(description="Money from one's own wallet to a bank account.")
class WithdrawInput:
    """The caller owns the wallet."""

    wallet: WalletToken = strawberry.field(description="The token of your wallet.")
    amount: Amount = strawberry.field(description="How much the bank is to pay, greater than zero.")
    currency: CurrencyCode | None = strawberry.field(default=None, description=_CURRENCY)
    destination: str = strawberry.field(
        description="The bank account as the bank knows it, such as an IBAN: one line of 1 to 140 characters."
    )
    summary: str | None = strawberry.field(default=None, description=_SUMMARY)
    idempotency_key: str | None = strawberry.field(default=None, description=_KEY)


@strawberry.input(description="A withdrawal that is to be called back.")
class CancelWithdrawalInput:
    """The caller made the withdrawal."""

    withdrawal: strawberry.ID = strawberry.field(description="The id of the operation that `withdraw` made.")
    idempotency_key: str | None = strawberry.field(default=None, description=_KEY)


_ATOMIC = (
    "Whether a single refusal means that nothing is done: then the others are NOT_EXECUTED. "
    "Not for what is `queued`."
)
_MANY = "Up to 1,000, carried out in this order in one transaction."

DepositArgument = Annotated[
    DepositInput, strawberry.argument(description="Which of your wallets is topped up, and with how much.")
]
ChargeArgument = Annotated[
    ChargeInput, strawberry.argument(description="Which wallet is charged, with how much, and for what.")
]
TransferArgument = Annotated[
    TransferInput, strawberry.argument(description="Which wallet pays, which one gets, and how much.")
]
RefundArgument = Annotated[RefundInput, strawberry.argument(description="Which charge, and how much of it.")]
AuthorizeArgument = Annotated[
    AuthorizeInput,
    strawberry.argument(description="In which wallet money is set aside, how much and how long."),
]
CaptureArgument = Annotated[
    CaptureInput, strawberry.argument(description="Which authorization, and how much of it.")
]
ReleaseArgument = Annotated[ReleaseInput, strawberry.argument(description="Which authorization.")]
DepositsArgument = Annotated[list[DepositInput], strawberry.argument(description=_MANY)]
ChargesArgument = Annotated[list[ChargeInput], strawberry.argument(description=_MANY)]
TransfersArgument = Annotated[list[TransferInput], strawberry.argument(description=_MANY)]
AtomicArgument = Annotated[bool | None, strawberry.argument(description=_ATOMIC)]
WithdrawArgument = Annotated[
    WithdrawInput, strawberry.argument(description="Which wallet pays, how much, and to which bank account.")
]
CancelWithdrawalArgument = Annotated[
    CancelWithdrawalInput, strawberry.argument(description="Which withdrawal.")
]
