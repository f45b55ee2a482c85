"""Pictures of figures: where each rectangle and word stands.

The SVG itself is made in ``templates/overview/charts.html``.

All are 400 units wide, so that their words can be read on a telephone as well as in a report. A colour never says
anything alone: the number stands beside or in every mark, and each mark has a title for whoever points at it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from math import ceil
from typing import Literal

WIDTH = 400.0
LEVELS = 5
"""Shades from the smallest number above 0 to the largest."""
LETTER = 0.6
"""Width of a letter as a part of the size of its type, about, in Latin and Cyrillic."""
SIZE = 13.0
SMALL = 11.0
SLANT = -40.0

Anchor = Literal["start", "middle", "end"]


@dataclass(frozen=True, slots=True)
class Mark:
    """A rectangle; ``kind`` is its class, ``title`` what it stands for."""

    x: float
    y: float
    width: float
    height: float
    kind: str
    title: str = ""


@dataclass(frozen=True, slots=True)
class Words:
    """A line of text by its base line; ``turn`` in degrees around its place."""

    x: float
    y: float
    text: str
    kind: str = "label"
    anchor: Anchor = "start"
    turn: float = 0


@dataclass(frozen=True, slots=True)
class Shape:
    """A closed outline behind the marks; ``points`` as SVG writes them."""

    points: str
    kind: str


@dataclass(slots=True)
class Chart:
    """A picture, its parts in the order in which they are drawn."""

    height: float = 0
    width: float = WIDTH
    shapes: list[Shape] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)
    words: list[Words] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Bar:
    """A number to draw: its name, what is written at its end, what a pointer is told.

    ``after`` stands behind the name, which is cut where both have no room.
    """

    name: str
    value: int
    says: str
    title: str
    after: str = ""


@dataclass(frozen=True, slots=True)
class Tile:
    """A region on a map of equal tiles."""

    column: int
    row: int
    name: str
    value: int
    title: str


def level(value: int, most: int) -> int:
    """The shade of a number: 0 for none, 1 to 5 in equal steps up to the largest."""
    return ceil(LEVELS * value / most) if most > 0 else 0


def lines_of(text: str, width: float, size: float = SIZE, most: int = 2) -> list[str]:
    """A text in at most ``most`` lines that fit a width; what is left over is cut with an ellipsis."""
    letters = max(int(width / (size * LETTER)), 2)
    lines: list[str] = []
    for word in _parts(text):
        if lines and len(lines[-1]) + len(word.rstrip()) <= letters:
            lines[-1] += word
        else:
            lines.append(word)
    lines = [line.strip() for line in lines]
    cut = len(lines) > most
    lines = lines[:most]
    if cut:
        lines[-1] += "…"
    return [line if len(line) <= letters else line[: letters - 1].rstrip() + "…" for line in lines]


def heat_map(  # noqa: PLR0913  # a picture's words
    names: Sequence[str],
    counts: Sequence[Sequence[int]],
    *,
    title_of: Callable[[int, int], str],
    rows_are: str,
    columns_are: str,
    last: tuple[str, Sequence[str]],
) -> Chart:
    """A square of numbers, the same names down and across.

    Args:
        names: of the rows and of the columns.
        counts: a row for each name.
        title_of: what the cell of a row and a column says.
        rows_are: what stands down the side.
        columns_are: what stands along the top.
        last: the heading of the last column and its text for each row.
    """
    left, right, top, gap = 98.0, 62.0, 92.0, 3.0
    step = (WIDTH - left - right) / len(names)
    most = max((count for row in counts for count in row), default=0)
    chart = Chart(height=top + step * len(names) + 4)
    chart.words.append(Words(0, 12, columns_are, "axis"))
    chart.words += _stacked(0, top - 8, lines_of(rows_are, left - 6, SMALL), "axis")
    chart.words.append(Words(WIDTH, 12, last[0], "axis", anchor="end"))
    for at, name in enumerate(names):
        chart.words.append(Words(left + step * (at + 0.5), top - 8, name, turn=SLANT))
        middle = top + step * (at + 0.5)
        chart.words += _centred(0, middle, lines_of(name, left))
        for place, count in enumerate(counts[at]):
            x, shade = left + step * place, level(count, most)
            chart.marks.append(Mark(x, top + step * at, step - gap, step - gap, f"level-{shade}", title_of(at, place)))
            chart.words.append(Words(x + (step - gap) / 2, middle + 3, str(count), f"value on-level-{shade}", "middle"))
        chart.words.append(Words(WIDTH, middle + 3, last[1][at], "value", "end"))
    return chart


def bars(rows: Sequence[Bar]) -> Chart:
    """Bars under their names, longest as wide as the picture allows; what each says stands at its end."""
    step, thick, room = 42.0, 14.0, 150.0
    most = max((row.value for row in rows), default=0)
    chart = Chart(height=step * len(rows))
    for at, row in enumerate(rows):
        y = step * at
        (name,) = lines_of(row.name, WIDTH - len(row.after) * SIZE * LETTER, most=1)
        length = _length(row.value, most, WIDTH - room)
        chart.words.append(Words(0, y + 14, name + row.after))
        chart.marks.append(Mark(0, y + 20, length, thick, "bar", row.title))
        chart.words.append(Words(length + 6, y + 20 + thick - 3, row.says, "value"))
    return chart


def funnel(rows: Sequence[Bar]) -> Chart:
    """Stages under one another, each as wide as its number, with the way from one to the next between them."""
    left, step, thick = 104.0, 52.0, 30.0
    centre, room = left + (WIDTH - left) / 2, WIDTH - left
    most = max((row.value for row in rows), default=0)
    chart = Chart(height=step * len(rows) - (step - thick) + 20)
    for at, row in enumerate(rows):
        y, length = step * at, _length(row.value, most, room)
        chart.marks.append(Mark(centre - length / 2, y, length, thick, "bar", row.title))
        chart.words += _centred(0, y + thick / 2 + 2, lines_of(row.name, left - 6))
        chart.words.append(Words(centre, y + thick + 14, row.says, "note", "middle"))
        inside = length > SIZE * LETTER * len(str(row.value)) + 10
        place = centre if inside else centre + length / 2 + 6
        anchor: Anchor = "middle" if inside else "start"
        kind = "value on-bar" if inside else "value"
        chart.words.append(Words(place, y + thick / 2 + 5, str(row.value), kind, anchor))
    for upper, lower in pairwise(chart.marks):
        chart.shapes.append(Shape(_between(upper, lower), "way"))
    return chart


def columns(names: Sequence[str], years: Sequence[str], series: Sequence[tuple[str, Sequence[Bar], int]]) -> Chart:
    """Series under one another over the same months.

    Args:
        names: of the months.
        years: what stands under each month; empty for nothing.
        series: the heading of each, its columns, and the number that is as high as the picture allows.
    """
    high, panel = 44.0, 90.0
    step = WIDTH / max(len(names), 1)
    chart = Chart(height=panel * len(series) + 34)
    for place, (heading, values, most) in enumerate(series):
        base = panel * place + panel - 2
        chart.words.append(Words(0, base - panel + 20, heading, "heading"))
        chart.marks.append(Mark(0, base, WIDTH, 1, "axis-line"))
        for at, column in enumerate(values):
            height = _length(column.value, most, high)
            x = step * at + 3
            chart.marks.append(Mark(x, base - height, step - 6, height, "bar", column.title))
            kind = "small-value" if column.value else "small-value none"
            chart.words.append(Words(x + step / 2 - 3, base - height - 4, column.says, kind, "middle"))
    for at, name in enumerate(names):
        chart.words.append(Words(step * (at + 0.5), chart.height - 19, name, "small", "middle"))
        if years[at]:
            chart.words.append(Words(step * (at + 0.5), chart.height - 4, years[at], "small", "middle"))
    return chart


def tile_map(tiles: Sequence[Tile]) -> Chart:
    """Regions as tiles of one size, each about where it lies, shaded by their numbers."""
    across, down = max(tile.column for tile in tiles) + 1, max(tile.row for tile in tiles) + 1
    gap, high = 3.0, 56.0
    wide = WIDTH / across
    most = max(tile.value for tile in tiles)
    chart = Chart(height=high * down)
    for tile in tiles:
        x, y, shade = wide * tile.column, high * tile.row, level(tile.value, most)
        chart.marks.append(Mark(x, y, wide - gap, high - gap, f"level-{shade}", tile.title))
        middle = x + (wide - gap) / 2
        names = lines_of(tile.name, wide - gap - 2, SMALL - 1)
        chart.words += [
            Words(middle, y + 14 + 11 * at, line, f"tile-name on-level-{shade}", "middle")
            for at, line in enumerate(names)
        ]
        chart.words.append(Words(middle, y + high - gap - 8, str(tile.value), f"value on-level-{shade}", "middle"))
    return chart


def _parts(text: str) -> list[str]:
    """Words with the space or hyphen after them."""
    parts: list[str] = [""]
    for letter in text:
        parts[-1] += letter
        if letter in {" ", "-"}:
            parts.append("")
    return [part for part in parts if part]


def _length(value: int, most: int, room: float) -> float:
    """The length of a number; anything above 0 can be seen."""
    return max(round(room * value / most, 1), 1.5) if value and most else 0.0


def _centred(x: float, middle: float, lines: Sequence[str]) -> list[Words]:
    first = middle + SIZE / 3 - (len(lines) - 1) * SIZE / 2
    return [Words(x, first + SIZE * at, line) for at, line in enumerate(lines)]


def _stacked(x: float, last: float, lines: Sequence[str], kind: str) -> list[Words]:
    first = last - (len(lines) - 1) * SIZE
    return [Words(x, first + SIZE * at, line, kind) for at, line in enumerate(lines)]


def _between(upper: Mark, lower: Mark) -> str:
    top, bottom = upper.y + upper.height, lower.y
    corners = (
        (upper.x, top),
        (upper.x + upper.width, top),
        (lower.x + lower.width, bottom),
        (lower.x, bottom),
    )
    return " ".join(f"{x:g},{y:g}" for x, y in corners)
