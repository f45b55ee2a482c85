"""``caravan rank``."""

import json
from contextlib import closing
from typing import Annotated

import typer
from rich.console import Console, Group
from rich.table import Table
from rich.text import Text
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.cli.opened import opened
from app.db.base import now
from app.db.cipher import cipher_of
from app.db.companies import Company
from app.errors import NotFound
from app.live import Fresh, LiveRegister
from app.queries.matches import RankingFilter, decided, live_ranking
from app.queries.search import CompanyFilter, filtered
from app.settings import Settings
from matching import Evidence, Language, Match, trade_vocabulary
from schemas.matches import PENDING, MatchOut, ReviewOut

ARROWS = {
    "they_supply": "they offer → we need",
    "we_supply": "we offer → they need",
    "same_trade": "both offer",
    "they_feed_our_trade": "they offer → our trade uses",
    "we_feed_their_trade": "we offer → their trade uses",
}
SHOWN_EVIDENCE = 2


def rank(
    company: Annotated[str, typer.Argument(metavar="COMPANY", help="Its id, registration number or name.")],
    limit: Annotated[int, typer.Option(help="How many counterparts.", min=1, max=1000)] = 20,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object, as the API gives it to staff.")] = False,
) -> None:
    """Rank a company's counterparts as staff see them: verified, submitted and unclaimed firms."""
    settings = Settings()
    with (
        opened(settings) as database,
        closing(LiveRegister(settings.register_file)) as live,
        database.reading() as session,
    ):
        found = find_company(session, company)
        fresh = live.fresh(session)
        matches = ranked(fresh, found.id, limit)
        if as_json:
            typer.echo(json.dumps({"items": _items(session, matches)}, ensure_ascii=False, indent=2))
        else:
            show(Console(), found, matches)


def find_company(session: Session, wanted: str) -> Company:
    """A company by its id, registration number or name.

    Raises:
        NotFound: none, or more than one.
    """
    exact = session.scalars(
        select(Company).where((Company.id == wanted) | (Company.registration_number == wanted.upper()))
    ).all()
    named = filtered(select(Company), CompanyFilter(words=wanted), cipher_of(session)).limit(6)
    found = exact or session.scalars(named).all()
    if len(found) == 1:
        return found[0]
    if not found:
        raise NotFound("No company has the id, number or name “{wanted}”.", wanted=wanted)
    names = "; ".join(f"{company.id} {company.legal_name}" for company in found[:5])
    raise NotFound("Several companies answer to “{wanted}”: {names}. Give an id.", wanted=wanted, names=names)


def ranked(fresh: Fresh, company_id: str, limit: int) -> dict[int, Match]:
    """The best counterparts of a company by rank, as staff see them."""
    today = now().date()
    matches, _ = live_ranking(fresh, company_id, RankingFilter(for_staff=True), limit=limit, today=today)
    return matches


def show(console: Console, company: Company, matches: dict[int, Match], language: Language = "en") -> None:
    """Prints a ranking as a table with its reasons."""
    table = Table(
        title=f"{company.trading_name or company.legal_name} ({company.country}): best counterparts",
        title_justify="left",
        show_lines=True,
        expand=True,
    )
    for heading, justify in (("#", "right"), ("Firm", "left"), ("Chance", "right"), ("Why", "left")):
        table.add_column(heading, justify=justify, ratio={"Firm": 2, "Why": 5}.get(heading))  # type: ignore[arg-type]
    for place, match in matches.items():
        theirs = match.theirs
        firm = Text.assemble(
            (theirs.name, "bold"), f"\n{theirs.region or theirs.country} · {', '.join(sorted(theirs.sectors))}"
        )
        if theirs.status != "verified":
            firm.append(f"\n{theirs.status}", "yellow")
        chance = Text.assemble(
            (f"{match.probability:.2f}", "bold"),
            f"\n{match.band}",
            f"\nwe {match.our_willingness.probability:.2f}",
            f"\nthey {match.their_willingness.probability:.2f}",
        )
        reasons = [_reason(one, language) for one in match.evidence[:SHOWN_EVIDENCE]]
        table.add_row(str(place), firm, chance, Group(*reasons) if reasons else Text("The same sector.", "dim"))
    console.print(table)
    if not matches:
        console.print("No counterpart is in the register yet.")


def _reason(evidence: Evidence, language: Language) -> Text:
    concepts = ", ".join(
        f"{trade_vocabulary()[code].labels[language]} ({code}) {share:.0%}" for code, share in evidence.concepts
    )
    reason = Text.assemble(
        (ARROWS[evidence.direction], "cyan"),
        f" {evidence.relevance:.2f}: “{evidence.ours.title}” ↔ “{evidence.theirs.title}”",
    )
    shared = "; ".join(part for part in (concepts, ", ".join(evidence.words)) if part)
    return reason.append(f"\n    shared: {shared}", "dim") if shared else reason


def _items(session: Session, matches: dict[int, Match]) -> list[dict[str, object]]:
    known = decided(session, [match.id for match in matches.values()])
    moment = now()
    items = []
    for place, match in matches.items():
        pair = known.get(match.id)
        review = PENDING
        if pair is not None:
            review = ReviewOut(
                status=pair.status, reason=pair.reason, note=pair.note, by=pair.decided_by, at=pair.decided_at
            )
        items.append(MatchOut.of(match, rank=place, review=review, computed_at=moment).model_dump(mode="json"))
    return items
