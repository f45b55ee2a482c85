"""Lists that officers upload: reading their columns, checking them, importing them in the background."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import PurePath
from typing import Any

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from app.actions.imports import Rejected
from app.actions.jobs import add_job, remove_job
from app.db.audit import By, record_act
from app.db.imports import NAME_LENGTH, Import, ImportRejection, ImportState
from app.errors import FileUnreadable, ImportNotReady
from app.files import COMPANY_COLUMNS, TARGETS, Layout, Source, first_rows, is_table, layout_of
from app.queries.imports import import_by_id

CHECK = "check"
IMPORT = "import"
"""Kinds of jobs, kept apart so that a short check does not wait for a long import."""
SAMPLES = 3
REMEMBERED = 50
CONSTANTS = (*COMPANY_COLUMNS, "side", "kind", "volume_unit", "volume_per", "value_currency", "incoterms")
"""Columns that may have one value for all rows."""
IDLE: frozenset[ImportState] = frozenset({"uploaded", "checking", "checked"})
"""States in which nothing of the list is in the register."""


def upload_list(writing: Callable[[], AbstractContextManager[Session]], name: str, content: bytes, *, by: By) -> Import:
    """Keeps a list, and how its columns are understood: as in an earlier list with the same headings, or anew.

    It is read before ``writing`` locks anything.

    Raises:
        FileUnreadable: it is not a CSV file or workbook, or nothing is in it.
    """
    name = PurePath(name.replace("\\", "/")).name[-NAME_LENGTH:] or "?"
    source = Source.of(name, content)
    read = layout_of(source) if is_table(source) else None
    if read is None:
        raise FileUnreadable("{path} should be an Excel workbook (.xlsx) or a CSV file (.csv).", path=name)
    samples = [row.cells for row in first_rows(source, read.line + SAMPLES) if row.line > read.line][:SAMPLES]
    if not samples:
        raise FileUnreadable("{path} has no rows below its headings.", path=name)
    with writing() as session:
        layout = _kept(_remembered(session, read), samples)
        kept = Import(name=name, size=len(content), content=content, layout=layout, staff=by.who)
        session.add(kept)
        session.flush()
        record_act(session, by, "import.uploaded", f"import:{kept.id}", bytes=len(content), sha256=source.digest())
    return kept


def read_columns(
    session: Session, import_id: str, targets: Sequence[str], constants: Mapping[str, str], *, by: By
) -> Import:
    """Sets what each column holds and what holds for all rows, and asks for a check.

    Raises:
        NotFound: there is no such import.
        ImportNotReady: it was started already.
        FileUnreadable: a required column is missing, or one is named twice; nothing is changed.
    """
    kept = import_by_id(session, import_id, lock=True)
    _require(kept, IDLE)
    layout = Layout.of_json(kept.layout)
    known = tuple(target if target in TARGETS else "" for target in targets)
    padded = (*known, *("",) * len(layout.headings))[: len(layout.headings)]
    values = {name: text.strip() for name, text in constants.items() if name in CONSTANTS and text.strip()}
    layout = replace(layout, targets=padded, constants=values, doubtful=frozenset())
    layout.require_whole(kept.name)
    kept.layout = _kept(layout, kept.layout["samples"])
    kept.state, kept.failure, kept.line, kept.counts = "checking", None, 0, {}
    add_job(session, CHECK, kept.id)
    record_act(session, by, "import.columns_read", f"import:{import_id}")
    return kept


def start_import(session: Session, import_id: str, *, verified: bool, by: By) -> None:
    """Lets a checked list be imported; one that was stopped or failed goes on where it was.

    Raises:
        NotFound: there is no such import.
        ImportNotReady: it is not checked yet, runs already, or is done.
    """
    kept = import_by_id(session, import_id, lock=True)
    _require(kept, {"checked", "stopped", "failed"})
    _require_file(session, import_id)
    if kept.state == "checked":
        kept.line, kept.counts, kept.verified = 0, {}, verified
        forget_rejections(session, import_id)
    kept.state, kept.failure = "waiting", None
    add_job(session, IMPORT, kept.id)
    record_act(session, by, "import.started", f"import:{import_id}", line=kept.line, verified=kept.verified)


def stop_import(session: Session, import_id: str, *, by: By) -> None:
    """Stops an import after the rows at hand; what is in the register stays there.

    Raises:
        NotFound: there is no such import.
        ImportNotReady: it does not run.
    """
    remove_job(session, IMPORT, import_id)  # before the import is locked: its worker takes them in this order too
    kept = import_by_id(session, import_id, lock=True)
    _require(kept, {"waiting", "running"})
    kept.state = "stopped"
    record_act(session, by, "import.stopped", f"import:{import_id}", line=kept.line, **kept.counts)


def forget_import(session: Session, import_id: str, *, by: By) -> None:
    """Removes a list with its refused rows; firms that were imported stay.

    Raises:
        NotFound: there is no such import.
        ImportNotReady: it runs.
    """
    remove_job(session, CHECK, import_id)
    kept = import_by_id(session, import_id, lock=True)
    _require(kept, IDLE | {"done", "stopped", "failed"})
    session.delete(kept)
    record_act(session, by, "import.forgotten", f"import:{import_id}")


def keep_rejections(session: Session, import_id: str, rejected: Sequence[Rejected]) -> None:
    """Adds refused rows to those of an import."""
    if rejected:
        session.execute(
            insert(ImportRejection),
            [
                {
                    "import_id": import_id,
                    "line": one.line,
                    "cells": one.row.cells,
                    "errors": [
                        {
                            "column": one.row.column_of(error.pointer),
                            "message": error.message,
                            "params": error.params,
                        }
                        for error in one.errors
                    ],
                }
                for one in rejected
            ],
        )


def forget_rejections(session: Session, import_id: str) -> None:
    """Removes the refused rows of an import."""
    session.execute(delete(ImportRejection).where(ImportRejection.import_id == import_id))


def _require_file(session: Session, import_id: str) -> None:
    if session.scalar(select(Import.content.is_(None)).where(Import.id == import_id)):
        raise ImportNotReady("This list is not kept any more. Upload it again.")


def _require(kept: Import, states: frozenset[ImportState] | set[ImportState]) -> None:
    if kept.state not in states:
        raise ImportNotReady("Someone went on with this import in the meantime. Open it again.")


def _kept(layout: Layout, samples: Sequence[Sequence[str]]) -> dict[str, Any]:
    return layout.as_json() | {"samples": [list(cells) for cells in samples]}


def _remembered(session: Session, layout: Layout) -> Layout:
    """The layout with the columns of the last list that had the same headings, apart from one that says why."""
    earlier = select(Import.layout).where(Import.state != "uploaded").order_by(Import.created_at.desc())
    for kept in session.scalars(earlier.limit(REMEMBERED)):
        before = Layout.of_json(kept)
        count = len(before.headings)
        if layout.headings[:count] == before.headings and set(layout.targets[count:]) <= {""}:
            targets = (*before.targets, *layout.targets[count:])
            return replace(layout, targets=targets, constants=before.constants, doubtful=frozenset())
    return layout
