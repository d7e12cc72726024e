"""What people do with their accounts: sign up, log in, log out, change the password, delete them.

Nothing here knows GraphQL. A refusal is in the outcome; an exception is for what is no business:
RateLimited, Overloaded and Unavailable, as auth.errors has them.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

import asyncpg
from tortoise.transactions import in_transaction

from auth.account_records import AccountRecord, EmailTaken, insert_account, personal_texts, read_record
from auth.deletion import WRONG_PASSWORD, delete_account
from auth.errors import Unauthenticated
from auth.metrics import LOGGED_IN, REFUSED, counting_failures
from auth.passwords import PasswordHasher
from auth.principal import Principal
from auth.profile_rules import (
    ClientDetails,
    CompanyDetails,
    check_client,
    check_company,
    check_email,
    check_password,
)
from auth.sessions import Sessions
from auth.throttle import Throttle
from auth.tokens import Tokens
from ledger.asking import asking, changing
from ledger.rejections import ErrorCode, Rejection
from models.accounts import Account, Session

BAD_CREDENTIALS = Rejection(ErrorCode.BAD_CREDENTIALS, "The e-mail address or the password is wrong.")
WRONG_CURRENT_PASSWORD = Rejection(
    ErrorCode.BAD_CREDENTIALS, "The current password is wrong.", ("currentPassword",)
)
EMAIL_TAKEN = Rejection(
    ErrorCode.EMAIL_TAKEN, "An account with this e-mail address exists already.", ("email",)
)
# No address folds to it, so it finds no account, after the same steps as any other.
NOBODY = ""


@dataclass(frozen=True, slots=True)
class SignedIn:
    """The account that is now signed in, and the bearer token that says so until `expires_at`."""

    account: AccountRecord
    token: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Refused:
    """Nothing was done. There is at least one rejection."""

    rejections: tuple[Rejection, ...]


class Accounts:
    """The use cases, on the parts that Auth owns."""

    def __init__(
        self,
        hasher: PasswordHasher,
        tokens: Tokens,
        sessions: Sessions,
        throttle: Throttle,
        token_lifetime: timedelta,
        pool: asyncpg.Pool,
    ) -> None:
        self._pool = pool
        self._hasher = hasher
        self._tokens = tokens
        self._sessions = sessions
        self._throttle = throttle
        self._token_lifetime = token_lifetime

    async def sign_up_client(
        self, *, email: str, password: str, first_name: str, last_name: str, phone_number: str
    ) -> SignedIn | Refused:
        """Makes a client and signs them in; refuses with everything that is wrong at once."""
        details = check_client(
            email=email,
            password=password,
            first_name=first_name,
            last_name=last_name,
            phone_number=phone_number,
        )
        return await self._sign_up(details, password)

    async def sign_up_company(
        self,
        *,
        email: str,
        password: str,
        name: str,
        url: str,
        first_name: str,
        last_name: str,
        phone_number: str,
    ) -> SignedIn | Refused:
        """Makes a company and signs it in; refuses with everything that is wrong at once."""
        details = check_company(
            email=email,
            password=password,
            name=name,
            url=url,
            first_name=first_name,
            last_name=last_name,
            phone_number=phone_number,
        )
        return await self._sign_up(details, password)

    async def log_in(self, email: str, password: str, address: str) -> SignedIn | Refused:
        """Begins a session. `address` is where the request comes from, such as "192.0.2.7".

        A wrong e-mail and a wrong password are one refusal, in text and in time.
        """
        with counting_failures():
            outcome = await self._log_in(email, password, address)
        (REFUSED if isinstance(outcome, Refused) else LOGGED_IN).inc()
        return outcome

    async def _log_in(self, email: str, password: str, address: str) -> SignedIn | Refused:
        checked = check_email(email)
        # What is no e-mail address is counted as typed, and then takes the steps that any other takes.
        key, counted = (NOBODY, email) if isinstance(checked, Rejection) else (checked.key, checked.key)
        async with self._throttle.attempt(counted, address) as attempt:
            async with asking():
                account = await Account.get_or_none(email_key=key, deleted_at=None)
            verdict = await self._hasher.verify(password, account.password_hash if account else None)
            if account is None or not verdict.correct:
                await attempt.failed()
                return Refused((BAD_CREDENTIALS,))
            await attempt.succeeded()
        return await self._begin_session(account, verdict.new_hash)

    async def log_out(self, principal: Principal) -> None:
        """Ends the session of the token that the principal came with."""
        await self._sessions.end(principal.session_id)

    async def change_password(self, principal: Principal, current: str, new: str) -> Refused | None:
        """Sets the new password and ends all other sessions; None when that was done.

        Raises Unauthenticated when the account is gone. Guessing the current password with a stolen
        token is slowed like guessing at the log-in, but counted apart, so that the owner's log-ins
        don't suffer from it.
        """
        account = await self._proven(principal, current)
        if account is None:
            return Refused((WRONG_CURRENT_PASSWORD,))
        problems = check_password(new, personal_texts(await read_record(account)), "newPassword")
        if problems:
            return Refused(tuple(problems))
        new_hash = await self._hasher.hash(new)
        async with changing(), in_transaction() as connection:
            # Only in place of the hash that was verified: of two changes at once, one is too late.
            same = Account.filter(id=account.id, password_hash=account.password_hash)
            if await same.using_db(connection).update(password_hash=new_hash) == 0:
                return Refused((WRONG_CURRENT_PASSWORD,))
            await self._sessions.end_others(account.id, principal.session_id, connection)
        return None

    async def delete(self, principal: Principal, password: str) -> Refused | None:
        """Deletes the account, whose wallets must be empty; None when that was done.

        Raises Unauthenticated when it is gone already. Guessing the password is slowed as in change_password.
        """
        account = await self._proven(principal, password)
        if account is None:
            return Refused((WRONG_PASSWORD,))
        refusal = await delete_account(self._pool, account.id, account.password_hash)
        if refusal is not None:
            return Refused((refusal,))
        # Here at once; by the account's end in all processes within a second.
        await self._sessions.end(principal.session_id)
        return None

    async def _proven(self, principal: Principal, password: str) -> Account | None:
        async with asking():
            account = await Account.get_or_none(id=principal.account_id, deleted_at=None)
        if account is None:
            raise Unauthenticated
        account_id = str(account.id)
        async with self._throttle.attempt(account_id, account_id) as attempt:
            if not (await self._hasher.verify(password, account.password_hash)).correct:
                await attempt.failed()
                return None
            await attempt.succeeded()
        return account

    async def _sign_up(
        self, details: ClientDetails | CompanyDetails | list[Rejection], password: str
    ) -> SignedIn | Refused:
        if isinstance(details, list):
            return Refused(tuple(details))
        password_hash = await self._hasher.hash(password)
        expires_at = self._expiry()
        try:
            async with changing(), in_transaction() as connection:
                record = await insert_account(details, password_hash, connection)
                session = await Session.create(
                    account_id=record.id, expires_at=expires_at, using_db=connection
                )
        except EmailTaken:
            return Refused((EMAIL_TAKEN,))
        return self._signed_in(record, session.id, expires_at)

    async def _begin_session(self, account: Account, new_hash: str | None) -> SignedIn | Refused:
        expires_at = self._expiry()
        session_id = await self._sessions.start(account.id, account.password_hash, expires_at)
        if session_id is None:
            # The password was changed while it was being verified.
            return Refused((BAD_CREDENTIALS,))
        if new_hash is not None:
            async with changing():
                same = Account.filter(id=account.id, password_hash=account.password_hash)
                await same.update(password_hash=new_hash)
        return self._signed_in(await read_record(account), session_id, expires_at)

    def _expiry(self) -> datetime:
        # Tokens count in whole seconds; the session and the answer say the same.
        return (datetime.now(UTC) + self._token_lifetime).replace(microsecond=0)

    def _signed_in(self, record: AccountRecord, session_id: UUID, expires_at: datetime) -> SignedIn:
        principal = Principal(record.id, record.role, session_id)
        return SignedIn(record, self._tokens.issue(principal, expires_at), expires_at)
