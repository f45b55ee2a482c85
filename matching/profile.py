"""What the engine reads: a firm and its listings."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal, get_args

Side = Literal["offer", "need"]
Kind = Literal["goods", "service", "investment", "technology", "partnership"]
Sector = Literal["mining", "it", "energy", "agriculture", "logistics"]
Size = Literal["micro", "small", "medium", "large"]
Status = Literal["submitted", "verified", "unclaimed", "suspended"]

SIDES: tuple[Side, ...] = get_args(Side)
KINDS: tuple[Kind, ...] = get_args(Kind)
SECTORS: tuple[Sector, ...] = get_args(Sector)
SIZES: tuple[Size, ...] = get_args(Size)
STATUSES: tuple[Status, ...] = get_args(Status)


@dataclass(frozen=True, slots=True)
class Volume:
    """How much, in ``unit`` (free text as written), once or per period."""

    amount: float
    unit: str
    per: str | None = None


@dataclass(frozen=True, slots=True)
class Worth:
    """A money range; ``currency`` is ISO 4217."""

    least: Decimal | None
    most: Decimal | None
    currency: str


@dataclass(frozen=True, slots=True)
class Listing:
    """One thing a firm offers or needs.

    ``hs_codes`` are digits of HS 2022 (4 to 10 of them), ``isic_codes`` of ISIC Rev. 4 (2 to 4).
    ``certificates`` are held on an offer, required on a need.
    """

    id: str
    side: Side
    kind: Kind
    title: str
    text: str = ""
    hs_codes: tuple[str, ...] = ()
    isic_codes: tuple[str, ...] = ()
    partnership: tuple[str, ...] = ()
    volume: Volume | None = None
    value: Worth | None = None
    incoterms: tuple[str, ...] = ()
    certificates: tuple[str, ...] = ()
    valid_until: date | None = None

    @property
    def words(self) -> str:
        """Everything that the firm wrote about it."""
        return f"{self.title}\n{self.text}" if self.text else self.title


@dataclass(frozen=True, slots=True)
class Profile:
    """A firm as the engine sees it. ``version`` grows by one with each change."""

    id: str
    country: str
    name: str
    sectors: frozenset[Sector]
    status: Status
    version: int = 1
    region: str | None = None
    city: str | None = None
    size: Size | None = None
    founded: int | None = None
    languages: frozenset[str] = frozenset()
    website: str | None = None
    summary: str | None = None
    listings: tuple[Listing, ...] = ()

    def on(self, side: Side) -> tuple[Listing, ...]:
        """The listings of one side, in their order."""
        return tuple(listing for listing in self.listings if listing.side == side)

    @property
    def completeness(self) -> float:
        """The part of the telling fields that are filled in, in [0, 1]."""
        told = (
            self.summary,
            self.region or self.city,
            self.size,
            self.founded,
            self.languages,
            self.website,
            self.on("offer"),
            self.on("need"),
            any(listing.hs_codes or listing.isic_codes for listing in self.listings),
            any(listing.text for listing in self.listings),
        )
        return sum(bool(field) for field in told) / len(told)
