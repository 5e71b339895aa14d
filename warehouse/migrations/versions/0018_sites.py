"""Where to open next: files of areas, competitors and candidates, and the market fitted on them."""

from alembic import op

revision = "0018"
down_revision = "0017"

CHAIN = "(select nullif(current_setting('app.chain_id', true), '')::bigint)"
ROLE = "(select coalesce(current_setting('app.role', true), ''))"
ALL_STORES = "(select nullif(current_setting('app.store_ids', true), '') is null)"
WRITERS = "('owner', 'finance')"
TABLES = ("site_input", "site_market")


def upgrade() -> None:
    op.execute(
        """
        create table site_input (
            chain_id bigint not null,
            kind text not null,
            file_name text default '' not null,
            system text default 'wgs84' not null,
            row_count bigint default 0 not null,
            content bytea not null,
            kept_at timestamptz default now() not null,
            constraint site_input_pkey primary key (chain_id, kind),
            constraint site_input_kind_check
                check (kind in ('areas', 'competitors', 'candidates'))
        )
        """
    )
    op.execute(
        """
        create table site_market (
            chain_id bigint not null,
            state text default 'waiting' not null,
            step text default '' not null,
            asked_at timestamptz default now() not null,
            heard_at timestamptz default now() not null,
            done_at timestamptz,
            fingerprint text default '' not null,
            error_key text default '' not null,
            error_params jsonb default '{}' not null,
            assumed jsonb default '{}' not null,
            market bytea,
            detail jsonb default '{}' not null,
            constraint site_market_pkey primary key (chain_id),
            constraint site_market_state_check
                check (state in ('waiting', 'running', 'done', 'failed'))
        )
        """
    )
    for table in TABLES:
        op.execute(f"alter table {table} enable row level security")
        op.execute(f"alter table {table} force row level security")
        op.execute(
            f"create policy chain on {table}"
            f" using (chain_id = {CHAIN}) with check (chain_id = {CHAIN})"
        )
        op.execute(f"create policy whole on {table} as restrictive using ({ALL_STORES})")
    for table in (*TABLES, "site_suggestion"):
        for what, clause in (("insert", "with check"), ("update", "using"), ("delete", "using")):
            op.execute(
                f"create policy may_{what} on {table} as restrictive for {what}"
                f" {clause} ({ROLE} in {WRITERS})"
            )
    op.execute(
        """
        do $$
        begin
            if exists (select from pg_roles where rolname = 'tillboard_app') then
                grant select, insert, update, delete on site_input, site_market to tillboard_app;
            end if;
            if exists (select from pg_roles where rolname = 'tillboard_backup') then
                grant select on site_input, site_market to tillboard_backup;
            end if;
        end $$
        """
    )
