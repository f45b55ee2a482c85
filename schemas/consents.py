"""The text that firms consent to."""

from schemas.texts import Outgoing


class SectionOut(Outgoing):
    """A part of the text."""

    heading: str
    paragraphs: list[str]


class ConsentTextOut(Outgoing):
    """The text in a language. ``version`` is what a registration sends as ``consent.version``.

    ``agree`` is the sentence to stand beside the box that is ticked; ``required`` says whether a registration over the
    API is refused without consent; ``page`` is where the text stands as a page.
    """

    version: str
    language: str
    required: bool
    title: str
    agree: str
    sections: list[SectionOut]
    page: str
