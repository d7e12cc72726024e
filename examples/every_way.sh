#!/bin/sh
# Every way that money moves, as a script for CI, with a look at the amounts after each step.
#
#   examples/every_way.sh [URL]      URL defaults to http://127.0.0.1:8000
#
# With an administrator's PURSER_ADMIN_EMAIL and PURSER_ADMIN_PASSWORD in the environment it also adds a currency of its
# own and converts. Needs curl and jq. Exits with 1 and says what was off as soon as anything is.
set -eu

url="${1:-http://127.0.0.1:8000}"
. "$(dirname "$0")/asking.sh"

operation='operation { id status rate debited { amount } credited { amount } }'

# amounts TOKEN WALLET: what is available, held and pending there.
amounts() {
    ask "$1" 'query ($token: WalletToken) {
        wallet(token: $token) { available { amount } held { amount } pending { amount } }
    }' "$(json token "$2")" | get '.wallet | "\(.available.amount) \(.held.amount) \(.pending.amount)"'
}
# codes PAYLOAD: why it was refused.
codes() {
    printf '%s' "$1" | get '[.userErrors[].code]'
}
# new_wallet TOKEN [CURRENCY]: its id and token.
new_wallet() {
    mutate "$1" createWallet "$(json currency "${2:-USD}")" 'wallet { id token }' | get .wallet
}

ada="$(new_client Ada)"
ben="$(new_client Ben)"
shop="$(new_company 'Corner Shop')"
ada_wallet="$(new_wallet "$ada" | get .token)"
ben_wallet="$(new_wallet "$ben")"
till="$(new_wallet "$shop" | get .token)"
ben_id="$(printf '%s' "$ben_wallet" | get .id)" ben_wallet="$(printf '%s' "$ben_wallet" | get .token)"

echo "Deposit, and a deposit for later"
mutate "$ada" deposit "$(json wallet "$ada_wallet" amount 100.00 idempotencyKey "top-up-$run")" "$operation" >/dev/null
mutate "$ada" deposit "$(json wallet "$ada_wallet" amount 500.00 availableAt 2100-01-01T00:00:00Z \
    idempotencyKey "salary-$run")" "$operation" >/dev/null
expect "Ada's available, held and pending" "$(amounts "$ada" "$ada_wallet")" '100.00 0.00 500.00'

echo "Transfer, by the other wallet's public id"
gift="$(json from "$ada_wallet" amount 10.00 summary 'For the pizza' idempotencyKey "pizza-$run" |
    jq --arg id "$ben_id" '.to = {$id}')"
mutate "$ada" transfer "$gift" "$operation" >/dev/null
expect "Ada's" "$(amounts "$ada" "$ada_wallet")" '90.00 0.00 500.00'
expect "Ben's" "$(amounts "$ben" "$ben_wallet")" '10.00 0.00 0.00'

echo "Charge, a quarter of it to Ben; then refund it in two parts"
lesson="$(json wallet "$ada_wallet" amount 30.00 summary 'A lesson' idempotencyKey "lesson-$run" |
    jq --arg into "$ben_wallet" '.splits = [{$into, percentage: "25"}]')"
charge="$(mutate "$shop" charge "$lesson" "$operation" | get .operation.id)"
expect "Ben's" "$(amounts "$ben" "$ben_wallet")" '17.50 0.00 0.00'
expect "the shop's" "$(amounts "$shop" "$till")" '22.50 0.00 0.00'
mutate "$shop" refund "$(json operation "$charge" amount 10.00 idempotencyKey "refund-1-$run")" "$operation" >/dev/null
expect "Ben's after a refund of 10.00" "$(amounts "$ben" "$ben_wallet")" '15.00 0.00 0.00'
expect "the shop's after it" "$(amounts "$shop" "$till")" '15.00 0.00 0.00'
mutate "$shop" refund "$(json operation "$charge" idempotencyKey "refund-2-$run")" "$operation" >/dev/null
expect "Ada's after the rest" "$(amounts "$ada" "$ada_wallet")" '90.00 0.00 500.00'
once_more="$(try "$shop" refund "$(json operation "$charge" amount 0.01)" "$operation")"
expect 'a refund of a cent more' "$(codes "$once_more")" '["REFUND_EXCEEDS_CHARGE"]'

echo "Authorize, capture in two parts, the rest is released"
held="$(mutate "$shop" authorize "$(json wallet "$ada_wallet" amount 50.00 summary 'A bicycle' \
    idempotencyKey "bicycle-$run")" "$operation" | get .operation.id)"
