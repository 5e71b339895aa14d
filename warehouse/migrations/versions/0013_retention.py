"""How long a chain keeps personal data, where it says so itself."""

from alembic import op

revision = "0013"
down_revision = "0012"

CHAIN = "(select nullif(current_setting('app.chain_id', true), '')::bigint)"
ROLE = "(select coalesce(current_setting('app.role', true), ''))"


def upgrade() -> None:
    op.execute(
        """
        create table retention (
            chain_id bigint not null,
            kind text not null,
            days integer not null,
            set_by bigint,
            set_at timestamptz default now() not null,
            constraint retention_pkey primary key (chain_id, kind),
            constraint retention_days_check check (days > 0)
        )
        """
    )
    op.execute("alter table retention enable row level security")
    op.execute("alter table retention force row level security")
    op.execute(
        f"create policy chain on retention using (chain_id = {CHAIN})"
        f" with check (chain_id = {CHAIN})"
    )
    for what, clause in (("insert", "with check"), ("update", "using"), ("delete", "using")):
        op.execute(
            f"create policy may_{what} on retention as restrictive for {what}"
            f" {clause} ({ROLE} = 'owner')"
        )
    # What was done stays written down; only the address of a person who asked is taken out of it.
    op.execute(
        """
        create function forget_in_audit(address text) returns int
        language plpgsql security definer set search_path = public, pg_temp as $$
        declare
            changed int;
        begin
            update audit_log set detail = detail - 'email' - 'name'
            where lower(detail ->> 'email') = lower(address);
            get diagnostics changed = row_count;
            return changed;
        end $$
        """
    )
    op.execute("revoke all on function forget_in_audit(text) from public")
    op.execute(
        """
        do $$
        begin
            if exists (select from pg_roles where rolname = 'tillboard_app') then
                grant select, insert, update, delete on retention to tillboard_app;
                grant execute on function forget_in_audit(text) to tillboard_app;
            end if;
            if exists (select from pg_roles where rolname = 'tillboard_backup') then
                grant select on retention to tillboard_backup;
            end if;
        end $$
        """
    )
