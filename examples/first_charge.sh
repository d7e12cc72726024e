#!/bin/sh
# The first charge, as a script for CI: a client tops up a wallet, a company charges it, both read about it.
#
#   examples/first_charge.sh [URL]      URL defaults to http://127.0.0.1:8000
#
# Needs curl and jq. Exits with 1 and says what was off as soon as anything is.
set -eu

url="${1:-http://127.0.0.1:8000}"
. "$(dirname "$0")/asking.sh"

client="$(new_client Ada)"
wallet="$(mutate "$client" createWallet "$(json name 'Lunch money' currency USD)" 'wallet { token }' | get .wallet.token)"
topped_up="$(mutate "$client" deposit "$(json wallet "$wallet" amount 10.00 idempotencyKey "top-up-$run")" \
    'operation { status } wallet { available { amount } }')"
expect 'the deposit' "$(printf '%s' "$topped_up" | get .operation.status)" SUCCEEDED
expect 'the balance after it' "$(printf '%s' "$topped_up" | get .wallet.available.amount)" 10.00

company="$(new_company 'Corner Shop')"
mutate "$company" createWallet '{}' 'wallet { id }' >/dev/null

soup="$(json wallet "$wallet" amount 4.50 summary Soup idempotencyKey "soup-$run")"
what='operation { id status amount { amount currency } } wallet { available { amount } } replayed'
charged="$(mutate "$company" charge "$soup" "$what")"
expect 'the charge' "$(printf '%s' "$charged" | get .operation.status)" SUCCEEDED
expect "the company's balance" "$(printf '%s' "$charged" | get .wallet.available.amount)" 4.50

again="$(mutate "$company" charge "$soup" "$what")"
expect 'sent again with its key, it' "$(printf '%s' "$again" | get 'if .replayed then "replayed" else "new" end')" replayed
expect 'the same operation' "$(printf '%s' "$again" | get .operation.id)" "$(printf '%s' "$charged" | get .operation.id)"

history="$(ask "$client" 'query ($wallet: WalletToken) {
    wallet(token: $wallet) { history(first: 10) { edges { change { amount } balanceAfter { amount } } } }
}' "$(json wallet "$wallet")")"
expect "the client's history" \
    "$(printf '%s' "$history" | get '[.wallet.history.edges[] | .change.amount, .balanceAfter.amount]')" \
    '["-4.50","5.50","10.00","10.00"]'

echo "All as it should be."
