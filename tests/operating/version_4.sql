-- What a service of migrations 1 to 4 had written: tests/operating/test_upgrade.py loads it and goes on from there.
-- It was made through that service's API; never make it anew, for later releases must go on with what this one left.
-- Ada (50.00 of her money is for later) paid Corner Shop soup, got a part back, shared a bill with Ben, gave him 10.00 in
-- another currency, was refused a car, and 5.00 of 20.00 that were held was captured. The password is that of all tests.
SET session_replication_role = replica;
INSERT INTO accounts (id, email, email_key, role, password_hash, created_at, deleted_at) VALUES
    ('01a1fe5e-d44f-7740-91c0-8b8eb5563785', 'operator@example.com', 'operator@example.com', 'ADMIN', '$argon2id$v=19$m=19456,t=2,p=1$ek8p5bzXmnOutRYCYGxNCQ$P677IJAgfM9QIzP/K3Iq3KP14qk61SpkatTHudEO+hU', '2026-11-21 13:49:50.031351+00', NULL),
    ('01a1fe5e-e974-725b-b32e-7108ceeab422', 'ada@example.com', 'ada@example.com', 'CLIENT', '$argon2id$v=19$m=19456,t=2,p=1$AiCE0JrzHuP8/59z7t3buw$Z3Mvl8kpmA+LUynxppzBiddjXrjCgn8vdGejWfziM0s', '2026-11-21 13:49:55.445059+00', NULL),
    ('01a1fe5e-e9b4-74f8-9814-5e086491ff81', 'ben@example.com', 'ben@example.com', 'CLIENT', '$argon2id$v=19$m=19456,t=2,p=1$A8C4NyZkTMk5p7SWMuacMw$hgPqMcubh+T3vnC/T3QwTEIiF38/msB0swjgGKcRu40', '2026-11-21 13:49:55.508929+00', NULL),
    ('01a1fe5e-e9fe-7009-a84d-e2995fb0aabf', 'shop@example.com', 'shop@example.com', 'COMPANY', '$argon2id$v=19$m=19456,t=2,p=1$b41RSsl5z5mzNmbsPac0Jg$DExW5TxSbbLEa43cE3VmK1ttnTXU0WSPN6IVZh+B+Uw', '2026-11-21 13:49:55.582838+00', NULL);
INSERT INTO clients (account_id, first_name, last_name, phone_number) VALUES
    ('01a1fe5e-e974-725b-b32e-7108ceeab422', 'Ada', 'Lovelace', '+4915112345678'),
    ('01a1fe5e-e9b4-74f8-9814-5e086491ff81', 'Ada', 'Lovelace', '+4915112345678');
INSERT INTO companies (account_id, name, url, first_name, last_name, phone_number) VALUES
    ('01a1fe5e-e9fe-7009-a84d-e2995fb0aabf', 'Corner Shop', 'https://shop.example.com', 'Ada', 'Lovelace', '+4915112345678');
