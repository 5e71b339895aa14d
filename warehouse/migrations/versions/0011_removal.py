"""A whole chain may be removed: asked for, waited for, done in chunks, and written down."""

from alembic import op

revision = "0011"
down_revision = "0010"

CHAIN = "(select nullif(current_setting('app.chain_id', true), '')::bigint)"
ROLE = "(select coalesce(current_setting('app.role', true), ''))"


def upgrade() -> None:
    op.execute(
        """
        create table directory.chain_removal (
            chain_id bigint not null,
            asked_at timestamptz default now() not null,
            asked_by bigint,
            due_at timestamptz not null,
            begun_at timestamptz,
            done_at timestamptz,
            row_count bigint default 0 not null,
            file_count bigint default 0 not null,
            constraint chain_removal_pkey primary key (chain_id)
        )
        """
    )
    op.execute("alter table directory.chain_removal enable row level security")
    op.execute("alter table directory.chain_removal force row level security")
    op.execute(
        "create policy seen on directory.chain_removal"
        f" using ({CHAIN} is null or chain_id = {CHAIN})"
    )
    for what, clause in (("insert", "with check"), ("update", "using"), ("delete", "using")):
        op.execute(
            f"create policy may_{what} on directory.chain_removal as restrictive for {what}"
            f" {clause} ({CHAIN} is null or {ROLE} = 'owner')"
        )
    # The application may not change what was written down, but for a job that clears by age or a
    # whole chain. Row-level security is forced for the owner too: only the caller's chain is met.
    op.execute(
        """
        create function clear_audit(before timestamptz, most int) returns int
        language plpgsql security definer set search_path = public, pg_temp as $$
        declare
            cleared int;
        begin
            with old as (
                select chain_id, audit_id, at from audit_log where at < before
                order by chain_id, audit_id limit most
            )
            delete from audit_log a using old o
            where a.chain_id = o.chain_id and a.audit_id = o.audit_id and a.at = o.at;
            get diagnostics cleared = row_count;
            return cleared;
        end $$
        """
    )
    op.execute("revoke all on function clear_audit(timestamptz, int) from public")
    op.execute(
        """
        do $$
        begin
            if exists (select from pg_roles where rolname = 'tillboard_app') then
                grant select, insert, update, delete on directory.chain_removal to tillboard_app;
                grant execute on function clear_audit(timestamptz, int) to tillboard_app;
            end if;
            if exists (select from pg_roles where rolname = 'tillboard_backup') then
                grant select on directory.chain_removal to tillboard_backup;
            end if;
        end $$
        """
    )
