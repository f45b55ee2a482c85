from datetime import timedelta

import pytest

from app.db import Database
from app.queries.needs import supplies, unmet_needs, waiting_needs
from matching import Status
from tests.app.queries.registers import TODAY, added, end, firm, need, offer, paired
from tests.statements import reads_counted

YESTERDAY = (TODAY - timedelta(days=1)).isoformat()


def waiting(database: Database, *statuses: Status) -> dict[str, int]:
    with database.reading() as session:
        return waiting_needs(session, TODAY, statuses) if statuses else waiting_needs(session, TODAY)


def test_need_waits_until_an_offer_meets_it(database: Database) -> None:
    mill = firm("KZ", need("Cocoa powder"), need("Sesame seed"))
    trader = firm("NG", offer("Cocoa powder"), need("Wheat flour"))
    added(database, mill, trader)
    assert waiting(database) == {"KZ": 2, "NG": 1}
    paired(database, mill, trader, (mill.listing_ids[0], trader.listing_ids[0]))
    assert waiting(database) == {"KZ": 1, "NG": 1}


def test_offer_that_ended_meets_nothing(database: Database) -> None:
    mill, trader = firm("KZ", need("Cocoa powder")), firm("NG", offer("Cocoa powder"))
    added(database, mill, trader)
    paired(database, mill, trader, (mill.listing_ids[0], trader.listing_ids[0]), status="approved")
    assert waiting(database) == {}
    end(database, trader.listing_ids[0])
    assert waiting(database) == {"KZ": 1}


def test_offer_of_a_suspended_firm_meets_nothing(database: Database) -> None:
    mill, trader = firm("KZ", need("Cocoa powder")), firm("NG", offer("Cocoa powder"), status="suspended")
    added(database, mill, trader)
    paired(database, mill, trader, (mill.listing_ids[0], trader.listing_ids[0]), status="approved")
    assert waiting(database) == {"KZ": 1}


def test_pair_found_irrelevant_meets_nothing(database: Database) -> None:
    mill, trader = firm("KZ", need("Cocoa powder")), firm("NG", offer("Cocoa beans"))
    added(database, mill, trader)
    met = mill.listing_ids[0], trader.listing_ids[0]
    paired(database, mill, trader, met, status="rejected", reason="not_relevant")
    assert waiting(database) == {"KZ": 1}
    with database.reading() as session:
        assert supplies(session, TODAY)[0].cells == {}
    other = firm("NG", offer("Cocoa powder"))
    added(database, other)
    paired(database, mill, other, (mill.listing_ids[0], other.listing_ids[0]), status="rejected", reason="capacity")
    assert waiting(database) == {}


def test_only_live_needs_wait(database: Database) -> None:
    mill = firm(
        "KZ",
        need("Cocoa powder", valid_until=YESTERDAY),
        need("Sesame seed", valid_until=TODAY.isoformat()),
        need("Shea butter"),
        offer("Wheat flour"),
    )
    gone = firm("KZ", need("Ginger"), status="suspended")
    new = firm("KZ", need("Cashew nuts"), status="submitted")
    added(database, mill, gone, new)
    end(database, mill.listing_ids[2])
    assert waiting(database) == {"KZ": 2}
    assert waiting(database, "verified") == {"KZ": 1}


