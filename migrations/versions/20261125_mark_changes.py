"""A random mark on each change, which tells two courses of one database apart."""

import sqlalchemy as sa
from alembic import op

revision = "20261125_mark_changes"
down_revision = "20261124_create_register"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Applies the change."""
    op.add_column("changes", sa.Column("mark", sa.String(length=32), server_default="", nullable=False))


def downgrade() -> None:
    """Takes it back."""
    op.drop_column("changes", "mark")
