"""The register as officers use it: search as they type, a status, two entries made one and parted again."""

import re

from playwright.sync_api import Page, expect

from tests.browser.conftest import Visits
from tests.browser.served import Site

LINKS = "#found tbody a"


def test_list_follows_what_is_typed(page: Page, site: Site) -> None:
    site.twins()
    page.goto("/console/companies")
    box = page.locator("#q")
    box.press_sequentially("kos diir", delay=20)
    expect(page.locator(LINKS)).to_have_count(2)
    expect(page.locator("#found mark", has_text="Қос").first).to_be_visible()
    expect(page).to_have_url(re.compile(r"/console/companies\?q=kos\+diir$"))
    expect(box).to_be_focused()
    box.press_sequentially("zz")
    expect(page.locator("#found")).to_contain_text("No company is found.")
    box.fill("diirmen")
    expect(page.locator(LINKS)).to_have_count(2)


def test_filters_keep_what_is_typed_and_so_does_another_language(page: Page, site: Site) -> None:
    site.twins()
    page.goto("/console/companies")
    page.locator("#q").press_sequentially("diirmen")
    expect(page.locator(LINKS)).to_have_count(2)
    page.select_option("#country", "NG")
    expect(page.locator("#found")).to_contain_text("No company is found.")
    expect(page.locator("#region option[value^=KZ]")).to_have_count(0)
    expect(page.locator("#q")).to_have_value("diirmen")
    page.select_option("#country", "KZ")
    expect(page.locator(LINKS)).to_have_count(2)
    page.get_by_role("link", name="Русский").click()
    expect(page.locator("h1")).to_have_text("Реестр")
    expect(page.locator("#q")).to_have_value("diirmen")
    expect(page.locator("#country")).to_have_value("KZ")
    expect(page.locator(LINKS)).to_have_count(2)


def test_status_is_changed_with_its_reason(page: Page, site: Site) -> None:
    page.goto(f"/console/companies/{site.twins()[0]}")
    page.get_by_label("suspended").check()
    page.get_by_role("button", name="Change the status").click()
    expect(page.get_by_label("Reason")).to_be_focused()  # the browser asks for it
    page.get_by_label("Reason").fill("Asked to wait.")
    page.get_by_role("button", name="Change the status").click()
    expect(page.get_by_role("status").first).to_contain_text("The status is saved.")
    expect(page.locator(".history li").first).to_contain_text("Asked to wait.")
    page.get_by_label("to be verified").check()
    page.get_by_label("Reason").fill("It answered.")
    page.get_by_role("button", name="Change the status").click()
    expect(page.locator(".history li").first).to_contain_text("suspended → to be verified")


def test_two_entries_are_merged_and_parted_without_scripts(visits: Visits, site: Site) -> None:
    kept, other = site.twins()
    page = visits.open("reviewer", java_script_enabled=False)
    page.goto("/console/companies?q=diirmen")
    expect(page.locator(LINKS)).to_have_count(2)
    page.goto("/console/duplicates")
    page.locator(f'a[href*="{kept}"][href*="{other}"]').click()
    expect(page.locator("h1")).to_have_text("Two entries side by side")
    page.locator('input[name="legal_name"][value="merged"]').check()
    page.get_by_role("button", name="Merge").click()
    expect(page.get_by_role("status").first).to_have_text("Merged.")
    page.goto("/console/companies?q=diirmen")
    expect(page.locator(LINKS)).to_have_count(1)
    page.goto("/console/merges")
    page.locator("tbody a").first.click()
    page.get_by_role("button", name="Undo the merge").click()
    expect(page.get_by_role("status").first).to_contain_text("as they were before")
    page.goto("/console/companies?q=diirmen")
    expect(page.locator(LINKS)).to_have_count(2)


def test_not_a_duplicate_is_remembered_until_it_is_taken_back(page: Page, site: Site) -> None:
    kept, other = site.twins()
    page.goto(f"/console/duplicates/{kept}/{other}")
    page.get_by_role("button", name="Not a duplicate").click()
    expect(page.locator(f'main a[href*="{kept}"][href*="{other}"]')).to_have_count(0)
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("button", name="Not a duplicate")).to_be_visible()
