"""Answers of requests that may come again."""

import sqlalchemy as sa
from alembic import op

revision = "20261125_keep_answers"
down_revision = "20261125_keep_imports"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Applies the change."""
    op.create_table(
        "answered_requests",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.Column("answer", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_answered_requests")),
    )
    op.create_index(op.f("ix_answered_requests_expires_at"), "answered_requests", ["expires_at"])


def downgrade() -> None:
    """Takes it back."""
    op.drop_table("answered_requests")
