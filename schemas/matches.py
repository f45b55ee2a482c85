"""Matches: the live ranking of one company, and the council's queue."""

from collections.abc import Callable
from datetime import datetime
from typing import Literal, Self

from pydantic import ConfigDict

from matching import Band, Direction, Language, Match, Profile, Sector, Status, trade_vocabulary
from schemas.texts import Incoming, Outgoing, Paragraph

ReviewStatus = Literal["pending", "approved", "rejected", "deferred"]
Decision = Literal["approved", "rejected", "deferred"]
Reason = Literal["not_relevant", "wrong_scale", "already_partners", "compliance", "capacity", "other"]
Translate = Callable[[str], str]

VALUE_DECIMALS = 4


class CompanyBrief(Outgoing):
    """The part of a company that its counterparts see."""

    id: str
    country: str
    name: str
    sectors: list[Sector]
    region: str | None
    status: Status

    @classmethod
    def of(cls, profile: Profile) -> Self:
        """From the engine's value."""
        return cls(
            id=profile.id,
            country=profile.country,
            name=profile.name,
            sectors=sorted(profile.sectors),
            region=profile.region,
            status=profile.status,
        )


class WillingnessOut(Outgoing):
    """How willing one side is."""

    log_odds: float
    probability: float


class ComponentOut(Outgoing):
    """What one feature adds to one side's log-odds; ``value`` null when it was unknown."""

    side: str
    feature: str
    value: float | None
    contribution: float


class GapOut(Outgoing):
    """What a side left unsaid, and where to say it."""

    side: str
    feature: str
    pointer: str
    message: str


class ListingBrief(Outgoing):
    """A listing in evidence."""

    listing_id: str
    title: str


class ConceptShare(Outgoing):
    """A concept that both listings speak of, and its share of their relevance."""

    code: str
    label: str
    share: float


class Shared(Outgoing):
    """What a pair of listings has in common."""

    relevance: float
    concepts: list[ConceptShare]
    words: list[str]


class EvidenceOut(Shared):
    """A pair of listings that meet, as one company sees it."""

    direction: Direction
    ours: ListingBrief
    theirs: ListingBrief


class QueuedEvidenceOut(Shared):
    """A pair of listings that meet; beside the fields below, one listing under each side's country code."""

    model_config = ConfigDict(frozen=True, extra="allow")
    __pydantic_extra__: dict[str, ListingBrief]

    direction: str


class ReviewOut(Outgoing):
    """What the council decided."""

    status: ReviewStatus
    reason: Reason | None = None
    note: str | None = None
    by: str | None = None
    at: datetime | None = None


PENDING = ReviewOut(status="pending")


class Pictured(Outgoing):
    """What every match shows."""

    id: str
    probability: float
    band: Band
    coverage: float
    components: list[ComponentOut]
    gaps: list[GapOut]
    model: str

    def _localised(self, language: Language, translate: Translate, evidence: list[Shared]) -> dict[str, object]:
        labels = trade_vocabulary()
        return {
            "gaps": [
                GapOut(side=gap.side, feature=gap.feature, pointer=gap.pointer, message=translate(gap.message))
                for gap in self.gaps
            ],
            "evidence": [
                pair.model_copy(
                    update={
                        "concepts": [
                            ConceptShare(code=share.code, label=labels[share.code].labels[language], share=share.share)
                            for share in pair.concepts
                            if share.code in labels
                        ]
                    }
                )
                for pair in evidence
            ],
        }


class MatchOut(Pictured):
    """A match in the live ranking of one company: ``ours`` is that company."""

    rank: int | None = None
    company: CompanyBrief
    willingness: dict[Literal["ours", "theirs"], WillingnessOut]
    evidence: list[EvidenceOut]
    review: ReviewOut = PENDING
    computed_at: datetime

    @classmethod
    def of(cls, match: Match, *, rank: int | None, review: ReviewOut, computed_at: datetime) -> Self:
        """From the engine's value; labels and messages are in English until localised."""
        return cls(
            **_common(match),
            rank=rank,
            company=CompanyBrief.of(match.theirs),
            willingness={
                "ours": _willingness(match, "ours"),
                "theirs": _willingness(match, "theirs"),
            },
            components=_components(match, {"ours": "ours", "theirs": "theirs"}),
            gaps=_gaps(match, {"ours": "ours", "theirs": "theirs"}),
            evidence=[
                EvidenceOut(
                    direction=one.direction,
                    ours=ListingBrief(listing_id=one.ours.id, title=one.ours.title),
                    theirs=ListingBrief(listing_id=one.theirs.id, title=one.theirs.title),
                    **_shared(one.relevance, one.concepts, one.words),
                )
                for one in match.evidence
            ],
            review=review,
            computed_at=computed_at,
        )

    def localised(self, language: Language, translate: Translate) -> Self:
        """With labels and messages in the reader's language."""
        return self.model_copy(update=self._localised(language, translate, list(self.evidence)))


