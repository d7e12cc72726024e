"""Kinds of damage to the ledger's tables, and all that `purser reconcile` is to find of each."""

SOUP = "(SELECT operation_id FROM idempotency_keys WHERE key = 'soup')"
YACHT = "(SELECT operation_id FROM idempotency_keys WHERE key = 'yacht')"
# Of the company that sold the soup, and of the one who had nothing to give.
TILL = f"(SELECT target_id FROM operations WHERE id = {SOUP})"
POOR = "(SELECT o.source_id FROM operations o JOIN idempotency_keys k ON k.operation_id = o.id WHERE key = 'gift')"
CLIENT = f"(SELECT source_id FROM operations WHERE id = {SOUP})"
SPLIT = "(SELECT operation_id FROM shares WHERE number = 3 OR number = 2 LIMIT 1)"
RELEASED = "(SELECT min(operation_id::text)::uuid FROM reservations WHERE state = 'RELEASED')"
PARTLY = (
    "(SELECT min(operation_id::text)::uuid FROM reservations WHERE state = 'CAPTURED' AND captured = 100)"
)
OPEN = (
    "(SELECT min(operation_id::text)::uuid FROM reservations WHERE state = 'OPEN' AND kind = 'AUTHORIZATION')"
)

AGREE, FOLLOW = "wallets_agree_with_their_entries", "entries_follow_one_another"
MOVED, LAST = "operations_moved_what_they_say", "balances_are_what_the_last_entries_left"
RESERVED, REMAINS = "reservations_have_their_operation", "reservations_keep_what_was_not_captured"
ASIDE, BELOW = "held_and_pending_are_what_is_open", "nothing_of_a_holder_is_below_zero"
ALL, EACH = "entries_sum_to_zero_in_each_currency", "entries_of_each_operation_sum_to_zero"
MAKE_UP, SHARED = "shares_make_up_their_charge", "shares_moved_what_entries_say"
BACK, KEYS = "operations_that_others_go_back_to_are_there", "keys_name_an_operation_of_their_account"
THERE = "entries_have_their_operation"

