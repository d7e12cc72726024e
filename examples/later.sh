#!/bin/sh
# What happens later, as a script for CI: a queued charge, a withdrawal that a worker takes to the bank, and one that is
# called back.
#
#   examples/later.sh [URL]      URL defaults to http://127.0.0.1:8000
#
# Needs curl and jq, and a worker with a bank, as `make run` has them. Exits with 1 and says what was off as soon as
# anything is.
set -eu

url="${1:-http://127.0.0.1:8000}"
. "$(dirname "$0")/asking.sh"

ada="$(new_client Ada)"
shop="$(new_company 'Corner Shop')"
wallet="$(mutate "$ada" createWallet "$(json name 'Lunch money')" 'wallet { token }' | get .wallet.token)"
mutate "$shop" createWallet '{}' 'wallet { id }' >/dev/null
mutate "$ada" deposit "$(json wallet "$wallet" amount 10.00 idempotencyKey "top-up-$run")" 'replayed' >/dev/null

# until_decided ID: the operation, once it is PENDING no more.
until_decided() {
    tries=0
    while :; do
        found="$(ask "$ada" 'query ($id: ID!) { operation(id: $id) {
            status failureCode debited { amount } withdrawal { state attempts { number result } }
        } }' "$(json id "$1")" | get .operation)"
        [ "$(printf '%s' "$found" | get .status)" = PENDING ] || break
        tries=$((tries + 1))
        [ "$tries" -lt 120 ] || fail "nothing came of it in a minute: $found"
        sleep 0.5
    done
    printf '%s' "$found"
}

echo "A charge that waits its turn"
later="$(jq -n --argjson input "$(json wallet "$wallet" amount 4.50 summary Soup idempotencyKey "soup-$run")" \
    '$input + {queued: true}')"
soup="$(mutate "$shop" charge "$later" 'operation { id status }' | get .operation)"
expect 'the soup at first' "$(printf '%s' "$soup" | get .status)" PENDING
expect 'the soup in the end' "$(until_decided "$(printf '%s' "$soup" | get .id)" | get .status)" SUCCEEDED

echo "A withdrawal"
taken="$(mutate "$ada" withdraw "$(json wallet "$wallet" amount 2.00 destination 'DE89 3704 0044 0532 0130 00' \
    idempotencyKey "bank-$run")" 'operation { id withdrawal { state } } wallet { held { amount } }')"
expect 'the withdrawal at first' "$(printf '%s' "$taken" | get .operation.withdrawal.state)" PENDING
expect 'what is held' "$(printf '%s' "$taken" | get .wallet.held.amount)" 2.00
ended="$(until_decided "$(printf '%s' "$taken" | get .operation.id)")"
echo "ok: the bank said $(printf '%s' "$ended" | get '[.withdrawal.attempts[].result] | join(", ")')"
# The simulated bank pays seven of ten attempts, and there are three.
case "$(printf '%s' "$ended" | get .withdrawal.state)" in
    SUCCEEDED) left=3.50 ;;
    FAILED) left=5.50 ;;
    *) fail "the withdrawal is $ended" ;;
esac
after="$(ask "$ada" 'query ($token: WalletToken) { wallet(token: $token) { available { amount } held { amount } } }' \
    "$(json token "$wallet")" | get .wallet)"
expect 'what is available' "$(printf '%s' "$after" | get .available.amount)" "$left"
expect 'what is held' "$(printf '%s' "$after" | get .held.amount)" 0.00

echo "A withdrawal that is called back, if the worker was not quicker"
taken="$(mutate "$ada" withdraw "$(json wallet "$wallet" amount 1.00 destination 'DE89 3704 0044 0532 0130 00' \
    idempotencyKey "back-$run")" 'operation { id }' | get .operation.id)"
back="$(try "$ada" cancelWithdrawal "$(json withdrawal "$taken" idempotencyKey "call-$run")" 'operation { failureCode }')"
case "$(printf '%s' "$back" | get '.operation.failureCode // .userErrors[0].code')" in
    CANCELLED) echo "ok: called back" ;;
    NOT_CANCELLABLE) echo "ok: it was at the bank already" ;;
    *) fail "calling it back: $back" ;;
esac

echo "All as it should be."
