"""The audit log, whose rows nobody changes or removes."""

import sqlalchemy as sa
from alembic import op

revision = "20261125_keep_audit"
down_revision = "20261125_ask_consent"
branch_labels = None
depends_on = None

TABLES = ("audit", "audit_subjects")
REFUSAL = "The audit log is append-only."
SQLITE_GAP = """CREATE TRIGGER audit_grows_at_its_end BEFORE INSERT ON audit
WHEN NEW.number <> (SELECT coalesce(max(number), 0) + 1 FROM audit)
BEGIN SELECT RAISE(ABORT, 'The audit log grows at its end only.'); END"""
"""Without it INSERT OR REPLACE would take a row's place, for which SQLite asks no DELETE trigger."""


def upgrade() -> None:
    """Applies the change."""
    op.create_table(
        "audit",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("act", sa.String(length=32), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("details", sa.Text(), nullable=False),
        sa.Column("request", sa.Text(), nullable=True),
        sa.Column("previous", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_audit")),
        sa.UniqueConstraint("hash", name=op.f("uq_audit_hash")),
    )
    for column in ("at", "by", "act"):
        op.create_index(f"ix_audit_{column}", "audit", [column])
    op.create_table(
        "audit_subjects",
        sa.Column("subject", sa.String(length=80), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("subject", "number", name=op.f("pk_audit_subjects")),
    )
    op.create_index(op.f("ix_audit_subjects_number"), "audit_subjects", ["number"])
    for statement in _triggers(op.get_bind().dialect.name):
        op.execute(statement)


def downgrade() -> None:
    """Takes it back."""
    for table in reversed(TABLES):
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION refuse_to_forget()")


def _triggers(dialect: str) -> list[str]:
    if dialect == "sqlite":
        refused = [
            f"CREATE TRIGGER {table}_keeps_rows_on_{event.lower()} BEFORE {event} ON {table}"
            f" BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END"
            for table in TABLES
            for event in ("UPDATE", "DELETE")
        ]
        return [*refused, SQLITE_GAP]
    function = (
        "CREATE OR REPLACE FUNCTION refuse_to_forget() RETURNS trigger LANGUAGE plpgsql AS"
        f" $$ BEGIN RAISE EXCEPTION '{REFUSAL}'; END $$"
    )
    refused = [
        f"CREATE TRIGGER {table}_keeps_{what} BEFORE {events} ON {table}"
        f" FOR EACH {each} EXECUTE FUNCTION refuse_to_forget()"
        for table in TABLES
        for what, events, each in (("rows", "UPDATE OR DELETE", "ROW"), ("all", "TRUNCATE", "STATEMENT"))
    ]
    return [function, *refused]
