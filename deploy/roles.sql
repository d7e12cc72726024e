-- What the API's role may do: docs/security.md. By the owner of the tables, after each `purser migrate`:
--
--     psql "$owner_url" --set=ON_ERROR_STOP=1 --single-transaction --file=deploy/roles.sql
GRANT USAGE ON SCHEMA public TO purser_api;
GRANT SELECT ON ALL TABLES IN SCHEMA public TO purser_api;
-- What is written once.
GRANT INSERT ON entries, rates TO purser_api;
-- What changes as its triggers let it, and never vanishes.
GRANT INSERT, UPDATE ON accounts, currencies, idempotency_keys, operations, queued_operations, reservations, sessions, shares,
    wallets, withdrawals TO purser_api;
GRANT UPDATE ON currency_revision TO purser_api;
-- What is forgotten: a deleted account's names, failed log-ins and counts that are over.
GRANT INSERT, DELETE ON clients, companies TO purser_api;
GRANT INSERT, UPDATE, DELETE ON login_failures, rate_limits TO purser_api;
