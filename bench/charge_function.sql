-- One charge as one function in the database: one round trip, its plans kept by the session. The hottest row,
-- the merchant's, is locked as late as can be: wallets in the order of their ids, after what needs no lock.
CREATE FUNCTION bench_charge(payer uuid, merchant uuid, account uuid, key text, amount_minor bigint)
RETURNS uuid LANGUAGE plpgsql AS $$
DECLARE
    charged uuid := uuidv7();
    payer_balance bigint;
    payer_sequence bigint;
    merchant_balance bigint;
    merchant_sequence bigint;
BEGIN
    INSERT INTO idempotency_keys (account_id, key, fingerprint, operation_id)
    VALUES (account, bench_charge.key, 'fingerprint12345', charged) ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    INSERT INTO operations (id, kind, status, account_id, summary, amount, currency, source_id, target_id,
                            debited, credited, created_at)
    VALUES (charged, 'CHARGE', 'SUCCEEDED', account, 'A coffee', amount_minor, 'USD', payer, merchant,
            amount_minor, amount_minor, clock_timestamp());
    IF payer > merchant THEN
        PERFORM FROM wallets WHERE id = merchant FOR NO KEY UPDATE;
    END IF;
    UPDATE wallets SET balance = balance - amount_minor, sequence = sequence + 1 WHERE id = payer
    RETURNING balance, sequence INTO payer_balance, payer_sequence;
    UPDATE wallets SET balance = balance + amount_minor, sequence = sequence + 1 WHERE id = merchant
    RETURNING balance, sequence INTO merchant_balance, merchant_sequence;
    INSERT INTO entries (wallet_id, sequence, operation_id, amount, currency, balance_after, created_at)
    VALUES (payer, payer_sequence, charged, -amount_minor, 'USD', payer_balance, clock_timestamp()),
           (merchant, merchant_sequence, charged, amount_minor, 'USD', merchant_balance, clock_timestamp());
    RETURN charged;
END
$$;
