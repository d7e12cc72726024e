"""The root of the GraphQL schema: every query and mutation, and what answers it."""

import strawberry
from graphql import GraphQLInputObjectType
from strawberry.schema.config import StrawberryConfig
from strawberry.schema.schema_converter import GraphQLCoreConverter

from resolvers.accounts import (
    change_password,
    delete_account,
    find_account_by_id,
    log_in,
    log_out,
    sign_up_client,
    sign_up_company,
    viewer,
)
from resolvers.administrators import list_accounts, read_position
from resolvers.charges import authorize, capture, charge, charge_many, refund, release
from resolvers.currencies import convert, list_currencies, update_rates
from resolvers.exports import export_history
from resolvers.money import deposit, deposit_many, transfer, transfer_many
from resolvers.nodes import find_node
from resolvers.operations import find_operation, list_authorizations, list_operations
from resolvers.wallet_life import (
    close_wallet,
    freeze_wallet,
    rename_wallet,
    rotate_wallet_token,
    unfreeze_wallet,
)
from resolvers.wallets import create_wallet, find_wallet, list_wallets
from resolvers.withdrawals import cancel_withdrawal, list_withdrawals, withdraw
from schema.account_pages import AccountConnection
from schema.accounts import Account, Administrator, Client, Company, DeletedAccount
from schema.exports import ExportHistoryPayload
from schema.money import Currency, Money
from schema.nodes import Node
from schema.operation_pages import OperationConnection
from schema.operations import Operation
from schema.payloads import (
    BulkPayload,
    ChangePasswordPayload,
    CreateWalletPayload,
    DeleteAccountPayload,
    LogInPayload,
    LogOutPayload,
    OperationPayload,
    SignUpPayload,
)
from schema.position import CurrencyPosition
from schema.rates import UpdateRatesPayload
from schema.scalars import SCALARS
from schema.wallet_life import WalletPayload
from schema.wallet_pages import WalletConnection
from schema.wallets import Wallet


@strawberry.type(description="What can be read. Another's data are answered exactly as what does not exist.")
class Query:
    """The queries."""

    viewer: Account | None = strawberry.field(
        resolver=viewer, description="The account that the bearer token stands for; null when signed out."
    )
    account: Account | None = strawberry.field(
        resolver=find_account_by_id,
        description=(
            "The reader's own account (any account, for an administrator) by id; null where there is none or it is not "
            "theirs: the two can't be told apart."
        ),
    )
    accounts: AccountConnection = strawberry.field(
        resolver=list_accounts,
        description="Administrators only: everyone's accounts, oldest first, deleted ones too.",
    )
    wallet: Wallet | None = strawberry.field(
        resolver=find_wallet,
        description=(
            "One of the reader's wallets (any wallet, for an administrator), by token or id; null where there is "
            "none or it is not theirs: the two can't be told apart."
        ),
    )
    wallets: WalletConnection = strawberry.field(
        resolver=list_wallets,
        description="The reader's wallets, oldest first; all wallets, for an administrator.",
    )
    operation: Operation | None = strawberry.field(
        resolver=find_operation,
        description=(
            "An operation that the reader asked for, paid or was paid by, any for an administrator; null for others."
        ),
    )
    operations: OperationConnection = strawberry.field(
        resolver=list_operations,
        description="Operations of all the reader's wallets; all operations, for an administrator.",
    )
    authorizations: OperationConnection = strawberry.field(
        resolver=list_authorizations,
        description="The authorizations that the reader made, newest first; everyone's, for an administrator.",
    )
    withdrawals: OperationConnection = strawberry.field(
        resolver=list_withdrawals,
        description="The withdrawals that the reader asked for, newest first; everyone's, for an administrator.",
    )
    position: list[CurrencyPosition] = strawberry.field(
        resolver=read_position,
        description=(
            "Administrators only: what holders are owed and what stands on the other side of it, in each currency that "
            "there is a wallet in, by code. Added up from all wallets in one snapshot, some 0.3 s for each million."
        ),
    )
    currencies: list[Currency] = strawberry.field(
        resolver=list_currencies, description="Every currency that a wallet may have, by code."
    )
    convert: Money = strawberry.field(
        resolver=convert,
        description=(
            "What an amount is worth in another currency at the rates of now, rounded down to its last decimal: what "
            "would arrive. BAD_USER_INPUT where a currency is unknown or has no rate."
        ),
    )
    node: Node | None = strawberry.field(
        resolver=find_node,
        description="Anything by its id; null where there is none or it is not the reader's to see.",
    )


