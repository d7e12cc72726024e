# What the example scripts share, to be sourced: ask the API, and expect something of the answer.
# Needs bash, curl and jq, and $url.

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

# sign_up client|company: the bearer token of a new account of that kind.
sign_up() {
    local kind="$1" details='{
        password: "correct-horse-9", firstName: "Ada", lastName: "Lovelace", phoneNumber: "+4915112345678"
    }'
    if [ "$kind" = company ]; then details+=' + {name: "Corner Shop", url: "https://shop.example.com"}'; fi
    local kind_name="${kind^}"
    ask '' "mutation (\$input: SignUp${kind_name}Input!) {
        signUp${kind_name}(input: \$input) { token userErrors { code message } }
    }" "$(jq -n --arg email "$kind-$run@example.com" "{input: ($details + {\$email})}")" | jq -r ".signUp${kind_name}.token"
}
