"""peers: the same durable transfer on PostgreSQL 15 and here. Both sides keep: a unique key of the request, two locked accounts, a
refusal when the money is not there, a transfer record, two postings with the balance after; both answer only after the sync."""

import contextlib
import pathlib

import load
import measure
import servers

ACCOUNTS = 10_000

SCHEMA = f"""
CREATE TABLE accounts (id int PRIMARY KEY, balance bigint NOT NULL CHECK (balance >= 0), seq bigint NOT NULL DEFAULT 0) WITH (fillfactor = 50);
CREATE TABLE transfers (id bigserial PRIMARY KEY, key text NOT NULL UNIQUE, payer int NOT NULL, payee int NOT NULL, amount bigint NOT NULL,
                        state smallint NOT NULL, created timestamptz NOT NULL DEFAULT now());
CREATE TABLE postings (account int NOT NULL, seq bigint NOT NULL, transfer bigint NOT NULL, amount bigint NOT NULL, balance bigint NOT NULL,
                       PRIMARY KEY (account, seq));
INSERT INTO accounts SELECT i, 1000000000 FROM generate_series(0, {ACCOUNTS - 1}) i;
CREATE FUNCTION pay(k text, a int, b int, n bigint) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE t bigint; from_balance bigint; from_seq bigint; to_balance bigint; to_seq bigint;
BEGIN
  INSERT INTO transfers (key, payer, payee, amount, state) VALUES (k, a, b, n, 1) ON CONFLICT (key) DO NOTHING RETURNING id INTO t;
  IF t IS NULL THEN SELECT id INTO t FROM transfers WHERE key = k; RETURN t; END IF;
  PERFORM 1 FROM accounts WHERE id IN (a, b) ORDER BY id FOR UPDATE;
  UPDATE accounts SET balance = balance - n, seq = seq + 1 WHERE id = a AND balance >= n RETURNING balance, seq INTO from_balance, from_seq;
  IF NOT FOUND THEN UPDATE transfers SET state = 2 WHERE id = t; RETURN -t; END IF;
  UPDATE accounts SET balance = balance + n, seq = seq + 1 WHERE id = b RETURNING balance, seq INTO to_balance, to_seq;
  INSERT INTO postings VALUES (a, from_seq, t, -n, from_balance), (b, to_seq, t, n, to_balance);
  RETURN t;
END $$;
VACUUM ANALYZE;
"""

# :payee_max is 0 for the hot account and ACCOUNTS - 1 for the uniform load.
CHOOSE = f"""\\set a random(1, {ACCOUNTS - 1})
\\set b0 random(0, :payee_max)
\\set b case when :b0 = :a then 0 else :b0 end
\\set k random(1, 9000000000000000000)
"""
FUNCTION = CHOOSE + "SELECT pay('key-' || :k, :a, :b, 1);\n"
# As an application does it: a statement and a round trip at a time, locks in ascending order.
APP = CHOOSE + """\\set lo least(:a, :b)
\\set hi greatest(:a, :b)
BEGIN;
INSERT INTO transfers (key, payer, payee, amount, state) VALUES ('key-' || :k, :a, :b, 1, 1);
SELECT balance FROM accounts WHERE id = :lo FOR UPDATE;
SELECT balance FROM accounts WHERE id = :hi FOR UPDATE;
UPDATE accounts SET balance = balance - 1, seq = seq + 1 WHERE id = :a;
UPDATE accounts SET balance = balance + 1, seq = seq + 1 WHERE id = :b;
INSERT INTO postings SELECT :a, seq, currval('transfers_id_seq'), -1, balance FROM accounts WHERE id = :a;
INSERT INTO postings SELECT :b, seq, currval('transfers_id_seq'), 1, balance FROM accounts WHERE id = :b;
COMMIT;
"""

FIGURES = [
    measure.Figure("peers.pg_function", "transfers/s", "payswitch.uniform", ["pg.function.16", "pg.function.64"], "rate", (">=", 6)),
    measure.Figure("peers.pg_app", "transfers/s", "payswitch.uniform", ["pg.app.16", "pg.app.64"], "rate", (">=", 12)),
    measure.Figure("peers.pg_hot", "transfers/s", "payswitch.hot", ["pg.function.hot.16", "pg.function.hot.64"], "rate", (">=", 25)),
]


def run(context, session):
    with contextlib.ExitStack() as stack:
        postgres = stack.enter_context(servers.Postgres())
        postgres.sql(SCHEMA)
        scripts = {}
        for name, text in (("function", FUNCTION), ("app", APP)):
            scripts[name] = pathlib.Path(postgres.folder) / f"{name}.sql"
            scripts[name].write_text(text)

        def pg(name, clients, payee_max):
            def once():
                rate, cpu, count = postgres.pgbench(scripts[name], clients, max(1, round(context.seconds)), payee_max=payee_max)
                return measure.Sample(rate, cpu * 1e6 / count, clients / rate * 1e6)
            return once

        subjects = {}
        for clients in (16, 64):
            subjects[f"pg.function.{clients}"] = pg("function", clients, ACCOUNTS - 1)
            subjects[f"pg.app.{clients}"] = pg("app", clients, ACCOUNTS - 1)
            subjects[f"pg.function.hot.{clients}"] = pg("function", clients, 0)
        if context.daemon():
            switch = stack.enter_context(servers.Payswitch(context.build))
            load.open_accounts(context.build, switch, ACCOUNTS)
            for name, hot in (("uniform", False), ("hot", True)):
                subjects[f"payswitch.{name}"] = lambda hot=hot: load.http(
                    context.build, switch, "transfer", {201}, connections=512, seconds=context.seconds, accounts=ACCOUNTS, hot=hot)
        session.interleave(subjects)
        wrong = postgres.sql("SELECT sum(balance) FROM accounts")
        if int(wrong) != ACCOUNTS * 1_000_000_000:
            raise RuntimeError(f"PostgreSQL's accounts sum to {wrong}: the comparison moved money out of the books")
