\set payer random(100000000001, 100000000000 + :payers)
\set merchant random(200000000001, 200000000000 + :merchants)
SELECT bench_charge(('00000000-0000-7000-8000-' || :payer::text)::uuid, ('00000000-0000-7000-8000-' || :merchant::text)::uuid, ('00000000-0000-7000-9000-' || :merchant::text)::uuid, gen_random_uuid()::text, 100);
