"""Kinds of damage to what is accepted now and done later, and all that `purser reconcile` is to find of each."""


def _of(key: str) -> str:
    return f"(SELECT operation_id FROM idempotency_keys WHERE key = '{key}')"


WAITING, SENT, PAID, UNPAID, CALLED_BACK, REFUSED = map(
    _of, ("cash", "sent", "paid", "unpaid", "called back", "dream")
)
# The operations that ended them.
PAYMENT = f"(SELECT id FROM operations WHERE kind = 'WITHDRAWAL' AND origin_id = {PAID})"
FIRST, SNACK, PALACE, LAST = map(_of, ("first in line", "snack", "palace", "waits"))
# The row of what was queued and is carried out.
CARRIED_OUT = f"(SELECT id FROM operations WHERE origin_id = {SNACK})"
SOUP = _of("soup")

AGREE, ENDED = "withdrawals_agree_with_their_operation", "withdrawals_ended_once"
PENDING, ATTEMPTS = "pending_operations_are_withdrawals", "withdrawals_count_their_attempts"
QUEUED, ONCE = "queued_operations_have_their_wallets", "accepted_operations_are_carried_out_once"
RESERVED, REMAINS = "reservations_have_their_operation", "reservations_keep_what_was_not_captured"
MOVED, KEYS = "operations_moved_what_they_say", "keys_name_an_operation_of_their_account"
AMOUNT, THERE = "unconverted_operations_moved_their_amount", "entries_have_their_operation"
REFUSED_MOVED = "refused_operations_moved_nothing"
ASIDE = "held_and_pending_are_what_is_open"

_SECOND_END = (
    "INSERT INTO operations SELECT (jsonb_populate_record(o, jsonb_build_object('id', gen_random_uuid()))).* "
    "FROM operations o WHERE id = {}"
)

