"""From words to concepts.

Every name of every concept is a unit vector over its terms, weighted by how few concepts use the term. A text's
score for a name is the weight of the name found in it; a concept scores by its best name. Concepts are then picked
greedily: one that is explained only by words that a better concept has already explained counts little, so that
*palm oil* is not half *crude oil*.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from math import log

import numpy as np
import numpy.typing as npt
from scipy import sparse

from matching.languages import LANGUAGES
from matching.text import terms, terms_of_token, tokens, trigrams
from matching.vocabulary.concepts import Vocabulary, trade_vocabulary

Floats = npt.NDArray[np.float64]

MOST_CONCEPTS = 6
CANDIDATES = 60
EXPLAINED_ALREADY = 0.15
WHOLE_NAME = 1.5
LEAST_SHARE = 0.25
LEAST_COVER = 0.3
TYPO_LIKENESS = 0.55
TYPO_TERMS = 3
SHORTEST_TYPO = 4


@dataclass(frozen=True, slots=True)
class Found:
    """A concept that a text speaks of, its weight in (0, 1] and the words that led there."""

    code: str
    weight: float
    words: tuple[str, ...]


class Linker:
    """Finds the concepts that a text names, in all three languages at once."""

    def __init__(self, words: Vocabulary) -> None:
        self._codes = [concept.code for concept in words.concepts]
        self._columns: dict[str, int] = {}
        name_terms: list[list[int]] = []
        owners: list[int] = []
        for place, concept in enumerate(words.concepts):
            for language in LANGUAGES:
                for name in (concept.labels[language], *concept.names[language]):
                    found = {self._columns.setdefault(term, len(self._columns)) for term in terms(name, language)}
                    if found:
                        name_terms.append(sorted(found))
                        owners.append(place)
        self._owners = np.array(owners)
        self.weights = self._rarity(name_terms, len(words.concepts))
        self._names = self._matrix(name_terms)
        self._lengths = np.sqrt(self._squares(name_terms))
        self._by_term = self._names.T.tocsr()
        self._spelling = _Spelling(self._columns)
        self._term_weights = lru_cache(maxsize=50_000)(self._weights_of_token)

    def _rarity(self, name_terms: list[list[int]], concepts: int) -> Floats:
        users: dict[int, set[int]] = defaultdict(set)
        for owner, found in zip(self._owners.tolist(), name_terms, strict=True):
            for column in found:
                users[column].add(owner)
        return np.array([log(1 + concepts / len(users[column])) for column in range(len(self._columns))])

    def _squares(self, name_terms: list[list[int]]) -> Floats:
        return np.array([float((self.weights[found] ** 2).sum()) for found in name_terms])

    def _matrix(self, name_terms: list[list[int]]) -> sparse.csr_array:
        starts = np.cumsum([0, *map(len, name_terms)])
        columns = np.concatenate([np.array(found) for found in name_terms])
        lengths = np.repeat(np.sqrt(self._squares(name_terms)), np.diff(starts))
        shape = (len(name_terms), len(self._columns))
        return sparse.csr_array((self.weights[columns] / lengths, columns, starts), shape=shape)

    def find(self, text: str) -> list[Found]:
        """The concepts of a text, best first, at most six; their weights' maximum is 1."""
        by_token = {token: self._term_weights(token) for token in dict.fromkeys(tokens(text))}
        by_column: dict[int, float] = {}
        for found in by_token.values():
            for column, share in found:
                by_column[column] = max(by_column.get(column, 0.0), share)
        if not by_column:
            return []
        picked = self._pick(np.array(list(by_column)), np.array(list(by_column.values())))
        best = max((score for _, score, _ in picked), default=0.0)
        return [
            Found(
                self._codes[place],
                score / best,
                tuple(token for token, found in by_token.items() if any(column in used for column, _ in found)),
            )
            for place, score, used in picked
        ]

    def _pick(self, columns: npt.NDArray[np.int64], shares: Floats) -> list[tuple[int, float, set[int]]]:
        touched = self._by_term[columns]
        scores = touched.T @ (self.weights[columns] * shares)
        cover = scores / self._lengths
        scores = scores * np.minimum(1.0, cover) ** WHOLE_NAME
        scores[cover < LEAST_COVER] = 0.0
        best = np.argsort(-scores, kind="stable")[: CANDIDATES * 3]
        candidates: dict[int, tuple[float, set[int]]] = {}
        held = touched.tocsc()
        for name in best.tolist():
            if scores[name] <= 0 or len(candidates) >= CANDIDATES:
                break
            owner = int(self._owners[name])
            if owner not in candidates:
                inside = held.indices[held.indptr[name] : held.indptr[name + 1]]
                candidates[owner] = (float(scores[name]), set(columns[inside].tolist()))
        return self._explain(candidates)

    def _explain(self, candidates: Mapping[int, tuple[float, set[int]]]) -> list[tuple[int, float, set[int]]]:
        picked: list[tuple[int, float, set[int]]] = []
        explained: set[int] = set()
        left = dict(candidates)
        while left and len(picked) < MOST_CONCEPTS:
            place, score = max(
                ((place, self._worth(score, used, explained)) for place, (score, used) in left.items()),
                key=lambda pair: (pair[1], -pair[0]),
            )
            if picked and score < LEAST_SHARE * picked[0][1]:
                break
            used = left.pop(place)[1]
            picked.append((place, score, used))
            explained |= used
        return picked

    def _worth(self, score: float, used: set[int], explained: set[int]) -> float:
        if not explained:
            return score
        whole = sum(float(self.weights[column]) for column in used)
        fresh = sum(float(self.weights[column]) for column in used - explained)
        return score * (EXPLAINED_ALREADY + (1 - EXPLAINED_ALREADY) * fresh / whole)

    def _weights_of_token(self, token: str) -> tuple[tuple[int, float], ...]:
        known = tuple((self._columns[term], 1.0) for term in terms_of_token(token) if term in self._columns)
        return known or self._spelling.nearest(token)


