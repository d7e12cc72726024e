"""Who may see and do what: an entry for each field, argument and input field of the schema.

Asked for is always what belongs to the client `owner`, or the charge between the owner and the company
`charged_by`. A part of the schema without an entry fails the tests: whoever adds one decides here who sees it.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class Reader(StrEnum):
    """Who asks."""

    ANONYMOUS = "anonymous"
    OWNER = "owner"
    CLIENT = "another client"
    COMPANY = "a company that has nothing to do with it"
    CHARGED_BY = "the company that charged the owner"
    ADMIN = "an administrator"


Readers = frozenset[Reader]
NOBODY: Final[Readers] = frozenset()
EVERYONE: Final = frozenset(Reader)
SIGNED_IN: Final = EVERYONE - {Reader.ANONYMOUS}
COMPANIES: Final = frozenset({Reader.COMPANY, Reader.CHARGED_BY})
HOLDERS: Final = SIGNED_IN - {Reader.ADMIN}
OWNERS: Final = frozenset({Reader.OWNER, Reader.ADMIN})
PARTIES: Final = OWNERS | {Reader.CHARGED_BY}
ADMIN: Final = frozenset({Reader.ADMIN})
THE_COMPANY: Final = frozenset({Reader.CHARGED_BY, Reader.ADMIN})

# The way to an object of each type; `...` is where the field goes.
ROUTES: Final = {
    "Account": "node(id: $account) { ... on Account { ... } }",
    "Node": "node(id: $wallet) { ... }",
    "Client": "node(id: $account) { ... on Client { ... } }",
    "Company": "node(id: $company) { ... on Company { ... } }",
    "Administrator": "node(id: $administrator) { ... on Administrator { ... } }",
    "Wallet": "wallet(id: $wallet) { ... }",
    "WalletConnection": "wallets(first: 50, after: $walletBefore) { ... }",
    "DeletedAccount": "node(id: $deleted) { ... on DeletedAccount { ... } }",
    "AccountConnection": "accounts(first: 50, after: $accountBefore) { ... }",
    "AccountEdge": "accounts(first: 50, after: $accountBefore) { edges { ... } }",
    "CurrencyPosition": "position { ... }",
    "WalletEdge": "wallets(first: 50, after: $walletBefore) { edges { ... } }",
    "Operation": "operation(id: $operation) { ... }",
    "OperationConnection": "operations(orderBy: OLDEST_FIRST, after: $operationBefore) { ... }",
    "OperationEdge": "operations(orderBy: OLDEST_FIRST, after: $operationBefore) { edges { ... } }",
    "WalletReference": "operation(id: $operation) { source { ... } }",
    "HistoryConnection": "wallet(id: $wallet) { history { ... } }",
    "HistoryEdge": "wallet(id: $wallet) { history { edges { ... } } }",
    "PageInfo": "wallet(id: $wallet) { history { pageInfo { ... } } }",
    "Money": "wallet(id: $wallet) { balance { ... } }",
    "Currency": "currencies { ... }",
    "Totals": "wallet(id: $wallet) { totals { ... } }",
    "KindTotals": "wallet(id: $wallet) { totals { byKind { ... } } }",
    "Statement": "wallet(id: $wallet) { statement { ... } }",
    "Split": "operation(id: $split) { splits { ... } }",
    "Authorization": "operation(id: $authorization) { authorization { ... } }",
    "Withdrawal": "operation(id: $withdrawal) { withdrawal { ... } }",
    "WithdrawalAttempt": "operation(id: $withdrawal) { withdrawal { attempts { ... } } }",
}
ROUTES_OF_FIELDS: Final = {
    "Operation.failureCode": "operation(id: $refused) { ... }",
    "Operation.rate": "operation(id: $converted) { ... }",
    "Operation.availableAt": "operation(id: $pending) { ... }",
    "Operation.splits": "operation(id: $split) { ... }",
    "Operation.origin": "operation(id: $refund) { ... }",
    "Operation.authorization": "operation(id: $authorization) { ... }",
    "Operation.withdrawal": "operation(id: $withdrawal) { ... }",
}
# Fields of the query that are refused (FORBIDDEN) to whoever is no administrator.
REFUSED: Final = ("accounts", "position")
# What a payload holds is told to whoever sent the mutation, and to nobody else.
PAYLOADS: Final = {
    "SignUpPayload": "token expiresAt account userErrors",
    "LogInPayload": "token expiresAt account userErrors",
    "LogOutPayload": "userErrors",
    "ChangePasswordPayload": "userErrors",
    "CreateWalletPayload": "wallet userErrors",
    "OperationPayload": "operation wallet replayed userErrors",
    "BulkPayload": "outcomes succeededCount failedCount",
    "UpdateRatesPayload": "currencies userErrors",
    "WalletPayload": "wallet userErrors",
    "DeleteAccountPayload": "userErrors",
    "ExportHistoryPayload": "url expiresAt userErrors",
    "UserError": "code message field",
}


def _table(lines: list[tuple[str, str, Readers]]) -> Mapping[str, Readers]:
    return {f"{kind}.{field}": readers for kind, fields, readers in lines for field in fields.split()}


# Who gets a value for the field of the owner's object; everyone else gets null, nothing or UNAUTHENTICATED.
FIELDS: Final = _table(
    [
        ("Account", "id email role createdAt wallets", OWNERS),
        ("Node", "id", OWNERS),
        ("Client", "id email role createdAt wallets firstName lastName phoneNumber", OWNERS),
        ("Company", "id email role createdAt wallets", THE_COMPANY),
        ("Company", "name url firstName lastName phoneNumber", THE_COMPANY),
        ("Administrator", "id email role createdAt wallets", ADMIN),
        ("DeletedAccount", "id email role createdAt wallets deletedAt", ADMIN),
        ("AccountConnection", "nodes edges pageInfo totalCount", ADMIN),
        ("AccountEdge", "node cursor", ADMIN),
        ("CurrencyPosition", "currency owed available held pending outside exchange sum", ADMIN),
        ("Wallet", "id token name country city currency status createdAt", OWNERS),
        ("Wallet", "balance available held pending history authorizations pendingDeposits", OWNERS),
        ("Wallet", "balanceAt totals statement", OWNERS),
        ("Totals", "moneyIn moneyOut operationCount from to byKind", OWNERS),
        ("KindTotals", "kind moneyIn moneyOut operationCount", OWNERS),
        ("Statement", "from to opening closing totals history", OWNERS),
        ("WalletConnection", "nodes edges", OWNERS),
        ("WalletConnection", "pageInfo", SIGNED_IN),
        # Of one's own wallets; the other client and the other company have none.
        ("WalletConnection", "totalCount", PARTIES),
        ("WalletEdge", "node cursor", OWNERS),
        ("Operation", "id kind status success failureCode summary amount debited credited", PARTIES),
        ("Operation", "source target createdAt refunded splits origin authorization", PARTIES),
        # Of deposits, which no company has a part in.
        ("Operation", "rate availableAt", OWNERS),
        # Where money goes is its owner's to know.
        ("Operation", "withdrawal", OWNERS),
        ("Withdrawal", "state destination attempts", OWNERS),
        ("WithdrawalAttempt", "number startedAt endedAt result", OWNERS),
        ("Split", "wallet amount credited", PARTIES),
        ("Authorization", "state captured remaining held expiresAt", PARTIES),
        ("OperationConnection", "nodes edges", PARTIES),
        ("OperationConnection", "pageInfo", SIGNED_IN),
        ("OperationEdge", "node cursor", PARTIES),
        ("WalletReference", "id token ownerName", PARTIES),
        ("HistoryConnection", "nodes edges pageInfo totalCount", OWNERS),
        ("HistoryEdge", "node cursor change balanceAfter sequence", OWNERS),
        ("PageInfo", "hasNextPage hasPreviousPage startCursor endCursor", OWNERS),
        ("Money", "amount currency", OWNERS),
        ("Currency", "code exponent rate rateUpdatedAt", EVERYONE),
        ("Query", "viewer", SIGNED_IN),
        ("Query", "currencies convert", EVERYONE),
        ("Query", "authorizations", THE_COMPANY),
        ("Query", "account wallet wallets node withdrawals", OWNERS),
        ("Query", "accounts position", ADMIN),
        ("Query", "operation operations", PARTIES),
        ("Mutation", "signUpClient signUpCompany logIn", EVERYONE),
        ("Mutation", "logOut changePassword exportHistory", SIGNED_IN),
        ("Mutation", "createWallet deposit depositMany transfer transferMany", HOLDERS),
        ("Mutation", "withdraw cancelWithdrawal", HOLDERS),
        ("Mutation", "renameWallet closeWallet rotateWalletToken deleteAccount", HOLDERS),
        ("Mutation", "charge chargeMany refund authorize capture release", COMPANIES),
        ("Mutation", "freezeWallet unfreezeWallet updateRates", ADMIN),
    ]
)

_WALLETS = "wallets({}) {{ nodes {{ id token }} }}"
_ACCOUNTS = "accounts({}) {{ nodes {{ wallets {{ nodes {{ id token }} }} }} }}"
_OPERATIONS = "operations({}) {{ nodes {{ id source {{ id token }} }} }}"
_HISTORY = "wallet(id: $wallet) {{ history({}) {{ nodes {{ id source {{ id token }} }} }} }}"
_STATED = "wallet(id: $wallet) {{ statement {{ history({}) {{ nodes {{ id source {{ id token }} }} }} }} }}"
_OWN = "wallet(id: $wallet) {{ id {} }}"
_AFTER_W, _AFTER_O, _AFTER_H = (f"after: ${name}Before" for name in ("wallet", "operation", "entry"))
_BEFORE = "last: 100, before: ${}After"
_AFTER_A, _BEFORE_A = "after: $accountBefore", "before: $accountAfter"
_LONG_AGO, _NEVER = '"2000-01-01T00:00:00Z"', '"9999-01-01T00:00:00Z"'
_HELD = "wallet(id: $wallet) {{ authorizations({}) {{ nodes {{ source {{ id token }} }} }} }}"
_PENDING = "wallet(id: $wallet) {{ pendingDeposits({}) {{ nodes {{ target {{ id token }} }} }} }}"
_MADE = "authorizations({}) {{ nodes {{ source {{ id token }} }} }}"
_WITHDRAWN = "withdrawals({}) {{ nodes {{ id source {{ id token }} }} }}"
# In lists that begin with the newest, the owner's stands between these two.
_AFTER_NEWEST, _BEFORE_OLDEST = "after: $newest", "before: $operationBefore"
_OLDEST = "orderBy: OLDEST_FIRST, "

# By each argument: a query that uses it to get at the owner's wallet or charge, and who does.
ARGUMENTS: Final[Mapping[str, tuple[str, Readers]]] = {
    "Query.wallet(token)": ("wallet(token: $token) { id }", OWNERS),
    "Query.wallet(id)": ("wallet(id: $wallet) { id token }", OWNERS),
    "Query.wallets(first)": (_WALLETS.format(f"first: 100, {_AFTER_W}"), OWNERS),
    "Query.wallets(after)": (_WALLETS.format(_AFTER_W), OWNERS),
    "Query.wallets(last)": (_WALLETS.format("last: 100"), OWNERS),
    "Query.wallets(before)": (_WALLETS.format(_BEFORE.format("wallet")), OWNERS),
    "Query.wallets(filter)": (_WALLETS.format(f"filter: {{}}, {_AFTER_W}"), OWNERS),
    "WalletFilter.currencies": (_WALLETS.format(f"filter: {{ currencies: [USD] }}, {_AFTER_W}"), OWNERS),
    "WalletFilter.statuses": (_WALLETS.format(f"filter: {{ statuses: [ACTIVE] }}, {_AFTER_W}"), OWNERS),
    "WalletFilter.owner": (_WALLETS.format("filter: { owner: $account }"), OWNERS),
    "WalletFilter.text": (_WALLETS.format(f'filter: {{ text: "purse" }}, {_AFTER_W}'), OWNERS),
    "Query.account(id)": ("account(id: $account) { wallets { nodes { id token } } }", OWNERS),
    "Query.accounts(first)": (_ACCOUNTS.format(f"first: 1, {_AFTER_A}"), ADMIN),
    "Query.accounts(after)": (_ACCOUNTS.format(_AFTER_A), ADMIN),
    "Query.accounts(last)": (_ACCOUNTS.format(f"last: 1, {_BEFORE_A}"), ADMIN),
    "Query.accounts(before)": (_ACCOUNTS.format(f"last: 1, {_BEFORE_A}"), ADMIN),
    "Query.accounts(filter)": (_ACCOUNTS.format(f"filter: {{}}, {_AFTER_A}"), ADMIN),
    "AccountFilter.roles": (_ACCOUNTS.format(f"filter: {{ roles: [CLIENT] }}, {_AFTER_A}"), ADMIN),
    "AccountFilter.text": (_ACCOUNTS.format("filter: { text: $email }"), ADMIN),
    "AccountFilter.from": (_ACCOUNTS.format(f"filter: {{ from: {_LONG_AGO} }}, {_AFTER_A}"), ADMIN),
    "AccountFilter.to": (_ACCOUNTS.format(f"filter: {{ to: {_NEVER} }}, {_AFTER_A}"), ADMIN),
    **{
        f"{kind}.wallets({name})": (
            f"node(id: ${account}) {{ ... on {kind} {{ wallets({argument}) {{ nodes {{ id token }} }} }} }}",
            readers,
        )
        # One's own wallets are asked for; of accounts of other kinds none is the owner's.
        for kind, account, readers in (
            ("Account", "account", OWNERS),
            ("Client", "account", OWNERS),
            ("Company", "company", NOBODY),
            ("Administrator", "administrator", NOBODY),
            ("DeletedAccount", "deleted", NOBODY),
        )
        for name, argument in {
            "first": "first: 100",
            "after": _AFTER_W,
            "last": "last: 100",
            "before": _BEFORE.format("wallet"),
            "filter": "filter: {}",
        }.items()
    },
    "Query.operation(id)": ("operation(id: $operation) { id }", PARTIES),
    "Query.operations(first)": (_OPERATIONS.format("first: 100"), PARTIES),
    "Query.operations(after)": (_OPERATIONS.format(_OLDEST + _AFTER_O), PARTIES),
    "Query.operations(last)": (_OPERATIONS.format(_OLDEST + "last: 100"), PARTIES),
    "Query.operations(before)": (_OPERATIONS.format(_OLDEST + _BEFORE.format("operation")), PARTIES),
    "Query.operations(filter)": (_OPERATIONS.format("filter: {}"), PARTIES),
    "Query.operations(orderBy)": (_OPERATIONS.format("orderBy: NEWEST_FIRST"), PARTIES),
    "Query.node(id)": ("node(id: $operation) { id }", PARTIES),
    "Wallet.history(first)": (_HISTORY.format("first: 100"), OWNERS),
    "Wallet.history(after)": (_HISTORY.format(_OLDEST + _AFTER_H), OWNERS),
    "Wallet.history(last)": (_HISTORY.format("last: 100"), OWNERS),
    "Wallet.history(before)": (_HISTORY.format(_OLDEST + _BEFORE.format("entry")), OWNERS),
    "Wallet.history(filter)": (_HISTORY.format("filter: {}"), OWNERS),
    "Wallet.history(orderBy)": (_HISTORY.format("orderBy: NEWEST_FIRST"), OWNERS),
    "Wallet.balanceAt(at)": (_OWN.format('balanceAt(at: "9999-01-01T00:00:00Z") { amount }'), OWNERS),
    "Wallet.totals(from)": (_OWN.format('totals(from: "2000-01-01T00:00:00Z") { from }'), OWNERS),
    "Wallet.totals(to)": (_OWN.format('totals(to: "9999-01-01T00:00:00Z") { to }'), OWNERS),
    "Wallet.totals(currency)": (_OWN.format('totals(currency: "USD") { to }'), OWNERS),
    "Wallet.statement(from)": (_OWN.format('statement(from: "2000-01-01T00:00:00Z") { from }'), OWNERS),
    "Wallet.statement(to)": (_OWN.format('statement(to: "9999-01-01T00:00:00Z") { to }'), OWNERS),
    "Statement.history(first)": (_STATED.format("first: 100"), OWNERS),
    "Statement.history(after)": (_STATED.format(_AFTER_H), OWNERS),
    "Statement.history(last)": (_STATED.format("last: 100"), OWNERS),
    "Statement.history(before)": (_STATED.format(_BEFORE.format("entry")), OWNERS),
    "Statement.history(orderBy)": (_STATED.format("orderBy: NEWEST_FIRST"), OWNERS),
    "Wallet.authorizations(first)": (_HELD.format("first: 100"), OWNERS),
    "Wallet.authorizations(after)": (_HELD.format(_AFTER_NEWEST), OWNERS),
    "Wallet.authorizations(last)": (_HELD.format("last: 100"), OWNERS),
    "Wallet.authorizations(before)": (_HELD.format(_BEFORE_OLDEST), OWNERS),
    "Wallet.authorizations(states)": (_HELD.format("states: [OPEN]"), OWNERS),
    "Wallet.pendingDeposits(first)": (_PENDING.format("first: 100"), OWNERS),
    "Wallet.pendingDeposits(after)": (_PENDING.format(_AFTER_NEWEST), OWNERS),
    "Wallet.pendingDeposits(last)": (_PENDING.format("last: 100"), OWNERS),
    "Wallet.pendingDeposits(before)": (_PENDING.format(_BEFORE_OLDEST), OWNERS),
    "Query.authorizations(first)": (_MADE.format("first: 100"), THE_COMPANY),
    "Query.authorizations(after)": (_MADE.format(_AFTER_NEWEST), THE_COMPANY),
    "Query.authorizations(last)": (_MADE.format("last: 100, " + _AFTER_NEWEST), THE_COMPANY),
    "Query.authorizations(before)": (_MADE.format(_BEFORE_OLDEST), THE_COMPANY),
    "Query.authorizations(states)": (_MADE.format("states: [OPEN]"), THE_COMPANY),
    "Query.withdrawals(first)": (_WITHDRAWN.format("first: 100"), OWNERS),
    "Query.withdrawals(after)": (_WITHDRAWN.format(_AFTER_NEWEST), OWNERS),
    "Query.withdrawals(last)": (_WITHDRAWN.format("last: 100, " + _AFTER_NEWEST), OWNERS),
    "Query.withdrawals(before)": (_WITHDRAWN.format(_BEFORE_OLDEST), OWNERS),
    "Query.withdrawals(states)": (_WITHDRAWN.format(f"states: [PENDING], {_AFTER_NEWEST}"), OWNERS),
    "HistoryFilter.from": (_OPERATIONS.format('filter: { from: "2000-01-01T00:00:00Z" }'), PARTIES),
    "HistoryFilter.to": (_OPERATIONS.format('filter: { to: "9999-01-01T00:00:00Z" }'), PARTIES),
    "HistoryFilter.kinds": (_OPERATIONS.format("filter: { kinds: [CHARGE] }"), PARTIES),
    "HistoryFilter.statuses": (_OPERATIONS.format("filter: { statuses: [SUCCEEDED] }"), PARTIES),
    "HistoryFilter.minAmount": (_OPERATIONS.format('filter: { minAmount: "1" }'), PARTIES),
    "HistoryFilter.maxAmount": (_OPERATIONS.format('filter: { maxAmount: "100" }'), PARTIES),
    "HistoryFilter.counterparty": (_OPERATIONS.format("filter: { counterparty: $wallet }"), PARTIES),
    "HistoryFilter.summary": (_OPERATIONS.format('filter: { summary: "" }'), PARTIES),
}

# Input fields of mutations that name a wallet: who may name the owner's there, or the company's in `into`.
NAMING_A_WALLET: Final = {
    "DepositInput.wallet": frozenset({Reader.OWNER}),
    "ChargeInput.wallet": frozenset({Reader.CHARGED_BY}),
    "ChargeInput.into": frozenset({Reader.CHARGED_BY}),
    "TransferInput.from": frozenset({Reader.OWNER}),
    "AuthorizeInput.wallet": frozenset({Reader.CHARGED_BY}),
    "AuthorizeInput.into": frozenset({Reader.CHARGED_BY}),
    "RenameWalletInput.wallet": frozenset({Reader.OWNER}),
    "RotateWalletTokenInput.wallet": frozenset({Reader.OWNER}),
    "CloseWalletInput.wallet": frozenset({Reader.OWNER}),
    "ExportHistoryInput.wallet": OWNERS,
    "WithdrawInput.wallet": frozenset({Reader.OWNER}),
}
# Those that name an operation: who may name a charge or an authorization of the owner's wallet there.
NAMING_AN_OPERATION: Final = {
    "RefundInput.operation": frozenset({Reader.CHARGED_BY}),
    "CaptureInput.authorization": frozenset({Reader.CHARGED_BY}),
    "ReleaseInput.authorization": frozenset({Reader.CHARGED_BY}),
    "CancelWithdrawalInput.withdrawal": frozenset({Reader.OWNER}),
}
# Input fields that name nothing of anybody's: they only say what the caller's own request is to be.
NAMING_NOTHING: Final = {
    "SignUpClientInput": "email password firstName lastName phoneNumber",
    "SignUpCompanyInput": "email password name url firstName lastName phoneNumber",
    "LogInInput": "email password",
    "ChangePasswordInput": "currentPassword newPassword",
    "CreateWalletInput": "currency name country city",
    "DepositInput": "amount currency conversion summary availableAt queued idempotencyKey",
    "ChargeInput": "amount currency conversion summary splits queued idempotencyKey",
    # Money may go to any wallet, whoever names it.
    "SplitInput": "into amount percentage",
    "WalletTarget": "id token",
    "TransferInput": "to amount currency conversion summary queued idempotencyKey",
    "RefundInput": "amount summary idempotencyKey",
    "AuthorizeInput": "amount currency conversion summary expiresAt idempotencyKey",
    "CaptureInput": "amount final summary idempotencyKey",
    "ReleaseInput": "idempotencyKey",
    # Money may go to any bank account.
    "WithdrawInput": "amount currency destination summary idempotencyKey",
    "CancelWithdrawalInput": "idempotencyKey",
    "RenameWalletInput": "name",
    "FreezeWalletInput": "wallet",
    "UnfreezeWalletInput": "wallet",
    "DeleteAccountInput": "password",
    "ExportHistoryInput": "from to format",
    "RateInput": "code rate exponent",
    "UpdateRatesInput": "rates",
    "Query": "convert(amount) convert(from) convert(to)",
}
