#!/usr/bin/env bash
# Every way that money moves, as a script for CI: charge, refund, authorize and capture, transfer, split, many at once.
#
#   examples/every_way.sh [URL]      URL defaults to http://127.0.0.1:8000
#
# Needs bash, curl and jq. Exits with 1 and says what was off as soon as anything is.
set -euo pipefail

url="${1:-http://127.0.0.1:8000}/graphql"
run="$(date +%s)-$$-$RANDOM" # makes the e-mail addresses and idempotency keys of this run its own

. "$(dirname "$0")/lib.sh"

MOVED='operation { id status } wallet { available { amount } held { amount } } userErrors { code message }'

# move TOKEN MUTATION INPUT: the payload. INPUT is what jq makes of the words that follow it.
move() {
    local token="$1" mutation="$2" kind="${2^}Input" input="$3"
    shift 3
    ask "$token" "mutation (\$input: $kind!) { $mutation(input: \$input) { $MOVED } }" \
        "$(jq -n "$@" "{input: $input}")" | jq ".$mutation"
}

# new_wallet TOKEN: the token of a new wallet of that account.
new_wallet() {
    ask "$1" 'mutation { createWallet(input: {currency: "USD"}) { wallet { token } userErrors { code message } } }' '{}' |
        jq -r .createWallet.wallet.token
}

client="$(sign_up client)"
company="$(sign_up company)"
purse="$(new_wallet "$client")"
savings="$(new_wallet "$client")"
till="$(new_wallet "$company")"

moved="$(move "$client" deposit '{$wallet, amount: "100.00", $idempotencyKey}' \
    --arg wallet "$purse" --arg idempotencyKey "deposit-$run")"
expect 'after the deposit, available' "$(jq -r .wallet.available.amount <<<"$moved")" 100.00

moved="$(move "$company" charge '{$wallet, amount: "30.00", summary: "A lamp", $idempotencyKey}' \
    --arg wallet "$purse" --arg idempotencyKey "charge-$run")"
charge="$(jq -r .operation.id <<<"$moved")"
moved="$(move "$company" refund '{$operation, amount: "5.00", summary: "A scratch", $idempotencyKey}' \
    --arg operation "$charge" --arg idempotencyKey "refund-$run")"
expect "after a refund, the company's" "$(jq -r .wallet.available.amount <<<"$moved")" 25.00

moved="$(move "$company" authorize '{$wallet, amount: "40.00", summary: "A bicycle, lent", $idempotencyKey}' \
    --arg wallet "$purse" --arg idempotencyKey "hold-$run")"
authorization="$(jq -r .operation.id <<<"$moved")"
held="$(ask "$client" 'query ($token: WalletToken) { wallet(token: $token) { available { amount } held { amount } } }' \
    "$(jq -n --arg token "$purse" '{$token}')" | jq -c '[.wallet.available.amount, .wallet.held.amount]')"
expect 'while it is lent, available and held' "$held" '["35.00","40.00"]'
moved="$(move "$company" capture '{$authorization, amount: "12.50", summary: "A puncture", $idempotencyKey}' \
    --arg authorization "$authorization" --arg idempotencyKey "capture-$run")"
expect "after the capture, the company's" "$(jq -r .wallet.available.amount <<<"$moved")" 37.50

moved="$(move "$client" transfer '{from: $from, to: {token: $to}, amount: "10.00", summary: "For later", $idempotencyKey}' \
    --arg from "$purse" --arg to "$savings" --arg idempotencyKey "transfer-$run")"
expect "after a transfer, the sender's" "$(jq -r .wallet.available.amount <<<"$moved")" 52.50

moved="$(move "$company" charge \
    '{$wallet, amount: "9.99", summary: "A book", splits: [{into: $seller, percentage: "12.5"}], $idempotencyKey}' \
    --arg wallet "$purse" --arg seller "$savings" --arg idempotencyKey "split-$run")"
expect "after a charge that was split, the company's" "$(jq -r .wallet.available.amount <<<"$moved")" 46.24

many="$(ask "$company" 'mutation ($inputs: [ChargeInput!]!) {
    chargeMany(inputs: $inputs, atomic: true) { succeededCount outcomes { operation { status } userErrors { code message } } }
}' "$(jq -n --arg wallet "$purse" --arg key "many-$run" \
    '{inputs: [range(20) | {$wallet, amount: "0.50", summary: "A stamp", idempotencyKey: "\($key)-\(.)"}]}')")"
expect 'of twenty charges in one request, those that succeeded,' "$(jq -r .chargeMany.succeededCount <<<"$many")" 20

worth="$(ask '' '{ convert(amount: "1.50", from: "USD", to: "USD") { amount currency } }' '{}' | jq -r .convert.amount)"
expect 'a dollar and a half in dollars' "$worth" 1.50

left="$(ask "$client" 'query ($token: WalletToken) {
    wallet(token: $token) { available { amount } history { nodes { kind } } }
}' "$(jq -n --arg token "$purse" '{$token}')")"
expect 'what is left' "$(jq -r .wallet.available.amount <<<"$left")" 32.51

echo "All as it should be."
