"""From words to concepts.

Each name of each concept is a set of terms, weighted by how few concepts use the term and how much it can tell.
A term of a text is evidence for a concept by its weight and by how much of a name around it was found, so that
*palm* alone says little about palm oil. ``find`` explains a text to people with few concepts: it picks greedily, and
words that a better concept has explained count little for the next. ``weigh`` gives the whole evidence, for vectors.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt
from rapidfuzz.distance import OSA
from scipy import sparse

from matching.kept import kept
from matching.languages import LANGUAGES, Language
from matching.text import kazakh_skeletons, says_little, skeleton, telling, terms_of_token, tokens, trigrams
from matching.vocabulary.concepts import Concept, Vocabulary, trade_vocabulary

Floats = npt.NDArray[np.float64]
Places = npt.NDArray[np.int64]

MOST_EXPLAINED = 8
MOST_WEIGHED = 30
EXPLAINED_ALREADY = 0.3
EXPLAINED_BESIDE = 1.0
HINTED_ALREADY = 0.6
LEAST_SHARE = 0.2
LEAST_WEIGHED = 0.03
CHAPTER = 0.85
"""What evidence counts for a chapter or division, which names whole shelves."""
WHOLE_NAME = 0.8
"""Power of the part of a name that was found."""
LEAST_COVER = 0.1
LEAST_TOLD = 0.31
"""A text of fillers and plain numbers only says nothing."""
SHARPNESS = 1.5
NO_HEAD = -1
HEADLESS = 0.6
"""What a name's found part counts when its head is not among it: *beef* is little of *beef fat*."""
PREPOSITION: dict[Language, re.Pattern[str]] = {
    "en": re.compile(r"[(,/]| (?:of|for|with|in|from|to|on|by|over|under|up|not|without|and|or) "),
    "ru": re.compile(r"[(,/]| (?:для|из|с|со|в|на|от|до|по|под|без|и|или) "),
    "kk": re.compile(r"[(,/]| (?:мен|пен|бен|және|немесе) "),
}
ADJECTIVE = re.compile(r"(?:ый|ий|ой|ая|яя|ое|ее|ые|ие|ого|его|ых|их|ную)$")
PLURAL: dict[Language, re.Pattern[str]] = {
    "en": re.compile(r"[^s]s$"),
    "ru": re.compile(r"[ыи]$"),
    "kk": re.compile(r"(?:лар|лер|дар|дер|тар|тер)$"),
}
LATER = 0.8
"""What words after the first comma, bracket or line count: the head of a listing comes first."""
ENUMERATED = 0.85
LISTED = re.compile(r",\s*| (?:and|и|мен|пен|бен|және) ")
BREAK = re.compile(r"[,;(:\n]")
WITH = re.compile(r"\b(?:with|without|с|со|без)\b", re.IGNORECASE)
BESIDE = 0.5
"""What words after a *with* count: they describe the thing that came before."""
SHORTEST_TYPO = 5
SHORTEST_OTHERWISE = 3
LONG_WORD = 8
TYPOS = 2
TYPO_COST = 0.2
TYPO_CANDIDATES = 25
OTHERWISE_WRITTEN = 0.9


@dataclass(frozen=True, slots=True)
class Found:
    """A concept that a text speaks of, its weight in (0, 1] and the words that led there."""

    code: str
    weight: float
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Reading:
    """What a text tells.

    Attributes:
        found: the concepts that explain it.
        places: every concept that it is evidence for, as places in the vocabulary, best first.
        weights: of those, the largest 1.
        confidence: how much of a name of the best concept was found, and in how telling words, in [0, 1].
    """

    found: tuple[Found, ...]
    places: Places
    weights: Floats
    confidence: float


SILENT = Reading((), np.zeros(0, dtype=np.int64), np.zeros(0), 0.0)


