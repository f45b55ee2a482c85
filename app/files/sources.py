"""Where a file's bytes come from, and which text they are."""

import codecs
import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO, TextIOWrapper
from pathlib import Path, PurePath
from typing import BinaryIO

from app.errors import FileUnreadable

SAMPLE_BYTES = 200_000
CYRILLIC_WORD = re.compile(rb"[\xa1-\xff]{3}")
"""Accented Latin letters hardly ever stand three in a row."""
PAGES = (0x00, 0x04, 0x20, 0x21)
"""First bytes in UTF-16 of Latin and Cyrillic letters, marks and signs."""
MOST_OF_IT = 0.9
ESCAPE = "caravan-escape"
"""As ``surrogateescape``, which knows no halves of letters of two bytes."""


def _escaped(wrong: UnicodeError) -> tuple[str, int]:
    if not isinstance(wrong, UnicodeDecodeError):
        raise wrong
    return "\udcff", wrong.end


codecs.register_error(ESCAPE, _escaped)


@dataclass(frozen=True, slots=True)
class Source:
    """A file on disk or one that was uploaded; ``opened`` gives its bytes from the beginning."""

    name: str
    opened: Callable[[], BinaryIO]

    @classmethod
    def at(cls, path: Path) -> "Source":
        """A file on disk."""
        return cls(str(path), lambda: path.open("rb"))

    @classmethod
    def of(cls, name: str, content: bytes) -> "Source":
        """A file in memory."""
        return cls(name, lambda: BytesIO(content))

    @property
    def ending(self) -> str:
        """The name's ending, by which kinds of file are told apart."""
        return PurePath(self.name).suffix.lower()

    def binary(self) -> BinaryIO:
        """The bytes.

        Raises:
            FileUnreadable: they cannot be had.
        """
        try:
            return self.opened()
        except OSError as wrong:
            raise self.unreadable(wrong) from wrong

    def text(self, encoding: str, *, newline: str) -> TextIOWrapper:
        """The text; bytes that are none in this encoding come as surrogates."""
        errors = ESCAPE if encoding.startswith("utf") and "16" in encoding else "surrogateescape"
        return TextIOWrapper(self.binary(), encoding=encoding, errors=errors, newline=newline)

    def digest(self) -> str:
        """SHA-256 of the bytes."""
        found = hashlib.sha256()
        with self.binary() as file:
            try:
                while piece := file.read(SAMPLE_BYTES):
                    found.update(piece)
            except OSError as wrong:
                raise self.unreadable(wrong) from wrong
        return found.hexdigest()

    def unreadable(self, wrong: OSError) -> FileUnreadable:
        """What the system said, for people."""
        return FileUnreadable("{path} cannot be read: {why}.", path=self.name, why=wrong.strerror or "")

    def encoding(self, *, guess: bool) -> str:
        """The text encoding by its mark; without one UTF-8, or for spreadsheets' CSV what the bytes look like."""
        with self.binary() as file:
            try:
                sample = file.read(SAMPLE_BYTES)
            except OSError as wrong:
                raise self.unreadable(wrong) from wrong
        if sample.startswith(b"\xef\xbb\xbf"):
            return "utf-8-sig"
        if sample.startswith((b"\xff\xfe", b"\xfe\xff")):
            return "utf-16"
        return _looks_like(sample) if guess else "utf-8"


def _looks_like(sample: bytes) -> str:
    """UTF-16 if every other byte is one of few; UTF-8 if most letters are such; else KZ-1048 or Windows-1252.

    KZ-1048 is Windows-1251 with the Kazakh letters in place of some that neither Russian nor Kazakh has.
    """
    for encoding, half in (("utf-16-le", sample[1::2]), ("utf-16-be", sample[::2])):
        if 0 in half and sum(map(half.count, PAGES)) > MOST_OF_IT * len(half):
            return encoding
    foreign = [letter for letter in sample.decode("utf-8", "replace") if letter > "\x7f"]
    if foreign.count("\ufffd") <= len(foreign) / 2:
        return "utf-8"
    return "kz1048" if CYRILLIC_WORD.search(sample) else "cp1252"
