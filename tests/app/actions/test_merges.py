from datetime import date
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.actions.companies import change_company, delete_company, set_status
from app.actions.duplicates import say_not_duplicates
from app.actions.imports import import_companies
from app.actions.merges import merge_companies, undo_merge
from app.actions.registration import Newcomer, add_companies
from app.actions.reviews import review_match
from app.actions.tokens import new_token
from app.db import Base, Database
from app.db.audit import By
from app.db.changes import companies_changed, latest_change
from app.db.companies import Company, ListingRow
from app.db.jobs import Job
from app.db.matches import Pair, Review
from app.db.merges import Merge
from app.db.rows import Rows, rows_of_company
from app.db.staff import Token
from app.errors import NotFound, NotMergeable, NotUndoable, VersionStale
from app.files import Row
from app.live import LiveRegister
from app.queries.companies import company_by_id, document
from app.queries.merges import Choice, compared, merges_into, reviews_of
from app.queries.search import CompanyFilter, search
from matching import Status
from schemas.companies import CompanyIn
from schemas.matches import ReviewIn
from tests.factories import Document, bin_number, company, kazakh_mill, listing, nigerian_trader

OFFICER = By("officer@council.example", "reviewer")
TODAY = date(2026, 11, 25)


def add(database: Database, data: Document, *, status: Status = "verified") -> str:
    newcomer = Newcomer(CompanyIn.model_validate(data), status, new_token())
    with database.writing() as session:
        assert add_companies(session, [newcomer]) == [None]
    return newcomer.id


def merge(database: Database, kept: str, merged: str, **how: Any) -> str:  # noqa: ANN401  # the action's arguments
    with database.writing() as session:
        return merge_companies(session, kept, merged, by=OFFICER, **how).id


def undo(database: Database, merge_id: str) -> None:
    with database.writing() as session:
        undo_merge(session, merge_id, by=OFFICER)


def profile(database: Database, company_id: str) -> Document:
    with database.reading() as session:
        return document(company_by_id(session, company_id))


def state(database: Database, company_id: str) -> Rows:
    """All that is held of a company, but what counts or dates its changes and what is still undecided."""
    with database.reading() as session:
        rows = rows_of_company(session, company_id)
    for row in rows["companies"]:
        row["version"] = row["changed_at"] = None
    rows["pairs"] = [row for row in rows["pairs"] if row["status"] != "pending"]
    return {table: sorted(held, key=str) for table, held in rows.items() if held}


def decide(database: Database, one: str, other: str) -> str:
    with database.reading() as session:
        match = LiveRegister().fresh(session).matcher.pair(one, other, today=TODAY)
    with database.writing() as session:
        decision = ReviewIn(decision="approved", reason="other", note="Looks right.")
        return review_match(session, match, decision, by=OFFICER, if_version=None).id


def numberless(**fields: Any) -> Document:  # noqa: ANN401  # any field of the contract
    return company(**({"registration_number": None, "contact": None} | fields))


def test_blanks_are_filled_and_filled_fields_stay(database: Database) -> None:
    kept = add(database, numberless(legal_name="ТОО «Диірмен»", city="Костанай", sectors=["agriculture"]))
    number = bin_number()
    other = company(
        legal_name="Diirmen LLP",
        registration_number=number,
        city="Qostanay",
        website="https://d.example",
        sectors=["logistics", "agriculture"],
        languages=["ru"],
    )
    merged = add(database, other)
    merge(database, kept, merged)
    after = profile(database, kept)
    assert (after["legal_name"], after["city"]) == ("ТОО «Диірмен»", "Костанай")
    assert (after["registration_number"], after["website"]) == (number, "https://d.example")
    assert after["contact"]["email"] == other["contact"]["email"]
    assert after["sectors"] == ["agriculture", "logistics"]
    assert after["languages"] == ["ru"]


