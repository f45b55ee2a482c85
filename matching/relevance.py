"""How well a need meets an offer: ``s = a · cos(concepts) + b · cos(words)``, in [0, 1].

Both parts of a listing's vector are scaled so that the whole has unit length, so s is one sparse dot product. A text
that tells little (fillers, half a name) gets a shorter vector: nothing is known of it, so it meets nothing strongly.
Columns: first one for each concept, in the vocabulary's order, then ``WORD_COLUMNS`` that words are hashed into.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from math import log, sqrt
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from numba import njit
from scipy import sparse

from matching.kept import kept
from matching.languages import LANGUAGES
from matching.profile import KINDS, Kind, Listing
from matching.text import language_of, telling, terms_of_token, tokens, trigrams
from matching.vocabulary import (
    SILENT,
    Found,
    Linker,
    LinkKind,
    Scheme,
    Vocabulary,
    search_concepts,
    trade_linker,
    trade_vocabulary,
)

Floats = npt.NDArray[np.float64]
Weights = npt.NDArray[np.float32]
Columns = npt.NDArray[np.int32]
Vectors: TypeAlias = sparse.csr_array
"""Listings × columns, float32, rows of at most unit length, columns ascending."""
Row: TypeAlias = tuple[npt.NDArray[np.int32], npt.NDArray[np.float32]]
"""One of their rows: columns and weights."""

NAMED_SHARE = 0.45
HINTED_SHARE = 0.3
NAMED_SHARPNESS = 1.0
WORD_COLUMNS = 1 << 20
TEXT_WEIGHT = 0.35
TEXT_BESIDE_CODE = 0.6
TRIGRAM_SHARE = 0.2
SHORTEST_SHARED = 3
PARENT = 0.3
GRANDPARENT = 0.1
NAMED_PARENT = 0.5
NAMED_GRANDPARENT = 0.2
LINKED = 0.35
LEAST_WEIGHT = 0.02
"""What weighs less in a vector of length 1 is left out: half of the entries, which hardly change a relevance."""

USED: Mapping[LinkKind, float] = {"input_of": 1.0, "equipment_for": 0.9, "service_for": 0.8}
"""Links along which an offer implies a need, and how surely."""

SURE = 0.65
"""Confidence from which a text is trusted to contradict a code."""
AGREEING = 0.05
INHERITED = 0.85

_SAME_KIND = 1.0
_KINDS_THAT_MEET: dict[frozenset[Kind], float] = {
    frozenset[Kind]({"goods", "service"}): 0.85,
    frozenset[Kind]({"goods", "technology"}): 0.8,
    frozenset[Kind]({"service", "technology"}): 0.9,
    frozenset[Kind]({"partnership", "goods"}): 0.75,
    frozenset[Kind]({"partnership", "service"}): 0.8,
    frozenset[Kind]({"partnership", "technology"}): 0.8,
    frozenset[Kind]({"partnership", "investment"}): 0.7,
    frozenset[Kind]({"investment", "technology"}): 0.4,
    frozenset[Kind]({"investment", "goods"}): 0.3,
    frozenset[Kind]({"investment", "service"}): 0.3,
}
KIND_FIT: npt.NDArray[np.float64] = np.array(
    [[_SAME_KIND if one == other else _KINDS_THAT_MEET[frozenset({one, other})] for other in KINDS] for one in KINDS]
)
"""``KIND_FIT[i, j]`` scales the relevance between listings of kind i and kind j (places in ``KINDS``)."""


@dataclass(frozen=True)
class Statistics:
    """How many of ``listings`` texts use each term; a value with a version that only a refresh changes."""

    version: str
    listings: int
    used_by: Mapping[str, int] = field(repr=False)

    def rarity(self, term: str) -> float:
        """Weight of a term: the logarithm of how rare it is, at most that of a term never seen."""
        return log(1 + (1 + self.listings) / (1 + self.used_by.get(term, 0))) * telling(term)

    @classmethod
    def of(cls, version: str, texts: Iterable[str]) -> "Statistics":
        """Counts the terms of the given texts."""
        used_by: Counter[str] = Counter()
        listings = 0
        for text in texts:
            listings += 1
            used_by.update(set(_counted(text)))
        return cls(version, listings, dict(used_by))


@kept
def vocabulary_statistics() -> Statistics:
    """The statistics before any refresh: each concept's names in a language count as one text."""
    return Statistics.of(
        "vocabulary",
        (
            " . ".join((concept.labels[language], *concept.names[language]))
            for concept in trade_vocabulary().concepts
            for language in LANGUAGES
        ),
    )


