#!/bin/sh
# Reading it back, as a script for CI: filtered history, totals, a balance of the past, a statement, and an export.
#
#   examples/reports.sh [URL]      URL defaults to http://127.0.0.1:8000
#
# Needs curl and jq. Exits with 1 and says what was off as soon as anything is.
set -eu

url="${1:-http://127.0.0.1:8000}"
. "$(dirname "$0")/asking.sh"

ada="$(new_client Ada)"
shop="$(new_company 'Corner Shop')"
wallet="$(mutate "$ada" createWallet "$(json name 'Lunch money')" 'wallet { token }' | get .wallet.token)"
mutate "$shop" createWallet '{}' 'wallet { id }' >/dev/null
mutate "$ada" deposit "$(json wallet "$wallet" amount 10.00 idempotencyKey "top-up-$run")" 'replayed' >/dev/null
# buy AMOUNT SUMMARY: the operation.
buy() {
    try "$shop" charge "$(json wallet "$wallet" amount "$1" summary "$2" idempotencyKey "$2-$run")" \
        'operation { id createdAt }' | get .operation
}
soup="$(buy 4.50 'Tomato soup')"
buy 100.00 'Soup for all' >/dev/null
bread="$(buy 1.50 Bread)"

# of_wallet SELECTION [VARIABLES]: what the wallet answers; the variables are instants.
of_wallet() {
    ask "$ada" "query (\$wallet: WalletToken, \$at: DateTime = \"2000-01-01T00:00:00Z\") {
        wallet(token: \$wallet) { id at: balanceAt(at: \$at) { amount } $1 }
    }" "$(json wallet "$wallet" ${2:+at "$2"})" | get .wallet
}

echo "History, filtered"
found="$(of_wallet 'history(filter: { summary: "SOUP", maxAmount: "50" }) { totalCount nodes { summary } }')"
expect 'soup for less than 50' "$(printf '%s' "$found" | get '[.history.nodes[].summary]')" '["Tomato soup"]'

echo "Totals of the last month, and a balance of the past"
sums="$(of_wallet 'totals { moneyIn { amount } moneyOut { amount } operationCount }')"
expect 'what came in' "$(printf '%s' "$sums" | get .totals.moneyIn.amount)" 10.00
expect 'what went out' "$(printf '%s' "$sums" | get .totals.moneyOut.amount)" 6.00
expect 'the balance after the soup' \
    "$(of_wallet '' "$(printf '%s' "$soup" | get .createdAt)" | get .at.amount)" 5.50

echo "A statement from the bread on"
stated="$(of_wallet 'statement(from: $at) { opening { amount } closing { amount } history { totalCount } }' \
    "$(printf '%s' "$bread" | get .createdAt)")"
expect 'opening, closing and number of entries' \
    "$(printf '%s' "$stated" | get '.statement | [.opening.amount, .closing.amount, .history.totalCount]')" \
    '["5.50","4.00",1]'

echo "An export, which a browser could fetch as well"
link="$(mutate "$ada" exportHistory "$(json wallet "$wallet" format CSV)" url | get .url)"
rows="$(curl --silent --show-error --fail --max-time 10 "$link")" || fail "no file from the link"
expect 'the number of lines' "$(printf '%s\n' "$rows" | wc -l | tr -d ' ')" 5
expect 'what was refused' "$(printf '%s' "$rows" | grep -c ',CHARGE,FAILED,0.00,')" 1

echo "All as it should be."
