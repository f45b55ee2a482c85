"""What the engine understands of a text, shown while a person types."""

from typing import Annotated, Literal

from pydantic import StringConstraints

from matching import Kind, Language
from schemas.texts import Incoming, Outgoing

LONGEST = 5000


class TextIn(Incoming):
    """A text as it will stand in a listing."""

    text: Annotated[str, StringConstraints(max_length=LONGEST)]
    kind: Kind | None = None


class UnderstoodConcept(Outgoing):
    """A concept that the text speaks of, its weight in (0, 1] and the words that led there."""

    code: str
    scheme: Literal["hs", "isic"]
    label: str
    weight: float
    words: list[str]


class SuggestedCode(Outgoing):
    """An HS code that the text may fall under."""

    code: str
    label: str
    weight: float


class UnderstandingOut(Outgoing):
    """The language of a text, its concepts and the HS codes to choose from, best first.

    ``confidence`` in [0, 1] is how much of a name of the first concept was found.
    """

    language: Language
    confidence: float
    concepts: list[UnderstoodConcept]
    hs_codes: list[SuggestedCode]
