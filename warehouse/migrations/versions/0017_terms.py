"""Value-added tax, franchise, fiscal years: rates from a date, and their part of every sum."""

from alembic import op

revision = "0017"
down_revision = "0016"

CHAIN = "(select nullif(current_setting('app.chain_id', true), '')::bigint)"
ROLE = "(select coalesce(current_setting('app.role', true), ''))"
STORES = "(select nullif(current_setting('app.store_ids', true), '')::bigint[])"
ALL_STORES = "(select nullif(current_setting('app.store_ids', true), '') is null)"

SUMS = ("store_day", "store_month", "store_day_total", "store_month_total")
TABLES = {
    "vat_rate": """
        chain_id bigint not null,
        store_id bigint not null,
        from_date date not null,
        rate numeric(6, 5) not null,
        constraint vat_rate_pkey primary key (chain_id, store_id, from_date),
        constraint vat_rate_rate_check check (rate >= 0 and rate < 1)
    """,
    "store_terms": """
        chain_id bigint not null,
        store_id bigint not null,
        from_date date not null,
        ownership text not null,
        royalty_rate numeric(6, 5) default 0 not null,
        royalty_minimum bigint default 0 not null,
        constraint store_terms_pkey primary key (chain_id, store_id, from_date),
        constraint store_terms_ownership_check check (ownership in ('owned', 'franchised')),
        constraint store_terms_royalty_check check (
            royalty_rate >= 0 and royalty_rate < 1 and royalty_minimum >= 0)
    """,
}


def upgrade() -> None:
    op.execute("alter table chain add column fiscal jsonb default '{}' not null")
    for table in SUMS:
        op.execute(
            f"alter table {table} add column vat bigint default 0 not null,"
            " add column franchised bigint default 0 not null,"
            " add column royalty bigint default 0 not null"
        )
    for table, columns in TABLES.items():
        op.execute(f"create table {table} ({columns})")
        _secure(table)
        op.execute(
            f"create constraint trigger version after insert or update or delete on {table}"
            " deferrable initially deferred"
            " for each row execute function raise_version('figures')"
        )


def _secure(table: str) -> None:
    op.execute(f"alter table {table} enable row level security")
    op.execute(f"alter table {table} force row level security")
    op.execute(
        f"create policy chain on {table} using (chain_id = {CHAIN}) with check (chain_id = {CHAIN})"
    )
    mine = f"{ALL_STORES} or store_id = any ({STORES}::bigint[])"
    op.execute(f"create policy stores on {table} as restrictive using ({mine} or store_id = 0)")
    # What is of the whole chain is changed by whoever sees the whole chain.
    allowed = f"{ROLE} in ('owner', 'finance') and ({mine})"
    for what, clause in (("insert", "with check"), ("update", "using"), ("delete", "using")):
        op.execute(
            f"create policy may_{what} on {table} as restrictive for {what} {clause} ({allowed})"
        )
    op.execute(
        f"""
        do $$
        begin
            if exists (select from pg_roles where rolname = 'tillboard_app') then
                grant select, insert, update, delete on {table} to tillboard_app;
            end if;
            if exists (select from pg_roles where rolname = 'tillboard_backup') then
                grant select on {table} to tillboard_backup;
            end if;
        end $$
        """
    )
