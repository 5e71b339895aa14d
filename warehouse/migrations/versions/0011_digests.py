"""Digests: subscriptions with hours and robots, deliveries that are claimed before they go."""

from alembic import op

revision = "0011"
down_revision = "0010"

CHAIN = "(select nullif(current_setting('app.chain_id', true), '')::bigint)"
ROLE = "(select coalesce(current_setting('app.role', true), ''))"


def upgrade() -> None:
    for statement in TABLES:
        op.execute(statement)
    # A delivery is seen with the subscription it is of.
    op.execute(
        "create policy own on delivery as restrictive"
        f" using ({ROLE} = 'owner'"
        " or subscription_id in (select s.subscription_id from subscription s))"
    )
    op.execute("alter table directory.unsubscribe enable row level security")
    op.execute("alter table directory.unsubscribe force row level security")
    op.execute(
        f"create policy seen on directory.unsubscribe using ({CHAIN} is null or chain_id = {CHAIN})"
    )
    op.execute(GRANTS)


TABLES = (
    # Nothing has ever written into either; row-level security would hide rows from a delete.
    "truncate subscription, delivery",
    """
    alter table subscription
        drop column spec,
        add column channel text default 'mail' not null,
        add column lang text default 'en' not null,
        add column time_zone text not null,
        add column at time not null,
        add column weekdays smallint[] default '{0,1,2,3,4,5,6}' not null,
        add column month_day smallint default 1 not null,
        add column only_changed boolean default false not null,
        add column robot text default '' not null,
        add column robot_name text default '' not null,
        add column token text not null,
        add column since timestamptz default now() not null,
        add column paused_key text default '' not null,
        add column paused_params jsonb default '{}' not null,
        add column made_at timestamptz default now() not null,
        add constraint subscription_kind_check check (kind in ('daily', 'weekly', 'monthly')),
        add constraint subscription_channel_check
            check (channel in ('mail', 'wecom', 'dingtalk', 'feishu'))
    """,
    "create index subscription_chain_id_user_id_idx on subscription (chain_id, user_id)",
    """
    alter table delivery
        drop constraint delivery_chain_id_subscription_id_period_key,
        alter column claimed_at drop default,
        alter column claimed_at drop not null,
        add column asked_by bigint,
        add column test boolean default false not null,
        add column due_at timestamptz not null,
        add column next_at timestamptz not null,
        add column made_at timestamptz default now() not null,
        add column tries integer default 0 not null,
        add column receiver text default '' not null,
        add column provisional boolean default false not null,
        add column fingerprint text default '' not null,
        add column error_key text default '' not null,
        add column error_params jsonb default '{}' not null,
        add constraint delivery_state_check check (state in
            ('waiting', 'sending', 'sent', 'unchanged', 'late', 'unsure', 'failed'))
    """,
    # What makes a digest go once: one row for a subscription and period, whoever plans it. What a
    # person asks for beside it (a test, one more time) is theirs.
    """
    create unique index delivery_once_key on delivery (chain_id, subscription_id, period)
        where asked_by is null
    """,
    """
    create index delivery_waiting_idx on delivery (chain_id, next_at)
        where state in ('waiting', 'sending')
    """,
    "create index delivery_made_at_idx on delivery (chain_id, made_at)",
    "alter table chain add column mail_domains text[] default '{}' not null",
    """
    alter table directory.app_user
        add column mail_refused_at timestamptz,
        add column mail_refused_why text default '' not null
    """,
    """
    create table directory.unsubscribe (
        token_hash bytea not null,
        chain_id bigint not null,
        subscription_id bigint not null,
        constraint unsubscribe_pkey primary key (token_hash)
    )
    """,
)
GRANTS = """
    do $$
    begin
        if exists (select from pg_roles where rolname = 'tillboard_app') then
            grant select, insert, update, delete on directory.unsubscribe to tillboard_app;
        end if;
        if exists (select from pg_roles where rolname = 'tillboard_backup') then
            grant select on directory.unsubscribe to tillboard_backup;
        end if;
    end $$
"""