def test_officer_chooses_which_value_stands(database: Database) -> None:
    kept = add(database, company(legal_name="Alem", city="Astana", sectors=["it"], founded=2001))
    merged = add(database, company(legal_name="Alem Trade", city="Almaty", sectors=["energy"]))
    choices: dict[str, Choice] = {
        "legal_name": "merged",
        "sectors": "merged",
        "city": "kept",
        "founded": "merged",
        "registration_number": "merged",
    }
    number = profile(database, merged)["registration_number"]
    merge(database, kept, merged, choices=choices)
    after = profile(database, kept)
    assert after["legal_name"] == "Alem Trade"
    assert after["sectors"] == ["energy"]
    assert after["city"] == "Astana"
    assert after["founded"] is None
    assert after["registration_number"] == number
    with database.reading() as session:
        assert [one.id for one in search(session, CompanyFilter(words="алем трад"), limit=5).companies] == [kept]


def test_contacts_of_two_people_are_not_mixed(database: Database) -> None:
    ours = {"name": "A. Bello", "role": None, "email": "a@firm.example", "phone": None}
    theirs = {"name": "B. Musa", "role": "Director", "email": "b@firm.example", "phone": "+2348030000000"}
    one, other = (numberless(contact=contact) | {"listings": []} for contact in (ours, theirs))
    kept, merged = add(database, one), add(database, other | {"legal_name": "Other"})
    before, gone = profile(database, kept), profile(database, merged)
    assert {field.name: field.proposed for field in compared(before, gone)}["contact.phone"] == "kept"
    merge(database, kept, merged)
    assert profile(database, kept)["contact"] == ours


def test_listings_move_with_their_ids_and_the_same_ones_are_joined(database: Database) -> None:
    flour = listing("offer", "Wheat flour", text="In bags")
    kept = add(database, company(listings=[flour, listing("need", "Sugar")]))
    merged = add(
        database,
        company(
            listings=[
                flour | {"hs_codes": ["110100"], "certificates": ["Halal"]},
                listing("need", "Cocoa powder", hs_codes=["180500"]),
                listing("need", "Wheat flour", text="In bags"),
            ]
        ),
    )
    ours, theirs = profile(database, kept)["listings"], profile(database, merged)["listings"]
    merge(database, kept, merged)
    after = profile(database, kept)["listings"]
    assert [one["id"] for one in after] == [ours[0]["id"], ours[1]["id"], theirs[1]["id"], theirs[2]["id"]]
    assert after[0] == ours[0] | {"hs_codes": ["110100"], "certificates": ["Halal"]}
    assert after[2:] == theirs[1:]
    with database.reading() as session:
        joined = session.scalars(select(ListingRow).where(ListingRow.id == theirs[0]["id"])).one()
        assert joined.company_id == kept
        assert joined.ended_at is not None


def test_merged_company_is_gone_for_everyone_and_the_other_is_ranked_anew(database: Database) -> None:
    kept, merged = add(database, kazakh_mill()), add(database, kazakh_mill())
    with database.writing() as session:
        session.query(Job).delete()
        number = latest_change(session)
    merge_id = merge(database, kept, merged)
    with database.reading() as session:
        assert companies_changed(session, number, latest_change(session)) == {kept, merged}
        assert [job.key for job in session.query(Job)] == [kept]
        with pytest.raises(NotFound):
            company_by_id(session, merged)
        assert search(session, CompanyFilter(words="kostanay"), limit=5).total == 1
        fresh = LiveRegister().fresh(session)
        assert len(fresh.matcher) == 1
    undo(database, merge_id)
    with database.reading() as session:
        assert {job.key for job in session.query(Job)} == {kept, merged}
        assert len(LiveRegister().fresh(session).matcher) == 2


@pytest.mark.parametrize(
    ("status", "asked", "moves"),
    [("verified", None, True), ("submitted", None, False), ("submitted", True, True), ("verified", False, False)],
)
def test_tokens_of_a_verified_company_sign_in_to_the_one_that_stays(
    database: Database,
    status: Status,
    asked: bool | None,  # noqa: FBT001  # a parameter of the test
    moves: bool,  # noqa: FBT001  # the same
) -> None:
    kept, merged = add(database, company()), add(database, company(), status=status)
    with database.reading() as session:
        before = {one.id: one.company_id for one in session.query(Token)}
    merge_id = merge(database, kept, merged, tokens_move=asked)
    with database.reading() as session:
        assert session.query(Token).filter(Token.company_id == kept).count() == (2 if moves else 1)
        assert session.query(Token).count() == (2 if moves else 1)
    undo(database, merge_id)
    with database.reading() as session:
        assert {one.id: one.company_id for one in session.query(Token)} == before