DAMAGES_LATER: dict[str, tuple[str, set[tuple[str, str]]]] = {
    "less is held than is to be withdrawn": (
        f"UPDATE wallets SET held = held - 1 FROM withdrawals WHERE id = wallet_id AND operation_id = {SENT}",
        {(ASIDE, "held")},
    ),
    "a withdrawal that is paid in its row alone": (
        f"UPDATE withdrawals SET state = 'SUCCEEDED', due_at = NULL WHERE operation_id = {SENT}",
        {(AGREE, "status"), (AGREE, "state of its reservation"), (ENDED, "number of its ends")},
    ),
    "a withdrawal that is open again": (
        f"UPDATE withdrawals SET state = 'UNKNOWN', due_at = now() WHERE operation_id = {PAID}",
        {(AGREE, "status"), (AGREE, "state of its reservation"), (ENDED, "number of its ends")},
    ),
    "called back, but for the bank's reason": (
        f"UPDATE withdrawals SET state = 'FAILED' WHERE operation_id = {CALLED_BACK}",
        {(AGREE, "failure_code")},
    ),
    "a withdrawal was given back without an end": (
        f"UPDATE reservations SET state = 'RELEASED', remaining = 0 WHERE operation_id = {SENT}",
        {(AGREE, "state of its reservation"), (RESERVED, "status"), (ASIDE, "held")},
    ),
    "a paid withdrawal was not captured": (
        f"UPDATE reservations SET captured = 0 WHERE operation_id = {PAID}",
        {(REMAINS, part) for part in ("captured", "paid by all captures")},
    ),
    "a withdrawal with an end by time": (
        f"UPDATE reservations SET ends_at = now() WHERE operation_id = {SENT}",
        {(RESERVED, "ends_at")},
    ),
    "a withdrawal holds nothing": (
        f"DELETE FROM reservations WHERE operation_id = {UNPAID}",
        {(AGREE, "state of its reservation"), (RESERVED, "reservation")},
    ),
    "a withdrawal's row is missing": (
        f"DELETE FROM withdrawals WHERE operation_id = {UNPAID}",
        {
            (AGREE, "withdrawal"),
            (ENDED, "withdrawal that it ended"),
            (ATTEMPTS, "withdrawal of its attempts"),
        },
    ),
    "the row of a withdrawal under way is missing": (
        f"DELETE FROM withdrawals WHERE operation_id = {WAITING}",
        {(PENDING, "status")},
    ),
    "a withdrawal's operation is missing": (
        f"DELETE FROM operations WHERE id = {WAITING}",
        {
            (AGREE, "operation of a withdrawal"),
            (RESERVED, "operation"),
            (THERE, "operation"),
            (KEYS, "operation of a key"),
        },
    ),
    "a withdrawal of another": (
        f"UPDATE withdrawals SET account_id = gen_random_uuid() WHERE operation_id = {SENT}",
        {(AGREE, "account_id")},
    ),
    "a withdrawal from another wallet": (
        f"UPDATE withdrawals SET wallet_id = gen_random_uuid() WHERE operation_id = {SENT}",
        {(AGREE, "wallet_id")},
    ),
    "a withdrawal of a charge": (
        f"UPDATE operations SET kind = 'CHARGE' WHERE id = {SENT}",
        {(AGREE, "kind"), (RESERVED, "kind")},
    ),
    "a charge is under way": (
        f"UPDATE operations SET status = 'PENDING' WHERE id = {SOUP}",
        {(PENDING, "status")},
    ),
    "a paid withdrawal is under way": (
        f"UPDATE operations SET status = 'PENDING' WHERE id = {PAID}",
        {(AGREE, "status"), (RESERVED, "status")},
    ),
    "the end of a withdrawal is under way": (
        f"UPDATE operations SET status = 'PENDING' WHERE id = {PAYMENT}",
        {
            (PENDING, "status"),
            (ENDED, "status"),
            *((REMAINS, part) for part in ("captured", "paid by all captures")),
        },
    ),
    "a withdrawal that was accepted moved money itself": (
        f"UPDATE entries SET amount = -1 WHERE operation_id = {SENT}",
        {
            ("entries_sum_to_zero_in_each_currency", "sum of all entries"),
            ("entries_of_each_operation_sum_to_zero", "sum of its entries"),
            ("wallets_agree_with_their_entries", "balance"),
            ("entries_follow_one_another", "balance_after"),
            (MOVED, "debited"),
        },
    ),
    "a withdrawal says nothing of what it moved": (
        f"UPDATE operations SET debited = NULL WHERE id = {PAID}",
        {(AMOUNT, "amount"), (ENDED, "debited")},
    ),
    "a withdrawal ended twice": (
        _SECOND_END.format(PAYMENT),
        {
            (ENDED, "number of its ends"),
            (MOVED, "entry of its source"),
            *((REMAINS, part) for part in ("captured", "paid by all captures")),
        },
    ),
    "the end of a withdrawal is missing": (
        f"DELETE FROM operations WHERE id = {PAYMENT}",
        {
            (ENDED, "number of its ends"),
            (THERE, "operation"),
            *((REMAINS, part) for part in ("captured", "paid by all captures")),
        },
    ),
    **{
        f"the end of a withdrawal has another {what}": (
            f"UPDATE operations SET {change} WHERE id = {PAYMENT}",
            {(ENDED, what), *further},
        )
        for what, change, further in (
            ("account_id", "account_id = gen_random_uuid()", ()),
            ("currency", "currency = 'EUR'", ()),
            ("amount", "amount = amount + 1", ((AMOUNT, "amount"), (REMAINS, "captured"))),
            ("accepted_at", "accepted_at = accepted_at - interval '1 second'", ()),
            (
                "debited",
                "debited = debited + 1",
                ((AMOUNT, "amount"), (MOVED, "debited"), (REMAINS, "paid by all captures")),
            ),
            ("source", "source_id = NULL", ((MOVED, "source or target"),)),
        )
    },
    "the end of a withdrawal failed": (
        f"UPDATE operations SET status = 'FAILED', failure_code = 'INVALID' WHERE id = {PAYMENT}",
        {
            (ENDED, "status"),
            (ENDED, "failure_code"),
            (REFUSED_MOVED, "amount"),
            *((REMAINS, part) for part in ("captured", "paid by all captures")),
        },
    ),
    "an attempt is missing": (
        f"DELETE FROM withdrawal_attempts WHERE operation_id = {PAID}",
        {(ATTEMPTS, "attempts")},
    ),
    "attempts with a gap": (
        "UPDATE withdrawal_attempts SET number = 7 WHERE number = 2",
        {(ATTEMPTS, "number of its last attempt")},
    ),
    "attempts at nothing": (
        "INSERT INTO withdrawal_attempts VALUES (gen_random_uuid(), 1, now(), now())",
        {(ATTEMPTS, "withdrawal of its attempts")},
    ),
    "a queued operation of no wallet": (
        f"UPDATE queued_operations SET wallet_id = gen_random_uuid(), target_id = gen_random_uuid() WHERE id = {LAST}",
        {(QUEUED, "wallet"), (QUEUED, "wallet_id"), (QUEUED, "target")},
    ),
    "a queued operation in the order of another": (
        f"UPDATE queued_operations SET wallet_id = target_id WHERE id = {_of('waits too')}",
        {(QUEUED, "wallet_id")},
    ),
    "a queued operation from nowhere": (
        f"UPDATE queued_operations SET source_id = gen_random_uuid() WHERE id = {LAST}",
        {(QUEUED, "source")},
    ),
    "a queued operation in another lane": (
        f"UPDATE queued_operations SET lane = 2 WHERE id = {LAST}",
        {(QUEUED, "lane")},
    ),
    "what was carried out waits again": (
        "INSERT INTO queued_operations OVERRIDING SYSTEM VALUE "
        "SELECT (jsonb_populate_record(q, jsonb_build_object('id', o.origin_id, 'position', 1000))).* "
        f"FROM queued_operations q, operations o WHERE q.id = {LAST} AND o.id = {CARRIED_OUT}",
        # The key is of the company, what waits of the client.
        {(ONCE, "place in the queue"), (KEYS, "operation of a key")},
    ),
    "carried out twice": (
        _SECOND_END.format(CARRIED_OUT),
        {
            (ONCE, "times it was carried out"),
            (MOVED, "entry of its source"),
            (MOVED, "entry of its target"),
        },
    ),
    "carried out, but nobody knows what": (
        f"UPDATE operations SET origin_id = NULL WHERE origin_id = {PALACE}",
        {(ONCE, "operation that was accepted"), (KEYS, "operation of a key")},
    ),
    "what was queued is lost": (
        f"DELETE FROM queued_operations WHERE id = {LAST}",
        {(KEYS, "operation of a key")},
    ),
    "the key of what waits says refused": (
        f"UPDATE idempotency_keys SET rejection = '{{}}' WHERE operation_id = {LAST}",
        {(KEYS, "operation of a key")},
    ),
    "the key of what was carried out is another's": (
        f"UPDATE idempotency_keys SET account_id = gen_random_uuid() WHERE operation_id = {FIRST}",
        {(KEYS, "operation of a key")},
    ),
    "a withdrawal that was refused is paid": (
        f"UPDATE operations SET status = 'SUCCEEDED', failure_code = NULL, debited = amount WHERE id = {REFUSED}",
        {(AGREE, "withdrawal"), (RESERVED, "reservation"), (KEYS, "operation of a key")},
    ),
}
