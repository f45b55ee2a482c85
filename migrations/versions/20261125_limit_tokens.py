"""What a token may do, how long it lives, and when it was used last; those of before live on for a time from now."""

from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from alembic import op

revision = "20261125_limit_tokens"
down_revision = "20261125_keep_answers"
branch_labels = None
depends_on = None

COMPANY_DAYS = 365
STAFF_DAYS = 90
SCOPES = "scope IN ('viewer', 'reviewer', 'admin', 'integration')"
OWNER = (
    "CASE WHEN scope = 'integration' THEN company_id IS NULL AND staff_id IS NULL"
    " WHEN company_id IS NULL THEN staff_id IS NOT NULL ELSE staff_id IS NULL AND scope IS NULL END"
)


def upgrade() -> None:
    """Applies the change."""
    op.add_column("tokens", sa.Column("scope", sa.String(length=16), nullable=True))
    op.add_column("tokens", sa.Column("hint", sa.String(length=4), nullable=True))
    op.add_column("tokens", sa.Column("days", sa.Integer(), nullable=True))
    op.add_column("tokens", sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("tokens", sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True))
    tokens = sa.table("tokens", *(sa.column(name) for name in ("company_id", "days", "expires_at")))
    for owned, days in ((tokens.c.company_id.is_not(None), COMPANY_DAYS), (tokens.c.company_id.is_(None), STAFF_DAYS)):
        op.execute(tokens.update().where(owned).values(days=days, expires_at=_in_days(days)))
    with op.batch_alter_table("tokens") as batch:  # nothing points to tokens
        batch.alter_column("days", existing_type=sa.Integer(), nullable=False)
        batch.alter_column("expires_at", existing_type=sa.DateTime(timezone=True), nullable=False)
        batch.create_check_constraint(op.f("ck_tokens_scope"), SCOPES)
        batch.create_check_constraint(op.f("ck_tokens_owner"), OWNER)


def _in_days(days: int) -> sa.BindParameter[datetime]:
    moment = datetime.now(UTC) + timedelta(days=days)
    if op.get_bind().dialect.name == "sqlite":
        moment = moment.replace(tzinfo=None)  # as the tables keep it
    return sa.literal(moment, sa.DateTime(timezone=True))


def downgrade() -> None:
    """Takes it back; tokens of integrations would be nobody's and end."""
    op.execute(sa.text("DELETE FROM tokens WHERE scope = 'integration'"))
    with op.batch_alter_table("tokens") as batch:
        batch.drop_constraint(op.f("ck_tokens_owner"), type_="check")
        batch.drop_constraint(op.f("ck_tokens_scope"), type_="check")
        for column in ("last_used_at", "expires_at", "days", "hint", "scope"):
            batch.drop_column(column)
