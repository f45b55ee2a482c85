from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from itertools import product
from math import log2

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matching import SECTORS, SIZES, Listing, Match, Matcher, Place, Profile, Relevance, Status, Volume, Wanted
from matching.index import Register, Snapshot
from tests.factories import need, offer, profile

pytestmark = pytest.mark.slow

TODAY = date(2026, 7, 1)
YESTERDAY = date(2026, 6, 30)
EVERYBODY = 100
RELEVANCE = Relevance()
TITLES = ("Wheat flour", "Мука пшеничная", "Какао-бобы", "Cocoa beans", "Flour mill", "Wheat", "quality goods", "🌾")
LISTINGS: tuple[Listing, ...] = (
    *map(offer, TITLES),
    *map(need, TITLES),
    offer("Milling of grain", kind="service", isic_codes=("1061",)),
    need("Investment in a mill", kind="investment"),
    offer("Cocoa", volume=Volume(10, "t", "month"), certificates=("ISO 22000", "HACCP")),
    need("Cocoa", volume=Volume(1000, "kg", "week"), certificates=("haccp",)),
    offer("Wheat of last year", valid_until=YESTERDAY),
    need("Wheat flour", hs_codes=("1101",), valid_until=TODAY),
)
COMPANIES = [f"{country}-{number}" for country in ("KZ", "NG", "UZ") for number in range(4)]


@st.composite
def profiles(draw: st.DrawFn, company_id: str) -> Profile:
    statuses: tuple[Status, ...] = ("verified", "verified", "submitted", "suspended")
    return profile(
        company_id,
        company_id[:2],
        *draw(st.lists(st.sampled_from(LISTINGS), max_size=4)),
        sectors=frozenset(draw(st.sets(st.sampled_from(SECTORS[:3]), min_size=1, max_size=2))),
        status=draw(st.sampled_from(statuses)),
        size=draw(st.sampled_from([None, *SIZES[:2]])),
        languages=draw(st.sampled_from([frozenset(), frozenset({"ru"}), frozenset({"ru", "en"})])),
    )


@st.composite
def registers(draw: st.DrawFn) -> list[Profile]:
    return [draw(profiles(company_id)) for company_id in COMPANIES]


Change = tuple[list[Profile], list[str], bool]


@st.composite
def changes(draw: st.DrawFn) -> list[Change]:
    found: list[Change] = []
    for _ in range(draw(st.integers(1, 8))):
        put = draw(st.lists(st.sampled_from(COMPANIES), max_size=3, unique=True))
        drop = draw(st.lists(st.sampled_from(COMPANIES), max_size=3, unique=True))
        names = [name for name in drop if name not in put]
        found.append(([draw(profiles(name)) for name in put], names, draw(st.booleans())))
    return found


def matcher_of(firms: Iterable[Profile], least_inverted: int = 1) -> Matcher:
    """Every part is inverted, so that what is heard and what is not both come up in small registers."""
    matcher = Matcher(register=Register(least_inverted=least_inverted, full=2))
    matcher.change(put=list(firms))
    return matcher


def ranked(matcher: Matcher, company_id: str, wanted: Wanted = Wanted(), limit: int = EVERYBODY) -> list[Place]:
    ranking = matcher.rank(company_id, today=TODAY, limit=limit, wanted=wanted)
    return [place_of(match) for match in ranking.matches]


def place_of(match: Match) -> Place:
    return match.probability, match.theirs.id


def worst_last(place: Place) -> tuple[float, str]:
    return -place[0], place[1]


def naive(matcher: Matcher, firms: Iterable[Profile], asker: Profile, wanted: Wanted) -> list[Place]:
    places = [
        place_of(matcher.pair(asker.id, firm.id, today=TODAY))
        for firm in firms
        if firm.country != asker.country
        and firm.status in wanted.statuses
        and (wanted.sector is None or wanted.sector in firm.sectors)
    ]
    after = wanted.after
    return sorted(
        (
            place
            for place in places
            if place[0] >= wanted.least and (after is None or worst_last(place) > worst_last(after))
        ),
        key=worst_last,
    )


@settings(max_examples=25, deadline=None)
@given(changes())
def test_changed_register_answers_like_one_built_at_once(steps: list[Change]) -> None:
    matcher = matcher_of(())
    alive: dict[str, Profile] = {}
    for put, drop, tidies in steps:
        matcher.change(put=put, drop=drop)
        alive |= {firm.id: firm for firm in put}
        alive = {company_id: firm for company_id, firm in alive.items() if company_id not in drop}
        if tidies:
            matcher.register.tidy()
    built = matcher_of(alive.values(), least_inverted=1000)
    assert len(matcher) == len(built) == len(alive)
    for company_id in alive:
        expected = ranked(built, company_id)
        found = ranked(matcher, company_id)
        assert found == expected
    for company_id in set(COMPANIES) - set(alive):
        with pytest.raises(KeyError):
            matcher.rank(company_id, today=TODAY, limit=1)


