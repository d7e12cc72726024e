"""What is accepted now and done later: withdrawals, and what is queued."""

from dataclasses import replace

from ledger.rejections import ErrorCode
from tests.ledger.model.asking import Asked
from tests.ledger.model.books import ModelBooks, ModelHold, ModelOperation, ModelWallet, up
from tests.ledger.model.moving import Result, earlier_of, end, execute, operation_of, own_wallet, payee_of
from tests.ledger.model.refusals import amount_minor, conversion, may_not_pay, too_little


def withdraw(books: ModelBooks, asked: Asked) -> Result:
    wallet = own_wallet(books, asked)
    amount = amount_minor(asked.amount or "", asked.currency or (wallet.currency if wallet else None))
    if isinstance(amount, ErrorCode):
        return amount
    if wallet is None:
        return ErrorCode.WALLET_NOT_FOUND
    code = asked.currency or wallet.currency
    refusal = conversion(books, asked, amount, code, wallet, [], []) or may_not_pay(wallet)
    debit = 0 if refusal else up(books.in_units_of(amount, code, wallet.currency))
    refusal = refusal or too_little(wallet, debit)
    operation = operation_of(asked.kind, asked.account, refusal, amount, code, wallet, None)
    wallet.sequence += 1
    if refusal is None:
        operation.bank_state = "PENDING"
        operation.is_pending = True
        operation.hold = ModelHold("WITHDRAWAL", wallet.name, amount, debit, 0, debit)
        wallet.held += debit
    return operation


def cancel(books: ModelBooks, asked: Asked) -> Result:
    earlier = earlier_of(books, asked)
    if earlier is None or earlier.kind != "WITHDRAWAL" or earlier.account != asked.account:
        return ErrorCode.OPERATION_NOT_FOUND
    if earlier.bank_state != "PENDING":
        return ErrorCode.NOT_CANCELLABLE
    assert asked.earlier is not None
    return end_withdrawal(books, asked.earlier, "CANCELLED", ErrorCode.CANCELLED)


def settle(books: ModelBooks, number: int, *, is_paid: bool) -> Result:
    """What the bank said of that withdrawal."""
    withdrawal = books.operations[number]
    if withdrawal.bank_state != "SENT":
        return ErrorCode.NOT_EXECUTED
    if is_paid:
        return end_withdrawal(books, number, "SUCCEEDED", None)
    return end_withdrawal(books, number, "FAILED", ErrorCode.BANK_REFUSED)


def end_withdrawal(books: ModelBooks, number: int, state: str, code: ErrorCode | None) -> ModelOperation:
    """A second operation tells how the first one ended, and moves the money if it was paid."""
    withdrawal = books.operations[number]
    assert withdrawal.hold is not None
    assert withdrawal.source is not None
    wallet = books.wallets[withdrawal.source]
    end(books, withdrawal.hold)
    withdrawal.bank_state, withdrawal.code, withdrawal.is_pending = state, code, False
    if code is None:
        withdrawal.debited = withdrawal.hold.debit
        wallet.balance -= withdrawal.debited
    wallet.sequence += 1
    ended = operation_of(
        *(withdrawal.kind, withdrawal.account, code, withdrawal.amount, withdrawal.currency, wallet, None)
    )
    ended.debited, ended.ends = withdrawal.debited, number
    return ended


def accept(books: ModelBooks, asked: Asked) -> Result:
    """What names too little to be carried out is refused at once; all else is looked at in its turn."""
    wallet = own_wallet(books, asked)
    if asked.kind == "CHARGE":
        wallet = None if asked.wallet is None else books.wallets[asked.wallet]
    amount = amount_minor(asked.amount or "", asked.currency or (wallet.currency if wallet else None))
    if isinstance(amount, ErrorCode):
        return amount
    if wallet is None:
        return ErrorCode.WALLET_NOT_FOUND
    currency = asked.currency or wallet.currency
    target = _receiver(books, asked, wallet)
    if target is ErrorCode.WALLET_REQUIRED:
        wallet.sequence += 1
        return operation_of(asked.kind, asked.account, target, amount, currency, wallet, None)
    if isinstance(target, ErrorCode):
        return target
    source = None if asked.kind == "DEPOSIT" else wallet
    operation = operation_of(asked.kind, asked.account, None, amount, currency, source, target)
    operation.is_pending = True
    books.queue.append((len(books.operations), asked))
    return operation


def _receiver(books: ModelBooks, asked: Asked, own: ModelWallet) -> ModelWallet | ErrorCode:
    if asked.kind == "DEPOSIT":
        return own
    if asked.kind == "TRANSFER":
        return ErrorCode.WALLET_NOT_FOUND if asked.to is None else books.wallets[asked.to]
    payee = payee_of(books, asked)
    if not isinstance(payee, ErrorCode) and any(split.wallet is None for split in asked.splits):
        return ErrorCode.WALLET_NOT_FOUND
    return payee


def carry_out(books: ModelBooks) -> int:
    """The first of the queue becomes what it would be if it were asked for now, into the wallet of then; its number."""
    number, asked = books.queue.pop(0)
    accepted = books.operations[number]
    if asked.kind == "CHARGE":
        asked = replace(asked, into=accepted.target, into_token=accepted)
    result = execute(books, asked)
    if isinstance(result, ErrorCode):
        # It was accepted, and so it is recorded.
        for name in {accepted.source, accepted.target} - {None}:
            books.wallets[name].sequence += 1  # type: ignore[index]
        accepted.code, accepted.is_pending = result, False
    else:
        books.operations[number] = result
    return number