@strawberry.type(description="What can be done. Mutations that move money take an `idempotencyKey`: use it.")
class Mutation:
    """The mutations."""

    sign_up_client: SignUpPayload = strawberry.field(
        resolver=sign_up_client, description="Makes a client's account and signs it in."
    )
    sign_up_company: SignUpPayload = strawberry.field(
        resolver=sign_up_company, description="Makes a company's account and signs it in."
    )
    log_in: LogInPayload = strawberry.field(
        resolver=log_in,
        description="Begins a session. A wrong e-mail and a wrong password can't be told apart.",
    )
    log_out: LogOutPayload = strawberry.field(
        resolver=log_out,
        description=(
            "Ends the session of the bearer token it is called with: on every instance the token is refused from "
            "then on."
        ),
    )
    change_password: ChangePasswordPayload = strawberry.field(
        resolver=change_password,
        description="Sets a new password and ends every other session of the account.",
    )
    create_wallet: CreateWalletPayload = strawberry.field(
        resolver=create_wallet, description="Makes an empty wallet of the caller's."
    )
    deposit: OperationPayload = strawberry.field(
        resolver=deposit,
        description="The owner tops up a wallet. How the money was paid is not this service's business.",
    )
    charge: OperationPayload = strawberry.field(
        resolver=charge,
        description=(
            "Companies only: takes money from the wallet with that token into the company's own wallet. All or "
            "nothing. `wallet` in the payload is the company's."
        ),
    )
    transfer: OperationPayload = strawberry.field(
        resolver=transfer, description="The owner sends money to any wallet, named by its token or id."
    )
    refund: OperationPayload = strawberry.field(
        resolver=refund,
        description=(
            "Gives back all or part of a charge, by the company that made it; never more in all than was charged. In "
            "another currency at the charge's own rate, so that all of it gives back exactly what left the payer."
        ),
    )
    authorize: OperationPayload = strawberry.field(
        resolver=authorize,
        description="Companies only: sets money aside for a later capture, until it expires.",
    )
    capture: OperationPayload = strawberry.field(
        resolver=capture,
        description=(
            "Takes all or part of what was authorized. What is not captured is released, unless `final` is false."
        ),
    )
    release: OperationPayload = strawberry.field(
        resolver=release, description="Gives back what an authorization still holds."
    )
    withdraw: OperationPayload = strawberry.field(
        resolver=withdraw,
        description=(
            "The owner sends money to a bank account: accepted at once as PENDING with the money held, paid out by a "
            "worker."
        ),
    )
    cancel_withdrawal: OperationPayload = strawberry.field(
        resolver=cancel_withdrawal,
        description=(
            "Calls a withdrawal back while it is PENDING: it ends as FAILED for the reason CANCELLED, and the money is "
            "available again."
        ),
    )
    deposit_many: BulkPayload = strawberry.field(
        resolver=deposit_many,
        description="Up to 1,000 deposits in one request, each with its own outcome and key.",
    )
    charge_many: BulkPayload = strawberry.field(
        resolver=charge_many,
        description="Up to 1,000 charges in one request, each with its own outcome and key.",
    )
    transfer_many: BulkPayload = strawberry.field(
        resolver=transfer_many,
        description="Up to 1,000 transfers in one request, each with its own outcome and key.",
    )
    export_history: ExportHistoryPayload = strawberry.field(
        resolver=export_history,
        description=(
            "A link, good for 15 minutes without a header, to the wallet's history as a file. For the wallet's owner "
            "and administrators."
        ),
    )
    rename_wallet: WalletPayload = strawberry.field(
        resolver=rename_wallet, description="The owner gives a wallet another name."
    )
    close_wallet: WalletPayload = strawberry.field(
        resolver=close_wallet,
        description="The owner closes an empty wallet for good: nothing moves any more, the history stays.",
    )
    rotate_wallet_token: WalletPayload = strawberry.field(
        resolver=rotate_wallet_token,
        description=(
            "The owner gives a wallet another token. The old one stops working at once, also for companies that have "
            "charged the wallet; the history stays."
        ),
    )
    freeze_wallet: WalletPayload = strawberry.field(
        resolver=freeze_wallet,
        description="Administrators only: from then on the wallet can receive, and not pay.",
    )
    unfreeze_wallet: WalletPayload = strawberry.field(
        resolver=unfreeze_wallet, description="Administrators only: the wallet can pay again."
    )
    delete_account: DeleteAccountPayload = strawberry.field(
        resolver=delete_account,
        description=(
            "Deletes the caller's account, whose wallets must be empty: closes them, erases e-mail address, names, "
            "bank accounts and all else that is personal, ends every session. The ledger's history stays, without a "
            "name."
        ),
    )
    update_rates: UpdateRatesPayload = strawberry.field(
        resolver=update_rates,
        description=(
            "Administrators only: sets rates (units of the base currency for one unit), adding currencies that are "
            "new. All or nothing; every process goes by them within a second, and no operation sees half of them."
        ),
    )


def _schema() -> strawberry.Schema:
    made = strawberry.Schema(
        query=Query,
        mutation=Mutation,
        types=[Client, Company, Administrator, DeletedAccount],
        config=StrawberryConfig(scalar_map=SCALARS),
    )
    for type_ in made._schema.type_map.values():  # noqa: SLF001 - Strawberry offers no other way to its core
        if isinstance(type_, GraphQLInputObjectType):
            # Strawberry prints @oneOf without telling graphql-core, which would let variables pass that break it.
            type_.is_one_of = bool(type_.extensions[GraphQLCoreConverter.DEFINITION_BACKREF].is_one_of)
    return made


schema = _schema()