def test_supply_counts_each_need_once_for_each_pair_of_sectors(database: Database) -> None:
    mill = firm("KZ", need("Cocoa powder"), need("Drilling mud"), sectors=["agriculture", "mining"])
    trader = firm("NG", offer("Cocoa powder"), offer("Cocoa powder, natural"), need("Flour"))
    other = firm("NG", offer("Cocoa"), sectors=["logistics"])
    added(database, mill, trader, other)
    cocoa = mill.listing_ids[0]
    paired(database, mill, trader, (cocoa, trader.listing_ids[0]), (cocoa, trader.listing_ids[1]))
    paired(database, mill, other, (cocoa, other.listing_ids[0]))
    with database.reading() as session, reads_counted(database) as sent:
        to_kazakhstan, to_nigeria = supplies(session, TODAY)
    assert len(sent) == 2
    assert (to_kazakhstan.needing, to_kazakhstan.offering) == ("KZ", "NG")
    assert to_kazakhstan.cells == {
        ("agriculture", "agriculture"): 1,
        ("agriculture", "logistics"): 1,
        ("mining", "agriculture"): 1,
        ("mining", "logistics"): 1,
    }
    assert to_kazakhstan.needs == {"agriculture": 2, "mining": 2}
    assert to_kazakhstan.met == {"agriculture": 1, "mining": 1}
    assert (to_nigeria.needing, to_nigeria.offering) == ("NG", "KZ")
    assert (to_nigeria.cells, to_nigeria.needs, to_nigeria.met) == ({}, {"agriculture": 1}, {"agriculture": 0})


def test_supply_leaves_out_what_is_not_live(database: Database) -> None:
    mill = firm("KZ", need("Cocoa powder"), need("Ginger", valid_until=YESTERDAY))
    gone = firm("KZ", need("Cocoa powder"), status="suspended")
    trader = firm("NG", offer("Cocoa powder"), offer("Ginger"))
    added(database, mill, gone, trader)
    paired(
        database,
        mill,
        trader,
        (mill.listing_ids[0], trader.listing_ids[0]),
        (mill.listing_ids[1], trader.listing_ids[1]),
    )
    paired(database, gone, trader, (gone.listing_ids[0], trader.listing_ids[0]), status="approved")
    end(database, trader.listing_ids[0])
    with database.reading() as session:
        to_kazakhstan, _ = supplies(session, TODAY)
    assert (to_kazakhstan.cells, to_kazakhstan.needs) == ({}, {"agriculture": 1})


def test_unmet_needs_are_counted_by_heading_however_they_are_written(database: Database) -> None:
    mill = firm("KZ", need("Какао-порошок алкализованный"), need("Товар", hs_codes=["180500"]), need("Xyzzy"))
    baker = firm("NG", need("Cocoa powder"), need("Cocoa powder 10/12", kind="service", isic_codes=["4923", "5229"]))
    added(database, mill, baker)
    with database.reading() as session, reads_counted(database) as sent:
        cocoa, road, unread = unmet_needs(session, TODAY)
    assert len(sent) == 2
    assert (cocoa.kind, cocoa.concept, cocoa.by_country, cocoa.count) == ("goods", "hs:1805", {"KZ": 2, "NG": 1}, 3)
    assert cocoa.titles == ("Какао-порошок алкализованный", "Товар", "Cocoa powder")
    assert (road.kind, road.concept, road.count) == ("service", "isic:492", 1)
    assert (unread.concept, unread.titles) == (None, ("Xyzzy",))


@pytest.mark.parametrize(
    ("kind", "concept"), [("goods", "hs:1805"), ("service", "isic:492"), ("investment", "isic:492")]
)
def test_code_in_the_scheme_of_its_kind_comes_first(database: Database, kind: str, concept: str) -> None:
    added(database, firm("KZ", need("Cocoa", kind=kind, hs_codes=["1805"], isic_codes=["4923"])))
    with database.reading() as session:
        assert [one.concept for one in unmet_needs(session, TODAY)] == [concept]


def test_unmet_needs_leave_out_what_is_met_or_not_live(database: Database) -> None:
    mill = firm("KZ", need("Cocoa powder", hs_codes=["1805"]), need("Ginger", valid_until=YESTERDAY, hs_codes=["0910"]))
    gone = firm("KZ", need("Sesame seed", hs_codes=["1207"]), status="suspended")
    trader = firm("NG", offer("Cocoa powder"))
    added(database, mill, gone, trader)
    paired(database, mill, trader, (mill.listing_ids[0], trader.listing_ids[0]))
    with database.reading() as session:
        assert unmet_needs(session, TODAY) == ()
