"""Our relevance and its peers on every test set that is there: ``python -m benchmarks.quality``.

Peers are as they come: BM25 of ``bm25s`` with its stop words and a Snowball stemmer of the documents' language, and
TF-IDF of scikit-learn over words, and over words and letter 3- to 5-grams. Queries a second include the reading of
the documents, for everybody alike.
"""

import csv
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from time import perf_counter
from typing import Annotated, Any

import numpy as np
import Stemmer
import typer
from rich.console import Console
from rich.progress import Progress
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.pipeline import FeatureUnion

from matching import Language, Relevance, quality, rank_documents, trade_vocabulary

HERE = Path(__file__).parent
SHARED = HERE.parents[1] / "shared" / "data"
RESULTS = HERE / "results" / "quality.json"
CUT = 10
HEADING = 4

Texts = Mapping[str, str]
Ranked = Iterable[tuple[str, list[str]]]
"""Query ids with the best documents' ids."""


@dataclass(frozen=True, slots=True)
class Task:
    """A test set: texts by id, gains by query and document; ``language`` is the documents'."""

    name: str
    queries: Texts
    documents: Texts
    judgements: Mapping[str, Mapping[str, int]]
    language: Language = "en"


@dataclass(frozen=True, slots=True)
class Row:
    """What one system reached on one set."""

    task: str
    system: str
    ndcg: float
    mrr: float
    recall: float
    queries_per_second: int


def tasks(shared: Path = SHARED, own: Path = HERE / "sets") -> Iterator[Task]:
    """The sets that are there; the headings' documents are our labels where the legal texts are missing."""
    for name in ("dev_hs_terms", "dev_cpv_ru_en"):
        if (shared / name).is_dir():
            yield _task(name, shared / name, _texts(shared / name / "corpus.jsonl"))
    legal = shared / "hs_headings.csv"
    documents, source = (_headings(legal), "legal texts") if legal.is_file() else (_labels("en"), "our English labels")
    for name in ("ru_trade_terms", "kk_trade_terms"):
        if (own / name).is_dir():
            yield _task(f"{name} → {source}", own / name, documents)
    if (own / "ru_trade_terms").is_dir():
        yield _task("ru_trade_terms → our Russian labels", own / "ru_trade_terms", _labels("ru"), "ru")


def _task(name: str, folder: Path, documents: Texts, language: Language = "en") -> Task:
    judgements: dict[str, dict[str, int]] = {}
    with (folder / "qrels" / "test.tsv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            judgements.setdefault(row["query-id"], {})[row["corpus-id"]] = int(row["score"])
    queries = {name: text for name, text in _texts(folder / "queries.jsonl").items() if name in judgements}
    return Task(name, queries, documents, judgements, language)


def _texts(path: Path) -> dict[str, str]:
    rows = map(json.loads, path.read_text(encoding="utf-8").splitlines())
    return {row["_id"]: " ".join(part for part in (row.get("title"), row["text"]) if part) for row in rows}


def _headings(path: Path) -> dict[str, str]:
    with path.open(encoding="utf-8", newline="") as file:
        return {row["hs"]: row["en"] for row in csv.DictReader(file) if int(row["level"]) == HEADING}


def _labels(language: Language) -> dict[str, str]:
    headings = (one for one in trade_vocabulary().concepts if one.scheme == "hs" and one.level == HEADING)
    return {concept.code.removeprefix("hs:"): concept.labels[language] for concept in headings}


@lru_cache(maxsize=1)
def _relevance() -> Relevance:
    return Relevance()


def caravan(task: Task) -> Ranked:
    """Our relevance, as it is before any refresh of its statistics."""
    return rank_documents(_relevance(), task.queries, task.documents, CUT)


def bm25(task: Task) -> Ranked:
    """``bm25s`` with its own defaults."""
    import bm25s  # noqa: PLC0415  # only the bench group has it

    stemmer = Stemmer.Stemmer("russian" if task.language == "ru" else "english")

    def read(texts: Iterable[str]) -> Any:  # noqa: ANN401  # untyped package
        return bm25s.tokenize(list(texts), stopwords=task.language, stemmer=stemmer, show_progress=False)

    ids = sorted(task.documents)
    index = bm25s.BM25()
    index.index(read(task.documents[name] for name in ids), show_progress=False)
    places, scores = index.retrieve(read(task.queries.values()), k=min(CUT, len(ids)), show_progress=False)
    for name, row, values in zip(task.queries, places, scores, strict=True):
        yield name, [ids[at] for at, value in zip(row, values, strict=True) if value > 0]


def tfidf_words(task: Task) -> Ranked:
    """Cosine of word TF-IDF."""
    return _by_cosine(task, TfidfVectorizer())


def tfidf_words_and_letters(task: Task) -> Ranked:
    """Sum of the cosines of word and letter n-gram TF-IDF."""
    letters = TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 5))
    return _by_cosine(task, FeatureUnion([("words", TfidfVectorizer()), ("letters", letters)]))


def _by_cosine(task: Task, vectorizer: Any) -> Ranked:  # noqa: ANN401  # untyped package
    ids = sorted(task.documents)
    documents = vectorizer.fit_transform([task.documents[name] for name in ids])
    products = (vectorizer.transform(list(task.queries.values())) @ documents.T).toarray()
    for name, row in zip(task.queries, products, strict=True):
        yield name, [ids[at] for at in np.argsort(-row, kind="stable")[:CUT] if row[at] > 0]


SYSTEMS: dict[str, Callable[[Task], Ranked]] = {
    "Caravan": caravan,
    "BM25": bm25,
    "TF-IDF words": tfidf_words,
    "TF-IDF words and letters": tfidf_words_and_letters,
}


def compared(sets: Iterable[Task]) -> list[Row]:
    """Every system that is installed on every set."""
    _relevance()  # the vocabulary is read before any clock runs
    pairs = [(task, name) for task in sets for name in SYSTEMS if name != "BM25" or find_spec("bm25s")]
    with Progress(console=Console(stderr=True), transient=True) as progress:
        return [_measured(task, name) for task, name in progress.track(pairs, description="Measuring")]


def _measured(task: Task, name: str) -> Row:
    started = perf_counter()
    rankings = dict(SYSTEMS[name](task))
    rate = len(task.queries) / (perf_counter() - started)
    found = quality(rankings, task.judgements, CUT)
    return Row(task.name, name, round(found.ndcg, 3), round(found.mrr, 3), round(found.recall, 3), round(rate))


def markdown(rows: Iterable[Row]) -> str:
    """One table."""
    lines = ["| set | system | nDCG@10 | MRR@10 | recall@10 | queries/s |", "|---|---|---:|---:|---:|---:|"]
    for row in rows:
        figures = f"{row.ndcg:.3f} | {row.mrr:.3f} | {row.recall:.3f} | {row.queries_per_second:,}"
        lines.append(f"| {row.task} | {row.system} | {figures} |")
    return "\n".join(lines)


def main(*, as_json: Annotated[bool, typer.Option("--json", help="JSON instead of the table.")] = False) -> None:
    """Compare our relevance with its peers on every test set that is there."""
    rows = compared(tasks())
    found = json.dumps([asdict(row) for row in rows], ensure_ascii=False, indent=2)
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(f"{found}\n", encoding="utf-8")
    print(found if as_json else markdown(rows))


if __name__ == "__main__":
    typer.run(main)
