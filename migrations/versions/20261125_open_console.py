"""Roles, passwords and browser sessions of staff and firms; which decisions were made in one step."""

import sqlalchemy as sa
from alembic import op

revision = "20261125_open_console"
down_revision = "20261125_mark_changes"
branch_labels = None
depends_on = None

ROLES = "role IN ('viewer', 'reviewer', 'admin')"


def upgrade() -> None:
    """Applies the change; who is staff already may do everything, as before."""
    with op.batch_alter_table("staff") as staff:
        staff.add_column(sa.Column("role", sa.String(length=16), server_default="admin", nullable=False))
        staff.add_column(sa.Column("password_hash", sa.Text(), nullable=True))
        staff.add_column(sa.Column("totp_secret", sa.String(length=64), nullable=True))
        staff.add_column(sa.Column("totp_step", sa.Integer(), nullable=True))
        staff.add_column(sa.Column("disabled_at", sa.DateTime(timezone=True), nullable=True))
        staff.create_check_constraint(op.f("ck_staff_role"), ROLES)
    with op.batch_alter_table("staff") as staff:
        staff.alter_column("role", existing_type=sa.String(length=16), existing_nullable=False, server_default=None)
    for table, key in (("sessions", "id"), ("sign_in_links", "digest")):
        own: list[sa.schema.SchemaItem] = [
            sa.Column("id", sa.String(length=32), nullable=False),
            sa.Column("browser", sa.String(length=200), nullable=False),
            sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
            sa.UniqueConstraint("digest", name=op.f("uq_sessions_digest")),
        ]
        op.create_table(
            table,
            sa.Column("digest", sa.String(length=64), nullable=False),
            sa.Column("company_id", sa.String(length=32), nullable=True),
            sa.Column("staff_id", sa.String(length=32), nullable=True),
            sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
            *(own if table == "sessions" else []),
            sa.ForeignKeyConstraint(
                ["company_id"], ["companies.id"], name=op.f(f"fk_{table}_company_id_companies"), ondelete="CASCADE"
            ),
            sa.ForeignKeyConstraint(
                ["staff_id"], ["staff.id"], name=op.f(f"fk_{table}_staff_id_staff"), ondelete="CASCADE"
            ),
            sa.PrimaryKeyConstraint(key, name=op.f(f"pk_{table}")),
        )
        for column in ("company_id", "staff_id", "expires_at"):
            op.create_index(op.f(f"ix_{table}_{column}"), table, [column])
    op.create_table(
        "attempts",
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_attempts")),
    )
    op.create_index(op.f("ix_attempts_since"), "attempts", ["since"])
    with op.batch_alter_table("reviews") as reviews:
        reviews.add_column(sa.Column("batch", sa.String(length=32), nullable=True))
    op.execute("UPDATE reviews SET batch = id")
    with op.batch_alter_table("reviews") as reviews:
        reviews.alter_column("batch", existing_type=sa.String(length=32), nullable=False)
        reviews.create_index(op.f("ix_reviews_batch"), ["batch"])


def downgrade() -> None:
    """Takes it back."""
    with op.batch_alter_table("reviews") as reviews:
        reviews.drop_index(op.f("ix_reviews_batch"))
        reviews.drop_column("batch")
    for table in ("attempts", "sign_in_links", "sessions"):
        op.drop_table(table)
    with op.batch_alter_table("staff") as staff:
        staff.drop_constraint(op.f("ck_staff_role"), type_="check")
        for column in ("disabled_at", "totp_step", "totp_secret", "password_hash", "role"):
            staff.drop_column(column)
