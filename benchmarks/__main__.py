"""Speed beside the peers: ``uv run --group bench python -m benchmarks``; read the ratios."""

import argparse
from inspect import getdoc
from pathlib import Path

from rich.console import Console
from rich.progress import Progress

from benchmarks.all_pairs import all_pairs
from benchmarks.bench import Bench, Row, Settings
from benchmarks.flat import flat, memory
from benchmarks.http import http
from benchmarks.product import product
from benchmarks.report import Report
from benchmarks.start import start
from benchmarks.writes import imports, posts

QUICK_BENCHES: dict[str, Bench] = {"flat": flat, "all-pairs": all_pairs, "memory": memory, "product": product}
BENCHES = QUICK_BENCHES | {"start": start, "http": http, "posts": posts, "imports": imports}
SIZES = (10_000, 100_000, 1_000_000)
QUICK_SIZES = (10_000, 100_000)
SIDE, QUICK_SIDE = 20_000, 10_000
QUERIES, QUICK_QUERIES = 200, 50
PATIENCE_S, QUICK_PATIENCE_S = 20.0, 1.0
RESULTS = Path(__file__).parent / "results"


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="no servers, smaller sizes: under a minute")
    parser.add_argument("--peers", choices=("all", "none"), default="all")
    parser.add_argument("--sizes", type=int, nargs="+", help="candidates")
    parser.add_argument("--queries", type=int, help=f"{QUERIES} unless told otherwise")
    parser.add_argument("--only", choices=BENCHES, nargs="+", help="these benches alone")
    parser.add_argument("--results", type=Path, default=RESULTS, help="folder for index.md and index.json")
    return parser.parse_args()


def settings(chosen: argparse.Namespace) -> Settings:
    """What the command line asks for."""
    sizes = chosen.sizes or (QUICK_SIZES if chosen.quick else SIZES)
    return Settings(
        sizes=tuple(sorted(sizes)),
        side=min(max(sizes), QUICK_SIDE if chosen.quick else SIDE),
        queries=chosen.queries or (QUICK_QUERIES if chosen.quick else QUERIES),
        peers=chosen.peers == "all",
        patience=QUICK_PATIENCE_S if chosen.quick else PATIENCE_S,
    )


def main() -> None:
    """Measures, prints the tables and writes them."""
    chosen = arguments()
    names = chosen.only or list(QUICK_BENCHES if chosen.quick else BENCHES)
    report = Report()
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("Measuring", total=len(names))
        for name in names:
            rows: list[Row] = []
            for row in BENCHES[name](settings(chosen)):
                rows.append(row)
                progress.update(task, description=f"{name}: {row.size:,} {row.system}")
            report.add(name, getdoc(BENCHES[name]) or "", rows)
            progress.advance(task)
    print(report.markdown())
    report.write(chosen.results)


if __name__ == "__main__":
    main()
