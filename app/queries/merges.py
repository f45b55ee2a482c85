"""What merging two companies would make of them, and the merges that there were."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from app.db.matches import Review
from app.db.merges import Merge
from app.errors import NotFound

Document = dict[str, Any]
Choice = Literal["kept", "merged", "both"]
SINGLE = (
    "legal_name",
    "trading_name",
    "registration_number",
    "region",
    "city",
    "size",
    "founded",
    "website",
    "summary",
    "contact.name",
    "contact.role",
    "contact.email",
    "contact.phone",
)
MOST_OF: dict[str, int] = {"sectors": 5, "languages": 20}
"""Fields that are lists, and how many values each may have."""
LISTED = 50


@dataclass(frozen=True, slots=True)
class Compared:
    """One field of two companies, and which value stands unless the officer says otherwise."""

    name: str
    kept: Any
    merged: Any
    proposed: Choice

    @property
    def differs(self) -> bool:
        """Whether there is anything to choose."""
        return bool(self.kept != self.merged)


def compared(kept: Document, merged: Document) -> list[Compared]:
    """Two profiles field by field.

    What is blank is filled from the other company; but contacts are not mixed when they name two people.
    """
    two_people = _two_people(kept, merged)
    found = []
    for name in (*SINGLE, *MOST_OF):
        ours, theirs = value_of(kept, name), value_of(merged, name)
        if name in MOST_OF:
            proposed: Choice = "both"
        elif ours is None and not (two_people and name.startswith("contact.")):
            proposed = "merged"
        else:
            proposed = "kept"
        found.append(Compared(name, ours, theirs, proposed))
    return found


def merged_profile(kept: Document, merged: Document, choices: Mapping[str, Choice]) -> tuple[Document, dict[str, str]]:
    """The profile of a company that takes another one in, and which listings of the other it had already."""
    profile: Document = {"country": kept["country"], "contact": {}}
    for field in compared(kept, merged):
        value = _chosen(field, choices.get(field.name, field.proposed))
        if field.name.startswith("contact."):
            profile["contact"][field.name.removeprefix("contact.")] = value
        else:
            profile[field.name] = value
    if not any(profile["contact"].values()):
        profile["contact"] = None
    profile["listings"], joined = _listings(kept["listings"], merged["listings"])
    return profile, joined


def value_of(document: Document, name: str) -> Any:  # noqa: ANN401  # whatever the field holds
    """A field's value; a part of the contact is named ``contact.email``."""
    if name.startswith("contact."):
        return (document["contact"] or {}).get(name.removeprefix("contact."))
    return document[name]


def merge_by_id(session: Session, merge_id: str, *, lock: bool = False) -> Merge:
    """A merge.

    Raises:
        NotFound: there is none.
    """
    query = select(Merge).where(Merge.id == merge_id)
    found = session.scalar(query.with_for_update() if lock else query)
    if found is None:
        raise NotFound("There is no such merge.")
    return found


def latest_merges(session: Session, *, limit: int = LISTED) -> list[Merge]:
    """The last merges, newest first."""
    return list(session.scalars(select(Merge).order_by(Merge.at.desc(), Merge.id.desc()).limit(limit)))


def merges_into(session: Session, company_id: str) -> list[Merge]:
    """The merges that a company holds, newest first, with those of companies that it took in."""
    found: list[Merge] = []
    ids = {company_id}
    while ids:
        these = session.scalars(select(Merge).where(Merge.kept_id.in_(ids), Merge.undone_at.is_(None))).all()
        found += these
        ids = {merge.merged_id for merge in these}
    return sorted(found, key=lambda merge: (merge.at, merge.id), reverse=True)


def taken_in_by(session: Session, company_id: str) -> Merge | None:
    """The merge by which a company became part of another, if it did."""
    return session.scalar(select(Merge).where(Merge.merged_id == company_id, Merge.undone_at.is_(None)))


def reviews_of(session: Session, company_ids: Iterable[str]) -> list[Review]:
    """All decisions on matches of these companies, newest first."""
    mentioned = [Review.pair_id.contains(company_id) for company_id in company_ids]
    return list(session.scalars(select(Review).where(or_(*mentioned)).order_by(Review.decided_at.desc())))


def _two_people(kept: Document, merged: Document) -> bool:
    names = value_of(kept, "contact.name"), value_of(merged, "contact.name")
    return None not in names and names[0] != names[1]


def _chosen(field: Compared, choice: Choice) -> Any:  # noqa: ANN401  # whatever the field holds
    if field.name in MOST_OF:
        lists = {"kept": field.kept, "merged": field.merged, "both": [*field.kept, *field.merged]}
        return list(dict.fromkeys(lists[choice]))[: MOST_OF[field.name]]
    return field.merged if choice == "merged" else field.kept


def _listings(kept: list[Document], merged: list[Document]) -> tuple[list[Document], dict[str, str]]:
    listings = [dict(listing) for listing in kept]
    free = {_words(listing): listing for listing in reversed(listings)}
    joined: dict[str, str] = {}
    for listing in merged:
        same = free.pop(_words(listing), None)
        if same is None:
            listings.append(listing)
            continue
        joined[listing["id"]] = same["id"]
        for name, value in listing.items():
            if same[name] in (None, []):
                same[name] = value
    return listings, joined


def _words(listing: Document) -> tuple[str, str, str]:
    return listing["side"], " ".join(listing["title"].split()), " ".join((listing["text"] or "").split())
