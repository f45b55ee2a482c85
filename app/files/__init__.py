"""Files of companies: JSON Lines, CSV and Excel in, rows with their line numbers out; and JSON Lines out."""

from app.files.columns import COMPANY_COLUMNS, LISTING_COLUMNS, SEVERAL, TARGETS
from app.files.layouts import Layout, changed_layout, proposed_layout
from app.files.mending import mendable_csv, mendable_workbook
from app.files.rows import Row, as_line, count_lines, is_table, layout_of, read_rows
from app.files.sources import Source
from app.files.tables import first_rows

__all__ = [
    "COMPANY_COLUMNS",
    "LISTING_COLUMNS",
    "SEVERAL",
    "TARGETS",
    "Layout",
    "Row",
    "Source",
    "as_line",
    "changed_layout",
    "count_lines",
    "first_rows",
    "is_table",
    "layout_of",
    "mendable_csv",
    "mendable_workbook",
    "proposed_layout",
    "read_rows",
]
