"""Advice on the marketing budget is asked for, made by a job, and may fail with a sentence."""

from alembic import op

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    op.execute(
        """
        alter table budget_plan
            add column state text not null default 'done',
            add column updated_at timestamptz not null default now(),
            add column error_key text not null default '',
            add column error_params jsonb not null default '{}',
            alter column fingerprint set default '',
            alter column plan set default '{}',
            add constraint budget_plan_state_check
                check (state in ('waiting', 'running', 'done', 'failed'))
        """
    )
