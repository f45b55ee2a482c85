"""What there is to choose from: sectors and concepts."""

from typing import Literal

from matching import Sector
from schemas.texts import Outgoing


class SectorOut(Outgoing):
    """A sector with its label in the reader's language."""

    code: Sector
    label: str


class SectorList(Outgoing):
    """All sectors."""

    items: list[SectorOut]


class ConceptOut(Outgoing):
    """A concept that a typed text may mean; ``name`` is the name that was found."""

    code: str
    scheme: Literal["hs", "isic"]
    label: str
    labels: dict[str, str]
    name: str
    parent: str | None


class ConceptList(Outgoing):
    """Concepts, best first."""

    items: list[ConceptOut]