def test_token_that_was_revoked_after_it_moved_stays_revoked(database: Database) -> None:
    kept, merged = add(database, company()), add(database, company())
    merge_id = merge(database, kept, merged)
    with database.writing() as session:
        session.query(Token).delete()
    undo(database, merge_id)
    with database.reading() as session:
        assert session.query(Token).count() == 0


def test_decisions_become_those_of_the_company_that_stays(database: Database) -> None:
    kept, merged, trader = (
        add(database, kazakh_mill()),
        add(database, kazakh_mill()),
        add(database, nigerian_trader()),
    )
    theirs = decide(database, merged, trader)
    merge_id = merge(database, kept, merged)
    with database.reading() as session:
        (pair,) = session.query(Pair).all()
        assert (pair.id, pair.status, pair.note) == (f"{kept}.{trader}", "approved", "Looks right.")
        assert pair.picture["id"] == pair.id
        assert pair.picture["companies"]["kz"]["id"] == kept
        assert pair.picture["versions"] == {"kz": 0, "ng": 1}
        ids = [kept, *(one.merged_id for one in merges_into(session, kept))]
        assert [review.pair_id for review in reviews_of(session, ids)] == [theirs]
    undo(database, merge_id)
    with database.reading() as session:
        (pair,) = session.query(Pair).all()
        assert (pair.id, pair.picture["companies"]["kz"]["id"]) == (theirs, merged)


def test_own_decision_stays_and_a_new_one_survives_the_undoing(database: Database) -> None:
    kept, merged = add(database, kazakh_mill()), add(database, kazakh_mill())
    traders = [add(database, nigerian_trader()) for _ in range(2)]
    decide(database, kept, traders[0])
    for trader in traders:
        decide(database, merged, trader)
    merge_id = merge(database, kept, merged)
    decide(database, kept, traders[1])
    undo(database, merge_id)
    with database.reading() as session:
        found = {pair.id for pair in session.query(Pair)}
        assert found == {f"{one}.{trader}" for one in (kept, merged) for trader in traders}
        assert session.query(Review).count() == 4


def test_undo_after_a_counterpart_went_leaves_out_its_decision(database: Database) -> None:
    kept, merged, trader = (
        add(database, kazakh_mill()),
        add(database, kazakh_mill()),
        add(database, nigerian_trader()),
    )
    decide(database, merged, trader)
    merge_id = merge(database, kept, merged)
    with database.writing() as session:
        delete_company(session, trader, if_version="*", by=OFFICER)
    undo(database, merge_id)
    with database.reading() as session:
        assert session.query(Pair).count() == 0


def test_what_cannot_be_merged(database: Database) -> None:
    mill, other, trader = add(database, company()), add(database, company()), add(database, company("NG"))
    unclaimed = add(database, numberless(), status="unclaimed")
    with pytest.raises(NotMergeable, match="two countries"):
        merge(database, mill, trader)
    with pytest.raises(NotMergeable, match="one company"):
        merge(database, mill, mill)
    with pytest.raises(NotMergeable, match="verified"):
        merge(database, unclaimed, mill)
    with pytest.raises(NotFound):
        merge(database, mill, "0" * 32)
    with pytest.raises(VersionStale):
        merge(database, mill, other, if_versions=(1, 2))
    many = [add(database, company(listings=[listing("offer", f"{name} {n}") for n in range(60)])) for name in "ab"]
    with pytest.raises(NotMergeable, match="120 listings"):
        merge(database, *many)
    merge(database, mill, unclaimed, if_versions=(1, 1))


