"""The page for those who run it says what the program does."""

import re
import runpy
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from app.checks import ServiceFigures
from app.db import Database
from app.settings import PREFIX, Settings
from app.watch.figures import REGISTRY, exposed

PAGE = Path(__file__).parents[2] / "docs" / "operations.md"


def test_table_of_settings_is_that_of_the_class() -> None:
    script = runpy.run_path(str(PAGE.with_name("settings_table.py")))
    page = PAGE.read_text(encoding="utf-8")
    assert page == script["written"](page), "run: uv run python docs/settings_table.py"
    assert all(f"`{PREFIX}{name.upper()}`" in page for name in Settings.model_fields)


def test_variables_that_the_page_names_are_settings() -> None:
    named = set(re.findall(r"CARAVAN_[A-Z_]+[A-Z]", PAGE.read_text(encoding="utf-8")))
    assert named <= {PREFIX + name.upper() for name in Settings.model_fields}


def test_figures_that_the_page_names_are_told(sqlite_settings: Settings) -> None:
    database = Database(sqlite_settings)
    text = exposed(ServiceFigures(database, sqlite_settings)).decode()
    database.dispose()
    families = {family.name for family in text_string_to_metric_families(text)} | {
        metric.name for metric in REGISTRY.collect()
    }
    only_with_rows = {"caravan_jobs_oldest_seconds", "caravan_backup_age_seconds"}
    named = set(re.findall(r"\bcaravan_[a-z_]+", PAGE.read_text(encoding="utf-8")))
    assert {name.removesuffix("_total").removesuffix("_bucket") for name in named} - only_with_rows <= families