# What is done to the tables, and all that is to be found: the check, and what is wrong.
DAMAGES: dict[str, tuple[str, set[tuple[str, str]]]] = {
    "an entry has another amount": (
        f"UPDATE entries SET amount = amount + 1 WHERE operation_id = {SOUP} AND amount > 0",
        {
            (ALL, "sum of all entries"),
            (EACH, "sum of its entries"),
            (AGREE, "balance"),
            (FOLLOW, "balance_after"),
            (MOVED, "credited"),
        },
    ),
    "an operation tells of another amount": (
        f"UPDATE operations SET amount = amount + 1 WHERE id = {SOUP}",
        {("unconverted_operations_moved_their_amount", "amount")},
    ),
    "two operations have the error of one another": (
        f"UPDATE entries SET amount = amount + CASE operation_id WHEN {SOUP} THEN 1 ELSE -1 END "
        f"WHERE wallet_id = {TILL} AND sequence IN (SELECT unnest(ARRAY[sequence, sequence + 1]) FROM entries "
        f"WHERE wallet_id = {TILL} AND operation_id = {SOUP})",
        # The other one was refunded, and so has shares.
        {(EACH, "sum of its entries"), (FOLLOW, "balance_after"), (MOVED, "credited"), (SHARED, "moved")},
    ),
    "money was made": (
        f"UPDATE wallets SET balance = balance + 1 WHERE id = {TILL}",
        {
            ("balances_sum_to_zero_in_each_currency", "sum of all balances"),
            (AGREE, "balance"),
            (LAST, "balance_after"),
        },
    ),
    "money went from one wallet to another": (
        f"UPDATE wallets SET balance = balance + CASE id WHEN {TILL} THEN 1 ELSE -1 END WHERE id IN ({TILL}, {CLIENT})",
        {(AGREE, "balance"), (LAST, "balance_after")},
    ),
    "a wallet has another sequence": (
        f"UPDATE wallets SET sequence = sequence + 1 WHERE id = {TILL}",
        {(AGREE, "sequence (the number of its entries)"), (AGREE, "sequence (that of its last entry)")},
    ),
    "an entry is missing": (
        f"DELETE FROM entries WHERE operation_id = {YACHT} AND wallet_id = {TILL}",
        {
            (AGREE, "sequence (the number of its entries)"),
            (FOLLOW, "sequence"),
            (MOVED, "entry of its target"),
        },
    ),
    "the first entry is missing": (
        f"DELETE FROM entries WHERE wallet_id = {POOR} AND sequence = 1",
        {
            (AGREE, "sequence (the number of its entries)"),
            (FOLLOW, "sequence"),
            (MOVED, "entry of its source"),
        },
    ),
    "an entry stands twice": (
        f"INSERT INTO entries SELECT * FROM entries WHERE operation_id = {YACHT} AND wallet_id = {TILL}",
        {
            ("no_operation_stands_twice_in_a_history", "number of entries"),
            (AGREE, "sequence (the number of its entries)"),
            (FOLLOW, "sequence"),
        },
    ),
    "the last entry has another sequence": (
        f"UPDATE entries SET sequence = sequence + 7 WHERE wallet_id = {POOR} "
        f"AND sequence = (SELECT sequence FROM wallets WHERE id = {POOR})",
        {(AGREE, "sequence (that of its last entry)"), (FOLLOW, "sequence")},
    ),
    "a balance in between": (
        f"UPDATE entries SET balance_after = balance_after + 1 WHERE operation_id = {SOUP} AND amount > 0",
        {(FOLLOW, "balance_after")},
    ),
    "the last balance": (
        f"UPDATE entries SET balance_after = balance_after + 1 WHERE wallet_id = {POOR} "
        f"AND sequence = (SELECT sequence FROM wallets WHERE id = {POOR})",
        {(FOLLOW, "balance_after"), (LAST, "balance_after")},
    ),
    "an operation later than the next one": (
        f"UPDATE operations SET created_at = created_at + interval '1 day' WHERE id = {SOUP}; "
        f"UPDATE entries SET created_at = created_at + interval '1 day' WHERE operation_id = {SOUP}",
        {(FOLLOW, "created_at")},
    ),
    "an entry of another time than its operation": (
        f"UPDATE operations SET created_at = created_at + interval '1 day' WHERE id = {SOUP}",
        {(THERE, "created_at")},
    ),
    "a wallet is missing": (
        f"DELETE FROM wallets WHERE id = {POOR}",
        {("entries_have_their_wallet", "wallet")},
    ),
    "an entry in another currency than its wallet": (
        f"UPDATE entries SET currency = 'EUR' WHERE operation_id = {YACHT} AND wallet_id = {TILL}",
        {("entries_have_their_wallet", "currency")},
    ),
    "an operation is missing": (
        "DELETE FROM operations WHERE kind = 'TRANSFER' AND status = 'SUCCEEDED' AND accepted_at IS NULL",
        {(THERE, "operation")},
    ),
    "an operation of nobody": (
        f"UPDATE operations SET source_id = NULL, target_id = NULL WHERE id = {YACHT}",
        {(MOVED, "source or target")},
    ),
    **{
        f"an amount of {amount}": (
            f"UPDATE entries SET amount = {amount} WHERE operation_id = {YACHT} AND wallet_id = {wallet}",
            {
                (ALL, "sum of all entries"),
                (EACH, "sum of its entries"),
                (AGREE, "balance"),
                (FOLLOW, "balance_after"),
                (MOVED, what),
                ("refused_operations_moved_nothing", "amount"),
            },
        )
        for amount, wallet, what in ((2**63 - 1, TILL, "credited"), (-(2**63), CLIENT, "debited"))
    },
    "debited": (
        f"UPDATE operations SET debited = debited + 1 WHERE id = {SOUP}",
        {(MOVED, "debited"), ("unconverted_operations_moved_their_amount", "amount")},
    ),
    "debited nothing": (
        f"UPDATE operations SET debited = NULL WHERE id = {SOUP}",
        {(MOVED, "debited"), ("unconverted_operations_moved_their_amount", "amount")},
    ),
    "credited": (f"UPDATE operations SET credited = NULL WHERE id = {SOUP}", {(MOVED, "credited")}),
    "a refused operation moved money": (
        "UPDATE operations SET status = 'FAILED', failure_code = 'INVALID' "
        "WHERE kind = 'TRANSFER' AND status = 'SUCCEEDED'",
        {("refused_operations_moved_nothing", "amount")},
    ),
    "more is held than there is": (
        f"UPDATE wallets SET held = balance + 1 WHERE id = {TILL}",
        {(BELOW, "available"), (ASIDE, "held")},
    ),
    "less than nothing is held": (
        f"UPDATE wallets SET held = -1 WHERE id = {TILL}",
        {(BELOW, "held"), (ASIDE, "held")},
    ),
    "less than nothing is pending": (
        f"UPDATE wallets SET pending = -1 WHERE id = {TILL}",
        {(BELOW, "pending"), (ASIDE, "pending")},
    ),
    "a balance was below zero": (
        f"UPDATE entries SET balance_after = -1 WHERE wallet_id = {POOR} AND sequence = 1",
        {(BELOW, "balance_after"), (FOLLOW, "balance_after")},
    ),
    "more is held than was authorized": (
        f"UPDATE wallets SET held = held + 1 WHERE id = {CLIENT}",
        {(ASIDE, "held")},
    ),
    "less is pending than was deposited": (
        f"UPDATE wallets SET pending = pending - 1 WHERE id = {CLIENT}",
        {(ASIDE, "pending")},
    ),
    "an open authorization was let go": (
        f"UPDATE reservations SET state = 'RELEASED', remaining = 0 WHERE operation_id = {OPEN}",
        {(ASIDE, "held")},
    ),
    "less remains than was authorized": (
        f"UPDATE reservations SET remaining = remaining - 1 WHERE operation_id = {OPEN}; "
        f"UPDATE wallets SET held = held - 1 WHERE id = {CLIENT}",
        {(REMAINS, "remaining")},
    ),
    "more was captured than the captures say": (
        f"UPDATE reservations SET captured = captured + 1 WHERE operation_id = {PARTLY}",
        {(REMAINS, part) for part in ("captured", "paid by all captures", "brought by all captures")},
    ),
    "more was refunded than the refunds say": (
        f"UPDATE reservations SET refunded = refunded + 1 WHERE operation_id = {PARTLY}",
        {(REMAINS, part) for part in ("refunded", "paid by all captures", "brought by all captures")},
    ),
    "more was set aside at first": (
        f"UPDATE reservations SET debit = debit + 1 WHERE operation_id = {RELEASED}",
        {(REMAINS, "set aside at first")},
    ),
    "a reservation is missing": (
        f"DELETE FROM reservations WHERE operation_id = {RELEASED}",
        {(RESERVED, "reservation")},
    ),
    "an authorization without an end": (
        f"UPDATE operations SET due_at = NULL WHERE id = {RELEASED}",
        {(RESERVED, "ends_at")},
    ),
    "an authorization that was refused": (
        f"UPDATE operations SET status = 'FAILED', failure_code = 'INVALID' WHERE id = {RELEASED}",
        {(RESERVED, "status"), (BACK, "operation that it goes back to")},
    ),
    "an authorization is missing": (
        f"DELETE FROM operations WHERE id = {RELEASED}",
        {(RESERVED, "operation"), (THERE, "operation"), (BACK, "operation that it goes back to")},
    ),
    **{
        f"a reservation has another {column}": (
            f"UPDATE reservations SET {column} = {value} WHERE operation_id = {RELEASED}",
            {(RESERVED, column)},
        )
        for column, value in {
            "kind": "'DEPOSIT'",
            "wallet_id": TILL,
            "account_id": "gen_random_uuid()",
            "asked": "asked + 1",
            "ends_at": "ends_at + interval '1 day'",
        }.items()
    },
    "the payer's share": (
        f"UPDATE shares SET amount = amount + 1 WHERE operation_id = {SPLIT} AND number = 0",
        {(MAKE_UP, "amount of the payer's share")},
    ),
    "a part of a charge": (
        f"UPDATE shares SET amount = amount + 1 WHERE operation_id = {SPLIT} AND number = 1",
        {(MAKE_UP, "amount of the other shares")},
    ),
    "a part that went back": (
        f"UPDATE shares SET refunded = refunded - 1 WHERE operation_id = {SPLIT} AND number = 1",
        {(MAKE_UP, "refunded of the other shares")},
    ),
    "what a share moved": (
        f"UPDATE shares SET moved = moved + 1 WHERE operation_id = {SPLIT} AND number = 1",
        {(SHARED, "moved")},
    ),
    "what of a share came back": (
        f"UPDATE shares SET returned = returned - 1 WHERE operation_id = {SPLIT} AND number = 0",
        {(SHARED, "returned")},
    ),
    "a refund that no share tells of": (
        f"UPDATE shares SET refunded = refunded - 1 WHERE operation_id = {SPLIT} AND number < 2",
        {("shares_tell_of_all_refunds", "refunded")},
    ),
    "shares are missing": (
        f"DELETE FROM shares WHERE operation_id = {SPLIT}",
        {("shares_tell_of_all_refunds", "refunded")},
    ),
    "a release of nothing": (
        "UPDATE operations SET origin_id = gen_random_uuid() WHERE kind = 'RELEASE'",
        {(BACK, "operation that it goes back to")},
    ),
    "a release of a charge": (
        f"UPDATE operations SET origin_id = {SOUP} WHERE kind = 'RELEASE'",
        {(BACK, "operation that it goes back to")},
    ),
    "shares of a charge that was refused": (
        f"UPDATE operations SET status = 'FAILED', failure_code = 'INVALID' WHERE id = {SPLIT}",
        {
            (BACK, "operation of its shares"),
            (BACK, "operation that it goes back to"),
            ("refused_operations_moved_nothing", "amount"),
        },
    ),
    "a key of no operation": (
        "UPDATE idempotency_keys SET operation_id = gen_random_uuid() WHERE key = 'soup'",
        {(KEYS, "operation of a key")},
    ),
    "a key of another's operation": (
        "UPDATE idempotency_keys SET account_id = gen_random_uuid() WHERE key = 'soup'",
        {(KEYS, "operation of a key")},
    ),
    "a key that says refused": (
        "UPDATE idempotency_keys SET rejection = '{}' WHERE key = 'soup'",
        {(KEYS, "operation of a key")},
    ),
}
# As a bug below all of them would write: no trigger, no check, no unique sequence.
UNGUARD = """
    SET session_replication_role = replica;
    ALTER TABLE wallets DROP CONSTRAINT wallets_available_never_below_zero,
        DROP CONSTRAINT wallets_held_check, DROP CONSTRAINT wallets_pending_check;
    ALTER TABLE reservations DROP CONSTRAINT reservations_of_withdrawals_have_no_end;
    DO $$
    DECLARE
        name text;
    BEGIN
        FOR name IN SELECT indexname FROM pg_indexes WHERE indexname ~ '^entries_.*_sequence$' LOOP
            EXECUTE format('DROP INDEX %I', name);
        END LOOP;
    END $$
"""
