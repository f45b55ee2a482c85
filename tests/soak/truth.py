"""Whether a database is whole, and whether the index says what the database says."""

import shutil
from collections import Counter, defaultdict
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx2
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from app.actions.profiles import keys_of, search_columns
from app.db import Database
from app.db.base import now
from app.db.changes import Change
from app.db.companies import Company
from app.db.matches import Review
from app.db.search import LikenessKey, SearchText
from app.db.staff import Token
from app.live import Fresh, LiveRegister
from app.queries.companies import document, every_company
from app.queries.matches import RankingFilter, live_ranking
from schemas.companies import CompanyIn

RANKED = 20
TRIES = 20


def half_companies(session: Session) -> list[str]:
    """Companies whose rows do not agree with one another."""
    faults = []
    texts = {row.company_id: row for row in session.scalars(select(SearchText))}
    keys: dict[str, set[str]] = defaultdict(set)
    for company_id, key in session.execute(select(LikenessKey.company_id, LikenessKey.key)):
        keys[company_id].add(key)
    changes = _counted(session, Change.company_id)
    tokens = _counted(session, Token.company_id)
    for company in every_company(session):
        data = CompanyIn.model_validate(document(company))
        searched = texts.pop(company.id, None)
        wrong = [
            name
            for name, right in (
                ("search text", searched is not None and _columns(searched) == search_columns(data)),
                ("likeness keys", keys.pop(company.id, set()) == set(keys_of(data))),
                ("change numbers", changes[company.id] == company.version),
                ("tokens", tokens[company.id] <= 1),
                ("sectors", [one.position for one in company.sector_rows] == list(range(len(company.sector_rows)))),
                ("listings", _in_order(company)),
            )
            if not right
        ]
        if wrong:
            faults.append(f"{company.registration_number}: {', '.join(wrong)}")
    return faults + [f"Rows of nobody: {one}" for one in {*texts, *keys}]


def _columns(row: SearchText) -> dict[str, str]:
    return {"names": row.names, "words": row.words}


def _in_order(company: Company) -> bool:
    places = [one.position for one in company.listing_rows if one.ended_at is None]
    codes = [
        [(code.scheme, code.position) for code in one.code_rows]
        == sorted((c.scheme, c.position) for c in one.code_rows)
        for one in company.listing_rows
    ]
    return places == list(range(len(places))) and all(codes)


def _counted(session: Session, column: Any) -> Counter[str]:  # noqa: ANN401  # a column of any table
    return Counter({row[0]: row[1] for row in session.execute(select(column, func.count()).group_by(column))})


def damage(database: Database) -> list[str]:
    """What the database itself finds wrong with its file, and rows that point to nothing."""
    if database.engine.dialect.name != "sqlite":
        return []
    with database.reading() as session:
        found = [str(row) for row in session.scalars(text("PRAGMA integrity_check")) if row != "ok"]
        return found + [str(tuple(row)) for row in session.execute(text("PRAGMA foreign_key_check"))]


def companies_shown(address: str, officer: dict[str, str]) -> dict[str, dict[str, Any]]:
    """All companies by number, as the service shows them."""
    found: dict[str, dict[str, Any]] = {}
    cursor: str | None = ""
    with httpx2.Client(base_url=address, headers=officer, timeout=60) as http:
        while cursor is not None:
            query = {"limit": "100"} | ({"cursor": cursor} if cursor else {})
            page = http.get("/v1/companies", params=query).raise_for_status().json()
            found |= {one["registration_number"]: one for one in page["items"]}
            cursor = page["next_cursor"]
    return found


def decisions(session: Session) -> dict[str, list[str]]:
    """All decisions by match, in their order."""
    found: dict[str, list[str]] = defaultdict(list)
    for review in session.scalars(select(Review).order_by(Review.decided_at, Review.id)):
        found[review.pair_id].append(review.decision)
    return found


def index_disagreements(
    database: Database, address: str, officer: dict[str, str], ids: Sequence[str], saved: Path
) -> list[str]:
    """Rankings of a server, and of its saved register, that a register read anew from the database does not give."""
    for _ in range(TRIES):
        with TemporaryDirectory() as scratch, database.reading() as session, closing(LiveRegister()) as anew:
            copy = Path(scratch) / "register.index"
            if saved.exists():
                shutil.copy(saved, copy)
            with closing(LiveRegister(copy)) as stored:
                right, kept = anew.fresh(session), stored.fresh(session)
        served = [_served(address, officer, company_id) for company_id in ids]
        if all(change == right.change for change, _ in served):
            break
    else:
        return ["The server does not come to the change that the database is at"]
    faults = [f"The size is {len(kept.matcher)}, not {len(right.matcher)}"] * (len(kept.matcher) != len(right.matcher))
    for company_id, (_, items) in zip(ids, served, strict=True):
        truth = _ranked(right, company_id)
        faults += [f"The saved register ranks otherwise for {company_id}"] * (_ranked(kept, company_id) != truth)
        faults += [f"The server ranks otherwise for {company_id}"] * (items != truth)
    return faults


def _served(address: str, officer: dict[str, str], company_id: str) -> tuple[int, list[tuple[str, float]]]:
    url = f"{address}/v1/companies/{company_id}/matches?limit={RANKED}"
    page = httpx2.get(url, headers=officer, timeout=60).raise_for_status().json()
    return page["as_of_change"], [(item["company"]["id"], item["probability"]) for item in page["items"]]


def _ranked(fresh: Fresh, company_id: str) -> list[tuple[str, float]]:
    ranked, _ = live_ranking(fresh, company_id, RankingFilter(for_staff=True), limit=RANKED, today=now().date())
    return [(match.theirs.id, match.probability) for match in ranked.values()]
