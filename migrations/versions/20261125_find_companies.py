"""Search words in any script, likely duplicates, merges, and a history of status changes."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from matching import COUNTRIES, Identity, likeness_keys, name_lines, normal_name, word_line

revision = "20261125_find_companies"
down_revision = "20261125_name_tokens"
branch_labels = None
depends_on = None

AT_ONCE = 500
Company = sa.RowMapping


def upgrade() -> None:
    """Applies the change."""
    search_texts = op.create_table(
        "search_texts",
        _company("company_id"),
        sa.Column("names", sa.Text(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        _belongs("search_texts", "company_id"),
        sa.PrimaryKeyConstraint("company_id", name=op.f("pk_search_texts")),
    )
    likeness_keys_table = op.create_table(
        "likeness_keys",
        sa.Column("key", sa.String(length=120), nullable=False),
        _company("company_id"),
        _belongs("likeness_keys", "company_id"),
        sa.PrimaryKeyConstraint("key", "company_id", name=op.f("pk_likeness_keys")),
    )
    op.create_index("ix_likeness_keys_company_id", "likeness_keys", ["company_id"])
    op.create_table(
        "not_duplicates",
        _company("first_id"),
        _company("second_id"),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        _belongs("not_duplicates", "first_id"),
        _belongs("not_duplicates", "second_id"),
        sa.PrimaryKeyConstraint("first_id", "second_id", name=op.f("pk_not_duplicates")),
    )
    op.create_index("ix_not_duplicates_second_id", "not_duplicates", ["second_id"])
    op.create_table(
        "status_changes",
        sa.Column("id", sa.String(length=32), nullable=False),
        _company("company_id"),
        sa.Column("before", sa.String(length=16), nullable=False),
        sa.Column("after", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("by", sa.Text(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        _belongs("status_changes", "company_id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_status_changes")),
    )
    op.create_index("ix_status_changes_company_id", "status_changes", ["company_id"])
    _create_merges()
    _fill(search_texts, likeness_keys_table)
    op.drop_column(
        "companies", "search_text"
    )  # not in a batch: SQLite would drop the table, and all that belongs to it


def downgrade() -> None:
    """Takes it back; a search finds nothing again until a company is changed."""
    op.add_column("companies", sa.Column("search_text", sa.Text(), nullable=False, server_default=""))
    for table in ("merges", "status_changes", "not_duplicates", "likeness_keys", "search_texts"):
        op.drop_table(table)


def _company(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.String(length=32), nullable=False)


def _belongs(table: str, column: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        [column], ["companies.id"], name=op.f(f"fk_{table}_{column}_companies"), ondelete="CASCADE"
    )


def _create_merges() -> None:
    document = sa.JSON(none_as_null=True)
    op.create_table(
        "merges",
        sa.Column("id", sa.String(length=32), nullable=False),
        _company("kept_id"),
        sa.Column("kept_name", sa.Text(), nullable=False),
        _company("merged_id"),
        sa.Column("merged_name", sa.Text(), nullable=False),
        sa.Column("country", sa.String(length=2), nullable=False),
        sa.Column("registration_number", sa.String(length=20), nullable=True),
        sa.Column("normal_name", sa.Text(), nullable=False),
        sa.Column("kept_version", sa.Integer(), nullable=False),
        sa.Column("merged_version", sa.Integer(), nullable=False),
        sa.Column("kept_before", document, nullable=True),
        sa.Column("kept_after", document, nullable=True),
        sa.Column("merged", document, nullable=True),
        sa.Column("rows", document, nullable=True),
        sa.Column("joined", sa.JSON(), nullable=False),
        sa.Column("decisions", sa.JSON(), nullable=False),
        sa.Column("tokens_moved", sa.Boolean(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("undone_by", sa.Text(), nullable=True),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_merges")),
    )
    op.create_index("ix_merges_kept_id", "merges", ["kept_id"])
    op.create_index("ix_merges_merged_id", "merges", ["merged_id"])
    op.create_index("ix_merges_country_registration_number", "merges", ["country", "registration_number"])


def _fill(search_texts: sa.Table, keys: sa.Table) -> None:
    connection = op.get_bind()
    tables = sa.MetaData()
    companies = sa.Table("companies", tables, autoload_with=connection)
    listings = sa.Table("listings", tables, autoload_with=connection)
    ids = list(connection.scalars(sa.select(companies.c.id).order_by(companies.c.id)))
    for start in range(0, len(ids), AT_ONCE):
        batch = ids[start : start + AT_ONCE]
        texts: dict[str, list[str | None]] = {company_id: [] for company_id in batch}
        present = listings.c.company_id.in_(batch) & listings.c.ended_at.is_(None)
        for row in connection.execute(
            sa.select(listings.c.company_id, listings.c.title, listings.c.text).where(present)
        ):
            texts[row.company_id] += [row.title, row.text]
        rows = connection.execute(sa.select(companies).where(companies.c.id.in_(batch))).mappings().all()
        connection.execute(sa.insert(search_texts), [_search_text(row, texts[row["id"]]) for row in rows])
        connection.execute(
            sa.insert(keys), [{"company_id": row["id"], "key": key} for row in rows for key in _keys(row)]
        )


def _search_text(row: Company, texts: list[str | None]) -> dict[str, Any]:
    number = row["registration_number"] or ""
    legal = normal_name(row["legal_name"], COUNTRIES[row["country"]]), row["legal_name"]
    names = (*legal, row["trading_name"], number, number.replace(" ", ""))
    phone = "".join(letter for letter in row["contact_phone"] or "" if letter.isdigit())
    own = [row[name] for name in ("city", "website", "contact_email", "contact_name")]
    return {
        "company_id": row["id"],
        "names": name_lines(name for name in names if name),
        "words": word_line(text for text in (*own, phone, row["summary"], *texts) if text),
    }


def _keys(row: Company) -> list[str]:
    names = ("country", "legal_name", "trading_name", "registration_number", "website", "summary")
    own = {name: row[name] for name in names}
    return likeness_keys(Identity(**own, email=row["contact_email"], phone=row["contact_phone"]))
