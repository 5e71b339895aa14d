"""How far the guide of the first run is, per chain."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    # Chains that are there have been set up: no guide for them.
    guide = sa.Column("guide", sa.Text(), server_default=sa.text("''"), nullable=False)
    op.add_column("chain", guide)
