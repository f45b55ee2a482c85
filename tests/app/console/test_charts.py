import re
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from jinja2 import Environment, FileSystemLoader, StrictUndefined

import app.console
from app.console.charts import (
    LETTER,
    SMALL,
    WIDTH,
    Bar,
    Chart,
    Tile,
    bars,
    columns,
    funnel,
    heat_map,
    level,
    lines_of,
    tile_map,
)
from app.console.region_tiles import PLACES, short_name
from matching import COUNTRIES, LANGUAGES, Language

TEMPLATES = Path(app.console.__file__ or "").parent / "templates"
STATIC = TEMPLATES.parent / "static"
SVG = "{http://www.w3.org/2000/svg}"


def numbers(*values: int) -> list[Bar]:
    return [Bar(f"Name <{value}> & more", value, str(value), f"“{value}”") for value in values]


def square(*rows: Sequence[int]) -> Chart:
    return heat_map(
        ["Mining", "Energy"],
        rows,
        title_of=lambda row, column: f"{row} meets {column}",
        rows_are="Needs in Kazakhstan",
        columns_are="Offers in Nigeria",
        last=("Met / all", ["1 / 2", "3 / 4"]),
    )


CHARTS = {
    "heat": square([4, 0], [1, 2]),
    "bars": bars(numbers(1500, 20, 0)),
    "funnel": funnel(numbers(129, 60, 2, 0)),
    "columns": columns(["Oct", "Nov"], ["2026", ""], [("Found", numbers(0, 12), 12), ("Approved", numbers(1, 3), 3)]),
    "map": tile_map([Tile(0, 0, "Akwa Ibom", 3, "Akwa Ibom: 3"), Tile(1, 0, "Lagos", 0, "Lagos: 0")]),
    "nothing": bars([]),
    "zeros": funnel(numbers(0, 0)),
}


def svg(chart: Chart) -> ET.Element:
    found = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined)
    macros = found.get_template("overview/charts.html").module
    text = macros.svg(chart, "one", "Supply & need", "By <sector>")  # type: ignore[attr-defined]  # a macro
    return ET.fromstring(str(text))  # noqa: S314  # our own


@pytest.mark.parametrize("name", CHARTS)
def test_svg_is_well_formed_named_and_free_of_inline_style(name: str) -> None:
    picture = svg(CHARTS[name])
    assert picture.get("role") == "img"
    named = {part.get("id"): part.text for part in picture if part.tag in {f"{SVG}title", f"{SVG}desc"}}
    assert [named[one] for one in (picture.get("aria-labelledby") or "").split()] == ["Supply & need", "By <sector>"]
    for part in picture.iter():
        assert part.tag != f"{SVG}script"
        assert not {one for one in part.attrib if one == "style" or one.startswith("on")}
    assert len(picture.findall(f"{SVG}text")) == len(CHARTS[name].words)
    titles = [part.findtext(f"{SVG}title") for part in picture.findall(f"{SVG}rect")]
    assert [title or "" for title in titles] == [mark.title for mark in CHARTS[name].marks]


@pytest.mark.parametrize("name", CHARTS)
def test_nothing_stands_outside_the_picture(name: str) -> None:
    chart = CHARTS[name]
    for mark in chart.marks:
        assert -0.01 <= mark.x <= mark.x + mark.width <= WIDTH + 0.01
        assert -0.01 <= mark.y <= mark.y + mark.height <= chart.height + 0.01
    for line in chart.words:
        assert 0 < line.y <= chart.height
        if not line.turn:
            wide = len(line.text) * SMALL * LETTER
            start = {"start": line.x, "middle": line.x - wide / 2, "end": line.x - wide}[line.anchor]
            assert -1 <= start <= start + wide <= WIDTH + 1, line


def test_each_number_stands_in_its_cell_shaded_by_size() -> None:
    chart = square([4, 0], [1, 2])
    assert [(mark.kind, mark.title) for mark in chart.marks] == [
        ("level-5", "0 meets 0"),
        ("level-0", "0 meets 1"),
        ("level-2", "1 meets 0"),
        ("level-3", "1 meets 1"),
    ]
    inside = {
        line.text
        for mark in chart.marks
        for line in chart.words
        if mark.x < line.x < mark.x + mark.width and mark.y < line.y < mark.y + mark.height
    }
    assert inside == {"4", "0", "1", "2"}


def test_lengths_follow_the_numbers() -> None:
    assert [mark.width for mark in bars(numbers(200, 100, 0)).marks] == [250, 125, 0]
    wide, narrow, none = funnel(numbers(100, 50, 0)).marks
    assert (wide.width, narrow.width, none.width) == (296, 148, 0)
    assert wide.x + wide.width / 2 == narrow.x + narrow.width / 2
    found = [mark for mark in CHARTS["columns"].marks if mark.kind == "bar"]
    assert [mark.height for mark in found] == [0, 44, 14.7, 44]


def test_anything_above_none_can_be_seen() -> None:
    assert bars(numbers(100_000, 1)).marks[1].width > 1
    assert level(1, 100_000) == 1
    assert [level(value, 10) for value in (0, 1, 2, 3, 10)] == [0, 1, 1, 2, 5]
    assert level(0, 0) == 0


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("Akwa Ibom", ["Akwa", "Ibom"]),
        ("Кросс-Ривер", ["Кросс-", "Ривер"]),
        ("Kano", ["Kano"]),
        ("Qaraghandy", ["Qaragh…"]),
        ("one two three four five six", ["one two", "three…"]),
        ("", []),
    ],
)
def test_text_is_laid_in_lines_that_fit(text: str, lines: list[str]) -> None:
    assert lines_of(text, 60) == lines


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("mode", [0, 1])
def test_numbers_can_be_read_on_every_shade(mode: int) -> None:
    block = (STATIC / "charts.css").read_text().split(":root {")[mode + 1].partition("}")[0]
    colours = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", block))
    for name, colour in colours.items():
        on_light = name in {"shade-0", "shade-1", "shade-2", "shade-3"}
        if not name.startswith("on-") and name != "way":
            text = luminance(colours["on-light-shade" if on_light else "on-dark-shade"])
            lighter, darker = max(text, luminance(colour)), min(text, luminance(colour))
            assert (lighter + 0.05) / (darker + 0.05) >= 4.5, name


@pytest.mark.parametrize("country", COUNTRIES)
def test_every_region_has_a_tile_of_its_own(country: str) -> None:
    assert set(PLACES[country]) == set(COUNTRIES[country].regions)
    assert len(set(PLACES[country].values())) == len(PLACES[country])


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("country", COUNTRIES)
def test_short_names_fit_their_tiles_and_differ(country: str, language: Language) -> None:
    names = [short_name(region, language) for region in PLACES[country]]
    assert len(set(names)) == len(names)
    chart = tile_map([Tile(*place, short_name(region, language), 1, "") for region, place in PLACES[country].items()])
    assert not [line.text for line in chart.words if "…" in line.text]
