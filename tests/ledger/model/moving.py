"""How each kind of request changes the books."""

from dataclasses import replace
from fractions import Fraction

from ledger.rejections import ErrorCode
from tests.ledger.model.asking import Asked, Part
from tests.ledger.model.books import (
    ModelBooks,
    ModelHold,
    ModelOperation,
    ModelShare,
    ModelWallet,
    down,
    shared_by,
    up,
)
from tests.ledger.model.refusals import amount_minor, conversion, may_not_pay, may_not_receive, too_little

# A refusal that names too little to be recorded, or the operation that is.
Result = ErrorCode | ModelOperation
REFUNDABLE = ("CHARGE", "CAPTURE")


def execute(books: ModelBooks, asked: Asked) -> Result:
    """The books changed accordingly, and what is recorded of it."""
    result = _DO[asked.kind](books, asked)
    if isinstance(result, ModelOperation):
        for name in {result.source, result.target} - {None}:
            if not result.shares and not (result.kind == "REFUND" and result.code is None):
                books.wallets[name].sequence += 1  # type: ignore[index]
    return result


def deposit(books: ModelBooks, asked: Asked) -> Result:
    wallet = own_wallet(books, asked)
    amount = amount_minor(asked.amount or "", asked.currency or (wallet.currency if wallet else None))
    if isinstance(amount, ErrorCode):
        return amount
    if wallet is None:
        return ErrorCode.WALLET_NOT_FOUND
    code = asked.currency or wallet.currency
    refusal = conversion(books, asked, amount, code, None, [wallet], [amount]) or may_not_receive(wallet)
    operation = _operation(asked, refusal, amount, code, None, wallet)
    if refusal is None:
        operation.credited = down(books.in_units_of(amount, code, wallet.currency))
        wallet.balance += operation.credited
        if asked.is_later:
            wallet.pending += operation.credited
            operation.hold = ModelHold(
                "DEPOSIT", wallet.name, amount, operation.credited, 0, operation.credited
            )
    return operation


def transfer(books: ModelBooks, asked: Asked) -> Result:
    sender = own_wallet(books, asked)
    amount = amount_minor(asked.amount or "", asked.currency or (sender.currency if sender else None))
    if isinstance(amount, ErrorCode):
        return amount
    if sender is None or asked.to is None:
        return ErrorCode.WALLET_NOT_FOUND
    receiver, code = books.wallets[asked.to], asked.currency or sender.currency
    refusal = conversion(books, asked, amount, code, sender, [receiver], [amount])
    if refusal is None and sender is receiver:
        refusal = ErrorCode.SAME_WALLET
    refusal = refusal or may_not_pay(sender) or may_not_receive(receiver)
    debit = 0 if refusal else up(books.in_units_of(amount, code, sender.currency))
    refusal = refusal or too_little(sender, debit)
    operation = _operation(asked, refusal, amount, code, sender, receiver)
    if refusal is None:
        operation.debited = debit
        operation.credited = down(books.in_units_of(amount, code, receiver.currency))
        sender.balance -= debit
        receiver.balance += operation.credited
    return operation


def charge(books: ModelBooks, asked: Asked) -> Result:
    payer = None if asked.wallet is None else books.wallets[asked.wallet]
    amount = amount_minor(asked.amount or "", asked.currency or (payer.currency if payer else None))
    if isinstance(amount, ErrorCode):
        return amount
    if payer is None:
        return ErrorCode.WALLET_NOT_FOUND
    code = asked.currency or payer.currency
    payee = payee_of(books, asked)
    if payee is ErrorCode.WALLET_REQUIRED:
        return _operation(asked, payee, amount, code, payer, None)
    if isinstance(payee, ErrorCode):
        return payee
    parts = _parts(books, asked.splits, payee, amount, code)
    if isinstance(parts, ErrorCode):
        return parts
    payees, amounts = [wallet for wallet, _ in parts], [part for _, part in parts]
    refusal = conversion(books, asked, amount, code, payer, payees, amounts) or _may_not_meet(payer, payees)
    debit = 0 if refusal else up(books.in_units_of(amount, code, payer.currency))
    refusal = refusal or too_little(payer, debit)
    operation = _operation(asked, refusal, amount, code, payer, payee)
    if refusal is not None:
        return operation
    if asked.kind == "AUTHORIZATION":
        payer.held += debit
        credit = down(books.in_units_of(amount, code, payee.currency))
        operation.hold = ModelHold("AUTHORIZATION", payer.name, amount, debit, credit, debit)
        return operation
    operation.parties |= {wallet.owner for wallet in payees}
    operation.shares = [ModelShare(payer.name, amount, debit)]
    payer.balance -= debit
    payer.sequence += 1
    for wallet, part in parts:
        credit = down(books.in_units_of(part, code, wallet.currency))
        operation.shares.append(ModelShare(wallet.name, part, credit))
        wallet.balance += credit
        wallet.sequence += 1
    operation.debited, operation.credited = debit, operation.shares[1].moved_left
    return operation


