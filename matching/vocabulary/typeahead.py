"""Finding concepts while a person types: names, in any language, one of whose words begins as typed."""

from bisect import bisect_left
from functools import lru_cache

from matching.languages import LANGUAGES
from matching.text import fold
from matching.vocabulary.concepts import Concept, trade_vocabulary
from matching.vocabulary.linker import Reading

Entry = tuple[str, int, str]
"""Folded name from one of its words on, place of the concept, the name as written."""


@lru_cache(maxsize=1)
def _entries() -> list[Entry]:
    entries: set[Entry] = set()
    for place, concept in enumerate(trade_vocabulary().concepts):
        for language in LANGUAGES:
            for name in (concept.labels[language], *concept.names[language]):
                folded = fold(name).split()
                entries |= {(" ".join(folded[start:]), place, name) for start in range(len(folded))}
    return sorted(entries)


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
    for at in range(bisect_left(entries, (wanted, -1, "")), len(entries)):
        tail, place, name = entries[at]
        if not tail.startswith(wanted):
            break
        folded = " ".join(fold(name).split())
        how = 0 if folded == wanted else 1 if folded.startswith(wanted) else 2
        order = (how, len(folded), words.concepts[place].code)
        if place not in found or order < found[place][0]:
            found[place] = (order, name)
    best = sorted(found.items(), key=lambda item: item[1][0])[:limit]
    return [(words.concepts[place], name) for place, (_, name) in best]