def test_undo_keeps_what_was_changed_elsewhere_and_refuses_where_it_would_lose_something(database: Database) -> None:
    kept = add(database, company(legal_name="Alem", listings=[listing("offer", "Flour")]))
    merged = add(database, company(legal_name="Alem LLP", city="Almaty", listings=[listing("need", "Cocoa")]))
    merge_id = merge(database, kept, merged)

    def change(**fields: Any) -> None:  # noqa: ANN401  # any field of the contract
        data = profile(database, kept) | fields
        with database.writing() as session:
            version = company_by_id(session, kept).version
            change_company(session, kept, CompanyIn.model_validate(data), if_version=version, by=OFFICER)

    change(summary="Written since.", city="Astana")
    with pytest.raises(NotUndoable) as refused:
        undo(database, merge_id)
    assert [error.pointer for error in refused.value.errors] == ["/city"]
    listings = profile(database, kept)["listings"]
    change(city="Almaty", listings=[listings[0], listings[1] | {"title": "Cocoa powder"}])
    with pytest.raises(NotUndoable) as refused:
        undo(database, merge_id)
    assert [error.pointer for error in refused.value.errors] == ["/listings/1"]
    change(listings=[*listings, listing("need", "Sugar")])
    undo(database, merge_id)
    after = profile(database, kept)
    assert (after["summary"], after["city"]) == ("Written since.", None)
    assert [one["title"] for one in after["listings"]] == ["Flour", "Sugar"]
    assert [one["title"] for one in profile(database, merged)["listings"]] == ["Cocoa"]
    with pytest.raises(NotUndoable, match="already"):
        undo(database, merge_id)


def test_undo_says_who_took_the_number_since(database: Database) -> None:
    number = bin_number()
    kept, merged = add(database, company()), add(database, company(registration_number=number))
    merge_id = merge(database, kept, merged)
    third = add(database, company(registration_number=number))
    with pytest.raises(NotUndoable, match="number"):
        undo(database, merge_id)
    with database.writing() as session:
        delete_company(session, third, if_version="*", by=OFFICER)
    undo(database, merge_id)


def test_merges_are_undone_from_the_last(database: Database) -> None:
    a, b, c = (add(database, company(legal_name=name)) for name in "ABC")
    states = [state(database, one) for one in (a, b, c)]
    first = merge(database, b, a)
    second = merge(database, c, b)
    with database.reading() as session:
        assert [one.id for one in merges_into(session, c)] == [second, first]
    with pytest.raises(NotUndoable, match="“C”"):
        undo(database, first)
    undo(database, second)
    undo(database, first)
    assert [state(database, one) for one in (a, b, c)] == states
    with database.reading() as session:
        assert merges_into(session, c) == []


def test_list_that_still_has_the_merged_company_finds_the_one_that_holds_it(database: Database) -> None:
    numbered, unnumbered = company(legal_name="Alem LLP"), numberless(legal_name="Alem Trade Group")
    last = company(legal_name="Alem Trade", summary=None)
    a, b, c = (add(database, one) for one in (numbered, unnumbered, last))
    merge(database, b, a, choices={"registration_number": "kept"})
    merge(database, c, b)
    rows = [
        Row(number, "", {**one, "summary": "From the list.", "city": city})
        for number, (one, city) in enumerate(((numbered, "Astana"), (unnumbered, "Almaty")), 1)
    ]
    report = import_companies(database.writing, rows)
    assert report.counts == {"changed": 1, "unchanged": 1}
    after = profile(database, c)
    assert (after["legal_name"], after["city"], after["summary"]) == ("Alem Trade", "Astana", "From the list.")
    with database.reading() as session:
        assert session.query(Company).count() == 1


def test_removing_the_company_erases_what_its_merges_kept(database: Database) -> None:
    a, b, c = add(database, kazakh_mill()), add(database, kazakh_mill()), add(database, kazakh_mill())
    trader = add(database, nigerian_trader())
    decide(database, a, trader)
    merge(database, b, a)
    merge(database, c, b)
    with database.writing() as session:
        delete_company(session, c, if_version="*", by=OFFICER)
        assert session.query(Merge).count() == 0
        assert [review.note for review in session.query(Review)] == [None]
        assert session.query(ListingRow).filter(ListingRow.company_id != trader).count() == 0


def test_undone_merge_keeps_nothing_but_that_it_was(database: Database) -> None:
    kept, merged = add(database, company()), add(database, company())
    merge_id = merge(database, kept, merged)
    undo(database, merge_id)
    with database.writing() as session:
        (row,) = session.query(Merge).all()
        assert (row.id, row.undone_by) == (merge_id, OFFICER.who)
        assert row.kept_before is row.kept_after is row.merged is row.rows is None
        delete_company(session, merged, if_version="*", by=OFFICER)
        assert session.query(Merge).count() == 0


