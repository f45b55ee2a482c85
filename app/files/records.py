"""The records of a CSV file, each told apart from what a stray quotation mark would make of it."""

import csv
import sys
from collections import deque
from collections.abc import Iterable, Iterator

MOST_LINES = 500
"""Lines of one record; a quotation mark without its other one would take all that follow."""
LARGEST_FIELD = 1 << 20
QUOTE_MISSING = "a quotation mark is missing"
FIELD_TOO_LARGE = f"a cell has more than {LARGEST_FIELD} characters"

Record = tuple[int, list[str], str | None]
"""The line it begins in, its cells, and why it cannot be read."""


def records(lines: Iterable[str], delimiter: str) -> Iterator[Record]:
    """The records of a file, one after another.

    A record that cannot be read costs its first line only: reading goes on with the next.
    """
    csv.field_size_limit(min(sys.maxsize, 1 << 31))
    waiting: deque[str] = deque()
    rest = iter(lines)
    number = 0
    while (taken := _next_record(waiting, rest, delimiter)) is not None:
        used, cells, wrong = taken
        if wrong is None and any(len(cell) > LARGEST_FIELD for cell in cells):
            cells, wrong = [cell[:LARGEST_FIELD] for cell in cells], FIELD_TOO_LARGE
        yield number + 1, cells, wrong
        number += used


def _next_record(waiting: deque[str], rest: Iterator[str], delimiter: str) -> tuple[int, list[str], str | None] | None:
    used: list[str] = []

    def fed() -> Iterator[str]:
        while len(used) < MOST_LINES and (line := waiting.popleft() if waiting else next(rest, None)) is not None:
            used.append(line)
            yield line

    try:
        cells = next(csv.reader(fed(), delimiter=delimiter, strict=True), None)
    except csv.Error:
        first, *others = used
        waiting.extendleft(reversed(others))
        return 1, *_alone(first, delimiter)
    if cells is None:
        return None
    if len(used) > 1 and _swallowed(cells, delimiter):
        first, *others = used
        waiting.extendleft(reversed(others))
        return 1, _split(first, delimiter), QUOTE_MISSING
    return len(used), cells, None


def _alone(line: str, delimiter: str) -> tuple[list[str], str | None]:
    """A line that is not written by the rules, read as well as it can be."""
    try:
        found = list(csv.reader([line, "."], delimiter=delimiter))
    except csv.Error as wrong:
        return [line.rstrip("\r\n")], str(wrong)
    if len(found) > 1:  # the line ended what it began
        return found[0], None
    return _split(line, delimiter), QUOTE_MISSING


def _split(line: str, delimiter: str) -> list[str]:
    return line.rstrip("\r\n").split(delimiter)


def _swallowed(cells: list[str], delimiter: str) -> bool:
    """Whether a cell of several lines holds whole rows: the mark that ends it belongs to another one."""
    least = max(2, len(cells) // 2)
    return any(
        line.count(delimiter) >= least
        for cell in cells
        if "\n" in cell or "\r" in cell
        for line in cell.splitlines()[:MOST_LINES]
    )