@lru_cache(maxsize=50_000)
def _words_of(text: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """The words of a text that are worth showing, with their terms in any language."""
    return tuple(
        (token, terms_of_token(token))
        for token in dict.fromkeys(tokens(text))
        if token.isalnum() and not token.isdigit() and len(token) >= SHORTEST_SHARED
    )


def _counted(text: str) -> Counter[str]:
    language = language_of(text)
    return Counter(term for token in tokens(text) for term in terms_of_token(token, language))


@dataclass(frozen=True)
class Understanding:
    """What was understood of a listing: concepts of its codes and of its words."""

    declared: tuple[str, ...]
    found: tuple[Found, ...]


@dataclass(frozen=True, slots=True)
class _Concepts:
    """Concepts of a listing, by place: those it names, all it hints at, and how sure that is."""

    named: dict[int, float]
    hinted: dict[int, float]
    confidence: float


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A declared code's concept and the concept that the text speaks of instead."""

    declared: str
    spoken: str


class Relevance:
    """Turns listings into vectors whose dot products are relevances."""

    def __init__(self, statistics: Statistics | None = None) -> None:
        self.statistics = statistics or vocabulary_statistics()
        self.vocabulary: Vocabulary = trade_vocabulary()
        self._linker: Linker = trade_linker()
        self._neighbours, self._parents, self._inputs, self._uses = _links()

    @property
    def columns(self) -> int:
        """Width of the vectors."""
        return 2 * len(self.vocabulary.concepts) + WORD_COLUMNS

    def declared(self, listing: Listing) -> tuple[str, ...]:
        """The finest known concepts of the codes that a listing declares, each once."""
        schemes: tuple[tuple[Scheme, tuple[str, ...]], ...] = (("hs", listing.hs_codes), ("isic", listing.isic_codes))
        found = (self.vocabulary.nearest(scheme, digits) for scheme, codes in schemes for digits in codes)
        return tuple(dict.fromkeys(concept.code for concept in found if concept))

    def understand(self, listing: Listing) -> Understanding:
        """The concepts that a listing declares and those that explain its words, best first."""
        found = {one.code: one for one in self._linker.find(listing.title)}
        if listing.text:
            for one in self._linker.find(listing.text):
                if one.code not in found:
                    found[one.code] = Found(one.code, one.weight * TEXT_WEIGHT, one.words)
        return Understanding(self.declared(listing), tuple(found.values()))

    def disagreement(self, listing: Listing) -> Disagreement | None:
        """Whether the codes of a listing say something quite different from its title."""
        declared = self.declared(listing)
        reading = self._linker.read(listing.title) if declared else SILENT
        if not reading.found or reading.confidence < SURE:
            return None
        spoken = {one.code: one.weight for one in reading.found} | {
            self.vocabulary.concepts[at].code: weight
            for at, weight in zip(reading.places.tolist(), reading.weights.tolist(), strict=True)
        }
        codes = self._lit(dict.fromkeys(declared, 1.0))
        words = self._lit(spoken)
        product = sum(weight * words.get(place, 0.0) for place, weight in codes.items())
        lengths = sum(weight**2 for weight in codes.values()) * sum(weight**2 for weight in words.values())
        if product >= AGREEING * sqrt(lengths):
            return None
        return Disagreement(declared[0], reading.found[0].code)

    def _lit(self, weights: Mapping[str, float]) -> dict[int, float]:
        """The places that concepts light, with their neighbours; for one listing quicker than sparse matrices."""
        lit: dict[int, float] = {}
        starts = self._neighbours.indptr
        for code, weight in weights.items():
            place = self.vocabulary.places[code]
            some = slice(starts[place], starts[place + 1])
            places, values = self._neighbours.indices[some].tolist(), self._neighbours.data[some].tolist()
            for near, value in zip(places, values, strict=True):
                lit[near] = lit.get(near, 0.0) + weight * value
        return lit

    def vectors(self, listings: Sequence[Listing]) -> Vectors:
        """One row a listing, in their order; of unit length, or shorter for a text that tells little."""
        if not listings:
            return sparse.csr_array((0, self.columns), dtype=np.float32)
        readings = [self._read(listing) for listing in listings]
        confidence = np.array([reading.confidence for reading in readings])
        named = _unit(self._matrix([reading.named for reading in readings]) @ self._neighbours)
        hinted = _unit(self._matrix([reading.hinted for reading in readings]) @ self._parents)
        terms = [self._words(listing) for listing in listings]
        told = np.array([_told(weights) for weights in terms])
        words = _unit(_hashed([_with_trigrams(weights) for weights in terms]))
        parts = (
            (NAMED_SHARE * confidence, named),
            (HINTED_SHARE * confidence, hinted),
            ((1 - (NAMED_SHARE + HINTED_SHARE) * confidence) * told**2, words),
        )
        stacked = sparse.hstack([sparse.diags_array(np.sqrt(share)) @ part for share, part in parts])
        rows = sparse.csr_array(stacked, dtype=np.float32)
        rows.sum_duplicates()
        return _without_least(rows)

    def implied_needs(self, offers: Vectors) -> Vectors:
        """What firms that offer this use; its dot product with another offer's row is in [0, 1] or little above."""
        return self._along(offers, self._inputs)

    def implied_uses(self, offers: Vectors) -> Vectors:
        """What uses the things offered: the same links, followed the other way."""
        return self._along(offers, self._uses)

    def _along(self, offers: Vectors, links: sparse.csr_array) -> Vectors:
        """In double precision, so that a pair comes out alike from both sides."""
        starts, columns, weights = _followed(
            offers.indptr, offers.indices, offers.data, links.indptr, links.indices, links.data
        )
        return sparse.csr_array((weights / NAMED_SHARE, columns, starts), shape=(offers.shape[0], self.columns))

    def shared_concepts(self, columns: npt.NDArray[np.int32], products: Floats) -> list[tuple[str, float]]:
        """What each concept adds to the product of two rows, largest first, from what their shared columns add."""
        added: Counter[int] = Counter()
        size = len(self.vocabulary.concepts)
        for column, value in zip(columns.tolist(), products.tolist(), strict=True):
            if column < 2 * size:
                added[column % size] += value
        named = [(self.vocabulary.concepts[place].code, value) for place, value in added.items()]
        return sorted(named, key=lambda pair: (-pair[1], pair[0]))

    def shared_words(self, ours: Listing, theirs: Listing) -> tuple[str, ...]:
        """Words of ours that theirs has too, in any form, the rarest first."""
        known = {term for _, found in _words_of(theirs.words) for term in found}
        shared: dict[str, float] = {}
        for token, found in _words_of(ours.words):
            common = [self.statistics.rarity(term) for term in found if term in known]
            if common:
                shared[token] = max(common)
        return tuple(sorted(shared, key=lambda token: (-shared[token], token)))

    def _matrix(self, weights: Sequence[Mapping[int, float]]) -> sparse.csr_array:
        rows = np.repeat(np.arange(len(weights)), [len(row) for row in weights])
        places = np.array([place for row in weights for place in row], dtype=np.int64)
        values = np.array([weight for row in weights for weight in row.values()])
        return sparse.csr_array((values, (rows, places)), shape=(len(weights), len(self.vocabulary.concepts)))

    def _read(self, listing: Listing) -> "_Concepts":
        declared = [self.vocabulary.places[code] for code in self.declared(listing)]
        beside = TEXT_BESIDE_CODE if declared else 1.0
        named: dict[int, float] = {}
        hinted: dict[int, float] = {}
        confidence = 1.0 if declared else 0.0
        for text, weight in ((listing.title, beside), (listing.text, beside * TEXT_WEIGHT)):
            reading = self._linker.read(text) if text else SILENT
            for one in reading.found:
                place = self.vocabulary.places[one.code]
                named[place] = max(named.get(place, 0.0), weight * one.weight**NAMED_SHARPNESS)
            for place, hint in zip(reading.places.tolist(), reading.weights.tolist(), strict=True):
                hinted[place] = max(hinted.get(place, 0.0), weight * hint)
            confidence = max(confidence, weight * reading.confidence)
        codes = dict.fromkeys(declared, 1.0)
        return _Concepts(named | codes, hinted | codes, confidence)

    def _words(self, listing: Listing) -> dict[str, float]:
        counts = _counted(listing.title)
        weights = {term: 1 + log(count) for term, count in counts.items()}
        for term, count in _counted(listing.text).items():
            weights[term] = max(weights.get(term, 0.0), TEXT_WEIGHT * (1 + log(count)))
        for term in weights:
            weights[term] *= self.statistics.rarity(term)
        return weights


@lru_cache(maxsize=1)
def _before_any_refresh() -> Relevance:
    return Relevance()


def warm_up() -> None:
    """Loads now, in one thread, what the first text and the first letter typed would wait for."""
    search_concepts("a", 1)
    _before_any_refresh().vectors([Listing(id="", side="offer", kind="goods", title="a")])


@lru_cache(maxsize=20_000)
def code_disagreement(listing: Listing) -> Disagreement | None:
    """``Relevance.disagreement``, which no statistics change, remembered by listing."""
    return _before_any_refresh().disagreement(listing)


def _hashed(terms: Sequence[Mapping[str, float]]) -> sparse.csr_array:
    """Texts × ``WORD_COLUMNS``. scikit-learn is loaded by the first text: most commands read none and start faster."""
    from sklearn.feature_extraction import FeatureHasher  # noqa: PLC0415  # see above

    hasher = FeatureHasher(n_features=WORD_COLUMNS, alternate_sign=False, dtype=np.float64)
    return sparse.csr_array(hasher.transform(terms))


def _unit(rows: sparse.csr_array) -> sparse.csr_array:
    """Each row with length 1; empty rows stay empty."""
    from sklearn.preprocessing import normalize  # noqa: PLC0415  # as above

    return normalize(rows)


@njit(cache=True, nogil=True)
def _followed(  # noqa: PLR0913  # numba compiles flat loops over flat arrays
    starts: Columns, columns: Columns, weights: Weights, link_starts: Columns, linked: Columns, strengths: Floats
) -> tuple[Columns, Columns, Floats]:
    """Rows times links, both in compressed rows; columns that no link starts from are left out; columns ascend."""
    size = len(link_starts) - 1
    ends = np.zeros(len(starts), dtype=np.int32)
    reached = np.zeros((len(starts) - 1, size))
    for row in range(len(starts) - 1):
        for at in range(starts[row], starts[row + 1]):
            if columns[at] < size:
                for link in range(link_starts[columns[at]], link_starts[columns[at] + 1]):
                    reached[row, linked[link]] += weights[at] * strengths[link]
        ends[row + 1] = ends[row] + np.count_nonzero(reached[row])
    found, values = np.empty(ends[-1], dtype=np.int32), np.empty(ends[-1])
    for row in range(len(starts) - 1):
        count = ends[row]
        for column in range(size):
            if reached[row, column] != 0.0:
                found[count], values[count] = column, reached[row, column]
                count += 1
    return ends, found, values


def _without_least(rows: Vectors) -> Vectors:
    """The rows without entries below ``LEAST_WEIGHT``; what is left grows to the same length."""
    lengths = np.sqrt(rows.multiply(rows).sum(axis=1))
    rows.data[rows.data < LEAST_WEIGHT] = 0.0
    rows.eliminate_zeros()
    left = np.sqrt(rows.multiply(rows).sum(axis=1))
    scales = np.divide(lengths, left, out=np.ones_like(lengths), where=left > 0)
    rows.data *= np.repeat(scales, np.diff(rows.indptr)).astype(np.float32)
    return rows


def _told(weights: Mapping[str, float]) -> float:
    """The part of the words' length, in [0, 1], that is left when fillers are played down."""
    whole = sqrt(sum((weight / telling(term)) ** 2 for term, weight in weights.items()))
    return sqrt(sum(weight**2 for weight in weights.values())) / whole if whole else 0.0


def _with_trigrams(weights: Mapping[str, float]) -> dict[str, float]:
    """Adds letter trigrams that together hold ``TRIGRAM_SHARE`` of the vector's squared length."""
    grams: dict[str, float] = {}
    for term, weight in weights.items():
        space, _, word = term.partition(":")
        if space != "#":
            for gram in trigrams(word):
                name = f"3{space}:{gram}"
                grams[name] = grams.get(name, 0.0) + weight
    whole = sqrt(sum(weight**2 for weight in weights.values()))
    parts = sqrt(sum(weight**2 for weight in grams.values()))
    if not parts:
        return dict(weights)
    scale = whole / parts * sqrt(TRIGRAM_SHARE / (1 - TRIGRAM_SHARE))
    return {**weights} | {name: weight * scale for name, weight in grams.items()}


@lru_cache(maxsize=1)
def _links() -> tuple[sparse.csr_array, sparse.csr_array, sparse.csr_array, sparse.csr_array]:
    """Concepts × concepts: neighbours, parents, inputs, and the inputs the other way round."""
    words = trade_vocabulary()
    inputs = _inputs(words)
    return _neighbours(words), _parents(words), inputs, sparse.csr_array(inputs.T)


def _above(words: Vocabulary, weights: Sequence[float]) -> dict[tuple[int, int], float]:
    """Each concept lights itself, and those above it with the given weights, the nearest first."""
    lit: dict[tuple[int, int], float] = {}
    for place, concept in enumerate(words.concepts):
        lit[place, place] = 1.0
        above = concept.parent
        for weight in weights:
            if above is None:
                break
            lit[place, words.places[above]] = weight
            above = words[above].parent
    return lit


def _parents(words: Vocabulary) -> sparse.csr_array:
    """Concepts × concepts: each lights itself and, weaker, those above it."""
    return _square(_above(words, (PARENT, GRANDPARENT)), len(words.concepts))


def _neighbours(words: Vocabulary) -> sparse.csr_array:
    """Concepts × concepts: each lights itself, those above it, and those it is linked with in the value chain."""
    lit = _above(words, (NAMED_PARENT, NAMED_GRANDPARENT))
    for link in words.links:
        for pair in ((link.source, link.target), (link.target, link.source)):
            at = words.places[pair[0]], words.places[pair[1]]
            lit[at] = max(lit.get(at, 0.0), LINKED * link.strength)
    return _square(lit, len(words.concepts))


def _inputs(words: Vocabulary) -> sparse.csr_array:
    """Concepts × concepts: how much who offers the one uses the other; narrower concepts inherit, a little weaker."""
    narrower = _narrower(words)
    lit: dict[tuple[int, int], float] = {(0, 0): 0.0}
    for link in words.links:
        if link.kind in USED:
            for target, user in narrower[link.target]:
                for source, thing in narrower[link.source]:
                    strength = USED[link.kind] * link.strength * INHERITED ** (user + thing)
                    lit[target, source] = max(strength, lit.get((target, source), 0.0))
    return _square(lit, len(words.concepts))


def _narrower(words: Vocabulary) -> dict[str, list[tuple[int, int]]]:
    """Code to the places of the concept and all below it, with how many levels each lies below."""
    found: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for place, concept in enumerate(words.concepts):
        above: str | None = concept.code
        depth = 0
        while above is not None:
            found[above].append((place, depth))
            above = words[above].parent
            depth += 1
    return found


def _square(lit: Mapping[tuple[int, int], float], size: int) -> sparse.csr_array:
    places = np.array(list(lit))
    return sparse.csr_array((list(lit.values()), (places[:, 0], places[:, 1])), shape=(size, size))
