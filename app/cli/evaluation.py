"""``caravan evaluate``."""

import csv
import json
from pathlib import Path
from time import perf_counter
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from app.errors import FileUnreadable
from matching import Relevance, quality, rank_documents


def evaluate(
    directory: Annotated[Path, typer.Argument(help="A test set in BEIR layout.")],
    *,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Measure the relevance on a test set: corpus.jsonl, queries.jsonl and qrels/test.tsv.

    Each query is a need and each document an offer, ranked as in production. Prints nDCG@10, MRR@10, recall@10
    and queries per second.
    """
    documents = _texts(directory / "corpus.jsonl")
    queries = _texts(directory / "queries.jsonl")
    judgements = _judgements(directory / "qrels" / "test.tsv")
    judged = {name: text for name, text in queries.items() if name in judgements}
    relevance = Relevance()
    started = perf_counter()
    with Progress(console=Console(stderr=True), transient=True) as progress:
        found = rank_documents(relevance, judged, documents)
        rankings = dict(progress.track(found, total=len(judged), description="Ranking"))
    seconds = perf_counter() - started
    measured = quality(rankings, judgements)
    figures = {
        "set": directory.resolve().name,
        "queries": measured.queries,
        "ndcg@10": round(measured.ndcg, 4),
        "mrr@10": round(measured.mrr, 4),
        "recall@10": round(measured.recall, 4),
        "queries_per_second": round(measured.queries / seconds, 1),
    }
    if as_json:
        typer.echo(json.dumps(figures))
        return
    table = Table(*figures)
    table.add_row(*map(str, figures.values()))
    Console().print(table)


def _texts(path: Path) -> dict[str, str]:
    texts: dict[str, str] = {}
    for number, line in enumerate(_lines(path), 1):
        try:
            row = json.loads(line)
            texts[str(row["_id"])] = " ".join(part for part in (row.get("title"), row["text"]) if part)
        except (ValueError, KeyError, TypeError, AttributeError) as wrong:
            raise FileUnreadable(
                "{path}, line {line}: it should be an object with _id and text.", path=str(path), line=str(number)
            ) from wrong
    return texts


def _judgements(path: Path) -> dict[str, dict[str, int]]:
    judgements: dict[str, dict[str, int]] = {}
    for number, row in enumerate(csv.reader(_lines(path), delimiter="\t"), 1):
        if number == 1 and row[-1:] == ["score"]:
            continue
        try:
            query, document, gain = row
            judgements.setdefault(query, {})[document] = int(gain)
        except ValueError as wrong:
            raise FileUnreadable(
                "{path}, line {line}: it should hold query, document and score, separated by tabs.",
                path=str(path),
                line=str(number),
            ) from wrong
    return judgements


def _lines(path: Path) -> list[str]:
    try:
        return [line for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    except (OSError, UnicodeDecodeError) as wrong:
        raise FileUnreadable("{path} cannot be read: {why}.", path=str(path), why=str(wrong)) from wrong