def _may_not_meet(payer: ModelWallet, payees: list[ModelWallet]) -> ErrorCode | None:
    if payer.owner == payees[0].owner or payer in payees:
        return ErrorCode.SAME_WALLET
    refusals = (may_not_pay(payer), *map(may_not_receive, payees))
    return next((refusal for refusal in refusals if refusal is not None), None)


def refund(books: ModelBooks, asked: Asked) -> Result:
    earlier = earlier_of(books, asked)
    if earlier is None:
        return ErrorCode.OPERATION_NOT_FOUND
    is_own = earlier.account == asked.account
    has_succeeded = earlier.code is None and not earlier.is_pending
    if not is_own or earlier.kind not in REFUNDABLE or not has_succeeded:
        return ErrorCode.NOT_REFUNDABLE
    payer_share, *credited = earlier.shares
    left = payer_share.left
    if asked.amount is None and left == 0:
        return ErrorCode.REFUND_EXCEEDS_CHARGE
    amount = left if asked.amount is None else amount_minor(asked.amount, earlier.currency)
    if isinstance(amount, ErrorCode):
        return amount
    payer, till = books.wallets[payer_share.wallet], books.wallets[credited[0].wallet]
    refusal: ErrorCode | None = ErrorCode.REFUND_EXCEEDS_CHARGE if amount > left else None
    if refusal is None:
        back = shared_by([Fraction(amount * share.left, left) for share in credited])
        gained, given = _going_back(earlier, amount, back)
        paying = [(books.wallets[share.wallet], moved) for share, moved in zip(credited, given, strict=True)]
        refusal = _may_not_go_back(paying, payer)
    operation = _operation(asked, refusal, amount, earlier.currency, till, payer)
    operation.parties |= earlier.parties
    if refusal is None:
        operation.debited, operation.credited = given[0], gained
        payer.balance += gained
        payer.sequence += 1
        if earlier.captured_from is not None:
            earlier.captured_from.refunded += amount
            hold(books, earlier.captured_from)
        payer_share.left -= amount
        payer_share.moved_left -= gained
        for share, (wallet, moved), part in zip(credited, paying, back, strict=True):
            share.left -= part
            share.moved_left -= moved
            wallet.balance -= moved
            wallet.sequence += 1
    return operation


def _may_not_go_back(paying: list[tuple[ModelWallet, int]], payer: ModelWallet) -> ErrorCode | None:
    refusals = [
        *(may_not_pay(wallet) for wallet, moved in paying if moved),
        may_not_receive(payer),
        *(too_little(wallet, moved) for wallet, moved in paying),
    ]
    return next((refusal for refusal in refusals if refusal is not None), None)


def _going_back(earlier: ModelOperation, amount: int, back: list[int]) -> tuple[int, list[int]]:
    """What the payer gets, and what each of those who were credited gives."""
    payer_share, *credited = earlier.shares
    if earlier.captured_from is None:
        given = [
            up(Fraction(share.moved_left * part, share.left)) if share.left else 0
            for share, part in zip(credited, back, strict=True)
        ]
        return down(Fraction(payer_share.moved_left * amount, payer_share.left)), given
    paid, got = earlier.captured_from.moved()
    still_paid, still_got = replace(
        earlier.captured_from, refunded=earlier.captured_from.refunded + amount
    ).moved()
    return paid - still_paid, [got - still_got]


def capture(books: ModelBooks, asked: Asked) -> Result:
    earlier = earlier_of(books, asked)
    if earlier is None or earlier.kind != "AUTHORIZATION" or earlier.account != asked.account:
        return ErrorCode.OPERATION_NOT_FOUND
    held = earlier.hold
    if held is None or (asked.amount is None and not held.is_open):
        return ErrorCode.AUTHORIZATION_CLOSED
    amount = held.left if asked.amount is None else amount_minor(asked.amount, earlier.currency)
    if isinstance(amount, ErrorCode):
        return amount
    assert earlier.source is not None
    assert earlier.target is not None
    payer, payee = books.wallets[earlier.source], books.wallets[earlier.target]
    refusal: ErrorCode | None = None
    if not held.is_open:
        refusal = ErrorCode.AUTHORIZATION_CLOSED
    elif amount > held.left:
        refusal = ErrorCode.AUTHORIZATION_EXCEEDED
    refusal = refusal or may_not_pay(payer) or may_not_receive(payee)
    operation = _operation(asked, refusal, amount, earlier.currency, payer, payee)
    if refusal is None:
        before = held.moved()
        held.captured += amount
        after = held.moved()
        operation.debited, operation.credited = after[0] - before[0], after[1] - before[1]
        operation.captured_from = held
        operation.shares = [
            ModelShare(payer.name, amount, operation.debited),
            ModelShare(payee.name, amount, operation.credited),
        ]
        payer.balance -= operation.debited
        payee.balance += operation.credited
        for wallet in (payer, payee):
            wallet.sequence += 1
        if asked.is_final or held.left == 0:
            held.is_open = False
        hold(books, held)
    return operation


