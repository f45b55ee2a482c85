"""The pictures of the overview: of each its words, its chart and its numbers as a table."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from app.console.charts import Bar, Chart, Tile, bars, columns, funnel, heat_map, tile_map
from app.console.reader import Reader
from app.console.region_tiles import PLACES, short_name
from app.db.matches import Decision
from app.queries.needs import Supply, UnmetNeed
from app.queries.overview import Month, Overview, RegisterFigures, Stage
from matching import COUNTRIES, SECTORS, trade_vocabulary

MOST_NEEDS = 12
"""Groups of unmet needs in the picture; the table has all."""

Row = Sequence[str | int]


@dataclass(frozen=True, slots=True)
class Picture:
    """A chart with the numbers that it shows.

    Attributes:
        name: in addresses and file names.
        title: what it shows.
        says: how to read it.
        chart: the drawing.
        head: names of the table's columns.
        rows: the table; whole numbers are numbers, all else is text.
        notes: what else a reader has to know.
    """

    name: str
    title: str
    says: str
    chart: Chart
    head: Sequence[str]
    rows: Sequence[Row]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Headline:
    """A figure that stands above the pictures, with its parts in words."""

    name: str
    count: int
    parts: str = ""


def headlines(figures: Overview, reader: Reader) -> list[Headline]:
    """The figures that a report begins with."""
    say, listings = reader.say, figures.register.listings
    registered, *_, approved = figures.funnel
    offers = {country: listings.get((country, "offer"), 0) for country in COUNTRIES}
    needs = {country: listings.get((country, "need"), 0) for country in COUNTRIES}
    waiting = {country: sum(need.by_country.get(country, 0) for need in figures.unmet) for country in COUNTRIES}
    return [
        Headline(name, sum(counts.values()), _by_country(counts, reader))
        for name, counts in (
            (say("Firms"), registered.firms),
            (say("Offers"), offers),
            (say("Needs"), needs),
            (say("Needs that wait for an offer"), waiting),
        )
    ] + [Headline(say("Approved matches"), approved.pairs or 0)]


def pictures(figures: Overview, reader: Reader) -> Iterator[Picture]:
    """All pictures, in the order in which a report shows them."""
    yield _funnel(figures.funnel, reader)
    yield _months(figures.months, reader)
    yield from (_supply(one, reader) for one in figures.supplies)
    yield _unmet(figures.unmet, reader)
    yield _sectors(figures.register, reader)
    yield from (_regions(country, figures.regions.get(country, {}), reader) for country in COUNTRIES)


def _funnel(stages: Sequence[Stage], reader: Reader) -> Picture:
    say = reader.say
    names = {
        "registered": say("Registered"),
        "verified": say("Verified"),
        "matched": say("With matches"),
        "reviewed": say("With a decision"),
        "approved": say("With an approved match"),
    }
    shares = ["", *(reader.share(after.count, before.count) for before, after in pairwise(stages))]
    rows = [
        Bar(
            name=names[stage.name],
            value=stage.count,
            says=" · ".join(filter(None, [share, _by_country(stage.firms, reader)])),
            title=f"{names[stage.name]}: {reader.number(stage.count)}",
        )
        for stage, share in zip(stages, shares, strict=True)
    ]
    return Picture(
        name="funnel",
        title=say("From registration to approval"),
        says=say("Firms at each stage, and how many of the stage before came this far."),
        chart=funnel(rows),
        head=[say("Stage"), *reader.countries(), say("Firms"), say("Of the stage before"), say("Matches")],
        rows=[
            [
                names[stage.name],
                *(stage.firms.get(country, 0) for country in COUNTRIES),
                stage.count,
                share,
                "" if stage.pairs is None else stage.pairs,
            ]
            for stage, share in zip(stages, shares, strict=True)
        ],
        notes=(say("Suspended firms are left out; from the third stage on only verified firms count."),),
    )


def _supply(supply: Supply, reader: Reader) -> Picture:
    say = reader.say
    needing, offering = reader.country(supply.needing), reader.country(supply.offering)
    counts = [[supply.cells.get((need, offer), 0) for offer in SECTORS] for need in SECTORS]
    met = [supply.met.get(sector, 0) for sector in SECTORS]
    needs = [supply.needs.get(sector, 0) for sector in SECTORS]

    def title_of(row: int, column: int) -> str:
        return say(
            "Needs: {need}, offers: {offer}: {count}",
            need=reader.sector(SECTORS[row]),
            offer=reader.sector(SECTORS[column]),
            count=reader.number(counts[row][column]),
        )

    return Picture(
        name=f"supply-{supply.needing.lower()}",
        title=say("Needs: {needing}, offers: {offering}", needing=needing, offering=offering),
        says=say(
            "How many needs of firms of a sector (down) an offer of firms of a sector (across) meets;"
            " at the end of each row how many of all its needs are met."
        ),
        chart=heat_map(
            [reader.short(sector) for sector in SECTORS],
            counts,
            title_of=title_of,
            rows_are=say("Needs: {country}", country=needing),
            columns_are=say("Offers: {country}", country=offering),
            last=(
                say("Met of all"),
                [f"{reader.number(one)} / {reader.number(all_)}" for one, all_ in zip(met, needs, strict=True)],
            ),
        ),
        head=[
            say("Sector of the need"),
            *(reader.short(sector) for sector in SECTORS),
            say("Needs met"),
            say("Needs waiting"),
            say("All needs"),
        ],
        rows=[
            [reader.sector(sector), *counts[at], met[at], needs[at] - met[at], needs[at]]
            for at, sector in enumerate(SECTORS)
        ],
        notes=(
            say("A firm with several sectors counts in each of them."),
            say("A need is met when an offer meets it in a stored match; of each firm the best matches are stored."),
        ),
    )


def _unmet(needs: Sequence[UnmetNeed], reader: Reader) -> Picture:
    say = reader.say
    total = sum(need.count for need in needs)
    return Picture(
        name="unmet-needs",
        title=say("Needs that wait for an offer"),
        says=say("{count} in all, by what is needed; most first.", count=reader.number(total)),
        chart=bars(
            [
                Bar(
                    name=_concept(need, reader),
                    after=f" · {reader.kind(need.kind)}",
                    value=need.count,
                    says=f"{reader.number(need.count)} ({_by_code(need.by_country, reader)})",
                    title=f"{_concept(need, reader)}: {reader.number(need.count)}",
                )
                for need in needs[:MOST_NEEDS]
            ]
        ),
        head=[
            say("What is needed"),
            say("Code"),
            say("Kind"),
            *reader.countries(),
            say("Needs"),
            say("For example"),
        ],
        rows=[
            [
                _concept(need, reader),
                _code(need),
                reader.kind(need.kind),
                *(need.by_country.get(country, 0) for country in COUNTRIES),
                need.count,
                "; ".join(need.titles),
            ]
            for need in needs
        ],
        notes=(
            say("Goods are counted by HS heading, all else by ISIC group, as declared or as the text was understood."),
        ),
    )


def _months(months: Sequence[Month], reader: Reader) -> Picture:
    say = reader.say
    decisions: dict[Decision, str] = {
        "approved": say("Approved"),
        "deferred": say("Deferred"),
        "rejected": say("Rejected"),
    }
    series = [(say("Matches found"), [month.found for month in months])]
    series += [(name, [month.decisions.get(decision, 0) for month in months]) for decision, name in decisions.items()]
    most_found, most_decided = max(series[0][1]), max(max(values) for _, values in series[1:])
    return Picture(
        name="months",
        title=say("Matches and decisions by month"),
        says=say("Matches by the month in which they were found first, and the council's decisions."),
        chart=columns(
            [reader.short_month(month.first_day) for month in months],
            [
                str(month.first_day.year) if at == 0 or month.first_day.month == 1 else ""
                for at, month in enumerate(months)
            ],
            [
                (
                    name,
                    [
                        Bar(
                            name="",
                            value=value,
                            says=reader.number(value),
                            title=f"{name}, {reader.month(month.first_day)}: {reader.number(value)}",
                        )
                        for month, value in zip(months, values, strict=True)
                    ],
                    most_found if at == 0 else most_decided,
                )
                for at, (name, values) in enumerate(series)
            ],
        ),
        head=[say("Month"), *(name for name, _ in series)],
        rows=[
            [reader.month(month.first_day), *(values[at] for _, values in series)] for at, month in enumerate(months)
        ],
        notes=(say("Matches that fell out of the queue undecided are not counted."),),
    )


def _sectors(figures: RegisterFigures, reader: Reader) -> Picture:
    say = reader.say
    by_sector = {
        sector: {country: figures.by_sector.get((country, sector), 0) for country in COUNTRIES} for sector in SECTORS
    }
    return Picture(
        name="sectors",
        title=say("Firms by sector"),
        says=say("Firms of the register in each sector."),
        chart=bars(
            [
                Bar(
                    name=reader.sector(sector),
                    value=sum(firms.values()),
                    says=f"{reader.number(sum(firms.values()))} ({_by_code(firms, reader)})",
                    title=f"{reader.sector(sector)}: {_by_country(firms, reader)}",
                )
                for sector, firms in by_sector.items()
            ]
        ),
        head=[say("Sector"), *reader.countries(), say("Firms")],
        rows=[[reader.sector(sector), *firms.values(), sum(firms.values())] for sector, firms in by_sector.items()],
        notes=(say("A firm with several sectors counts in each of them."),),
    )


def _regions(country: str, firms: Mapping[str | None, int], reader: Reader) -> Picture:
    say = reader.say
    names = {region: names[reader.language] for region, names in COUNTRIES[country].regions.items()}
    nowhere = firms.get(None, 0)
    return Picture(
        name=f"regions-{country.lower()}",
        title=say("Firms by region: {country}", country=reader.country(country)),
        says=say("Each tile is a region, about where it lies; the stronger its colour, the more firms."),
        chart=tile_map(
            [
                Tile(
                    *place,
                    short_name(region, reader.language),
                    firms.get(region, 0),
                    f"{names[region]}: {reader.number(firms.get(region, 0))}",
                )
                for region, place in PLACES[country].items()
            ]
        ),
        head=[say("Region"), say("Code"), say("Firms")],
        rows=[
            *((name, region, firms.get(region, 0)) for region, name in names.items()),
            (say("No region given"), "", nowhere),
        ],
        notes=(say("No region given: {count}.", count=reader.number(nowhere)),) if nowhere else (),
    )


def _by_country(counts: Mapping[str, int], reader: Reader) -> str:
    return ", ".join(f"{reader.country(country)}\u00a0{reader.number(counts.get(country, 0))}" for country in COUNTRIES)


def _by_code(counts: Mapping[str, int], reader: Reader) -> str:
    return ", ".join(f"{country} {reader.number(count)}" for country, count in sorted(counts.items()) if count)


def _concept(need: UnmetNeed, reader: Reader) -> str:
    if need.concept is None:
        return reader.say("Not understood")
    return trade_vocabulary()[need.concept].labels[reader.language]


def _code(need: UnmetNeed) -> str:
    scheme, _, digits = (need.concept or "").partition(":")
    return f"{scheme.upper()} {digits}" if digits else ""
