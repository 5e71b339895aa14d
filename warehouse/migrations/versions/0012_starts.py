"""How often a file was begun to be read without an end: one that kills its worker is put aside."""

from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.execute("alter table import_batch add column starts integer not null default 0")
