from datetime import UTC, date, datetime, timedelta

from app.db import Database
from app.queries.overview import firms_by_region, front_page, funnel, months, overview, register_figures
from tests.app.queries.registers import TODAY, added, decided, end, firm, need, offer, paired
from tests.statements import reads_counted


def test_register_figures(database: Database) -> None:
    mill = firm("KZ", need("Cocoa powder"), offer("Flour"), sectors=["agriculture", "logistics"])
    new = firm("KZ", offer("Copper"), offer("Zinc"), sectors=["mining"], status="submitted")
    gone = firm("NG", offer("Ginger"), status="suspended")
    added(database, mill, new, gone)
    end(database, new.listing_ids[1])
    with database.reading() as session, reads_counted(database) as sent:
        figures = register_figures(session, TODAY)
    assert len(sent) == 3
    assert figures.by_status == {("KZ", "verified"): 1, ("KZ", "submitted"): 1, ("NG", "suspended"): 1}
    assert figures.by_sector == {("KZ", "agriculture"): 1, ("KZ", "logistics"): 1, ("KZ", "mining"): 1}
    assert figures.listings == {("KZ", "need"): 1, ("KZ", "offer"): 2}


def test_front_page_shows_verified_firms_only(database: Database) -> None:
    mill = firm("KZ", need("Cocoa powder"), need("Ginger"))
    trader = firm("NG", offer("Cocoa powder"), sectors=["logistics"])
    new = firm("NG", need("Flour"), status="submitted")
    added(database, mill, trader, new)
    paired(database, mill, trader, (mill.listing_ids[0], trader.listing_ids[0]))
    with database.reading() as session, reads_counted(database) as sent:
        figures = front_page(session, TODAY)
    assert len(sent) == 3
    assert figures.firms == {"KZ": 1, "NG": 1}
    assert figures.by_sector == {("KZ", "agriculture"): 1, ("NG", "logistics"): 1}
    assert figures.waiting == {"KZ": 1}


def test_funnel_narrows_from_stage_to_stage(database: Database) -> None:
    kazakh = [firm("KZ") for _ in range(4)]
    nigerian = [firm("NG"), firm("NG"), firm("NG", status="submitted"), firm("NG", status="suspended")]
    added(database, *kazakh, *nigerian)
    paired(database, kazakh[0], nigerian[0], status="approved")
    paired(database, kazakh[0], nigerian[1], status="rejected")
    paired(database, kazakh[1], nigerian[1])
    paired(database, kazakh[2], nigerian[2], status="deferred")
    with database.reading() as session, reads_counted(database) as sent:
        stages = funnel(session)
    assert len(sent) == 6
    assert [(stage.name, stage.firms, stage.count, stage.pairs) for stage in stages] == [
        ("registered", {"KZ": 4, "NG": 3}, 7, None),
        ("verified", {"KZ": 4, "NG": 2}, 6, None),
        ("matched", {"KZ": 3, "NG": 2}, 5, 4),
        ("reviewed", {"KZ": 2, "NG": 2}, 4, 3),
        ("approved", {"KZ": 1, "NG": 1}, 2, 1),
    ]


def test_months_reach_back_over_the_year(database: Database) -> None:
    kazakh, nigerian = [firm("KZ"), firm("KZ"), firm("KZ")], firm("NG")
    added(database, *kazakh, nigerian)
    for one, found_at in zip(
        kazakh,
        (
            datetime(2026, 8, 31, 23, 59, tzinfo=UTC),
            datetime(2026, 9, 1, tzinfo=UTC),
            datetime(2026, 11, 2, tzinfo=UTC),
        ),
        strict=True,
    ):
        paired(database, one, nigerian, found_at=found_at)
    decided(database, "approved", datetime(2026, 9, 30, 23, 59, tzinfo=UTC))
    decided(database, "approved", datetime(2026, 10, 1, tzinfo=UTC))
    decided(database, "rejected", datetime(2026, 10, 15, tzinfo=UTC))
    decided(database, "deferred", datetime(2026, 8, 31, tzinfo=UTC))
    with database.reading() as session, reads_counted(database) as sent:
        september, october, november = months(session, TODAY, 3)
        january, *_ = months(session, date(2026, 3, 1), 3)
    assert len(sent) == 8
    assert (september.first_day, september.found, september.decisions) == (date(2026, 9, 1), 1, {"approved": 1})
    assert (october.found, october.decisions) == (0, {"approved": 1, "rejected": 1})
    assert (november.first_day, november.found, november.decisions) == (date(2026, 11, 1), 1, {})
    assert january.first_day == date(2026, 1, 1)


def test_decision_that_was_taken_back_does_not_count(database: Database) -> None:
    october, november = datetime(2026, 10, 30, tzinfo=UTC), datetime(2026, 11, 2, tzinfo=UTC)
    for pair_id in ("changed", "undone"):
        decided(database, "approved", october, pair_id)
    decided(database, "rejected", november, "changed")
    decided(database, "withdrawn", november + timedelta(hours=1), "changed")
    decided(database, "deferred", november + timedelta(hours=2), "changed")
    decided(database, "withdrawn", november, "undone")
    decided(database, "approved", datetime(2026, 8, 1, tzinfo=UTC), "old")
    decided(database, "rejected", november, "old")
    decided(database, "withdrawn", november + timedelta(hours=1), "old")
    with database.reading() as session:
        found = [month.decisions for month in months(session, TODAY, 3)]
    assert found == [{}, {"approved": 1}, {"deferred": 1}]


def test_firms_by_region(database: Database) -> None:
    added(
        database,
        firm("KZ", region="KZ-39"),
        firm("KZ", region="KZ-39", status="submitted"),
        firm("KZ"),
        firm("NG", region="NG-KN", status="suspended"),
        firm("NG", region="NG-LA"),
    )
    with database.reading() as session, reads_counted(database) as sent:
        assert firms_by_region(session) == {"KZ": {"KZ-39": 2, None: 1}, "NG": {"NG-LA": 1}}
    assert len(sent) == 1


def test_whole_overview_takes_a_fixed_number_of_statements(database: Database) -> None:
    for _ in range(2):
        mill, trader = firm("KZ", need("Cocoa powder"), need("Ginger")), firm("NG", offer("Cocoa powder"))
        added(database, mill, trader)
        paired(database, mill, trader, (mill.listing_ids[0], trader.listing_ids[0]))
        with database.reading() as session, reads_counted(database) as sent:
            found = overview(session, TODAY)
        assert len(sent) == 18
    assert (found.funnel[0].count, found.unmet[0].count, found.months[-1].found) == (4, 2, 2)


def test_empty_register_has_no_figures(database: Database) -> None:
    with database.reading() as session:
        assert [stage.count for stage in funnel(session)] == [0] * 5
        assert register_figures(session, TODAY).by_status == {}
        assert front_page(session, TODAY).waiting == {}
        assert len(months(session, TODAY)) == 12
