"""The foundation: all tables, row-level security, monthly partitions, grants."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None

PARTITIONED = {"payment_history": "occurred_at", "audit_log": "at"}
STORE_SCOPED = (
    "payment",
    "payment_history",
    "payment_twin",
    "store_day",
    "store_month",
    "store_hour",
    "store",
)

CHAIN = "(select nullif(current_setting('app.chain_id', true), '')::bigint)"
# One sub-select each, so that PostgreSQL evaluates the setting once a query and not once a row.
STORES = "(select nullif(current_setting('app.store_ids', true), '')::bigint[])"
ALL_STORES = "(select nullif(current_setting('app.store_ids', true), '') is null)"

# Which store a place's money belongs to, and from when until when: the narrowest binding that
# holds at each instant, else the chain's unassigned store.
PLACE_STORE = """
create view place_store with (security_invoker = true) as
select p.chain_id, p.place_id, p.account_id, p.store_ref, p.terminal_ref, p.operator_ref,
       i.from_at,
       coalesce(lead(i.from_at) over (partition by p.chain_id, p.place_id order by i.from_at),
                'infinity') as to_at,
       s.store_id, s.unassigned, s.time_zone, s.cutover_hour
from place p
cross join lateral (
    select timestamptz '0001-01-01 00:00+00' as from_at
    union
    select b.from_at from (values
        ('terminal', p.terminal_ref), ('operator', p.operator_ref), ('store', p.store_ref),
        ('account', '')) k (kind, ref)
    join store_binding b on b.chain_id = p.chain_id and b.account_id = p.account_id
        and b.ref_kind = k.kind and b.ref = k.ref
    where k.ref <> '' or k.kind = 'account'
) i
left join lateral (
    select b.store_id from (values
        ('terminal', p.terminal_ref, 1), ('operator', p.operator_ref, 2),
        ('store', p.store_ref, 3), ('account', '', 4)) k (kind, ref, breadth)
    join store_binding b on b.chain_id = p.chain_id and b.account_id = p.account_id
        and b.ref_kind = k.kind and b.ref = k.ref and b.from_at <= i.from_at
    where k.ref <> '' or k.kind = 'account'
    order by k.breadth, b.from_at desc limit 1
) bound on true
join store s on s.chain_id = p.chain_id
    and s.store_id = coalesce(bound.store_id, (
        select u.store_id from store u where u.chain_id = p.chain_id and u.unassigned))
