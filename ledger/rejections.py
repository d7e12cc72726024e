"""Business refusals: what the service may answer instead of doing what was asked.

A refusal is a value, never an exception, so that one poor customer never rolls back the neighbours
that share a transaction, and so that the answer can be recorded and given again word for word.
"""

from dataclasses import dataclass
from enum import StrEnum


class ErrorCode(StrEnum):
    """Why something was refused. Clients rely on these names: none is ever renamed or dropped."""

    EMAIL_TAKEN = "EMAIL_TAKEN"
    EMAIL_INVALID = "EMAIL_INVALID"
    PASSWORD_TOO_WEAK = "PASSWORD_TOO_WEAK"  # noqa: S105 - the name of a refusal
    PHONE_NUMBER_INVALID = "PHONE_NUMBER_INVALID"
    URL_INVALID = "URL_INVALID"
    BLANK = "BLANK"
    TOO_LONG = "TOO_LONG"
    BAD_CREDENTIALS = "BAD_CREDENTIALS"
    AMOUNT_NOT_POSITIVE = "AMOUNT_NOT_POSITIVE"
    AMOUNT_TOO_PRECISE = "AMOUNT_TOO_PRECISE"
    AMOUNT_TOO_LARGE = "AMOUNT_TOO_LARGE"
    CURRENCY_UNKNOWN = "CURRENCY_UNKNOWN"
    CURRENCY_MISMATCH = "CURRENCY_MISMATCH"
    RATE_MISSING = "RATE_MISSING"
    WALLET_NOT_FOUND = "WALLET_NOT_FOUND"
    WALLET_REQUIRED = "WALLET_REQUIRED"
    WALLET_LIMIT_REACHED = "WALLET_LIMIT_REACHED"
    WALLET_FROZEN = "WALLET_FROZEN"
    WALLET_CLOSED = "WALLET_CLOSED"
    WALLET_NOT_EMPTY = "WALLET_NOT_EMPTY"
    SAME_WALLET = "SAME_WALLET"
    INSUFFICIENT_FUNDS = "INSUFFICIENT_FUNDS"
    IDEMPOTENCY_CONFLICT = "IDEMPOTENCY_CONFLICT"
    OPERATION_NOT_FOUND = "OPERATION_NOT_FOUND"
    OPERATION_ARCHIVED = "OPERATION_ARCHIVED"
    NOT_REFUNDABLE = "NOT_REFUNDABLE"
    REFUND_EXCEEDS_CHARGE = "REFUND_EXCEEDS_CHARGE"
    AUTHORIZATION_CLOSED = "AUTHORIZATION_CLOSED"
    AUTHORIZATION_EXCEEDED = "AUTHORIZATION_EXCEEDED"
    AUTHORIZATION_OPEN = "AUTHORIZATION_OPEN"
    NOT_CANCELLABLE = "NOT_CANCELLABLE"
    CANCELLED = "CANCELLED"
    BANK_REFUSED = "BANK_REFUSED"
    NOT_EXECUTED = "NOT_EXECUTED"
    INVALID = "INVALID"


@dataclass(frozen=True, slots=True)
class Rejection:
    """One refusal.

    `message` is a sentence for the person who asked. `field` is the path of the culprit in the
    input, in the API's names, such as ("firstName",); empty when no single field is to blame.
    """

    code: ErrorCode
    message: str
    field: tuple[str, ...] = ()


NOT_EXECUTED = Rejection(
    ErrorCode.NOT_EXECUTED, "Another part of this all-or-nothing request was refused, so nothing was done."
)
"""What becomes of what was asked for together with something that is refused."""

MEANING: dict[ErrorCode, str] = {
    ErrorCode.EMAIL_TAKEN: "An account with this e-mail address exists already; case makes no difference.",
    ErrorCode.EMAIL_INVALID: "This is not an e-mail address.",
    ErrorCode.PASSWORD_TOO_WEAK: (
        "The password is too short, too long, common, all digits, or like the person's own data; "
        "the message says which."
    ),
    ErrorCode.PHONE_NUMBER_INVALID: "A phone number is 9 to 15 digits, with or without + and 1 before them.",
    ErrorCode.URL_INVALID: "A URL begins with http:// or https:// and names a host.",
    ErrorCode.BLANK: "Something must stand here; spaces alone don't count.",
    ErrorCode.TOO_LONG: "The text has more characters than this field takes.",
    ErrorCode.BAD_CREDENTIALS: "The e-mail address or the password is wrong; which of them is not told.",
    ErrorCode.AMOUNT_NOT_POSITIVE: "The amount must be greater than zero.",
    ErrorCode.AMOUNT_TOO_PRECISE: "The amount has more decimals than its currency; nothing is rounded.",
    ErrorCode.AMOUNT_TOO_LARGE: "The amount is above the limit for one operation, or the balance too large.",
    ErrorCode.CURRENCY_UNKNOWN: "The service does not know this currency.",
    ErrorCode.CURRENCY_MISMATCH: "A wallet has another currency than was asked for, or than the other wallet.",
    ErrorCode.RATE_MISSING: "One of the two currencies has no rate yet, so nothing can be converted.",
    ErrorCode.WALLET_NOT_FOUND: "There is no such wallet, or it is not the caller's to use.",
    ErrorCode.WALLET_REQUIRED: "The caller needs a wallet of their own, or must say which one is meant.",
    ErrorCode.WALLET_LIMIT_REACHED: "The account has as many wallets as it may have.",
    ErrorCode.WALLET_FROZEN: "An administrator froze the wallet: it can receive, not pay, until it is active again.",
    ErrorCode.WALLET_CLOSED: "The wallet is closed for good.",
    ErrorCode.WALLET_NOT_EMPTY: "Only a wallet without money can be closed.",
    ErrorCode.SAME_WALLET: "Money can't move from a wallet to itself, and no company charges a wallet of its own.",
    ErrorCode.INSUFFICIENT_FUNDS: "The wallet has less available than was asked for; nothing moved.",
    ErrorCode.IDEMPOTENCY_CONFLICT: "This key was used before with another input; nothing moved.",
    ErrorCode.OPERATION_NOT_FOUND: "There is no such operation, or it is not the caller's to use.",
    ErrorCode.OPERATION_ARCHIVED: (
        "This key was used before, for the same request, and that succeeded or was accepted. It was so long ago that "
        "the operation was archived and can't be shown; nothing moved now."
    ),
    ErrorCode.NOT_REFUNDABLE: "Only a successful charge or capture can be refunded, by the company that made it.",
    ErrorCode.REFUND_EXCEEDS_CHARGE: "All refunds together would be more than was charged.",
    ErrorCode.AUTHORIZATION_CLOSED: "The authorization was captured, released or expired already.",
    ErrorCode.AUTHORIZATION_EXCEEDED: "More was to be captured than the authorization holds.",
    ErrorCode.AUTHORIZATION_OPEN: "An authorization of the company's still holds somebody's money.",
    ErrorCode.NOT_CANCELLABLE: "The withdrawal is past the point where it could be called back.",
    ErrorCode.CANCELLED: "The owner called the withdrawal back before it was sent to the bank; nothing moved.",
    ErrorCode.BANK_REFUSED: "The bank did not pay the withdrawal; its attempts tell why. The money is available again.",
    ErrorCode.NOT_EXECUTED: "Another part of the same all-or-nothing request was refused, so nothing was done.",
    ErrorCode.INVALID: "The value is malformed in a way that no other code names; the message says how.",
}
"""What each code means, as it is described to users of the API."""
