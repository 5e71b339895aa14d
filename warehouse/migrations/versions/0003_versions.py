"""Versions by part, raised by triggers: what a page shows is known to be old as soon as it is."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

FIGURES = ("chain", "region", "store", "account", "place", "store_binding", "campaign", "fx_rate")
FILES = ("import_batch",)


def upgrade() -> None:
    part = sa.Column("part", sa.Text(), server_default=sa.text("'figures'"), nullable=False)
    op.add_column("chain_version", part)
    op.drop_constraint("chain_version_pkey", "chain_version")
    op.create_primary_key("chain_version_pkey", "chain_version", ["chain_id", "part"])
    op.execute(
        """
        create function raise_version() returns trigger language plpgsql as $$
        begin
            insert into public.chain_version (chain_id, part, version)
            values (coalesce(new.chain_id, old.chain_id), tg_argv[0], 1)
            on conflict (chain_id, part) do update
                set version = chain_version.version + 1, changed_at = clock_timestamp();
            return null;
        end $$
        """
    )
    # Deferred to the commit: the one row that all transactions of a chain raise is held shortly,
    # and always taken last.
    for part_name, tables in (("figures", FIGURES), ("files", FILES)):
        for table in tables:
            op.execute(
                f"create constraint trigger version after insert or update or delete on {table}"
                " deferrable initially deferred"
                f" for each row execute function raise_version('{part_name}')"
            )
