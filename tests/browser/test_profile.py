"""Two people of one firm change its profile at the same time."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Visits

pytestmark = pytest.mark.slow


def test_second_change_is_warned_of_the_first_and_loses_nothing(visits: Visits) -> None:
    visits.expected.append("409")
    first, second = visits.open("firm"), visits.open("firm")
    for page in (first, second):
        page.goto("/me/profile")
    first.locator("#city").fill("Rudny")
    first.get_by_role("button", name="Save", exact=True).click()
    expect(first.get_by_text("Saved.")).to_be_visible()
    second.locator("#city").fill("Lisakovsk")
    second.locator("#founded").fill("1999")
    second.get_by_role("button", name="Save", exact=True).click()
    warning = second.locator("#problems")
    expect(warning).to_be_focused()
    expect(second.locator("table.changes")).to_contain_text("Rudny")
    expect(second.locator("#city")).to_have_value("Lisakovsk")
    expect(second.locator("#founded")).to_have_value("1999")
    second.get_by_role("button", name="Save anyway").click()
    expect(second.get_by_text("Saved.")).to_be_visible()
    first.reload()
    expect(first.locator("#city")).to_have_value("Lisakovsk")
