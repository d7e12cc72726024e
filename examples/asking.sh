# shellcheck shell=sh
# What the example scripts share: asking the service, and checking what it answers. Needs curl and jq.
#
# A script sets `url` before it sources this file.

url="${url%/}"
run="$(date +%s)-$$-$(od -An -N3 -tx1 /dev/urandom | tr -d ' ')" # makes the names and keys of this run its own

fail() {
    echo "FAILED: $*" >&2
    exit 1
}

# expect WHAT VALUE WANTED
expect() {
    [ "$2" = "$3" ] || fail "$1 is $2, not $3"
    echo "ok: $1 is $2"
}

# json NAME VALUE [NAME VALUE]...: an object of strings.
json() {
    jq -n '$ARGS.positional | [range(0; length; 2) as $at | {(.[$at]): .[$at + 1]}] | add // {}' --args "$@"
}

# ask TOKEN QUERY [VARIABLES]: the answer's data. A top-level error ends the script; "" for TOKEN is nobody's.
ask() {
    answer="$(jq -n --arg query "$2" --argjson variables "${3:-null}" '{$query, $variables}' |
        curl --silent --show-error --max-time 10 -H 'Content-Type: application/json' \
            -H "Authorization:${1:+ Bearer $1}" --data-binary @- "$url/graphql")" || fail "no answer from $url"
    printf '%s' "$answer" | jq -e 'has("errors") | not' >/dev/null || fail "$answer"
    printf '%s' "$answer" | jq .data
}

# try TOKEN MUTATION INPUT SELECTION: the payload with its userErrors, whatever they are.
try() {
    type="$(printf '%.1s' "$2" | tr a-z A-Z)${2#?}Input"
    data="$(ask "$1" "mutation (\$input: $type!) { $2(input: \$input) { $4 userErrors { code message } } }" \
        "$(jq -n --argjson input "$3" '{$input}')")" || exit 1
    printf '%s' "$data" | jq ".$2"
}

# mutate TOKEN MUTATION INPUT SELECTION: the same, and a user error ends the script.
mutate() {
    payload="$(try "$@")" || exit 1
    printf '%s' "$payload" | jq -e '.userErrors == []' >/dev/null || fail "$2: $payload"
    printf '%s' "$payload"
}

# get FILTER: what jq finds in the JSON on standard input, as plain text.
get() {
    jq -rc "$1"
}

# new_client FIRST_NAME, new_company NAME: the bearer token of a new account.
new_client() {
    payload="$(mutate '' signUpClient "$(json email "client-$1-$run@example.com" password correct-horse-9 \
        firstName "$1" lastName Lovelace phoneNumber +4915112345678)" token)" || exit 1
    printf '%s' "$payload" | get .token
}
new_company() {
    payload="$(mutate '' signUpCompany "$(json email "company-$run@example.com" password correct-horse-9 name "$1" \
        url https://shop.example.com firstName Charles lastName Babbage phoneNumber +4915112345679)" token)" || exit 1
    printf '%s' "$payload" | get .token
}
