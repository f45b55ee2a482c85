"""The API's documentation under its Content-Security-Policy: it shows operations and asks them."""

from playwright.sync_api import expect

from tests.browser.conftest import Visits


def test_documentation_shows_and_asks_without_a_complaint(visits: Visits) -> None:
    page = visits.open()
    page.goto("/docs")
    operation = page.locator(".opblock", has_text="List the sectors")
    operation.locator(".opblock-summary-control").click()
    operation.get_by_role("button", name="Try it out").click()
    operation.get_by_role("button", name="Execute").click()
    expect(operation.locator(".live-responses-table .response-col_status").last).to_contain_text("200")
    expect(operation.locator(".live-responses-table")).to_contain_text("agriculture")
