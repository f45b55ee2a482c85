"""The review queue as officers use it: by keyboard, by two at once, and without scripts."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Visits
from tests.browser.served import Site, email_of

HERE = "tr.here"
SAVED = re.compile("1 decision saved")


def queue(page: Page, address: str = "/console") -> Page:
    page.goto(address)
    return page


def title(page: Page) -> Locator:
    """The heading of the match that is opened."""
    return page.locator("#match h2")


def names(site: Site, count: int) -> list[str]:
    """The first matches of the queue as they are headed."""
    heads = []
    for pair in site.best(count):
        firms = [pair.picture["companies"][side]["name"] for side in sorted(pair.picture["companies"])]
        heads.append(" – ".join(firms))
    return heads


def test_keys_move_and_open(page: Page, site: Site) -> None:
    first, second, third = names(site, 3)
    queue(page)
    expect(title(page)).to_have_text(first)
    page.keyboard.press("j")
    expect(title(page)).to_have_text(second)
    page.keyboard.press("j")
    expect(title(page)).to_have_text(third)
    page.keyboard.press("k")
    expect(title(page)).to_have_text(second)
    expect(page.locator(HERE)).to_have_count(1)
    expect(page.locator(HERE)).to_contain_text(second.split(" – ")[0])
    expect(page).to_have_url(re.compile(f"match={site.best(2)[1].id}"))


def test_key_approves_and_goes_on_to_the_next(page: Page, site: Site) -> None:
    best = site.best(1)[0].id
    _, second = names(site, 2)
    queue(page)
    page.keyboard.press("a")
    expect(page.get_by_text(SAVED).first).to_be_visible()
    expect(title(page)).to_have_text(second)
    decided = site.pair(best)
    assert (decided.status, decided.decided_by) == ("approved", email_of("reviewer"))
    page.keyboard.press("j")  # the keyboard goes on without a click
    expect(title(page)).not_to_have_text(second)


def test_keys_reject_with_a_reason(page: Page, site: Site) -> None:
    best = site.best(1)[0].id
    queue(page)
    page.keyboard.press("r")
    page.keyboard.press("2")
    expect(page.get_by_text(SAVED).first).to_be_visible()
    decided = site.pair(best)
    assert (decided.status, decided.reason) == ("rejected", "wrong_scale")


def test_key_defers_and_undo_brings_it_back(page: Page, site: Site) -> None:
    best = site.best(1)[0].id
    (first,) = names(site, 1)
    queue(page)
    page.keyboard.press("d")
    expect(page.get_by_text(SAVED).first).to_be_visible()
    assert site.pair(best).status == "deferred"
    page.keyboard.press("u")
    expect(page.locator(".notice.good")).to_have_text("Taken back: 1 decision")
    expect(title(page)).to_have_text(first)
    assert site.pair(best).status == "pending"


def test_help_opens_and_closes(page: Page) -> None:
    queue(page)
    page.keyboard.press("?")
    expect(page.locator("#help")).to_be_visible()
    page.keyboard.press("a")  # decides nothing behind the dialog
    page.keyboard.press("Escape")
    expect(page.locator("#help")).to_be_hidden()
    expect(page.get_by_text(SAVED)).to_have_count(0)


def test_keys_do_nothing_while_someone_types(page: Page, site: Site) -> None:
    (first,) = names(site, 1)
    queue(page)
    page.keyboard.press("/")
    expect(page.locator("#q")).to_be_focused()
    page.keyboard.type("jardu")
    expect(page.locator("#q")).to_have_value("jardu")
    page.keyboard.press("Escape")
    page.keyboard.press("n")
    expect(page.locator("#note")).to_be_focused()
    page.keyboard.type("a card, r 2")
    expect(page.locator("#note")).to_have_value("a card, r 2")
    expect(title(page)).to_have_text(first)
    assert {pair.status for pair in site.best(50)} == {"pending"}


def test_filters_stay_in_the_address(page: Page, site: Site) -> None:
    site_of_first = site.best(1)[0].picture["companies"]
    word = next(iter(site_of_first.values()))["name"].split()[-1].strip("«»")
    queue(page)
    before = page.locator("tr[data-match]").count()
    page.locator("#q").fill(word)
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("q="))
    expect(page.locator("tr[data-match]")).not_to_have_count(before)
    narrowed = page.locator("tr[data-match]").count()
    assert 0 < narrowed < before
    page.select_option("#band", "possible")
    expect(page).to_have_url(re.compile("band=possible"))
    page.reload()
    expect(page.locator("#q")).to_have_value(word)
    expect(page.locator("#band")).to_have_value("possible")
    page.go_back()
    expect(page).not_to_have_url(re.compile("band="))
    expect(page.locator("#band")).to_have_value("")
    expect(page.locator("tr[data-match]")).to_have_count(narrowed)


def test_second_reviewer_learns_who_decided_and_loses_nothing(visits: Visits, site: Site) -> None:
    visits.expected.append("409")
    best = site.best(1)[0].id
    mine, theirs = visits.open("reviewer"), visits.open("colleague")
    for page in (mine, theirs):
        queue(page)
    mine.keyboard.press("a")
    expect(mine.get_by_text(SAVED).first).to_be_visible()
    theirs.locator("#note").fill("They are too small")
    theirs.locator('#decide input[value="wrong_scale"]').check()
    theirs.locator("#decide").get_by_role("button", name="Reject").click()
    notice = theirs.get_by_role("alert")
    expect(notice).to_contain_text("Your decision was not saved.")
    expect(notice).to_contain_text(email_of("reviewer"))
    expect(theirs.locator("#note")).to_have_value("They are too small")
    expect(theirs.locator('#decide input[value="wrong_scale"]')).to_be_checked()
    assert site.pair(best).status == "approved"
    theirs.locator("#decide").get_by_role("button", name="Reject").click()  # having seen it, it stands
    expect(theirs.get_by_text(SAVED).first).to_be_visible()
    decided = site.pair(best)
    assert (decided.status, decided.note, decided.decided_by) == (
        "rejected",
        "They are too small",
        email_of("colleague"),
    )


def test_many_are_decided_at_once_and_taken_back_at_once(page: Page, site: Site) -> None:
    ids = [pair.id for pair in site.best(3)]
    queue(page)
    page.keyboard.press("x")
    page.keyboard.press("j")
    page.keyboard.press("j")
    expect(page.locator(HERE)).to_have_attribute("data-match", ids[2])
    page.keyboard.press("x")
    page.select_option("#many-reason", "capacity")
    page.locator(".bulk").get_by_role("button", name="Reject").click()
    expect(page.locator(".notice.good")).to_contain_text("2 decisions saved.")
    assert [site.pair(one).status for one in ids] == ["rejected", "pending", "rejected"]
    page.locator(".notice").get_by_role("button", name="Undo").click()
    expect(page.locator(".notice.good")).to_have_text("Taken back: 2 decisions")
    assert [site.pair(one).status for one in ids] == ["pending"] * 3


def test_viewer_sees_matches_and_no_form_to_decide(visits: Visits) -> None:
    page = queue(visits.open("viewer"))
    expect(title(page)).to_be_visible()
    expect(page.locator("#decide, .bulk, input[name=pick]")).to_have_count(0)
    page.keyboard.press("a")
    page.keyboard.press("j")
    expect(page.locator("tr[data-match]").nth(1)).to_have_class("here")


def test_everything_works_without_scripts(visits: Visits, site: Site) -> None:
    ids = [pair.id for pair in site.best(3)]
    _, second = names(site, 2)
    page = queue(visits.open("reviewer", java_script_enabled=False))
    page.select_option("#band", "possible")
    page.get_by_role("button", name="Show").click()
    expect(page).to_have_url(re.compile("band=possible"))
    page.locator(".pair a").nth(1).click()
    expect(title(page)).to_have_text(second)
    expect(page).to_have_url(re.compile("band=possible"))  # kept while working
    page.locator("#note").fill("Meet in Lagos")
    page.locator("#decide").get_by_role("button", name="Approve").click()
    expect(page.get_by_text(SAVED)).to_be_visible()
    assert (site.pair(ids[1]).status, site.pair(ids[1]).note) == ("approved", "Meet in Lagos")
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".notice.good")).to_have_text("Taken back: 1 decision")
    for number in (0, 2):
        page.locator("input[name=pick]").nth(number).check()
    page.locator(".bulk").get_by_role("button", name="Defer").click()
    expect(page.locator(".notice.good")).to_contain_text("2 decisions saved.")
    assert [site.pair(one).status for one in ids] == ["deferred", "pending", "deferred"]


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
def test_opened_match_is_what_a_narrow_screen_shows(visits: Visits, site: Site, *, scripts: bool) -> None:
    _, second = names(site, 2)
    page = visits.open("reviewer", viewport={"width": 390, "height": 800}, java_script_enabled=scripts)
    queue(page)
    expect(title(page)).to_be_hidden()
    page.locator(".pair a").nth(1).click()
    expect(title(page)).to_have_text(second)
    expect(title(page)).to_be_in_viewport()