class Picture(Pictured):
    """A match as it is stored: neither side is "ours", sides are the countries' codes in lower case."""

    companies: dict[str, CompanyBrief]
    versions: dict[str, int]
    willingness: dict[str, WillingnessOut]
    evidence: list[QueuedEvidenceOut]

    @classmethod
    def of(cls, match: Match) -> Self:
        """From the engine's value; labels and messages are in English until localised."""
        names = {"ours": match.ours.country.lower(), "theirs": match.theirs.country.lower()}
        directions = {
            "they_supply": f"{names['theirs']}_supplies",
            "we_supply": f"{names['ours']}_supplies",
            "same_trade": "same_trade",
            "they_feed_our_trade": f"{names['theirs']}_feeds_trade",
            "we_feed_their_trade": f"{names['ours']}_feeds_trade",
        }
        return cls(
            **_common(match),
            companies={
                names["ours"]: CompanyBrief.of(match.ours),
                names["theirs"]: CompanyBrief.of(match.theirs),
            },
            versions={names["ours"]: match.ours.version, names["theirs"]: match.theirs.version},
            willingness={
                names["ours"]: _willingness(match, "ours"),
                names["theirs"]: _willingness(match, "theirs"),
            },
            components=_components(match, names),
            gaps=_gaps(match, names),
            evidence=[
                QueuedEvidenceOut.model_validate(
                    {
                        "direction": directions[one.direction],
                        names["ours"]: ListingBrief(listing_id=one.ours.id, title=one.ours.title),
                        names["theirs"]: ListingBrief(listing_id=one.theirs.id, title=one.theirs.title),
                        **_shared(one.relevance, one.concepts, one.words),
                    }
                )
                for one in match.evidence
            ],
        )


class QueuedMatchOut(Picture):
    """A match in the queue. ``changed_since`` tells that a profile changed after the picture was taken."""

    review: ReviewOut
    changed_since: bool
    computed_at: datetime

    def localised(self, language: Language, translate: Translate) -> Self:
        """With labels and messages in the reader's language."""
        return self.model_copy(update=self._localised(language, translate, list(self.evidence)))


class RankingPage(Outgoing):
    """A page of a live ranking; ``as_of_change`` is the register's state that it was made on."""

    items: list[MatchOut]
    next_cursor: str | None
    as_of_change: int


class QueuePage(Outgoing):
    """A page of the review queue."""

    items: list[QueuedMatchOut]
    next_cursor: str | None


class ReviewIn(Incoming):
    """A decision of the council on a match."""

    decision: Decision
    reason: Reason | None = None
    note: Paragraph | None = None


def _common(match: Match) -> dict[str, object]:
    return {
        "id": match.id,
        "probability": match.probability,
        "band": match.band,
        "coverage": round(match.coverage, VALUE_DECIMALS),
        "model": match.model,
    }


def _willingness(match: Match, side: Literal["ours", "theirs"]) -> WillingnessOut:
    value = match.our_willingness if side == "ours" else match.their_willingness
    return WillingnessOut(log_odds=value.log_odds, probability=value.probability)


def _components(match: Match, names: dict[str, str]) -> list[ComponentOut]:
    return [
        ComponentOut(side=names[part.side], feature=part.feature, value=part.value, contribution=part.contribution)
        for part in match.components
    ]


def _gaps(match: Match, names: dict[str, str]) -> list[GapOut]:
    return [
        GapOut(side=names[gap.side], feature=gap.feature, pointer=gap.pointer, message=gap.message)
        for gap in match.gaps
    ]


def _shared(relevance: float, concepts: tuple[tuple[str, float], ...], words: tuple[str, ...]) -> dict[str, object]:
    return {
        "relevance": round(relevance, VALUE_DECIMALS),
        "concepts": [
            ConceptShare(code=code, label=trade_vocabulary()[code].labels["en"], share=round(share, VALUE_DECIMALS))
            for code, share in concepts
        ],
        "words": list(words),
    }
