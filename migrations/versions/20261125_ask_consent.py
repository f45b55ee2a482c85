"""Confirmed addresses, consents, and what is left of erased firms."""

import sqlalchemy as sa
from alembic import op

revision = "20261125_ask_consent"
down_revision = "20261125_limit_tokens"
branch_labels = None
depends_on = None

MOMENTS = ("email_asked_at", "email_warned_at", "email_confirmed_at")


def upgrade() -> None:
    """Applies the change."""
    for name in MOMENTS:
        op.add_column("companies", sa.Column(name, sa.DateTime(timezone=True), nullable=True))
    op.add_column("sign_in_links", sa.Column("address", sa.String(length=64), nullable=True))
    op.add_column("sign_in_links", sa.Column("confirms", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.create_table(
        "consents",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("company_id", sa.String(length=32), nullable=False),
        sa.Column("basis", sa.String(length=32), nullable=False),
        sa.Column("version", sa.String(length=16), nullable=True),
        sa.Column("language", sa.String(length=2), nullable=True),
        sa.Column("way", sa.String(length=8), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("way IN ('page', 'api', 'import')", name=op.f("ck_consents_way")),
        sa.ForeignKeyConstraint(
            ["company_id"], ["companies.id"], name=op.f("fk_consents_company_id_companies"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consents")),
    )
    op.create_index(op.f("ix_consents_company_id"), "consents", ["company_id"])
    op.create_table(
        "erased_companies",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("country", sa.String(length=2), nullable=False),
        sa.Column("region", sa.String(length=6), nullable=True),
        sa.Column("size", sa.String(length=8), nullable=True),
        sa.Column("sectors", sa.JSON(), nullable=False),
        sa.Column("verified", sa.Boolean(), nullable=False),
        sa.Column("offers", sa.Integer(), nullable=False),
        sa.Column("needs", sa.Integer(), nullable=False),
        sa.Column("found", sa.JSON(), nullable=False),
        sa.Column("decisions", sa.JSON(), nullable=False),
        sa.Column("registered_in", sa.Date(), nullable=False),
        sa.Column("erased_in", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_erased_companies")),
    )


def downgrade() -> None:
    """Takes it back."""
    op.drop_table("erased_companies")
    op.drop_table("consents")
    for name in ("confirms", "address"):
        op.drop_column("sign_in_links", name)
    for name in reversed(MOMENTS):
        op.drop_column("companies", name)
