"""Which words of a listing speak of the concepts that a pair of listings shares."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from matching.text import fold
from matching.vocabulary import trade_linker, trade_vocabulary

WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a text as it was written.

    ``concept`` is the place of the concept that it speaks of among those asked about, None for none. ``shared`` tells
    that the other listing has the word too.
    """

    text: str
    concept: int | None = None
    shared: bool = False


def highlighted(text: str, codes: Sequence[str], words: Sequence[str] = ()) -> tuple[Piece, ...]:
    """A text in pieces that make it up again, those marked that speak of one of the concepts or are one of the words.

    Args:
        text: of a listing, in any of the languages.
        codes: shared concepts, the weightiest first; a narrower or wider concept of the text counts as one of them.
        words: that both listings have, in any spelling.
    """
    speaking: dict[str, int] = {}
    for spoken, said in _spoken(text):
        concept = next((at for at, code in enumerate(codes) if _related(spoken, code)), None)
        if concept is not None:
            for word in said:
                speaking[word] = min(concept, speaking.get(word, concept))
    common = {fold(word) for word in words}
    return tuple(_merged(_pieces(text, speaking, common)))


@lru_cache(maxsize=10_000)
def _spoken(text: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """The concepts of a text, each with the words that led there; officers look at the same texts again and again."""
    return tuple((found.code, found.words) for found in trade_linker().read(text).found)


def _pieces(text: str, speaking: dict[str, int], common: set[str]) -> Iterator[Piece]:
    reached = 0
    for word in WORD.finditer(text):
        folded = fold(word[0])
        piece = Piece(word[0], speaking.get(folded), folded in common)
        if piece.concept is not None or piece.shared:
            yield Piece(text[reached : word.start()])
            yield piece
            reached = word.end()
    yield Piece(text[reached:])


def _merged(pieces: Iterator[Piece]) -> Iterator[Piece]:
    """Joins words of one concept that only a space or hyphen divides."""
    held: list[Piece] = []
    for piece in (one for one in pieces if one.text):
        if len(held) > 1 and _same(held[-2], piece) and not held[-1].text.strip(" -"):
            between, before = held.pop(), held.pop()
            held.append(Piece(before.text + between.text + piece.text, piece.concept, piece.shared))
        elif held and _same(held[-1], piece):
            held.append(Piece(held.pop().text + piece.text, piece.concept, piece.shared))
        else:
            held.append(piece)
    return iter(held)


def _same(one: Piece, other: Piece) -> bool:
    marked = other.concept is not None or other.shared
    return marked and (one.concept, one.shared) == (other.concept, other.shared)


def _related(one: str, other: str) -> bool:
    return one == other or other in _above(one) or one in _above(other)


@lru_cache(maxsize=10_000)
def _above(code: str) -> frozenset[str]:
    words, found = trade_vocabulary(), set[str]()
    while code in words and (parent := words[code].parent) is not None and parent not in found:
        found.add(parent)
        code = parent
    return frozenset(found)
