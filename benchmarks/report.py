"""The rows of a run as Markdown and JSON, with the machine and the versions they were measured on."""

import json
import os
import platform
import sqlite3
from dataclasses import asdict, dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from benchmarks.bench import Row

PACKAGES = ("numpy", "numba", "scipy", "scikit-learn", "joblib", "sparse-dot-topn", "bm25s", "tantivy")
HEAD = """| what | size | system | runs | p50 ms | p99 ms | ÷ Caravan | figure | goal |
|---|---:|---|---:|---:|---:|---:|---|---|"""

Machine = dict[str, str | float]


def machine() -> Machine:
    """The processor, its cores, the memory, the interpreter and how busy it all was at the start."""
    return {
        "cpu": _cpu(),
        "cores": os.cpu_count() or 1,
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9),
        "python": platform.python_version(),
        "load": round(os.getloadavg()[0], 1),
    }


def _cpu() -> str:
    facts = Path("/proc/cpuinfo")
    lines = facts.read_text(encoding="utf-8").splitlines() if facts.exists() else []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())


def versions() -> dict[str, str]:
    """The versions of all packages that are measured and installed."""
    return {"sqlite": sqlite3.sqlite_version} | {name: found for name in PACKAGES if (found := _version(name))}


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


@dataclass(slots=True)
class Report:
    """One run's rows by bench, and where they were measured."""

    machine: Machine = field(default_factory=machine)
    versions: dict[str, str] = field(default_factory=versions)
    texts: dict[str, str] = field(default_factory=dict)
    rows: dict[str, list[Row]] = field(default_factory=dict)

    def add(self, name: str, text: str, rows: list[Row]) -> None:
        """Takes a bench's rows and what is to be said about them."""
        self.texts[name], self.rows[name] = text, rows

    def markdown(self) -> str:
        """A section for each bench."""
        on = "{cpu}, {cores} cores, {memory_gb} GB, Python {python}, load {load} at the start".format_map(self.machine)
        using = ", ".join(f"{name} {number}" for name, number in self.versions.items())
        parts = ["# Speed", f"{on}; {using}."]
        for name, rows in self.rows.items():
            parts += [f"## {name}", self.texts[name], "\n".join([HEAD, *map(_line, rows)])]
        return "\n\n".join(parts)

    def write(self, folder: Path) -> None:
        """Writes ``index.md`` and ``index.json``."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "index.md").write_text(f"{self.markdown()}\n", encoding="utf-8")
        rows = [{"bench": name} | asdict(row) for name, found in self.rows.items() for row in found]
        facts = {"machine": self.machine, "versions": self.versions, "rows": rows}
        text = json.dumps(facts, ensure_ascii=False, indent=2)
        (folder / "index.json").write_text(f"{text}\n", encoding="utf-8")


def _line(row: Row) -> str:
    figure = "" if row.figure is None else f"{row.figure:,.2f} {row.unit}"
    measured = f"{row.runs} | {_number(row.p50_ms)} | {_number(row.p99_ms)} | {_number(row.ratio)}"
    return f"| {row.what} | {row.size:,} | {row.system} | {measured} | {figure} | {row.goal} |"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:,.3f}" if value < 1 else f"{value:,.2f}"
