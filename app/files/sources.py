"""Where a file's bytes come from, and which text they are."""

import codecs
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO, TextIOWrapper
from pathlib import Path, PurePath
from typing import BinaryIO

from charset_normalizer import from_bytes

from app.errors import FileUnreadable

SAMPLE_BYTES = 200_000
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
        try:
            sample[: sample.rfind(b"\n") + 1 or None].decode("utf-8")
        except UnicodeDecodeError:
            found = (
                from_bytes(sample, cp_isolation=["cp1251", "kz1048", "cp1252", "utf_16_le"]).best() if guess else None
            )
            return found.encoding if found else "utf-8"
        return "utf-8"