@settings(max_examples=25, deadline=None)
@given(
    firms=registers(),
    asker=st.integers(0, len(COMPANIES) - 1),
    limit=st.integers(1, 5),
    wanted=st.builds(
        Wanted,
        statuses=st.sampled_from([("verified",), ("verified", "submitted")]),
        sector=st.sampled_from([None, *SECTORS[:2]]),
        least=st.sampled_from([0.0, 0.05, 0.3]),
    ),
)
def test_rank_pages_through_the_true_order_of_all_pairs(
    firms: list[Profile], asker: int, limit: int, wanted: Wanted
) -> None:
    matcher = matcher_of(firms)
    expected = naive(matcher, firms, firms[asker], wanted)
    found: list[Place] = []
    after: Place | None = None
    for _ in firms:
        ranking = matcher.rank(firms[asker].id, today=TODAY, limit=limit, wanted=replace(wanted, after=after))
        found += map(place_of, ranking.matches)
        after = ranking.next
        if after is None:
            break
        assert len(ranking.matches) == limit
        assert after == found[-1]
    assert found == expected


@settings(max_examples=25, deadline=None)
@given(firms=registers(), value=st.floats(0, 1), name=st.sampled_from(COMPANIES), at=st.none() | st.integers(0, 7))
def test_rank_goes_on_after_any_place(firms: list[Profile], value: float, name: str, at: int | None) -> None:
    matcher = matcher_of(firms)
    everybody = naive(matcher, firms, firms[0], Wanted())
    after = (value, name) if at is None or at >= len(everybody) else everybody[at]
    wanted = Wanted(after=after)
    assert ranked(matcher, firms[0].id, wanted, limit=3) == naive(matcher, firms, firms[0], wanted)[:3]


def test_firms_of_equal_probability_stand_in_the_order_of_their_ids() -> None:
    names = ["NG-10", "NG-2", "NG-b", "NG-a", "NG-Ä"]
    matcher = Matcher()
    matcher.change(put=[profile("KZ-1", "KZ", need("Wheat flour"))])
    for name in names:
        matcher.change(put=[profile(name, "NG", offer("Wheat flour"))])
    found = ranked(matcher, "KZ-1")
    assert [name for _, name in found] == sorted(names)
    assert len({value for value, _ in found}) == 1
    assert [name for _, name in ranked(matcher, "KZ-1", Wanted(after=found[1]))] == sorted(names)[2:]


def test_changed_firm_is_ranked_as_it_is_now() -> None:
    matcher = matcher_of([profile("KZ-1", "KZ", need("Wheat flour")), profile("NG-1", "NG", offer("Crude oil"))])
    before = ranked(matcher, "KZ-1")
    matcher.change(put=[profile("NG-1", "NG", offer("Wheat flour"), version=2)])
    after = ranked(matcher, "KZ-1")
    assert len(before) == len(after) == 1
    assert after[0][0] > before[0][0]
    assert matcher.pair("KZ-1", "NG-1", today=TODAY).theirs.version == 2


def test_firm_that_moves_to_another_country_is_ranked_there_only() -> None:
    matcher = matcher_of([profile("KZ-1", "KZ"), profile("NG-1", "NG"), profile("x", "NG")])
    matcher.change(put=[profile("x", "KZ")])
    assert [name for _, name in ranked(matcher, "KZ-1")] == ["NG-1"]
    assert {name for _, name in ranked(matcher, "NG-1")} == {"KZ-1", "x"}


def test_firm_put_twice_in_one_change_counts_as_the_last() -> None:
    matcher = matcher_of([profile("KZ-1", "KZ", version=1), profile("KZ-1", "KZ", version=2), profile("NG-1", "NG")])
    assert len(matcher) == 2
    assert [match.theirs.version for match in matcher.rank("NG-1", today=TODAY, limit=5).matches] == [2]


def test_dropping_an_unknown_firm_changes_nothing() -> None:
    matcher = matcher_of([profile("KZ-1", "KZ")])
    matcher.change(drop=["nobody"])
    assert len(matcher) == 1
    assert ranked(matcher, "KZ-1") == []


def test_register_that_was_emptied_fills_again() -> None:
    matcher = matcher_of([profile("KZ-1", "KZ"), profile("NG-1", "NG")])
    matcher.change(drop=["KZ-1", "NG-1"])
    assert len(matcher) == 0
    matcher.change(put=[profile("KZ-1", "KZ"), profile("NG-2", "NG")])
    assert [name for _, name in ranked(matcher, "KZ-1")] == ["NG-2"]


