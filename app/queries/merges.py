"""What merging two companies would make of them, and the merges that there were."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from app.db.companies import Company
from app.db.matches import Review
from app.db.merges import Merge
from app.db.search import NotDuplicate
from app.db.staff import Token
from app.errors import NotFound, NotMergeable
from app.queries.companies import company_by_id, document
from app.queries.duplicates import Pairing, measured

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


@dataclass(frozen=True, slots=True)
class PairView:
    """Two companies side by side: ``merged`` would become part of ``kept``.

    ``joined`` names listings of the merged company that the kept one has already, ``listings`` how many there would be.
    """

    kept: Company
    merged: Company
    fields: list[Compared]
    kept_listings: list[Document]
    merged_listings: list[Document]
    joined: dict[str, str]
    listings: int
    pairing: Pairing
    tokens: int
    apart: NotDuplicate | None

    @property
    def contacts(self) -> bool:
        """Whether a contact of either is known."""
        return any(one.name.startswith("contact.") and (one.kept or one.merged) for one in self.fields)

    @property
    def listings_differ(self) -> bool:
        """Whether either has a listing that the other has not."""
        return not len(self.joined) == len(self.kept_listings) == len(self.merged_listings)


@dataclass(frozen=True, slots=True)
class Changed:
    """A field of the company that stayed, before and after a merge, and the other company's."""

    name: str
    before: Any
    other: Any
    after: Any


@dataclass(frozen=True, slots=True)
class MergeView:
    """A merge as an officer sees it.

    ``conflicts`` are pointers to what was changed since, ``later`` is the merge that has to be undone first; either
    keeps this one from being undone. ``reviews`` are the decisions on the merged company's matches.
    """

    merge: Merge
    fields: list[Changed]
    conflicts: list[str]
    later: Merge | None
    reviews: list[Review]

    @property
    def contacts(self) -> bool:
        """Whether it holds a contact of either company."""
        return any(one.name.startswith("contact.") and (one.before or one.other or one.after) for one in self.fields)


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


def parted_profile(merge: Merge, present: Document) -> tuple[Document, list[str]]:
    """The kept company's profile without what the merge changed in it, and pointers to what was changed there since.

    Fields that the merge left as they were stay as they are now.
    """
    before, after = merge.kept_before or present, merge.kept_after or present
    listings, conflicts = _parted_listings(before, after, present)
    profile = present | {"contact": dict(present["contact"] or {}), "listings": listings}
    for name in (*SINGLE, *MOST_OF):
        if value_of(before, name) == value_of(after, name):
            continue
        if value_of(present, name) != value_of(after, name):
            conflicts.append(f"/{name.replace('.', '/')}")
        elif name.startswith("contact."):
            profile["contact"][name.removeprefix("contact.")] = value_of(before, name)
        else:
            profile[name] = value_of(before, name)
    if not any(profile["contact"].values()):
        profile["contact"] = None
    return profile, conflicts


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


def pair_view(session: Session, kept_id: str, merged_id: str) -> PairView:
    """Two companies side by side.

    Raises:
        NotFound: there is no such company.
        NotMergeable: it is one company.
    """
    if kept_id == merged_id:
        raise NotMergeable("This is one company already.")
    kept, merged = company_by_id(session, kept_id), company_by_id(session, merged_id)
    before, other = document(kept), document(merged)
    profile, joined = merged_profile(before, other, {})
    pairing = measured(session, kept_id, merged_id)
    tokens = session.scalar(select(func.count()).select_from(Token).where(Token.company_id == merged_id)) or 0
    apart = session.get(NotDuplicate, sorted((kept_id, merged_id)))
    return PairView(
        kept,
        merged,
        compared(before, other),
        before["listings"],
        other["listings"],
        joined,
        len(profile["listings"]),
        pairing,
        tokens,
        apart,
    )


def merge_view(session: Session, merge_id: str) -> MergeView:
    """A merge with what it changed, and what keeps it from being undone.

    Raises:
        NotFound: there is no such merge.
    """
    merge = merge_by_id(session, merge_id)
    reviews = reviews_of(session, [merge.merged_id])
    if merge.undone_at is not None:
        return MergeView(merge, [], [], None, reviews)
    later = taken_in_by(session, merge.kept_id)
    conflicts = [] if later else parted_profile(merge, document(company_by_id(session, merge.kept_id)))[1]
    before, after, other = merge.kept_before or {}, merge.kept_after or {}, merge.merged or {}
    fields = [
        Changed(name, value_of(before, name), value_of(other, name), value_of(after, name))
        for name in (*SINGLE, *MOST_OF)
    ]
    return MergeView(merge, fields, conflicts, later, reviews)


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


def holders_of(
    session: Session, country: str, *, numbers: Collection[str] = (), names: Collection[str] = ()
) -> dict[str, str]:
    """Who holds companies that were merged away: their numbers, or the names of those without one, to company ids."""
    former = or_(
        Merge.registration_number.in_(numbers), Merge.registration_number.is_(None) & Merge.normal_name.in_(names)
    )
    rows = session.scalars(
        select(Merge).where(Merge.country == country, Merge.undone_at.is_(None), former).order_by(Merge.at)
    ).all()
    found = {merge.registration_number or merge.normal_name: merge.kept_id for merge in rows}
    while found:
        ids = set(found.values())
        later = session.execute(
            select(Merge.merged_id, Merge.kept_id).where(Merge.merged_id.in_(ids), Merge.undone_at.is_(None))
        )
        onward = dict(later.all())
        if not onward:
            break
        found = {value: onward.get(company_id, company_id) for value, company_id in found.items()}
    return found


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


def _parted_listings(before: Document, after: Document, present: Document) -> tuple[list[Document], list[str]]:
    then, merged, held = ({one["id"]: one for one in profile["listings"]} for profile in (before, after, present))
    touched = {one for one, listing in merged.items() if then.get(one) != listing}
    conflicts = [f"/listings/{at}" for at, one in enumerate(merged) if one in touched and held.get(one) != merged[one]]
    kept = [one for one in held if one in then or one not in merged]
    return [then[one] if one in touched else held[one] for one in kept], conflicts


def _words(listing: Document) -> tuple[str, str, str]:
    return listing["side"], " ".join(listing["title"].split()), " ".join((listing["text"] or "").split())