expect "Ada's" "$(amounts "$ada" "$ada_wallet")" '40.00 50.00 500.00'
too_much="$(try "$shop" charge "$(json wallet "$ada_wallet" amount 40.01 summary 'A helmet')" "$operation")"
expect 'a charge of more than is available' "$(codes "$too_much")" '["INSUFFICIENT_FUNDS"]'
first="$(json authorization "$held" amount 20.00 idempotencyKey "capture-1-$run" | jq '.final = false')"
mutate "$shop" capture "$first" "$operation" >/dev/null
expect "Ada's after a capture of 20.00" "$(amounts "$ada" "$ada_wallet")" '40.00 30.00 500.00'
mutate "$shop" capture "$(json authorization "$held" amount 5.00 idempotencyKey "capture-2-$run")" "$operation" >/dev/null
expect "Ada's after the last one, of 5.00" "$(amounts "$ada" "$ada_wallet")" '65.00 0.00 500.00'
over="$(try "$shop" release "$(json authorization "$held")" "$operation")"
expect 'a release of what is over' "$(codes "$over")" '["AUTHORIZATION_CLOSED"]'

echo "Many charges in one request: each on its own, then all or nothing"
# many ATOMIC AMOUNT...: how many of these charges succeeded, and why the others were refused.
many() {
    atomic="$1"
    shift
    inputs="$(jq -n --arg wallet "$ada_wallet" --arg run "$run-$atomic" '$ARGS.positional | to_entries | map({
        $wallet, amount: .value, summary: "Number \(.key)", idempotencyKey: "many-\(.key)-\($run)"
    })' --args "$@")"
    # shellcheck disable=SC2016
    ask "$shop" 'mutation ($inputs: [ChargeInput!]!, $atomic: Boolean) {
        chargeMany(inputs: $inputs, atomic: $atomic) { succeededCount outcomes { userErrors { code } } }
    }' "$(jq -n --argjson inputs "$inputs" --argjson atomic "$atomic" '{$inputs, $atomic}')" |
        get '.chargeMany | [.succeededCount, .outcomes[].userErrors[].code]'
}
expect 'of 10.00, 1000.00 and 20.00' "$(many false 10.00 1000.00 20.00)" '[2,"INSUFFICIENT_FUNDS"]'
expect 'of 10.00, 1000.00 and 20.00, all or nothing' "$(many true 10.00 1000.00 20.00)" \
    '[0,"NOT_EXECUTED","INSUFFICIENT_FUNDS","NOT_EXECUTED"]'
expect "Ada's" "$(amounts "$ada" "$ada_wallet")" '35.00 0.00 500.00'
expect "the shop's" "$(amounts "$shop" "$till")" '55.00 0.00 0.00'

if [ -z "${PURSER_ADMIN_EMAIL:-}" ]; then
    echo "All as it should be. Without an administrator there was no conversion."
    exit
fi

echo "Convert, in a currency of our own: one unit is worth 1.093809 USD, and has six decimals"
code="T$(od -An -N3 -tx1 /dev/urandom | tr -d ' ' | tr a-f A-F)"
admin="$(mutate '' logIn "$(json email "$PURSER_ADMIN_EMAIL" password "$PURSER_ADMIN_PASSWORD")" token | get .token)"
new_rate="$(json code "$code" rate 1.093809 | jq '{rates: [. + {exponent: 6}]}')"
mutate "$admin" updateRates "$new_rate" 'currencies { code }' >/dev/null
worth="$(ask '' 'query ($code: CurrencyCode!) { convert(amount: "200", from: "USD", to: $code) { amount } }' \
    "$(json code "$code")" | get .convert.amount)"
expect "200 USD in $code" "$worth" 182.847279
token_wallet="$(new_wallet "$ada" "$code" | get .token)"
exchanged="$(mutate "$ada" deposit "$(json wallet "$token_wallet" amount 200.00 currency USD \
    idempotencyKey "exchange-$run")" "$operation")"
expect 'what arrives of 200.00 USD' "$(printf '%s' "$exchanged" | get .operation.credited.amount)" 182.847279
expect 'the rate' "$(printf '%s' "$exchanged" | get .operation.rate)" 0.914236397762
charged="$(mutate "$shop" charge "$(json wallet "$token_wallet" amount 1.00 currency USD summary 'A coffee' \
    idempotencyKey "coffee-$run")" "$operation")"
expect 'what leaves for 1.00 USD' "$(printf '%s' "$charged" | get .operation.debited.amount)" 0.914237
forbidden="$(try "$shop" charge "$(json wallet "$token_wallet" amount 1.00 currency USD summary 'A coffee' \
    conversion FORBID)" "$operation")"
expect 'the same without conversion' "$(codes "$forbidden")" '["CURRENCY_MISMATCH"]'

echo "All as it should be."
