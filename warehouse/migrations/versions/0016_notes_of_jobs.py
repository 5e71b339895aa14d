"""A job, which is no person, may bring in notes of people: an archive that is read back."""

from alembic import op

revision = "0016"
down_revision = "0015"

USER = "(select nullif(current_setting('app.user_id', true), '')::bigint)"
ROLE = "(select coalesce(current_setting('app.role', true), ''))"
ALL_STORES = "(select nullif(current_setting('app.store_ids', true), '') is null)"
WHOLE = f"{ALL_STORES} and {ROLE} in ('owner', 'finance')"


def upgrade() -> None:
    op.execute("drop policy may_insert on day_note")
    op.execute(
        "create policy may_insert on day_note as restrictive for insert with check"
        f" (({USER} is null or made_by = {USER})"
        f" and {ROLE} in ('owner', 'finance', 'regional', 'store') and (store_id <> 0 or {WHOLE}))"
    )
