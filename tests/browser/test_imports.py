"""Importing a list as officers do it, with scripts and without."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import delete

from app.db.companies import Company
from app.db.imports import Import
from app.jobs.imports import Importer
from app.jobs.worker import Worker
from tests.app.jobs.test_imports import russian_list
from tests.browser.conftest import Visits
from tests.browser.served import Site
from tests.browser.test_accessibility import complaints_of_axe, too_wide

HOME = "/console/imports"
SMALL = {"width": 360, "height": 740}


@pytest.fixture
def workers(site: Site) -> Iterator[None]:
    """The background work that a server does."""
    importer = Importer(site.database)
    running = [Worker("checker", importer.check), Worker("importer", importer.run)]
    for worker in running:
        worker.start()
    yield
    importer.stop()
    for worker in running:
        worker.stop()


@pytest.fixture(autouse=True)
def nothing_remembered(site: Site) -> None:
    """No list was imported before, whose columns would be taken for those of the next one."""
    with site.database.writing() as session:
        session.execute(delete(Import))
        session.execute(delete(Company).where(Company.legal_name.startswith("ТОО «Ұн ")))


@pytest.fixture
def listed(tmp_path: Path) -> Path:
    path = tmp_path / "Список.xlsx"
    path.write_bytes(russian_list())
    return path


def looked_at(page: Page, name: str) -> None:
    """Keeps pictures of a step, wide and narrow, light and dark, and lets axe look at it."""
    folder = Path(__file__).parents[2] / "var" / "screenshots"
    folder.mkdir(parents=True, exist_ok=True)
    wide = page.viewport_size
    assert wide is not None
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
        assert complaints_of_axe(page) == []
        for size in (wide, SMALL):
            page.set_viewport_size({"width": size["width"], "height": size["height"]})
            page.screenshot(path=folder / f"import-{name}-{scheme}-{size['width']}.png", full_page=True)
    assert too_wide(page) == []
    page.emulate_media(color_scheme="light")
    page.set_viewport_size({"width": wide["width"], "height": wide["height"]})


def checked(page: Page, listed: Path) -> None:
    page.goto(HOME)
    page.get_by_label("Excel or CSV list").set_input_files(listed)
    page.get_by_role("button", name="Upload").click()
    page.get_by_label("Country", exact=True).last.select_option("KZ")
    page.get_by_role("button", name="Check the list").click()


@pytest.mark.usefixtures("workers")
def test_list_is_imported_step_by_step(page: Page, listed: Path) -> None:
    page.goto(HOME)
    looked_at(page, "list")
    page.get_by_label("Excel or CSV list").set_input_files(listed)
    page.get_by_role("button", name="Upload").click()
    expect(page.get_by_text("Not found yet: Country")).to_be_visible()
    expect(page.get_by_label("БИН")).to_have_value("registration_number")
    looked_at(page, "columns")
    page.get_by_label("Country", exact=True).last.select_option("KZ")
    page.get_by_role("button", name="Check the list").click()
    expect(page.get_by_role("heading", name="Faulty rows")).to_be_visible()  # by itself, when the check is done
    looked_at(page, "check")
    page.get_by_label("The council vouches for these firms").check()
    page.get_by_role("button", name="Import the good rows").click()
    expect(page.get_by_text("The list is imported.")).to_be_visible()
    looked_at(page, "done")
    with page.expect_download() as download:
        page.get_by_role("link", name="Faulty rows as Excel").click()
    assert download.value.suggested_filename == "faulty.xlsx"
    page.goto(HOME)
    looked_at(page, "lists")


def test_progress_stop_and_going_on(page: Page, site: Site, listed: Path) -> None:
    checked(page, listed)
    expect(page.get_by_role("heading", name="The list is being checked")).to_be_visible()
    Importer(site.database).check()
    page.get_by_role("button", name="Import the good rows").click()
    expect(page.get_by_role("progressbar")).to_be_visible()
    looked_at(page, "progress")
    page.get_by_role("button", name="Stop the import").click()
    expect(page.get_by_text("The import was stopped")).to_be_visible()
    page.get_by_role("button", name="Go on").click()
    Importer(site.database).run()
    expect(page.get_by_text("The list is imported.")).to_be_visible()


def test_list_dropped_on_the_page_is_uploaded(page: Page) -> None:
    page.goto(HOME)
    page.evaluate(
        """() => {
          const data = new DataTransfer();
          data.items.add(new File(["Company name;Sector\\nA;it\\n"], "dropped.csv"));
          const drop = new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true });
          document.querySelector(".drop").dispatchEvent(drop);
        }"""
    )
    expect(page.get_by_role("heading", name="dropped.csv")).to_be_visible()


@pytest.mark.usefixtures("workers")
def test_everything_works_without_scripts(visits: Visits, listed: Path) -> None:
    page = visits.open("reviewer", java_script_enabled=False)
    checked(page, listed)
    expect(page.get_by_role("button", name="Import the good rows")).to_be_visible(timeout=15_000)
    page.get_by_role("button", name="Import the good rows").click()
    expect(page.get_by_text("The list is imported.")).to_be_visible(timeout=15_000)
