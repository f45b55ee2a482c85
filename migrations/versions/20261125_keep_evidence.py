"""The needs that stored pairs meet, as rows; and when a pair was stored first."""

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "20261125_keep_evidence"
down_revision = "20261125_open_console"
branch_labels = None
depends_on = None

AT_ONCE = 500
SUPPLIES = "_supplies"

pairs = sa.table(
    "pairs",
    sa.column("id", sa.String),
    sa.column("picture", sa.JSON),
    sa.column("computed_at"),
    sa.column("found_at"),
)


def upgrade() -> None:
    """Applies the change."""
    with op.batch_alter_table("pairs") as batch_op:
        batch_op.add_column(sa.Column("found_at", sa.DateTime(timezone=True), nullable=True))
    op.execute(sa.update(pairs).values(found_at=pairs.c.computed_at))
    with op.batch_alter_table("pairs") as batch_op:
        batch_op.alter_column("found_at", existing_type=sa.DateTime(timezone=True), nullable=False)
        batch_op.create_index("ix_pairs_found_at", ["found_at"])
    evidence = op.create_table(
        "pair_evidence",
        sa.Column("pair_id", sa.String(length=65), nullable=False),
        sa.Column("need_listing_id", sa.String(length=32), nullable=False),
        sa.Column("offer_listing_id", sa.String(length=32), nullable=False),
        sa.Column("relevance", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["pair_id"], ["pairs.id"], name=op.f("fk_pair_evidence_pair_id_pairs"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("pair_id", "need_listing_id", "offer_listing_id", name=op.f("pk_pair_evidence")),
    )
    op.create_index(op.f("ix_pair_evidence_need_listing_id"), "pair_evidence", ["need_listing_id"])
    _fill(evidence)


def downgrade() -> None:
    """Takes it back."""
    op.drop_table("pair_evidence")
    with op.batch_alter_table("pairs") as batch_op:
        batch_op.drop_index("ix_pairs_found_at")
        batch_op.drop_column("found_at")


def _fill(evidence: sa.Table) -> None:
    """From the stored pictures."""
    connection = op.get_bind()
    ids = connection.scalars(sa.select(pairs.c.id)).all()
    for start in range(0, len(ids), AT_ONCE):
        read = sa.select(pairs.c.id, pairs.c.picture).where(pairs.c.id.in_(ids[start : start + AT_ONCE]))
        rows = [row for pair_id, picture in connection.execute(read) for row in _needs_met(pair_id, picture)]
        if rows:
            connection.execute(sa.insert(evidence), rows)


def _needs_met(pair_id: str, picture: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for one in picture["evidence"]:
        if one["direction"].endswith(SUPPLIES):
            offering = one["direction"].removesuffix(SUPPLIES)
            needing = next(side for side in picture["companies"] if side != offering)
            yield {
                "pair_id": pair_id,
                "need_listing_id": one[needing]["listing_id"],
                "offer_listing_id": one[offering]["listing_id"],
                "relevance": one["relevance"],
            }
