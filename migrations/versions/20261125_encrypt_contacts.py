"""Which keys contacts are encrypted with; room for encrypted secrets of one-time codes."""

import sqlalchemy as sa
from alembic import op

revision = "20261125_encrypt_contacts"
down_revision = "20261125_keep_audit"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Applies the change."""
    op.create_table(
        "secret_keys",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("rotated_to", sa.Text(), nullable=True),
        sa.Column("rotated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_secret_keys")),
    )
    _retype(sa.Text())


def downgrade() -> None:
    """Takes it back. Run ``caravan keys rotate --off`` before: an older program cannot decrypt."""
    _retype(sa.String(length=64))
    op.drop_table("secret_keys")


def _retype(kind: sa.types.TypeEngine[str]) -> None:
    """Another type for ``staff.totp_secret``; not in a batch, which on SQLite drops the table and what hangs on it."""
    if op.get_bind().dialect.name == "postgresql":
        op.alter_column("staff", "totp_secret", type_=kind)
        return
    op.add_column("staff", sa.Column("totp_kept", kind, nullable=True))
    op.execute("UPDATE staff SET totp_kept = totp_secret")
    op.drop_column("staff", "totp_secret")
    op.execute("ALTER TABLE staff RENAME COLUMN totp_kept TO totp_secret")