def test_every_table_of_companies_is_kept(database: Database) -> None:
    belonging = {"companies"}
    for table in Base.metadata.sorted_tables:
        if any(key.column.table.name in belonging for key in table.foreign_keys):
            belonging.add(table.name)
    kept, trader = add(database, kazakh_mill()), add(database, nigerian_trader())
    decide(database, kept, trader)
    with database.reading() as session:
        assert set(rows_of_company(session, kept)) == belonging


NAMES = st.sampled_from(["Alem", "Әлем ЖШС", "Alem Trade", "Diirmen"])
WORDS = st.none() | st.sampled_from(["Astana", "Алматы", "x"])
LISTINGS = st.lists(
    st.builds(
        lambda side, title, text, codes, volume, until: listing(
            side, title, text=text, hs_codes=codes, volume=volume, valid_until=until
        ),
        st.sampled_from(["offer", "need"]),
        st.sampled_from(["Flour", "Cocoa powder", "Мука"]),
        st.sampled_from([None, "In bags"]),
        st.sampled_from([[], ["110100"], ["1805", "110100"]]),
        st.sampled_from([None, {"amount": 12.5, "unit": "t", "per": "month"}]),
        st.sampled_from([None, "2027-06-30"]),
    ),
    max_size=4,
)
CONTACTS = st.none() | st.fixed_dictionaries(
    {"name": st.sampled_from([None, "A. B.", "C. D."]), "email": st.sampled_from([None, "a@b.example", "c@d.example"])}
)
PROFILES = st.fixed_dictionaries(
    {
        "legal_name": NAMES,
        "trading_name": WORDS,
        "city": WORDS,
        "summary": WORDS,
        "founded": st.sampled_from([None, 1999, 2020]),
        "languages": st.lists(st.sampled_from(["kk", "ru", "en"]), unique=True),
        "sectors": st.lists(
            st.sampled_from(["mining", "it", "energy", "agriculture", "logistics"]), min_size=1, unique=True
        ),
        "contact": CONTACTS,
        "listings": LISTINGS,
    }
)
CHOICES = st.dictionaries(
    st.sampled_from(["legal_name", "city", "registration_number", "contact.email", "sectors", "languages"]),
    st.sampled_from(["kept", "merged"]),
)
STATUSES = st.sampled_from(["verified", "submitted", "suspended"])


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(PROFILES, PROFILES, PROFILES, CHOICES, STATUSES, st.booleans())
def test_undoing_a_merge_restores_both(  # noqa: PLR0913  # all that is drawn
    database: Database,
    one: Document,
    two: Document,
    changed: Document,
    choices: dict[str, Choice],
    status: Status,
    tokens_move: bool,  # noqa: FBT001  # drawn
) -> None:
    kept, merged = (add(database, company() | data) for data in (one, two))
    others = [add(database, nigerian_trader()), add(database, company())]
    with database.writing() as session:
        # the merged one has ended listings, a history, decisions and what staff said of it
        _replace(session, merged, changed)
        set_status(session, merged, status, reason="Checked.", by=OFFICER)
        say_not_duplicates(session, merged, others[1], by=OFFICER)
    decide(database, merged, others[0])
    before = [state(database, one) for one in (kept, merged)]
    with database.reading() as session:
        version = company_by_id(session, kept).version
    merge_id = merge(database, kept, merged, choices=choices, tokens_move=tokens_move)
    with database.reading() as session:
        held = {row.id for row in session.query(ListingRow).filter(ListingRow.company_id == kept)}
        assert {row["id"] for rows in before for row in rows.get("listings", [])} == held
        assert session.get(Company, merged) is None
    undo(database, merge_id)
    assert [state(database, one) for one in (kept, merged)] == before
    with database.reading() as session:
        assert company_by_id(session, kept).version > version + 1


def _replace(session: Session, company_id: str, changed: Document) -> None:
    held = company_by_id(session, company_id)
    data = changed | {"country": "KZ", "registration_number": held.registration_number}
    change_company(session, company_id, CompanyIn.model_validate(data), if_version=held.version, by=OFFICER)
