"""The file: a zip with a part of JSON Lines for each table, and a manifest that says what they must be."""

import hashlib
import struct
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import IO, Literal, Self
from zipfile import ZIP_DEFLATED, BadZipFile, ZipFile

import msgspec

from app.errors import Failure

FORMAT = "caravan-backup-1"
MANIFEST = "manifest.json"
MOST_MANIFEST_BYTES = 8 * 1024 * 1024
ROWS_BETWEEN_SIGNS = 1000
UNREADABLE = (
    BadZipFile,
    zlib.error,
    struct.error,
    msgspec.MsgspecError,
    EOFError,
    KeyError,
    NotImplementedError,
    RuntimeError,
    ValueError,
    OSError,
)
"""What reading a broken zip can raise, whichever of its bytes is wrong."""

Kind = Literal["text", "integer", "real", "boolean", "moment", "date", "json", "bytes"]
Progress = Callable[[int], None]
"""Told how many rows more were worked on."""


class BackupUnusable(Failure):
    """A file that is no whole backup of ours, or one of a newer program."""

    code = "backup-unusable"


class Column(msgspec.Struct, frozen=True):
    """A column: its name and how its values stand in the part.

    Moments and dates are in ISO 8601, bytes in Base64; JSON is the text that the database holds, so that JSON's null
    is not taken for an absent value.
    """

    name: str
    kind: Kind


class Part(msgspec.Struct, frozen=True):
    """A table's rows: arrays of values in the order of ``columns``, one a line, in the file ``name``.

    ``sequence`` is the largest number that was ever given out for its key, if its key is a number.
    """

    table: str
    name: str
    columns: list[Column]
    rows: int
    sha256: str
    sequence: int | None = None


class Manifest(msgspec.Struct, frozen=True):
    """What is in a backup: by which program, of which migration, at which moment and change number."""

    format: str
    program: str
    revision: str
    database: str
    taken_at: datetime
    change: int
    parts: list[Part]

    @property
    def rows(self) -> int:
        """Rows of all tables."""
        return sum(part.rows for part in self.parts)

    def rows_of(self, table: str) -> int:
        """Rows of one table."""
        return sum(part.rows for part in self.parts if part.table == table)


class Writing:
    """A backup that is being written; one that is not finished is no zip file."""

    def __init__(self, file: IO[bytes]) -> None:
        self._zip = ZipFile(file, "w", ZIP_DEFLATED, compresslevel=1)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._zip.fp = None  # nothing is written any more, also not when it is collected

    def part(self, table: str, columns: list[Column], lines: Iterator[bytes], sequence: int | None) -> Part:
        """Writes the lines of a table."""
        name, rows, digest = f"{table}.jsonl", 0, hashlib.sha256()
        with self._zip.open(name, "w", force_zip64=True) as out:
            for line in lines:
                out.write(line)
                digest.update(line)
                rows += 1
        return Part(table, name, columns, rows, digest.hexdigest(), sequence)

    def finish(self, manifest: Manifest) -> None:
        """Writes the manifest and ends the file."""
        self._zip.writestr(MANIFEST, msgspec.json.format(msgspec.json.encode(manifest), indent=1))
        self._zip.close()


class Reading:
    """A backup that is open for reading."""

    def __init__(self, path: Path, opened: ZipFile) -> None:
        self._path = path
        self._zip = opened
        self.manifest = self._read_manifest()

    def lines(self, part: Part) -> Iterator[bytes]:
        """The lines of a table.

        Raises:
            BackupUnusable: at the end, when they are not those that were written.
        """
        rows, digest = 0, hashlib.sha256()
        try:
            with self._zip.open(part.name) as lines:
                for line in lines:
                    digest.update(line)
                    rows += 1
                    yield line
        except UNREADABLE as broken:
            raise _broken(self._path, f"the part {part.name} cannot be read") from broken
        if rows != part.rows or digest.hexdigest() != part.sha256:
            raise _broken(self._path, f"the part {part.name} is not as it was written")

    def _read_manifest(self) -> Manifest:
        try:
            with self._zip.open(MANIFEST) as file:
                text = file.read(MOST_MANIFEST_BYTES)
            manifest = msgspec.json.decode(text, type=Manifest)
        except UNREADABLE as broken:
            raise _broken(self._path, "its manifest cannot be read") from broken
        if manifest.format != FORMAT:
            raise BackupUnusable(
                "{path} was written in a form that this program does not know: {form}. Use Caravan {program}.",
                path=str(self._path),
                form=manifest.format[:40],
                program=manifest.program[:40],
            )
        return manifest


@contextmanager
def opened(path: Path) -> Iterator[Reading]:
    """A backup for reading; its manifest is read, its parts are not yet.

    Raises:
        BackupUnusable: it is not one.
    """
    try:
        file = ZipFile(path)
    except FileNotFoundError as missing:
        raise BackupUnusable("There is no file {path}.", path=str(path)) from missing
    except UNREADABLE as broken:
        raise _broken(path, "it is no zip file, or its end is missing") from broken
    with file:
        yield Reading(path, file)


def manifest_of(path: Path) -> Manifest:
    """What a backup says it is, without reading its parts.

    Raises:
        BackupUnusable: it is not one.
    """
    with opened(path) as backup:
        return backup.manifest


def check_backup(path: Path, progress: Progress = lambda _: None) -> Manifest:
    """Reads a whole backup and compares each part with the manifest.

    Raises:
        BackupUnusable: it is not as it was written.
    """
    with opened(path) as backup:
        for part in backup.manifest.parts:
            count = 0
            for count, _ in enumerate(backup.lines(part), 1):
                if count % ROWS_BETWEEN_SIGNS == 0:
                    progress(ROWS_BETWEEN_SIGNS)
            progress(count % ROWS_BETWEEN_SIGNS)
        return backup.manifest


def _broken(path: Path, why: str) -> BackupUnusable:
    return BackupUnusable(
        "{path} is not a whole backup: {why}. Nothing was changed. Use another copy.", path=str(path), why=why
    )
