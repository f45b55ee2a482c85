"""What a token is for and who issued it; who let an officer in or kept one out, and when each last signed in."""

import sqlalchemy as sa
from alembic import op

revision = "20261125_name_tokens"
down_revision = "20261125_keep_evidence"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Applies the change."""
    op.add_column("tokens", sa.Column("label", sa.String(length=100), nullable=True))
    op.add_column("tokens", sa.Column("issued_by", sa.Text(), nullable=True))
    op.add_column("staff", sa.Column("signed_in_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("staff", sa.Column("added_by", sa.Text(), nullable=True))
    op.add_column("staff", sa.Column("disabled_by", sa.Text(), nullable=True))


def downgrade() -> None:
    """Takes it back."""
    for column in ("disabled_by", "added_by", "signed_in_at"):
        op.drop_column("staff", column)
    for column in ("issued_by", "label"):
        op.drop_column("tokens", column)
