"""A firm's own matches."""

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from app.console import words
from app.console.forms import field_name
from app.console.visit import Firm
from app.console.words import N_
from app.queries.matches import RankingFilter
from app.queries.own import own_matches
from app.web.service import ReadSession, ServiceDep, Today
from matching import COUNTRIES, Gap
from matching import SECTORS as ALL_SECTORS

router = APIRouter()

AT_ONCE = 10
DIRECTIONS = {
    "they_supply": N_("They offer what you need"),
    "we_supply": N_("They need what you offer"),
    "same_trade": N_("You are in the same trade"),
    "they_feed_our_trade": N_("What they offer is used in your trade"),
    "we_feed_their_trade": N_("What you offer is used in their trade"),
}
LEFT_OUT = {
    "volume": N_("quantities"),
    "certificates": N_("certificates"),
    "size": N_("size of the firm"),
    "languages": N_("languages"),
    "listings": N_("what else it offers or needs"),
}
"""What the other firm left out, by the end of a gap's pointer."""
FIRST_OF = {"volume": "volume-amount"}


@router.get("/me")
def matches(  # noqa: PLR0913  # who asks, and for what
    visit: Firm, session: ReadSession, parts: ServiceDep, today: Today, sector: str = "", cursor: str | None = None
) -> HTMLResponse:
    """The ranking, most probable first."""
    assert visit.caller.company_id  # noqa: S101  # a firm's visit
    chosen = next((one for one in ALL_SECTORS if one == sector), None)
    wanted = RankingFilter(sector=chosen, cursor=cursor)
    found = own_matches(
        session,
        parts.live.fresh(session),
        visit.caller.company_id,
        wanted,
        limit=AT_ONCE,
        today=today,
        language=visit.language,
    )
    return visit.page(
        "firm/matches.html",
        found=found,
        sector=chosen or "",
        cursor=cursor,
        countries=COUNTRIES,
        words=words,
        directions=DIRECTIONS,
        left_out=left_out,
        place_of=place_of,
    )


def place_of(gap: Gap) -> str:
    """Where in our profile's form a gap is filled."""
    path = gap.pointer.removeprefix("/").split("/")
    return field_name([*path[:-1], FIRST_OF.get(path[-1], path[-1])])


def left_out(gaps: tuple[Gap, ...]) -> list[str]:
    """What the other firm left out, each thing once."""
    ends = dict.fromkeys(gap.pointer.rpartition("/")[2] for gap in gaps)
    return [LEFT_OUT[end] for end in ends if end in LEFT_OUT]
