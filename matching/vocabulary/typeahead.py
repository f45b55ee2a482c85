"""Finding concepts while a person types: names, in any language, one of whose words begins as typed."""

from bisect import bisect_left
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from matching.kept import kept
from matching.languages import LANGUAGES
from matching.text import fold
from matching.vocabulary.concepts import Concept, trade_vocabulary
from matching.vocabulary.linker import Reading

BEYOND = "\U0010ffff"


@dataclass(frozen=True, slots=True)
class _Entries:
    """Every name from each of its words on, sorted by that tail.

    Attributes:
        tails: folded.
        names: the whole name as written.
        places: of the concepts.
        later: whether the tail begins at a later word of the name.
        lengths: of the folded names.
    """

    tails: list[str]
    names: list[str]
    places: npt.NDArray[np.int64]
    later: npt.NDArray[np.bool_]
    lengths: npt.NDArray[np.int64]


@kept
def _entries() -> _Entries:
    found: set[tuple[str, int, bool, int, str]] = set()
    for place, concept in enumerate(trade_vocabulary().concepts):
        for language in LANGUAGES:
            for name in (concept.labels[language], *concept.names[language]):
                words = fold(name).split()
                length = len(" ".join(words))
                found |= {(" ".join(words[at:]), place, at > 0, length, name) for at in range(len(words))}
    rows = sorted(found)
    return _Entries(
        [row[0] for row in rows],
        [row[4] for row in rows],
        np.array([row[1] for row in rows]),
        np.array([row[2] for row in rows]),
        np.array([row[3] for row in rows]),
    )


ENOUGH = 4
MOST_SUGGESTED = 5
LEAST_SUGGESTED = 0.3
HEADING = 4


def suggested_headings(reading: Reading) -> list[tuple[Concept, float]]:
    """HS headings and subheadings that a text may fall under, best first, with weights in (0, 1]."""
    concepts = trade_vocabulary().concepts
    weighed = (
        (concepts[at], weight) for at, weight in zip(reading.places.tolist(), reading.weights.tolist(), strict=True)
    )
    fitting = [
        (concept, weight)
        for concept, weight in weighed
        if concept.scheme == "hs" and concept.level >= HEADING and weight >= LEAST_SUGGESTED
    ]
    return fitting[:MOST_SUGGESTED]


@lru_cache(maxsize=2_000)
def search_concepts(typed: str, limit: int) -> list[tuple[Concept, str]]:
    """Concepts with a name that begins as typed (or has a word that does), or whose code begins so.

    Whole names come first, then names that begin so, then names with a later word that does; within these,
    shorter names first. Each concept comes once, with the name that was found.
    """
    wanted = " ".join(fold(typed).split())
    if not wanted:
        return []
    words = trade_vocabulary()
    found: dict[int, tuple[tuple[int, int, str], str]] = {}
    if wanted.removeprefix("hs:").removeprefix("isic:").replace(".", "").isdigit():
        scheme, _, digits = wanted.replace(".", "").rpartition(":")
        for place, concept in enumerate(words.concepts):
            code = concept.code.partition(":")[2]
            if code.startswith(digits) and scheme in {"", concept.scheme}:
                found[place] = ((0, len(code), concept.code), concept.labels["en"])
    entries = _entries()
    begin, end = bisect_left(entries.tails, wanted), bisect_left(entries.tails, wanted + BEYOND)
    whole = entries.lengths[begin:end] == len(wanted)
    how = np.where(whole, 0, 1 + entries.later[begin:end])
    for at in np.lexsort((entries.places[begin:end], entries.lengths[begin:end], how)).tolist():
        place = int(entries.places[begin + at])
        if place not in found:
            order = (int(how[at]), int(entries.lengths[begin + at]), words.concepts[place].code)
            found[place] = (order, entries.names[begin + at])
            if len(found) >= ENOUGH * limit:
                break
    best = sorted(found.items(), key=lambda item: item[1][0])[:limit]
    return [(words.concepts[place], name) for place, (_, name) in best]