class Linker:
    """Finds the concepts that a text names, in all three languages at once."""

    def __init__(self, words: Vocabulary) -> None:
        self._codes = [concept.code for concept in words.concepts]
        self._levels = np.array([CHAPTER if concept.parent is None else 1.0 for concept in words.concepts])
        self._goods = np.array([concept.scheme == "hs" for concept in words.concepts])
        families = {family: number for number, family in enumerate(dict.fromkeys(map(_family, words.concepts)))}
        self._families = np.array([families[_family(concept)] for concept in words.concepts])
        self._columns: dict[str, int] = {}
        read: dict[Language, dict[str, list[int]]] = {language: {} for language in LANGUAGES}
        name_terms: list[set[int]] = []
        owners: list[int] = []
        worths: list[float] = []
        heads: list[int] = []
        for place, concept in enumerate(words.concepts):
            for language, name, worth in _names(concept):
                known = read[language]
                held = tokens(name)
                for token in held:
                    if token not in known:
                        known[token] = [
                            self._columns.setdefault(term, len(self._columns))
                            for term in terms_of_token(token, language)
                        ]
                found = {column for token in held for column in known[token]}
                if found:
                    name_terms.append(found)
                    owners.append(place)
                    worths.append(worth)
                    heads.append(known[head_of(name, held, language)][0])
        self._owners = np.array(owners)
        self._heads = np.array(heads)
        self._telling = np.array([telling(term) for term in self._columns])
        starts = np.cumsum([0, *map(len, name_terms)])
        columns = np.fromiter(chain.from_iterable(map(sorted, name_terms)), dtype=np.int64, count=starts[-1])
        self.weights = self._rarity(starts, columns, len(words.concepts)) * self._telling
        self._by_term = (sparse.diags_array(worths) @ self._squares(starts, columns)).T.tocsr()
        surfaces: dict[str, set[int]] = defaultdict(set)
        for known in read.values():
            for token, found_columns in known.items():
                surfaces[token].update(found_columns)
        self._spelling = _Spelling({word: tuple(sorted(held)) for word, held in surfaces.items()}, self._columns)
        self._columns_of = self._remembering()

    def _remembering(self) -> Callable[[str], tuple[tuple[int, float], ...]]:
        return lru_cache(maxsize=50_000)(self._columns_of_token)

    def __getstate__(self) -> dict[str, Any]:
        """Everything but what was remembered of texts."""
        return {name: value for name, value in self.__dict__.items() if name != "_columns_of"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._columns_of = self._remembering()

    def _rarity(self, starts: Places, columns: Places, concepts: int) -> Floats:
        """Of each term: the logarithm of how few concepts have it in a name."""
        users = np.unique(columns * concepts + np.repeat(self._owners, np.diff(starts))) // concepts
        return np.log(1 + concepts / np.bincount(users, minlength=len(self._columns)))

    def _squares(self, starts: Places, columns: Places) -> sparse.csr_array:
        """Names × terms: the part of the name's squared length that a term holds; rows add up to 1."""
        squares = self.weights[columns] ** 2
        whole = np.add.reduceat(squares, starts[:-1])
        shape = (len(starts) - 1, len(self._columns))
        return sparse.csr_array((squares / np.repeat(whole, np.diff(starts)), columns, starts), shape=shape)

    def find(self, text: str) -> list[Found]:
        """The concepts that explain a text, best first, at most eight; their weights' maximum is 1."""
        return list(self.read(text).found)

    def read(self, text: str) -> Reading:
        """All that a text tells."""
        counts = emphases(text)
        by_token = {token: self._columns_of(token) for token in counts}
        columns, shares = _shares(counts, by_token)
        if not len(columns):
            return SILENT
        (owners, terms, values), covers = self._evidence(columns, shares)
        whole = np.bincount(owners, values, minlength=len(self._codes))
        touched = np.flatnonzero(whole > 0)
        places = touched[np.argsort(-whole[touched], kind="stable")[: 2 * MOST_WEIGHED]]
        if not len(places):
            return SILENT
        row_of = np.full(len(self._codes), -1)
        row_of[places] = np.arange(len(places))
        kept = row_of[owners] >= 0
        rows = np.zeros((len(places), len(columns)))
        rows[row_of[owners[kept]], terms[kept]] = values[kept]
        told = self._told(columns[np.flatnonzero(rows[0])])
        if told <= LEAST_TOLD:
            return SILENT
        hinted, weights = self._hints(places, rows)
        picked = self._pick(places, rows)
        best = picked[0][1]
        return Reading(
            tuple(
                Found(
                    self._codes[places[at]],
                    score / best,
                    tuple(token for token, found in by_token.items() if any(column in used for column, _ in found)),
                )
                for at, score, used in ((at, score, set(columns[terms].tolist())) for at, score, terms in picked)
            ),
            hinted,
            weights,
            told * float(min(1.0, covers[places[0]])),
        )

    def _evidence(self, columns: Places, shares: Floats) -> tuple[tuple[Places, Places, Floats], Floats]:
        """Concepts, the text's terms in them, and the term's weight by how much of a name around it was found.

        And for each concept how much of its best name was found.
        """
        starts, ends = self._by_term.indptr[columns], self._by_term.indptr[columns + 1]
        some = np.concatenate([np.arange(start, end) for start, end in zip(starts, ends, strict=True)])
        names = self._by_term.indices[some]
        rows = np.repeat(np.arange(len(columns)), ends - starts)
        cover = np.bincount(names, self._by_term.data[some] * shares[rows], minlength=len(self._owners))
        headless = ~np.isin(self._heads[names], columns)
        cover[names[headless]] *= HEADLESS
        values = (self.weights[columns] * shares)[rows] * cover[names] ** WHOLE_NAME
        keep = cover[names] >= LEAST_COVER
        names, rows, values = names[keep], rows[keep], values[keep]
        owners = self._owners[names]
        order = np.lexsort((-values, rows, owners))
        owners, rows, values = owners[order], rows[order], values[order]
        first = np.ones(len(order), dtype=np.bool_)
        first[1:] = (owners[1:] != owners[:-1]) | (rows[1:] != rows[:-1])
        values = values[first] * self._levels[owners[first]]
        covers = np.zeros(len(self._codes))
        np.maximum.at(covers, owners, cover[names][order])
        return (owners[first], rows[first], values), covers

    def _hints(self, places: Places, evidence: Floats) -> tuple[Places, Floats]:
        """Every concept (row) that the terms hint at, best first, with weights of which the largest is 1.

        What the first concept explains counts less for strangers, as when they are picked, only more mildly.
        """
        stranger = self._families[places] != self._families[places[0]]
        explained = evidence[:, evidence[0] > 0].sum(axis=1)
        worth = evidence.sum(axis=1) - np.where(stranger, (1 - HINTED_ALREADY) * explained, 0.0)
        order = np.argsort(-worth, kind="stable")[:MOST_WEIGHED]
        weights = (worth[order] / worth[order[0]]) ** SHARPNESS
        kept = weights >= LEAST_WEIGHED
        return places[order][kept], weights[kept]

    def _pick(self, places: Places, evidence: Floats) -> list[tuple[int, float, Places]]:
        """Concepts (rows) that explain the terms (columns): row, what each adds, the terms behind it.

        What a picked concept explains counts little for strangers, somewhat for a service beside goods (or the
        other way), and fully for its kin: the same heading or class.
        """
        left = evidence.copy()
        picked: list[tuple[int, float, Places]] = []
        while len(picked) < min(MOST_EXPLAINED, len(left)):
            worth = left.sum(axis=1)
            at = int(np.argmax(worth))
            if worth[at] <= 0 or (picked and worth[at] < LEAST_SHARE * picked[0][1]):
                break
            used = np.flatnonzero(evidence[at])
            picked.append((at, float(worth[at]), used))
            stranger = self._families[places] != self._families[places[at]]
            other = self._goods[places] != self._goods[places[at]]
            rest = np.where(stranger, np.where(other, EXPLAINED_BESIDE, EXPLAINED_ALREADY), 1.0)
            left[:, used] = np.minimum(left[:, used], evidence[:, used] * rest[:, None])
            evidence[at], left[at] = 0.0, 0.0
        return picked

    def _told(self, columns: Places) -> float:
        """The part of the terms' length, in [0, 1], that is left when fillers are played down."""
        weights = self.weights[columns]
        whole = float(((weights / self._telling[columns]) ** 2).sum())
        return float(np.sqrt((weights**2).sum() / whole)) if whole else 0.0

    def _columns_of_token(self, token: str) -> tuple[tuple[int, float], ...]:
        known = tuple((self._columns[term], 1.0) for term in terms_of_token(token) if term in self._columns)
        if says_little(token):
            return known
        return known or self._spelling.nearest(token)


def head_of(name: str, words: Sequence[str], language: Language) -> str:
    """Of a name's tokens the one that it is about: the last of an English or Kazakh phrase, a Russian one's first noun.

    ``railway wagon spring`` is a spring, ``bags for cement`` are bags, ``железнодорожный вагон`` is a wagon.
    """
    phrase = PREPOSITION[language].split(name, maxsplit=1)[0]
    known = words if len(phrase) == len(name) else [token for token in tokens(phrase) if token in words]
    telling_words = [token for token in known if not token[0].isdigit() and terms_of_token(token, language)]
    candidates = telling_words or [token for token in words if terms_of_token(token, language)]
    if language != "ru":
        return candidates[-1]
    return next((word for word in candidates if not ADJECTIVE.search(word)), candidates[0])


def _listed(label: str, language: Language) -> list[str]:
    """What a label lists, without words that only describe a common noun: *salted* in ``salted and smoked fish``."""
    parts = [part for part in LISTED.split(label) if part]
    if len(parts) == 1:
        return []
    if language == "ru":
        alone = " " not in parts[0]
        return [part for part in parts if " " in part or (alone and not ADJECTIVE.search(part))]
    alone = " " not in parts[-1]
    return [part for part in parts if " " in part or alone or PLURAL[language].search(part)]


def _names(concept: Concept) -> Iterator[tuple[Language, str, float]]:
    """What a concept is found by: its names, its labels, and what a label lists one by one, which says less."""
    for language in LANGUAGES:
        label = concept.labels[language]
        for name in (label, *concept.names[language]):
            yield language, name, 1.0
        yield from ((language, part, ENUMERATED) for part in _listed(label, language))


def _shares(
    counts: Mapping[str, float], by_token: Mapping[str, tuple[tuple[int, float], ...]]
) -> tuple[Places, Floats]:
    """The columns that a text's words stand for, and how surely each does."""
    by_column: dict[int, float] = {}
    for token, found in by_token.items():
        for column, likeness in found:
            by_column[column] = max(by_column.get(column, 0.0), likeness * counts[token])
    return np.array(list(by_column), dtype=np.int64), np.array(list(by_column.values()))


def _family(concept: Concept) -> str:
    """The heading of goods, the class of services; a broader concept is a family of its own."""
    return concept.code.partition("-")[0][: len("hs:1234" if concept.scheme == "hs" else "isic:1234")]


def emphases(text: str) -> dict[str, float]:
    """The tokens of a text and what each counts: those of the first part fully."""
    counts: dict[str, float] = {}
    for part in BREAK.split(text):
        weight = LATER if counts else 1.0
        for at, piece in enumerate(WITH.split(part)):
            for token in tokens(piece):
                counts.setdefault(token, weight * (BESIDE if at else 1.0))
    return counts


class _Spelling:
    """The words of names that an unknown word was probably meant to be."""

    def __init__(self, surfaces: Mapping[str, tuple[int, ...]], columns: Mapping[str, int]) -> None:
        self._skeletons: dict[str, list[int]] = defaultdict(list)
        for term, column in columns.items():
            if term.startswith("k:"):
                self._skeletons[skeleton(term[2:])].append(column)
        self._known = [(word, held) for word, held in surfaces.items() if len(word) >= SHORTEST_TYPO and word.isalpha()]
        by_gram: dict[str, list[int]] = defaultdict(list)
        for row, (word, _) in enumerate(self._known):
            for gram in trigrams(word):
                by_gram[gram].append(row)
        self._by_gram = {gram: np.array(rows) for gram, rows in by_gram.items()}

    def nearest(self, token: str) -> tuple[tuple[int, float], ...]:
        """Columns with their likeness in (0, 1]; none for short words and numbers."""
        if not token.isalpha():
            return ()
        return self._otherwise_written(token) or self._mistyped(token)

    def _otherwise_written(self, token: str) -> tuple[tuple[int, float], ...]:
        """Kazakh in Latin letters, or with a Russian letter in place of a Kazakh one."""
        if len(token) < SHORTEST_OTHERWISE:
            return ()
        for stem in kazakh_skeletons(token):
            if stem in self._skeletons:
                return tuple((column, OTHERWISE_WRITTEN) for column in self._skeletons[stem])
        return ()

    def _mistyped(self, token: str) -> tuple[tuple[int, float], ...]:
        rows = [self._by_gram[gram] for gram in trigrams(token) if gram in self._by_gram]
        if len(token) < SHORTEST_TYPO or not rows:
            return ()
        counted = np.bincount(np.concatenate(rows), minlength=len(self._known))
        most = TYPOS if len(token) >= LONG_WORD else 1
        found: dict[int, int] = {}
        for row in np.argsort(-counted, kind="stable")[:TYPO_CANDIDATES].tolist():
            word, columns = self._known[row]
            apart = OSA.distance(token, word, score_cutoff=most)
            if apart <= most:
                found |= {column: min(apart, found.get(column, apart)) for column in columns}
        least = min(found.values(), default=0)
        return tuple((column, 1.0 - TYPO_COST * apart) for column, apart in found.items() if apart == least)


@kept
def trade_linker() -> Linker:
    """The linker over the package's vocabulary, built once."""
    return Linker(trade_vocabulary())
