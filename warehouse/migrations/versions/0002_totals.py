"""Totals over platforms and channels, the version of a chain's figures, more store policies."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

CHAIN = "(select nullif(current_setting('app.chain_id', true), '')::bigint)"
STORES = "(select nullif(current_setting('app.store_ids', true), '')::bigint[])"
ALL_STORES = "(select nullif(current_setting('app.store_ids', true), '') is null)"

STORE_SCOPED = (
    "store_day_total",
    "store_month_total",
    "forecast",
    "forecast_score",
    "spend",
    "expense",
)
BIG = ("platform_subsidy", "merchant_subsidy", "fee", "net", "prepaid", "other")


def upgrade() -> None:
    _tables()
    for table in ("store_day_total", "store_month_total", "chain_version"):
        op.execute(f"alter table {table} enable row level security")
        op.execute(f"alter table {table} force row level security")
        op.execute(
            f"create policy chain on {table}"
            f" using (chain_id = {CHAIN}) with check (chain_id = {CHAIN})"
        )
        _grant(table)
    for table in STORE_SCOPED:
        op.execute(
            f"create policy stores on {table} as restrictive"
            f" using ({ALL_STORES} or store_id = any ({STORES}::bigint[]))"
        )


def _grant(table: str) -> None:
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


def _amount(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), server_default=sa.text("0"), nullable=False)


def _count(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer(), server_default=sa.text("0"), nullable=False)


def _sums() -> list[sa.Column[int]]:
    return [
        _amount("gross"),
        _count("orders"),
        _amount("refund"),
        _count("refunds"),
        *map(_amount, BIG),
    ]


def _tables() -> None:
    op.create_table(
        "store_day_total",
        sa.Column("business_date", sa.Date(), nullable=False),
        sa.Column("chain_id", sa.BigInteger(), nullable=False),
        sa.Column("store_id", sa.Integer(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        *_sums(),
        sa.PrimaryKeyConstraint(
            "chain_id", "business_date", "store_id", "currency", name=op.f("store_day_total_pkey")
        ),
    )
    op.create_table(
        "store_month_total",
        sa.Column("month", sa.Date(), nullable=False),
        _count("days"),
        sa.Column("chain_id", sa.BigInteger(), nullable=False),
        sa.Column("store_id", sa.Integer(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        *_sums(),
        sa.PrimaryKeyConstraint(
            "chain_id", "month", "store_id", "currency", name=op.f("store_month_total_pkey")
        ),
    )
    op.create_table(
        "chain_version",
        sa.Column("chain_id", sa.BigInteger(), autoincrement=False, nullable=False),
        _amount("version"),
        sa.Column(
            "changed_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("chain_id", name=op.f("chain_version_pkey")),
    )
