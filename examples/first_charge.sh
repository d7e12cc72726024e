#!/usr/bin/env bash
# The first charge, as a script for CI: a client tops up a wallet, a company charges it, both read about it.
#
#   examples/first_charge.sh [URL]      URL defaults to http://127.0.0.1:8000
#
# Needs bash, curl and jq. Exits with 1 and says what was off as soon as anything is.
set -euo pipefail

url="${1:-http://127.0.0.1:8000}/graphql"
run="$(date +%s)-$$-$RANDOM" # makes the e-mail addresses and idempotency keys of this run its own

. "$(dirname "$0")/lib.sh"

client="$(sign_up client)"

wallet="$(ask "$client" 'mutation ($input: CreateWalletInput!) {
    createWallet(input: $input) { wallet { token } userErrors { code message } }
}' '{"input": {"name": "Lunch money", "currency": "USD"}}' | jq -r .createWallet.wallet.token)"

topped_up="$(ask "$client" 'mutation ($input: DepositInput!) {
    deposit(input: $input) { operation { status } wallet { available { amount } } userErrors { code message } }
}' "$(jq -n --arg wallet "$wallet" --arg key "top-up-$run" '{input: {
    $wallet, amount: "10.00", idempotencyKey: $key
}}')")"
expect 'the deposit' "$(jq -r .deposit.operation.status <<<"$topped_up")" SUCCEEDED
expect 'the balance after it' "$(jq -r .deposit.wallet.available.amount <<<"$topped_up")" 10.00

company="$(sign_up company)"

ask "$company" 'mutation { createWallet(input: {}) { wallet { id } userErrors { code message } } }' '{}' >/dev/null

charge='mutation ($input: ChargeInput!) {
    charge(input: $input) {
        operation { id status amount { amount currency } }
        wallet { available { amount } }
        replayed
        userErrors { code message }
    }
}'
soup="$(jq -n --arg wallet "$wallet" --arg key "soup-$run" '{input: {
    $wallet, amount: "4.50", summary: "Soup", idempotencyKey: $key
}}')"
charged="$(ask "$company" "$charge" "$soup")"
expect 'the charge' "$(jq -r .charge.operation.status <<<"$charged")" SUCCEEDED
expect "the company's balance" "$(jq -r .charge.wallet.available.amount <<<"$charged")" 4.50

again="$(ask "$company" "$charge" "$soup")"
expect 'sent again with its key, it' "$(jq -r 'if .charge.replayed then "replayed" else "new" end' <<<"$again")" replayed
expect 'the same operation' "$(jq -r .charge.operation.id <<<"$again")" "$(jq -r .charge.operation.id <<<"$charged")"

history="$(ask "$client" 'query ($wallet: WalletToken) {
    wallet(token: $wallet) { history(first: 10) { edges { change { amount } balanceAfter { amount } } } }
}' "$(jq -n --arg wallet "$wallet" '{$wallet}')")"
expect "the client's history" \
    "$(jq -rc '[.wallet.history.edges[] | .change.amount, .balanceAfter.amount]' <<<"$history")" \
    '["-4.50","5.50","10.00","10.00"]'

echo "All as it should be."
