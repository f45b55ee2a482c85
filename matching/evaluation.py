"""Quality of a ranking against judgements: nDCG, MRR and recall at a cut (Järvelin & Kekäläinen 2002, TREC)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import log2

from matching.index.postings import Postings
from matching.profile import Listing
from matching.relevance import Relevance

CUT = 10
BATCH = 256

Judgements = Mapping[str, Mapping[str, int]]
"""Query id to document id to gain (0 is not relevant)."""


@dataclass(frozen=True, slots=True)
class Quality:
    """Means over the judged queries, each in [0, 1]."""

    queries: int
    ndcg: float
    mrr: float
    recall: float


def rank_documents(
    relevance: Relevance, queries: Mapping[str, str], documents: Mapping[str, str], cut: int = CUT
) -> Iterator[tuple[str, list[str]]]:
    """Each query as a need, each document as an offer: the best documents by relevance, ties by document id.

    Documents without any relevance to a query are not listed.
    """
    ids = sorted(documents)
    offers = relevance.vectors([_listing(ids[at], documents[ids[at]], offer=True) for at in range(len(ids))])
    postings = Postings.of(offers)
    names = list(queries)
    for start in range(0, len(names), BATCH):
        batch = names[start : start + BATCH]
        needs = relevance.vectors([_listing(name, queries[name], offer=False) for name in batch])
        rows, _ = postings.best(needs, cut, len(ids))
        for name, found in zip(batch, rows.tolist(), strict=True):
            yield name, [ids[at] for at in found if at >= 0]


def _listing(name: str, text: str, *, offer: bool) -> Listing:
    return Listing(id=name, side="offer" if offer else "need", kind="goods", title=text)


def quality(rankings: Mapping[str, Sequence[str]], judgements: Judgements, cut: int = CUT) -> Quality:
    """Scores rankings over all judged queries; a judged query without a ranking counts as zero."""
    judged = {name: gains for name, gains in judgements.items() if any(gain > 0 for gain in gains.values())}
    rows = [_of_one(list(rankings.get(name, ()))[:cut], gains, cut) for name, gains in judged.items()]
    ndcg, mrr, recall = (sum(column) / max(1, len(rows)) for column in zip(*rows, strict=True)) if rows else (0.0,) * 3
    return Quality(len(rows), ndcg, mrr, recall)


def _of_one(ranking: Sequence[str], gains: Mapping[str, int], cut: int) -> tuple[float, float, float]:
    found = [gains.get(name, 0) for name in ranking]
    ideal = sorted((gain for gain in gains.values() if gain > 0), reverse=True)
    first = next((place for place, gain in enumerate(found, 1) if gain > 0), None)
    return (
        _dcg(found) / _dcg(ideal[:cut]),
        1 / first if first else 0.0,
        sum(gain > 0 for gain in found) / len(ideal),
    )


def _dcg(gains: Sequence[int]) -> float:
    return sum((2.0**gain - 1) / log2(place + 1) for place, gain in enumerate(gains, 1))