def put(register: Register, *firms: Profile, drop: Sequence[str] = ()) -> None:
    register.change(RELEVANCE, put=firms, drop=drop)


def test_parts_are_merged_so_that_their_number_stays_logarithmic() -> None:
    register = Register(full=2)
    for number in range(1, 301):
        put(register, profile(f"KZ-{number}", "KZ"))
        register.tidy()
        assert not register.untidy
        assert len(register.snapshot) == number
        assert len(register.snapshot.parts) <= log2(number) / 2 + 3
    ids = [part.segment.columns.ids for part in register.snapshot.parts]
    assert sorted(name.decode() for part in ids for name in part) == sorted(f"KZ-{number}" for number in range(1, 301))


def test_parts_pile_up_only_so_far_when_nobody_tidies() -> None:
    register = Register(full=2)
    for number in range(100):
        put(register, profile(f"KZ-{number}", "KZ"))
        assert len(register.snapshot.parts) <= 20
    assert len(register.snapshot) == 100


def test_large_part_is_left_alone_beside_small_ones() -> None:
    register = Register(full=4)
    put(register, *(profile(f"KZ-{number}", "KZ") for number in range(300)))
    (large,) = register.snapshot.parts
    for number in range(300, 340):
        put(register, profile(f"KZ-{number}", "KZ"))
        register.tidy()
        assert not register.untidy
        assert any(part is large for part in register.snapshot.parts)


def test_parts_of_like_size_become_one() -> None:
    register = Register(full=4)
    for number in range(0, 60, 10):
        put(register, *(profile(f"KZ-{at}", "KZ") for at in range(number, number + 10)))
    assert register.untidy
    register.tidy()
    assert len(register.snapshot.parts) == 1


def test_parts_that_are_mostly_dead_are_rewritten() -> None:
    register = Register(full=10)
    put(register, *(profile(f"KZ-{number}", "KZ") for number in range(100)))
    for number in range(100):
        put(register, drop=[f"KZ-{number}"])
        register.tidy()
        assert len(register.snapshot) == 99 - number
        assert sum(len(part.segment) for part in register.snapshot.parts) <= 2 * len(register.snapshot)


def test_snapshot_of_a_reader_is_not_changed_by_a_later_change() -> None:
    register = Register(full=4)
    put(register, *(profile(f"{country}-{number}", country) for country, number in product(("KZ", "NG"), range(8))))
    put(register, profile("KZ-9", "KZ"))
    before = register.snapshot
    put(register, profile("KZ-0", "KZ", version=2), profile("KZ-9", "KZ", version=2), drop=["KZ-1", "NG-1"])
    put(register, *(profile(f"new-{number}", "KZ") for number in range(20)))
    register.tidy()
    after = register.snapshot
    assert (len(before), len(after)) == (17, 35)
    for company_id, versions in (("KZ-0", (1, 2)), ("KZ-9", (1, 2)), ("KZ-1", (1, None)), ("new-1", (None, 1))):
        assert tuple(version_in(snapshot, company_id) for snapshot in (before, after)) == versions


def version_in(snapshot: Snapshot, company_id: str) -> int | None:
    found = snapshot.find(company_id)
    return None if found is None else found[0].segment.columns.profile(found[1]).version


def test_changes_made_while_parts_are_merged_are_kept() -> None:
    register = Register(full=4)
    names = [f"KZ-{number}" for number in range(400)]
    put(register, *(profile(name, "KZ") for name in names))
    with ThreadPoolExecutor(2) as pool:
        tidying = [pool.submit(register.tidy) for _ in range(50)]
        for number, name in enumerate(names[:200]):
            if number % 2:
                put(register, profile(name, "KZ", version=2))
            else:
                put(register, drop=[name])
        for one in tidying:
            one.result()
    register.tidy()
    assert len(register.snapshot) == 300
    expected = [2 if at % 2 else None for at in range(200)] + [1] * 200
    assert [version_in(register.snapshot, name) for name in names] == expected


def test_ranking_stays_as_it_was_read_when_the_register_changes() -> None:
    matcher = matcher_of([profile("KZ-1", "KZ", need("Wheat flour")), profile("NG-1", "NG", offer("Wheat flour"))])
    ranking = matcher.rank("KZ-1", today=TODAY, limit=5)
    read = [(match.probability, match.theirs, match.evidence) for match in ranking.matches]
    matcher.change(drop=["NG-1"])
    assert [(match.probability, match.theirs, match.evidence) for match in ranking.matches] == read
