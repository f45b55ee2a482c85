"""How a list is read: in which row its headings stand and what each of its columns holds."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from app.errors import FieldError, FileUnreadable
from app.files.columns import REQUIRED_COLUMNS, SEVERAL, TARGETS, company_document
from app.files.headings import BY_CELLS, SURE, cells_target, heading_score, heading_targets
from app.files.tables import LOOKED_AT, TableRow
from app.files.values import is_nothing, plain, value_of

MOST_COLUMNS = 500
LEAST = 0.4
"""How sure a column must be understood to be proposed."""
NUMBER_DIGITS = {"KZ": 12}
"""Digits of a country's registration number, whose first zeros a spreadsheet drops."""


@dataclass(frozen=True, slots=True)
class Layout:
    """What each column of a list holds; ``""`` is left out. ``constants`` hold for rows that say nothing.

    ``doubtful`` are the positions of columns that were not understood surely.
    """

    line: int
    headings: tuple[str, ...]
    targets: tuple[str, ...]
    constants: Mapping[str, str] = field(default_factory=dict)
    doubtful: frozenset[int] = frozenset()

    def as_json(self) -> dict[str, Any]:
        """As it is kept."""
        return asdict(self) | {"doubtful": sorted(self.doubtful), "constants": dict(self.constants)}

    @classmethod
    def of_json(cls, kept: Mapping[str, Any]) -> "Layout":
        """As it was kept."""
        return cls(
            kept["line"],
            tuple(kept["headings"]),
            tuple(kept["targets"]),
            kept["constants"],
            frozenset(kept["doubtful"]),
        )

    @property
    def missing(self) -> list[str]:
        """Required columns that neither the list nor the constants have."""
        return [name for name in REQUIRED_COLUMNS if name not in self.targets and not self.constants.get(name)]

    @property
    def repeated(self) -> list[str]:
        """Columns that are named twice and may not be."""
        return [name for name in TARGETS if self.targets.count(name) > 1 and name not in SEVERAL]

    def require_whole(self, name: str) -> None:
        """Refuses a layout that lacks a column or has one twice.

        Raises:
            FileUnreadable: with what to write.
        """
        if not self.missing and not self.repeated:
            return
        raise FileUnreadable(
            "The columns of {path} are not all understood. Missing: {missing}. Repeated: {repeated}."
            " Say which column it is, or one value for all rows.",
            path=name,
            missing=", ".join(self.missing) or "–",
            repeated=", ".join(self.repeated) or "–",
        )

    def cells(self, row: TableRow) -> list[str]:
        """A row's cells; a number that lost its zeros as a spreadsheet's number gets them back."""
        cells = list(row.cells)
        if "registration_number" in self.targets:
            at = self.targets.index("registration_number")
            if at in row.numbers and at < len(cells):
                cells[at] = cells[at].zfill(NUMBER_DIGITS.get(self._country(cells), 0))
        return cells

    def document(self, cells: Sequence[str]) -> tuple[dict[str, object], tuple[str, ...]]:
        """The company that a row describes, and which column each of its listings came from."""
        texts: dict[str, list[str]] = {}
        for target, cell in zip(self.targets, cells, strict=False):
            if target and not is_nothing(cell):
                texts.setdefault(target, []).append(cell)
        return company_document(texts, dict(self.constants))

    def too_many(self, cells: Sequence[str]) -> FieldError | None:
        """What is wrong with a row that is longer than the headings."""
        if len(cells) <= len(self.headings):
            return None
        count, most = str(len(cells)), str(len(self.headings))
        return FieldError(
            "", "too_many_cells", "The row has {count} cells, the header only {most}.", {"count": count, "most": most}
        )

    def _country(self, cells: Sequence[str]) -> str:
        at = self.targets.index("country") if "country" in self.targets else len(cells)
        text = cells[at] if at < len(cells) else ""
        return str(value_of("country", text if text.strip() else self.constants.get("country", "")))


def proposed_layout(rows: Sequence[TableRow]) -> Layout:
    """How a list would be read, by its first rows.

    Each column of ours is given to the column of the list that fits it best.
    """
    looked_at = [row for row in rows if row.line <= LOOKED_AT] or list(rows[:1])
    if not looked_at:
        return Layout(1, (), ())
    head = max(looked_at, key=lambda row: (heading_score(row.cells), -row.line))
    if heading_score(head.cells) < SURE:
        head = max(looked_at, key=lambda row: (len(row.cells), -row.line))
    below = [row for row in rows if row.line > head.line]
    columns = [[row.cells[at] if at < len(row.cells) else "" for row in below] for at in range(len(head.cells))]
    targets, doubtful = _assigned(head.cells, columns)
    return Layout(head.line, tuple(cell.strip() for cell in head.cells), targets, {}, doubtful)


def changed_layout(layout: Layout, columns: Mapping[str, str], constants: Mapping[str, str]) -> Layout:
    """A layout with some columns, named by heading, position ("3") or our name, read otherwise.

    Raises:
        FileUnreadable: there is no such heading or no such column of ours.
    """
    targets = list(layout.targets)
    told = {_position(layout, heading): _known(target) for heading, target in columns.items()}
    for target in told.values():
        if target not in SEVERAL:
            targets = ["" if one == target else one for one in targets]
    for at, target in told.items():
        targets[at] = target
    values = {_known(name): text.strip() for name, text in constants.items() if text.strip()}
    return replace(
        layout, targets=tuple(targets), constants={**layout.constants, **values}, doubtful=layout.doubtful - told.keys()
    )


def _position(layout: Layout, heading: str) -> int:
    found = [at for at, one in enumerate(layout.headings) if plain(one) == plain(heading)]
    if not found and heading.isdigit() and 0 < int(heading) <= len(layout.headings):
        return int(heading) - 1
    if not found:
        raise FileUnreadable(
            "No column is headed “{heading}”. The headings are: {known}.",
            heading=heading,
            known=", ".join(one for one in layout.headings if one),
        )
    return found[0]


def _known(target: str) -> str:
    if target and target not in TARGETS:
        raise FileUnreadable(
            "There is no column {target}. Known are: {known}.", target=target, known=", ".join(TARGETS)
        )
    return target


def _assigned(headings: Sequence[str], columns: Sequence[Sequence[str]]) -> tuple[tuple[str, ...], frozenset[int]]:
    offers: list[tuple[float, int, str]] = []
    for at, heading in enumerate(headings):
        by_heading = heading_targets(heading)
        offers += [(score, -at, target) for target, score in by_heading.items()]
        seen = cells_target(columns[at]) if not by_heading or max(by_heading.values()) < SURE else None
        if seen:
            offers.append((BY_CELLS, -at, seen))
    targets = [""] * len(headings)
    settled: dict[int, float] = {}
    for score, place, target in sorted(offers, reverse=True):
        free = not target or target in SEVERAL or target not in targets
        if score >= LEAST and -place not in settled and free:
            targets[-place] = target
            settled[-place] = score
    doubtful = {at for at, heading in enumerate(headings) if heading.strip() and settled.get(at, 0.0) < SURE}
    return tuple(targets), frozenset(doubtful)