class _Spelling:
    """The known terms that look most like an unknown word."""

    def __init__(self, columns: Mapping[str, int]) -> None:
        self._grams: dict[str, int] = {}
        rows, places = [], []
        self._columns = [column for term, column in columns.items() if not term.startswith("#")]
        words = [term for term in columns if not term.startswith("#")]
        for row, term in enumerate(words):
            for gram in self._of(term):
                rows.append(row)
                places.append(self._grams.setdefault(gram, len(self._grams)))
        shape = (len(words), len(self._grams))
        matrix = sparse.csr_array((np.ones(len(rows)), (rows, places)), shape=shape)
        matrix.data[:] = 1.0
        lengths = np.sqrt(np.maximum(matrix.sum(axis=1), 1.0))
        self._by_gram = (sparse.diags_array(1 / lengths) @ matrix).T.tocsr()

    @staticmethod
    def _of(term: str) -> Iterable[str]:
        space, _, word = term.partition(":")
        return {f"{space}:{gram}" for gram in trigrams(word)}

    def nearest(self, token: str) -> tuple[tuple[int, float], ...]:
        if len(token) < SHORTEST_TYPO or not token.isalpha():
            return ()
        grams = {gram for term in terms_of_token(token) for gram in self._of(term)}
        known = [self._grams[gram] for gram in sorted(grams) if gram in self._grams]
        if not known:
            return ()
        spaces = len(terms_of_token(token))
        likeness = np.asarray(self._by_gram[known].sum(axis=0)).ravel() / np.sqrt(len(grams) / spaces)
        best = np.argsort(-likeness, kind="stable")[:TYPO_TERMS]
        return tuple((self._columns[row], float(likeness[row])) for row in best if likeness[row] >= TYPO_LIKENESS)


@lru_cache(maxsize=1)
def trade_linker() -> Linker:
    """The linker over the package's vocabulary, built once (about a second)."""
    return Linker(trade_vocabulary())
