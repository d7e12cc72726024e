#!/usr/bin/env bash
# The first charge, as a script for CI: a client tops up a wallet, a company charges it, both read about it.
#
#   examples/first_charge.sh [URL]      URL defaults to http://127.0.0.1:8000
#
# Needs bash, curl and jq. Exits with 1 and says what was off as soon as anything is.
set -euo pipefail

url="${1:-http://127.0.0.1:8000}/graphql"
run="$(date +%s)-$$-$RANDOM" # makes the e-mail addresses and idempotency keys of this run its own

fail() {
    echo "FAILED: $*" >&2
    exit 1
}

# ask TOKEN QUERY VARIABLES: the answer's data. A top-level error, or a user error anywhere, ends the script.
ask() {
    local token="$1" query="$2" variables="$3" answer
    local headers=(-H 'Content-Type: application/json')
    if [ -n "$token" ]; then headers+=(-H "Authorization: Bearer $token"); fi
    answer="$(jq -n --arg query "$query" --argjson variables "$variables" '{$query, $variables}' |
        curl --silent --show-error --max-time 10 "${headers[@]}" --data-binary @- "$url")" ||
        fail "no answer from $url"
    jq -e 'has("errors") | not' >/dev/null <<<"$answer" || fail "$answer"
    jq -e '[.data | .. | .userErrors? // empty | .[]] == []' >/dev/null <<<"$answer" || fail "$answer"
    jq '.data' <<<"$answer"
}

# expect WHAT VALUE WANTED
expect() {
    [ "$2" = "$3" ] || fail "$1 is $2, not $3"
    echo "ok: $1 is $2"
}

client="$(ask '' 'mutation ($input: SignUpClientInput!) {
    signUpClient(input: $input) { token userErrors { code message } }
}' "$(jq -n --arg email "ada-$run@example.com" '{input: {
    $email, password: "correct-horse-9", firstName: "Ada", lastName: "Lovelace", phoneNumber: "+4915112345678"
}}')" | jq -r .signUpClient.token)"

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

company="$(ask '' 'mutation ($input: SignUpCompanyInput!) {
    signUpCompany(input: $input) { token userErrors { code message } }
}' "$(jq -n --arg email "shop-$run@example.com" '{input: {
    $email, password: "correct-horse-9", name: "Corner Shop", url: "https://shop.example.com",
    firstName: "Charles", lastName: "Babbage", phoneNumber: "+4915112345679"
}}')" | jq -r .signUpCompany.token)"

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