INSERT INTO entries (wallet_id, sequence, operation_id, amount, currency, balance_after, created_at) VALUES
    ('3d848dea-08df-5671-9558-053e2c2f1123', 1, '01a1fe5e-eb72-7389-b30b-0457a2fa858b', -10000, 'USD', -10000, '2026-11-21 13:49:56.010172+00'),
    ('01a1fe5e-eb15-70da-ae3a-0fd97fb0f799', 1, '01a1fe5e-eb72-7389-b30b-0457a2fa858b', 10000, 'USD', 10000, '2026-11-21 13:49:56.010172+00'),
    ('3816a18c-a643-562b-a747-9e3185122d8b', 1, '01a1fe5e-ebda-724d-bbc4-698e52654f6d', -5000, 'USD', -5000, '2026-11-21 13:49:56.102095+00'),
    ('01a1fe5e-eb15-70da-ae3a-0fd97fb0f799', 2, '01a1fe5e-ebda-724d-bbc4-698e52654f6d', 5000, 'USD', 15000, '2026-11-21 13:49:56.102095+00'),
    ('01a1fe5e-eb15-70da-ae3a-0fd97fb0f799', 3, '01a1fe5e-ec43-76e3-af6b-c41bb9921d62', -450, 'USD', 14550, '2026-11-21 13:49:56.165687+00'),
    ('01a1fe5e-eb4b-745e-8940-6b073b83fa32', 1, '01a1fe5e-ec43-76e3-af6b-c41bb9921d62', 450, 'USD', 450, '2026-11-21 13:49:56.165687+00'),
    ('01a1fe5e-eb15-70da-ae3a-0fd97fb0f799', 4, '01a1fe5e-ec5d-700e-b4d4-b62a7e7f2d74', 0, 'USD', 14550, '2026-11-21 13:49:56.202584+00'),
    ('01a1fe5e-eb4b-745e-8940-6b073b83fa32', 2, '01a1fe5e-ec5d-700e-b4d4-b62a7e7f2d74', 0, 'USD', 450, '2026-11-21 13:49:56.202584+00'),
    ('01a1fe5e-eb15-70da-ae3a-0fd97fb0f799', 5, '01a1fe5e-ec8b-7324-96aa-200095d5541d', -1000, 'USD', 13550, '2026-11-21 13:49:56.24435+00'),
    ('01a1fe5e-eb36-71a4-9acc-999f92136bd3', 1, '01a1fe5e-ec8b-7324-96aa-200095d5541d', 914, 'EUR', 914, '2026-11-21 13:49:56.24435+00'),
    ('c299777a-5671-5d0d-bbfa-f15e45344dff', 1, '01a1fe5e-ec8b-7324-96aa-200095d5541d', 1000, 'USD', 1000, '2026-11-21 13:49:56.24435+00'),
    ('d677004b-7f93-50c6-9a3e-4ab20c0e542e', 1, '01a1fe5e-ec8b-7324-96aa-200095d5541d', -914, 'EUR', -914, '2026-11-21 13:49:56.24435+00'),
    ('01a1fe5e-eb4b-745e-8940-6b073b83fa32', 3, '01a1fe5e-ecaf-748e-a8be-39110f4f735b', -150, 'USD', 300, '2026-11-21 13:49:56.273699+00'),
    ('01a1fe5e-eb15-70da-ae3a-0fd97fb0f799', 6, '01a1fe5e-ecaf-748e-a8be-39110f4f735b', 150, 'USD', 13700, '2026-11-21 13:49:56.273699+00'),
    ('01a1fe5e-eb15-70da-ae3a-0fd97fb0f799', 7, '01a1fe5e-ecc9-71ed-b144-ea13e1c69697', -999, 'USD', 12701, '2026-11-21 13:49:56.299591+00'),
    ('01a1fe5e-eb4b-745e-8940-6b073b83fa32', 4, '01a1fe5e-ecc9-71ed-b144-ea13e1c69697', 874, 'USD', 1174, '2026-11-21 13:49:56.299591+00'),
    ('01a1fe5e-eb36-71a4-9acc-999f92136bd3', 2, '01a1fe5e-ecc9-71ed-b144-ea13e1c69697', 114, 'EUR', 1028, '2026-11-21 13:49:56.299591+00'),
    ('c299777a-5671-5d0d-bbfa-f15e45344dff', 2, '01a1fe5e-ecc9-71ed-b144-ea13e1c69697', 125, 'USD', 1125, '2026-11-21 13:49:56.299591+00'),
    ('d677004b-7f93-50c6-9a3e-4ab20c0e542e', 2, '01a1fe5e-ecc9-71ed-b144-ea13e1c69697', -114, 'EUR', -1028, '2026-11-21 13:49:56.299591+00'),
    ('01a1fe5e-eb15-70da-ae3a-0fd97fb0f799', 8, '01a1fe5e-ed0b-73cd-b6c0-b8e44f744141', 0, 'USD', 12701, '2026-11-21 13:49:56.367808+00'),
    ('01a1fe5e-eb4b-745e-8940-6b073b83fa32', 5, '01a1fe5e-ed0b-73cd-b6c0-b8e44f744141', 0, 'USD', 1174, '2026-11-21 13:49:56.367808+00'),
    ('01a1fe5e-eb15-70da-ae3a-0fd97fb0f799', 9, '01a1fe5e-ed76-736f-90ac-045d5756a6bd', -500, 'USD', 12201, '2026-11-21 13:49:56.472696+00'),
    ('01a1fe5e-eb4b-745e-8940-6b073b83fa32', 6, '01a1fe5e-ed76-736f-90ac-045d5756a6bd', 500, 'USD', 1674, '2026-11-21 13:49:56.472696+00');