def release(books: ModelBooks, asked: Asked) -> Result:
    earlier = earlier_of(books, asked)
    if earlier is None or earlier.kind != "AUTHORIZATION" or earlier.account != asked.account:
        return ErrorCode.OPERATION_NOT_FOUND
    if earlier.hold is None or not earlier.hold.is_open:
        return ErrorCode.AUTHORIZATION_CLOSED
    assert earlier.source is not None
    assert earlier.target is not None
    payer, payee = books.wallets[earlier.source], books.wallets[earlier.target]
    operation = _operation(asked, None, earlier.hold.left, earlier.currency, payer, payee)
    end(books, earlier.hold)
    return operation


def end(books: ModelBooks, held: ModelHold) -> None:
    """Released, or its time has come."""
    held.is_open = False
    hold(books, held)


def hold(books: ModelBooks, held: ModelHold) -> None:
    """Sets aside what has to be set aside by now."""
    wallet = books.wallets[held.wallet]
    change = held.to_hold() - held.remaining
    held.remaining += change
    if held.kind == "DEPOSIT":
        wallet.pending += change
    else:
        wallet.held += change


def own_wallet(books: ModelBooks, asked: Asked) -> ModelWallet | None:
    wallet = None if asked.wallet is None else books.wallets[asked.wallet]
    return None if wallet is None or wallet.owner != asked.account else wallet


def earlier_of(books: ModelBooks, asked: Asked) -> ModelOperation | None:
    earlier = None if asked.earlier is None else books.operations[asked.earlier]
    return earlier if earlier is not None and asked.account in earlier.parties else None


def payee_of(books: ModelBooks, asked: Asked) -> ModelWallet | ErrorCode:
    if asked.into_token is not None:
        if asked.into is None or books.wallets[asked.into].owner != asked.account:
            return ErrorCode.WALLET_NOT_FOUND
        return books.wallets[asked.into]
    usual = None if asked.usual is None else books.wallets[asked.usual]
    if usual is not None and (usual.owner != asked.account or not usual.only_one):
        usual = None
    if usual is None or usual.status == "CLOSED":
        # Remembered wrongly: the one that is there counts.
        own = (wallet for wallet in books.wallets if wallet.owner == asked.account and wallet.only_one)
        usual = next((wallet for wallet in own if wallet.status != "CLOSED"), usual)
    return ErrorCode.WALLET_REQUIRED if usual is None else usual


def _parts(
    books: ModelBooks, splits: tuple[Part, ...], payee: ModelWallet, amount: int, code: str
) -> list[tuple[ModelWallet, int]] | ErrorCode:
    wallets: list[ModelWallet] = []
    quotas: list[Fraction] = []
    for split in splits:
        if (split.amount is None) == (split.percentage is None):
            return ErrorCode.INVALID
        if split.amount is not None:
            part = amount_minor(split.amount, code)
            if isinstance(part, ErrorCode):
                return part
            quotas.append(Fraction(part))
        else:
            percentage = Fraction(split.percentage or 0)
            if not 0 < percentage <= 100:
                return ErrorCode.INVALID
            quotas.append(amount * percentage / 100)
        if split.wallet is None:
            return ErrorCode.WALLET_NOT_FOUND
        wallet = books.wallets[split.wallet]
        if wallet is payee or wallet in wallets:
            return ErrorCode.INVALID
        wallets.append(wallet)
    if sum(quotas) > amount:
        return ErrorCode.INVALID
    *parts, rest = shared_by([*quotas, amount - sum(quotas, Fraction(0))])
    return [(payee, rest), *zip(wallets, parts, strict=True)]


def _operation(
    asked: Asked,
    refusal: ErrorCode | None,
    amount: int,
    currency: str,
    source: ModelWallet | None,
    target: ModelWallet | None,
) -> ModelOperation:
    return operation_of(asked.kind, asked.account, refusal, amount, currency, source, target)


def operation_of(
    kind: str,
    account: int,
    refusal: ErrorCode | None,
    amount: int,
    currency: str,
    source: ModelWallet | None,
    target: ModelWallet | None,
) -> ModelOperation:
    """An operation as it is recorded, before anything moved."""
    sides = [wallet for wallet in (source, target) if wallet is not None]
    return ModelOperation(
        kind,
        account,
        refusal,
        amount,
        currency,
        None if source is None else source.name,
        None if target is None else target.name,
        frozenset({account, *(wallet.owner for wallet in sides)}),
    )


_DO = {
    "DEPOSIT": deposit,
    "TRANSFER": transfer,
    "CHARGE": charge,
    "AUTHORIZATION": charge,
    "REFUND": refund,
    "CAPTURE": capture,
    "RELEASE": release,
}