"""


def upgrade() -> None:
    op.execute("create schema directory")
    _tables()
    op.execute(PLACE_STORE)
    _secure()
    _grant()
    # After the grants: a partition is reached through its parent alone, as its own rows have no
    # policy, so the application gets no right on it.
    _partitions()


def _secure() -> None:
    tables = sa.inspect(op.get_bind()).get_table_names(schema="public")
    for table in tables:
        if table == "alembic_version":
            continue
        op.execute(f'alter table "{table}" enable row level security')
        op.execute(f'alter table "{table}" force row level security')
        op.execute(
            f'create policy chain on "{table}"'
            f" using (chain_id = {CHAIN}) with check (chain_id = {CHAIN})"
        )
    for table in STORE_SCOPED:
        op.execute(
            f"create policy stores on {table} as restrictive"
            f" using ({ALL_STORES} or store_id = any ({STORES}::bigint[]))"
        )


def _partitions() -> None:
    for table in PARTITIONED:
        op.execute(f"create table {table}_default partition of {table} default")
    # Called by a job of the application's role, which owns no table: hence security definer, with
    # the table names from a fixed list and the search path pinned.
    op.execute(
        """
        create function ensure_month_partitions(first date, months int) returns int
        language plpgsql security definer set search_path = public, pg_temp as $$
        declare
            parent record; start date; child text; made int := 0;
        begin
            for parent in
                select * from (values ('payment_history', 'occurred_at'), ('audit_log', 'at'))
                    as p (name, column_name)
            loop
                for i in 0 .. months - 1 loop
                    start := (date_trunc('month', first) + make_interval(months => i))::date;
                    child := parent.name || '_' || to_char(start, 'YYYYMM');
                    continue when to_regclass(child) is not null;
                    execute format('create table %I (like %I including defaults)',
                        child, parent.name);
                    execute format(
                        'with moved as (delete from %I where %I >= %L and %I < %L returning *)'
                        ' insert into %I select * from moved',
                        parent.name || '_default', parent.column_name, start || ' 00:00+00',
                        parent.column_name, (start + interval '1 month')::date || ' 00:00+00',
                        child);
                    execute format(
                        'alter table %I attach partition %I for values from (%L) to (%L)',
                        parent.name, child, start || ' 00:00+00',
                        (start + interval '1 month')::date || ' 00:00+00');
                    made := made + 1;
                end loop;
            end loop;
            return made;
        end $$
        """
    )
    op.execute("revoke all on function ensure_month_partitions(date, int) from public")
    op.execute(
        """
        do $$
        begin
            if exists (select from pg_roles where rolname = 'tillboard_app') then
                grant execute on function ensure_month_partitions(date, int) to tillboard_app;
            end if;
        end $$
        """
    )
    op.execute("select ensure_month_partitions((now() - interval '3 months')::date, 7)")


def _grant() -> None:
    # The roles are made with the server; where one role does everything there is nothing to grant.
    op.execute(
        """
        do $$
        begin
            if exists (select from pg_roles where rolname = 'tillboard_app') then
                grant usage on schema public, directory to tillboard_app;
                grant select, insert, update, delete on all tables in schema public
                    to tillboard_app;
                revoke update, delete on audit_log from tillboard_app;
                revoke insert, update, delete on alembic_version from tillboard_app;
                grant select, insert, update, delete on all tables in schema directory
                    to tillboard_app;
                grant usage on all sequences in schema public, directory to tillboard_app;
            end if;
            if exists (select from pg_roles where rolname = 'tillboard_backup') then
                grant usage on schema public, directory to tillboard_backup;
                alter default privileges in schema public grant select on tables
                    to tillboard_backup;
                alter default privileges in schema public grant select on sequences
                    to tillboard_backup;
                grant select on all tables in schema public, directory to tillboard_backup;
                grant select on all sequences in schema public, directory to tillboard_backup;
            end if;
        end $$
        """
    )


def _tables() -> None:
    op.create_table(
        "account",
        sa.Column("chain_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("account_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("platform", sa.Text(), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.PrimaryKeyConstraint("chain_id", "account_id", name=op.f("account_pkey")),
        sa.UniqueConstraint(
            "chain_id", "platform", "ref", name=op.f("account_chain_id_platform_ref_key")
        ),
    )
    op.create_table(
        "audit_log",
        sa.Column("chain_id", sa.BigInteger(), nullable=False),
        sa.Column("audit_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column(
            "at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.Column("user_id", sa.BigInteger(), nullable=True),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column(
            "detail",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("chain_id", "audit_id", "at", name=op.f("audit_log_pkey")),
        postgresql_partition_by="RANGE (at)",
    )
    op.create_table(
        "bank_line",
        sa.Column("chain_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("bank_line_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("account_ref", sa.Text(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("booked_on", sa.Date(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("amount", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("text", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("batch_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("chain_id", "bank_line_id", name=op.f("bank_line_pkey")),
        sa.UniqueConstraint(
            "chain_id",
            "account_ref",
            "external_id",
            name=op.f("bank_line_chain_id_account_ref_external_id_key"),
        ),
    )
    op.create_table(
        "budget_plan",
        sa.Column("chain_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("plan_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column(
            "made_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("plan", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("chain_id", "plan_id", name=op.f("budget_plan_pkey")),
    )
    op.create_table(
        "campaign",
        sa.Column("chain_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("campaign_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("mechanic", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("store_ids", postgresql.ARRAY(sa.BigInteger()), nullable=True),
        sa.PrimaryKeyConstraint("chain_id", "campaign_id", name=op.f("campaign_pkey")),
        sa.UniqueConstraint("chain_id", "name", name=op.f("campaign_chain_id_name_key")),
    )
    op.create_table(
        "chain",
        sa.Column("chain_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("time_zone", sa.Text(), nullable=False),
        sa.Column("country", sa.Text(), server_default=sa.text("'CN'"), nullable=False),
        sa.Column("lang", sa.Text(), server_default=sa.text("'en'"), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("chain_id", name=op.f("chain_pkey")),
    )
    op.create_table(
        "column_map",
        sa.Column("chain_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("spec", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("chain_id", "name", name=op.f("column_map_pkey")),
    )
    op.create_table(
        "delivery",
        sa.Column("chain_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("delivery_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("subscription_id", sa.BigInteger(), nullable=False),
        sa.Column("period", sa.Date(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column(
            "claimed_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("chain_id", "delivery_id", name=op.f("delivery_pkey")),
        sa.UniqueConstraint(
            "chain_id",
            "subscription_id",
            "period",
            name=op.f("delivery_chain_id_subscription_id_period_key"),
        ),
    )
    op.create_table(
        "app_user",
        sa.Column("user_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("lang", sa.Text(), server_default=sa.text("'en'"), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("session_epoch", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("failed_logins", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("locked_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("user_id", name=op.f("app_user_pkey")),
        schema="directory",
        info={"tenant": False},
    )
    op.create_index(
        "app_user_email_key",
        "app_user",
        [sa.literal_column("lower(email)")],
        unique=True,
        schema="directory",
    )
    op.create_table(
        "chain",
        sa.Column("chain_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("chain_id", name=op.f("chain_pkey")),
        schema="directory",
        info={"tenant": False},
    )
    op.create_table(
        "membership",
        sa.Column("chain_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("region_ids", postgresql.ARRAY(sa.BigInteger()), nullable=True),
        sa.Column("store_ids", postgresql.ARRAY(sa.BigInteger()), nullable=True),
        sa.CheckConstraint(
            "role in ('owner', 'finance', 'regional', 'store', 'viewer')",
            name=op.f("membership_role_check"),
        ),
        sa.PrimaryKeyConstraint("chain_id", "user_id", name=op.f("membership_pkey")),
        sa.UniqueConstraint("chain_id", "user_id", name=op.f("membership_chain_id_user_id_key")),
        schema="directory",
        info={"tenant": False},
    )
    op.create_table(
        "exception",
        sa.Column("chain_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("exception_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("amount", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("settled_by", sa.BigInteger(), nullable=True),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("chain_id", "exception_id", name=op.f("exception_pkey")),
    )
    op.create_table(
        "expense",
        sa.Column("chain_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("expense_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("store_id", sa.BigInteger(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("amount", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("recurrence", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.PrimaryKeyConstraint("chain_id", "expense_id", name=op.f("expense_pkey")),
    )
    op.create_table(
        "forecast",
        sa.Column("chain_id", sa.BigInteger(), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("store_id", sa.BigInteger(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("mean", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("quantiles", postgresql.ARRAY(sa.BigInteger()), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint(
            "chain_id", "run_id", "store_id", "day", name=op.f("forecast_pkey")
        ),
    )
    op.create_table(
        "forecast_run",
        sa.Column("chain_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("run_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column(
            "made_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.Column("until", sa.Date(), nullable=False),
        sa.Column(
            "spec",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("chain_id", "run_id", name=op.f("forecast_run_pkey")),
    )
    op.create_table(
        "forecast_score",
        sa.Column("chain_id", sa.BigInteger(), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("store_id", sa.BigInteger(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("metric", sa.Text(), nullable=False),
        sa.Column("score", sa.Float(), nullable=False),
        sa.Column("windows", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint(
            "chain_id", "run_id", "store_id", "model", "metric", name=op.f("forecast_score_pkey")
        ),
    )
    op.create_table(
        "fx_rate",
        sa.Column("chain_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("from_date", sa.Date(), nullable=False),
        sa.Column("rate", sa.Numeric(precision=18, scale=8), nullable=False),
        sa.PrimaryKeyConstraint("chain_id", "currency", "from_date", name=op.f("fx_rate_pkey")),
    )
    op.create_table(
        "import_batch",
        sa.Column("chain_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("batch_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("container_sha256", sa.LargeBinary(), nullable=True),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("source", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("layout", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column(
            "options",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
        sa.Column(
            "account_ids",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'[]'"),
            nullable=False,
        ),
        sa.Column("exported_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("period_start", sa.DateTime(timezone=True), nullable=True),
        sa.Column("period_end", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "rank_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("'0001-01-01 00:00+00'"),
            nullable=False,
        ),
        sa.Column("first_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("state", sa.Text(), server_default=sa.text("'received'"), nullable=False),
        sa.Column("bytes_read", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("rows_accepted", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("rows_skipped", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("rows_rejected", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("rows_new", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("rows_changed", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("rows_same", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column(
            "totals",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'[]'"),
            nullable=False,
        ),
        sa.Column(
            "parts",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
        sa.Column("error_key", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column(
            "error_params",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
        sa.Column("request_id", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("created_by", sa.Integer(), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "state in"
            " ('received', 'reading', 'merging', 'done', 'quarantined', 'failed', 'undone')",
            name=op.f("import_batch_state_check"),
        ),
        sa.PrimaryKeyConstraint("chain_id", "batch_id", name=op.f("import_batch_pkey")),
    )
    op.create_index(
        "import_batch_chain_id_container_idx",
        "import_batch",
        ["chain_id", "container_sha256"],
        unique=False,
    )
    op.create_index(
        "import_batch_chain_id_sha256_key",
        "import_batch",
        ["chain_id", "sha256"],
        unique=True,
        postgresql_where=sa.text("state <> 'undone'"),
    )
    op.create_table(
        "match",
        sa.Column("chain_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("match_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("payout_id", sa.BigInteger(), nullable=False),
        sa.Column("bank_line_id", sa.BigInteger(), nullable=False),
        sa.Column("amount", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("decided_by", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("chain_id", "match_id", name=op.f("match_pkey")),
    )
    op.create_table(
        "payment",
        sa.Column("chain_id", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.UUID(as_uuid=False), nullable=False),
        sa.Column("content_hash", sa.UUID(as_uuid=False), nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("batch_id", sa.BigInteger(), nullable=False),
        sa.Column("rank_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("gross", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("platform_subsidy", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("merchant_subsidy", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("fee", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("net", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("place_id", sa.Integer(), nullable=False),
        sa.Column("store_id", sa.Integer(), nullable=False),
        sa.Column("business_date", sa.Date(), nullable=False),
        sa.Column("payer_hash", sa.UUID(as_uuid=False), nullable=True),
        sa.Column("platform", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("part", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("method", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("channel", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("via", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("order_ref", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("original_external_id", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.PrimaryKeyConstraint("chain_id", "key", name=op.f("payment_pkey")),
    )
    op.create_index(
        "payment_business_date_idx",
        "payment",
        ["business_date"],
        unique=False,
        postgresql_using="brin",
        postgresql_with={"pages_per_range": 32},
    )
    op.create_index(
        "payment_via_idx",
        "payment",
        ["chain_id", "business_date"],
        unique=False,
        postgresql_where=sa.text("via <> ''"),
    )
    op.create_table(
        "payment_history",
        sa.Column(
            "lost_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.Column("lost_to_batch", sa.BigInteger(), nullable=True),
        sa.Column("chain_id", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.UUID(as_uuid=False), nullable=False),
        sa.Column("content_hash", sa.UUID(as_uuid=False), nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("batch_id", sa.BigInteger(), nullable=False),
        sa.Column("rank_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("gross", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("platform_subsidy", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("merchant_subsidy", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("fee", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("net", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("place_id", sa.Integer(), nullable=False),
        sa.Column("store_id", sa.Integer(), nullable=False),
        sa.Column("business_date", sa.Date(), nullable=False),
        sa.Column("payer_hash", sa.UUID(as_uuid=False), nullable=True),
        sa.Column("platform", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("part", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("method", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("channel", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("via", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("order_ref", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("original_external_id", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.PrimaryKeyConstraint(
            "chain_id", "key", "content_hash", "occurred_at", name=op.f("payment_history_pkey")
        ),
        postgresql_partition_by="RANGE (occurred_at)",
    )
    op.create_table(
        "payment_sighting",
        sa.Column("chain_id", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.UUID(as_uuid=False), nullable=False),
        sa.Column("content_hash", sa.UUID(as_uuid=False), nullable=False),
        sa.Column("batch_id", sa.BigInteger(), nullable=False),
        sa.Column("rank_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint(
            "chain_id", "key", "content_hash", "batch_id", name=op.f("payment_sighting_pkey")
        ),
    )
    op.create_index(
        "payment_sighting_batch_idx",
        "payment_sighting",
        ["batch_id"],
        unique=False,
        postgresql_using="brin",
    )
    op.create_table(
        "payment_twin",
        sa.Column("chain_id", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.UUID(as_uuid=False), nullable=False),
        sa.Column("twin_key", sa.UUID(as_uuid=False), nullable=False),
        sa.Column("store_id", sa.Integer(), nullable=False),
        sa.Column("business_date", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("chain_id", "key", name=op.f("payment_twin_pkey")),
    )
    op.create_index(
        "payment_twin_day_idx",
        "payment_twin",
        ["chain_id", "business_date", "store_id"],
        unique=False,
    )
    op.create_table(
        "payout",
        sa.Column("chain_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("payout_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("paid_on", sa.Date(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("amount", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("batch_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("chain_id", "payout_id", name=op.f("payout_pkey")),
        sa.UniqueConstraint(
            "chain_id",
            "account_id",
            "external_id",
            name=op.f("payout_chain_id_account_id_external_id_key"),
        ),
    )
    op.create_table(
        "payout_line",
        sa.Column("chain_id", sa.BigInteger(), nullable=False),
        sa.Column("payout_id", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.UUID(as_uuid=False), nullable=False),
        sa.Column("amount", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.PrimaryKeyConstraint("chain_id", "payout_id", "key", name=op.f("payout_line_pkey")),
    )
    op.create_table(
        "place",
        sa.Column("chain_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("place_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("store_ref", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("terminal_ref", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("operator_ref", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("label", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("batch_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("chain_id", "place_id", name=op.f("place_pkey")),
        sa.UniqueConstraint(
            "chain_id",
            "account_id",
            "store_ref",
            "terminal_ref",
            "operator_ref",
            name=op.f("place_chain_id_account_id_store_ref_terminal_ref_operator_ref_key"),
        ),
    )
    op.create_table(
        "region",
        sa.Column("chain_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("region_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.PrimaryKeyConstraint("chain_id", "region_id", name=op.f("region_pkey")),
        sa.UniqueConstraint("chain_id", "name", name=op.f("region_chain_id_name_key")),
    )
    op.create_table(
        "reject",
        sa.Column("chain_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("batch_id", sa.BigInteger(), nullable=False),
        sa.Column("line", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column(
            "params",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
        sa.Column("raw", sa.Text(), nullable=False),
        sa.Column("retried_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("chain_id", "batch_id", "line", name=op.f("reject_pkey")),
    )
    op.create_table(
        "site_suggestion",
        sa.Column("chain_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("suggestion_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column(
            "made_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("lat", sa.Numeric(precision=9, scale=6), nullable=False),
        sa.Column("lon", sa.Numeric(precision=9, scale=6), nullable=False),
        sa.Column("detail", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("chain_id", "suggestion_id", name=op.f("site_suggestion_pkey")),
    )
    op.create_table(
        "spend",
        sa.Column("chain_id", sa.BigInteger(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("store_id", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("campaign_id", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("amount", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.PrimaryKeyConstraint(
            "chain_id",
            "day",
            "channel",
            "store_id",
            "campaign_id",
            "currency",
            name=op.f("spend_pkey"),
        ),
    )
    op.create_table(
        "store",
        sa.Column("chain_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("store_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("sort_key", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("city", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("city_en", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("region_id", sa.Integer(), nullable=True),
        sa.Column("lat", sa.Double(), nullable=True),
        sa.Column("lon", sa.Double(), nullable=True),
        sa.Column("opened_on", sa.Date(), nullable=True),
        sa.Column("closed_on", sa.Date(), nullable=True),
        sa.Column("area_sqm", sa.Numeric(precision=10, scale=2), nullable=True),
        sa.Column("monthly_rent", sa.BigInteger(), server_default=sa.text("0"), nullable=True),
        sa.Column("time_zone", sa.Text(), nullable=False),
        sa.Column("cutover_hour", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("unassigned", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.CheckConstraint("cutover_hour between 0 and 12", name=op.f("store_cutover_hour_check")),
        sa.CheckConstraint(
            "lat between -90 and 90 and lon between -180 and 180", name=op.f("store_place_check")
        ),
        sa.PrimaryKeyConstraint("chain_id", "store_id", name=op.f("store_pkey")),
        sa.UniqueConstraint("chain_id", "code", name=op.f("store_chain_id_code_key")),
    )
    op.create_index(
        "store_unassigned_idx",
        "store",
        ["chain_id"],
        unique=True,
        postgresql_where=sa.text("unassigned"),
    )
    op.create_table(
        "store_binding",
        sa.Column("chain_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("binding_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("ref_kind", sa.Text(), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("store_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "from_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("'0001-01-01 00:00+00'"),
            nullable=False,
        ),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("created_by", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "ref_kind in ('terminal', 'operator', 'store', 'account')",
            name=op.f("store_binding_ref_kind_check"),
        ),
        sa.PrimaryKeyConstraint("chain_id", "binding_id", name=op.f("store_binding_pkey")),
        sa.UniqueConstraint(
            "chain_id",
            "account_id",
            "ref_kind",
            "ref",
            "from_at",
            name=op.f("store_binding_chain_id_account_id_ref_kind_ref_from_at_key"),
        ),
    )
    op.create_table(
        "store_day",
        sa.Column("business_date", sa.Date(), nullable=False),
        sa.Column("chain_id", sa.BigInteger(), nullable=False),
        sa.Column("store_id", sa.Integer(), nullable=False),
        sa.Column("platform", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("gross", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("orders", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("refund", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("refunds", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("platform_subsidy", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("merchant_subsidy", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("fee", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("net", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("prepaid", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("other", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.PrimaryKeyConstraint(
            "chain_id",
            "business_date",
            "store_id",
            "platform",
            "channel",
            "currency",
            name=op.f("store_day_pkey"),
        ),
    )
    op.create_table(
        "store_hour",
        sa.Column("chain_id", sa.BigInteger(), nullable=False),
        sa.Column("business_date", sa.Date(), nullable=False),
        sa.Column("store_id", sa.Integer(), nullable=False),
        sa.Column("hour", sa.Integer(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("gross", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("orders", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.PrimaryKeyConstraint(
            "chain_id",
            "business_date",
            "store_id",
            "hour",
            "currency",
            name=op.f("store_hour_pkey"),
        ),
    )
    op.create_table(
        "store_month",
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("chain_id", sa.BigInteger(), nullable=False),
        sa.Column("store_id", sa.Integer(), nullable=False),
        sa.Column("platform", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("gross", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("orders", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("refund", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("refunds", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("platform_subsidy", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("merchant_subsidy", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("fee", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("net", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("prepaid", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("other", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.PrimaryKeyConstraint(
            "chain_id",
            "month",
            "store_id",
            "platform",
            "channel",
            "currency",
            name=op.f("store_month_pkey"),
        ),
    )
    op.create_table(
        "subscription",
        sa.Column("chain_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("subscription_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column(
            "spec",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
        sa.Column("paused", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.PrimaryKeyConstraint("chain_id", "subscription_id", name=op.f("subscription_pkey")),
    )