INSERT INTO idempotency_keys (account_id, key, fingerprint, operation_id, rejection) VALUES
    ('01a1fe5e-e974-725b-b32e-7108ceeab422', 'top-up', '\x915cd276954e380129bdaaec54f995f3', '01a1fe5e-eb72-7389-b30b-0457a2fa858b', NULL),
    ('01a1fe5e-e974-725b-b32e-7108ceeab422', 'later', '\x4c2c29c557c76c71d404dec771929f0d', '01a1fe5e-ebda-724d-bbc4-698e52654f6d', NULL),
    ('01a1fe5e-e9fe-7009-a84d-e2995fb0aabf', 'soup', '\x6e9f4e01f276979e38b6c8a803d8867d', '01a1fe5e-ec43-76e3-af6b-c41bb9921d62', NULL),
    ('01a1fe5e-e9fe-7009-a84d-e2995fb0aabf', 'car', '\x9add89d515baabc2ee86b1025d708b6d', '01a1fe5e-ec5d-700e-b4d4-b62a7e7f2d74', '{"code": "INSUFFICIENT_FUNDS", "field": ["amount"], "message": "The wallet has less available than this amount."}'),
    ('01a1fe5e-e974-725b-b32e-7108ceeab422', 'gift', '\x0b2930895a5b039a8226d75cf9a54b27', '01a1fe5e-ec8b-7324-96aa-200095d5541d', NULL),
    ('01a1fe5e-e9fe-7009-a84d-e2995fb0aabf', 'sorry', '\xfc9d87b3d00fd56eeb6884bb89b080d9', '01a1fe5e-ecaf-748e-a8be-39110f4f735b', NULL),
    ('01a1fe5e-e9fe-7009-a84d-e2995fb0aabf', 'shared', '\xe3af66f7b555481f44176f526248e29a', '01a1fe5e-ecc9-71ed-b144-ea13e1c69697', NULL),
    ('01a1fe5e-e9fe-7009-a84d-e2995fb0aabf', 'hold', '\x37755ccf3203812cc499f8d3a93808f7', '01a1fe5e-ed0b-73cd-b6c0-b8e44f744141', NULL),
    ('01a1fe5e-e9fe-7009-a84d-e2995fb0aabf', 'take', '\x4e0c1d2834df49512cdb319e4b9b2c56', '01a1fe5e-ed76-736f-90ac-045d5756a6bd', NULL);
INSERT INTO operations (id, kind, status, failure_code, account_id, summary, amount, currency, source_id, target_id, debited, credited, created_at, rate, origin_id, due_at) VALUES
    ('01a1fe5e-eb72-7389-b30b-0457a2fa858b', 'DEPOSIT', 'SUCCEEDED', NULL, '01a1fe5e-e974-725b-b32e-7108ceeab422', '', 10000, 'USD', NULL, '01a1fe5e-eb15-70da-ae3a-0fd97fb0f799', NULL, 10000, '2026-11-21 13:49:56.010172+00', NULL, NULL, NULL),
    ('01a1fe5e-ebda-724d-bbc4-698e52654f6d', 'DEPOSIT', 'SUCCEEDED', NULL, '01a1fe5e-e974-725b-b32e-7108ceeab422', '', 5000, 'USD', NULL, '01a1fe5e-eb15-70da-ae3a-0fd97fb0f799', NULL, 5000, '2026-11-21 13:49:56.102095+00', NULL, NULL, '2126-01-01 00:00:00+00'),
    ('01a1fe5e-ec43-76e3-af6b-c41bb9921d62', 'CHARGE', 'SUCCEEDED', NULL, '01a1fe5e-e9fe-7009-a84d-e2995fb0aabf', 'Soup', 450, 'USD', '01a1fe5e-eb15-70da-ae3a-0fd97fb0f799', '01a1fe5e-eb4b-745e-8940-6b073b83fa32', 450, 450, '2026-11-21 13:49:56.165687+00', NULL, NULL, NULL),
    ('01a1fe5e-ec5d-700e-b4d4-b62a7e7f2d74', 'CHARGE', 'FAILED', 'INSUFFICIENT_FUNDS', '01a1fe5e-e9fe-7009-a84d-e2995fb0aabf', 'Car', 40000, 'USD', '01a1fe5e-eb15-70da-ae3a-0fd97fb0f799', '01a1fe5e-eb4b-745e-8940-6b073b83fa32', NULL, NULL, '2026-11-21 13:49:56.202584+00', NULL, NULL, NULL),
    ('01a1fe5e-ec8b-7324-96aa-200095d5541d', 'TRANSFER', 'SUCCEEDED', NULL, '01a1fe5e-e974-725b-b32e-7108ceeab422', 'For you', 1000, 'USD', '01a1fe5e-eb15-70da-ae3a-0fd97fb0f799', '01a1fe5e-eb36-71a4-9acc-999f92136bd3', 1000, 914, '2026-11-21 13:49:56.24435+00', 0.914236397762, NULL, NULL),
    ('01a1fe5e-ecaf-748e-a8be-39110f4f735b', 'REFUND', 'SUCCEEDED', NULL, '01a1fe5e-e9fe-7009-a84d-e2995fb0aabf', '', 150, 'USD', '01a1fe5e-eb4b-745e-8940-6b073b83fa32', '01a1fe5e-eb15-70da-ae3a-0fd97fb0f799', 150, 150, '2026-11-21 13:49:56.273699+00', NULL, '01a1fe5e-ec43-76e3-af6b-c41bb9921d62', NULL),
    ('01a1fe5e-ecc9-71ed-b144-ea13e1c69697', 'CHARGE', 'SUCCEEDED', NULL, '01a1fe5e-e9fe-7009-a84d-e2995fb0aabf', 'Shared', 999, 'USD', '01a1fe5e-eb15-70da-ae3a-0fd97fb0f799', '01a1fe5e-eb4b-745e-8940-6b073b83fa32', 999, 874, '2026-11-21 13:49:56.299591+00', 1, NULL, NULL),
    ('01a1fe5e-ed0b-73cd-b6c0-b8e44f744141', 'AUTHORIZATION', 'SUCCEEDED', NULL, '01a1fe5e-e9fe-7009-a84d-e2995fb0aabf', 'Bicycle', 2000, 'USD', '01a1fe5e-eb15-70da-ae3a-0fd97fb0f799', '01a1fe5e-eb4b-745e-8940-6b073b83fa32', NULL, NULL, '2026-11-21 13:49:56.367808+00', NULL, NULL, '2026-11-28 00:00:00+00'),
    ('01a1fe5e-ed76-736f-90ac-045d5756a6bd', 'CAPTURE', 'SUCCEEDED', NULL, '01a1fe5e-e9fe-7009-a84d-e2995fb0aabf', '', 500, 'USD', '01a1fe5e-eb15-70da-ae3a-0fd97fb0f799', '01a1fe5e-eb4b-745e-8940-6b073b83fa32', 500, 500, '2026-11-21 13:49:56.472696+00', NULL, '01a1fe5e-ed0b-73cd-b6c0-b8e44f744141', NULL);
INSERT INTO rates (code, rate, set_at, set_by) VALUES
    ('EUR', 1.093809, '2026-11-21 13:49:55.788394+00', '01a1fe5e-d44f-7740-91c0-8b8eb5563785');
INSERT INTO reservations (operation_id, kind, wallet_id, account_id, state, asked, captured, refunded, remaining, debit, credit, ends_at) VALUES
    ('01a1fe5e-ebda-724d-bbc4-698e52654f6d', 'DEPOSIT', '01a1fe5e-eb15-70da-ae3a-0fd97fb0f799', '01a1fe5e-e974-725b-b32e-7108ceeab422', 'OPEN', 5000, 0, 0, 5000, 5000, 0, '2126-01-01 00:00:00+00'),
    ('01a1fe5e-ed0b-73cd-b6c0-b8e44f744141', 'AUTHORIZATION', '01a1fe5e-eb15-70da-ae3a-0fd97fb0f799', '01a1fe5e-e9fe-7009-a84d-e2995fb0aabf', 'OPEN', 2000, 500, 0, 1500, 2000, 2000, '2026-11-28 00:00:00+00');
INSERT INTO shares (operation_id, number, wallet_id, amount, moved, refunded, returned) VALUES
    ('01a1fe5e-ec43-76e3-af6b-c41bb9921d62', 0, '01a1fe5e-eb15-70da-ae3a-0fd97fb0f799', 450, 450, 150, 150),
    ('01a1fe5e-ec43-76e3-af6b-c41bb9921d62', 1, '01a1fe5e-eb4b-745e-8940-6b073b83fa32', 450, 450, 150, 150),
    ('01a1fe5e-ecc9-71ed-b144-ea13e1c69697', 0, '01a1fe5e-eb15-70da-ae3a-0fd97fb0f799', 999, 999, 0, 0),
    ('01a1fe5e-ecc9-71ed-b144-ea13e1c69697', 1, '01a1fe5e-eb4b-745e-8940-6b073b83fa32', 874, 874, 0, 0),
    ('01a1fe5e-ecc9-71ed-b144-ea13e1c69697', 2, '01a1fe5e-eb36-71a4-9acc-999f92136bd3', 125, 114, 0, 0);
INSERT INTO wallets (id, kind, owner_id, token_secret, name, country, city, currency, status, balance, held, pending, sequence, only_one, created_at, token_rotated_at) VALUES
    ('3d848dea-08df-5671-9558-053e2c2f1123', 'OUTSIDE', NULL, NULL, NULL, NULL, NULL, 'USD', 'ACTIVE', -10000, 0, 0, 1, true, '2026-11-21 13:49:56.010085+00', NULL),
    ('01a1fe5e-eb15-70da-ae3a-0fd97fb0f799', 'HOLDER', '01a1fe5e-e974-725b-b32e-7108ceeab422', '\xfcd4c7b35c5e0ddc6083fef5e3285834fe', 'purse', NULL, NULL, 'USD', 'ACTIVE', 12201, 1500, 5000, 9, true, '2026-11-21 13:49:55.861396+00', NULL),
    ('3816a18c-a643-562b-a747-9e3185122d8b', 'OUTSIDE', NULL, NULL, NULL, NULL, NULL, 'USD', 'ACTIVE', -5000, 0, 0, 1, true, '2026-11-21 13:49:56.101985+00', NULL),
    ('01a1fe5e-eb4b-745e-8940-6b073b83fa32', 'HOLDER', '01a1fe5e-e9fe-7009-a84d-e2995fb0aabf', '\xc4e1d6af0a6d8356fe89cb7e556f9b5930', 'till', NULL, NULL, 'USD', 'ACTIVE', 1674, 0, 0, 6, true, '2026-11-21 13:49:55.915171+00', NULL),
    ('01a1fe5e-eb36-71a4-9acc-999f92136bd3', 'HOLDER', '01a1fe5e-e9b4-74f8-9814-5e086491ff81', '\xc1af200d026311aaec7f2456e33b767052', 'bens', NULL, NULL, 'EUR', 'ACTIVE', 1028, 0, 0, 2, true, '2026-11-21 13:49:55.894673+00', NULL),
    ('c299777a-5671-5d0d-bbfa-f15e45344dff', 'EXCHANGE', NULL, NULL, NULL, NULL, NULL, 'USD', 'ACTIVE', 1125, 0, 0, 2, true, '2026-11-21 13:49:56.24434+00', NULL),
    ('d677004b-7f93-50c6-9a3e-4ab20c0e542e', 'EXCHANGE', NULL, NULL, NULL, NULL, NULL, 'EUR', 'ACTIVE', -1028, 0, 0, 2, true, '2026-11-21 13:49:56.244233+00', NULL);
UPDATE currencies SET rate = 1.093809, rate_updated_at = '2026-11-21 13:49:55.788394+00' WHERE code = 'EUR';
UPDATE currency_revision SET revision = 2;
SET session_replication_role = DEFAULT;
