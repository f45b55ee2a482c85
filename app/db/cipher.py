"""What people said in confidence, encrypted on its way into the database where a key is configured.

The cipher hangs on the dialect of its database's engine, where the column types find it. Without one they do nothing:
what is written is what is read, as if they were not there.
"""

import hashlib
import json
from base64 import b64decode, b64encode, urlsafe_b64decode
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from os import urandom
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy import JSON, LargeBinary, Text
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import Session
from sqlalchemy.types import TypeDecorator, TypeEngine

from app.errors import ContactsLocked, SecretUnreadable

KEY_BYTES = 32
URL_SAFE = str.maketrans("+/", "-_")
NONCE_BYTES = 12
ID_LETTERS = 8
SIGN = "\x01"
"""What is encrypted begins with it; no text of the contract may hold it."""
BYTES_SIGN = b"\x01caravan\x01"
MARK_SIGN = "~"
MARK_BYTES = 8
MARK_KEY_BYTES = 16
_NAME = "caravan_cipher"


@dataclass(frozen=True)
class Key:
    """A key of 32 random bytes, from which one for encryption and one for marks are derived."""

    material: bytes

    @cached_property
    def id(self) -> str:
        """What tells which key it is, and nothing of the key."""
        return hashlib.sha256(b"caravan key " + self.material).hexdigest()[:ID_LETTERS]

    @cached_property
    def aead(self) -> AESGCM:
        """AES-256-GCM."""
        return AESGCM(self._derived(b"encryption", KEY_BYTES))

    @cached_property
    def marks(self) -> bytes:
        """The key of the marks that stand for words and addresses."""
        return self._derived(b"marks", MARK_KEY_BYTES)

    def _derived(self, purpose: bytes, length: int) -> bytes:
        return HKDF(SHA256(), length, None, b"caravan " + purpose).derive(self.material)


class Cipher:
    """Encrypts with the first of its keys and decrypts with any of them.

    Args:
        keys: as ``keys_in`` reads them.
        writes_plain: what is written is not encrypted any more.
    """

    def __init__(self, keys: Sequence[Key], *, writes_plain: bool = False) -> None:
        self._first = keys[0]
        self._keys = {key.id.encode(): key for key in keys}
        self.writes_plain = writes_plain

    @property
    def ids(self) -> list[str]:
        """Which keys there are, the first one first."""
        return [key.id for key in self._keys.values()]

    def sealed(self, plain: bytes, purpose: bytes) -> bytes:
        """Key id, nonce and ciphertext. It opens for the same purpose only."""
        nonce = urandom(NONCE_BYTES)
        return self._first.id.encode() + nonce + self._first.aead.encrypt(nonce, plain, purpose)

    def opened(self, sealed: bytes, purpose: bytes) -> bytes:
        """What was sealed.

        Raises:
            ContactsLocked: its key is not among the keys.
            SecretUnreadable: it was changed, or sealed for another purpose.
        """
        key = self._keys.get(sealed[:ID_LETTERS])
        if key is None:
            raise locked(sealed[:ID_LETTERS].decode("ascii", "replace"))
        rest = sealed[ID_LETTERS:]
        try:
            return key.aead.decrypt(rest[:NONCE_BYTES], rest[NONCE_BYTES:], purpose)
        except (InvalidTag, ValueError):
            raise unreadable() from None

    def mark(self, text: str) -> str:
        """What stands for a text where it must be found again: the same for the same text, and nothing to read."""
        return _mark(self._first, text)

    def possible_marks(self, text: str) -> list[str]:
        """What may stand for a text, whichever of the keys it was written with."""
        return [_mark(key, text) for key in self._keys.values()]


class SecretText(TypeDecorator[str]):
    """A text that is encrypted at rest. ``purpose`` is the name of its table and column."""

    impl = Text
    cache_ok = True

    def __init__(self, purpose: str) -> None:
        super().__init__()
        self.purpose = purpose

    def bind_processor(self, dialect: Dialect) -> Callable[[str | None], str | None] | None:
        """Encrypts; nothing at all without a key."""
        cipher, purpose = cipher_of_dialect(dialect), self.purpose.encode()
        if cipher is None or cipher.writes_plain:
            return None
        return lambda text: None if text is None else _text_of(cipher.sealed(text.encode(), purpose))

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[str | None], str | None]:
        """Decrypts what is encrypted."""
        del coltype
        cipher, purpose = cipher_of_dialect(dialect), self.purpose.encode()
        return lambda text: text if text is None or text[:1] != SIGN else _opened(cipher, text, purpose).decode()


class SecretJson(TypeDecorator[Any]):
    """A JSON document that is encrypted at rest; the column then holds a JSON string."""

    impl = JSON
    cache_ok = True

    def __init__(self, purpose: str, *, none_as_null: bool = False) -> None:
        super().__init__(none_as_null=none_as_null)
        self.purpose = purpose
        self.none_as_null = none_as_null

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:  # noqa: ANN401  # any document
        """Encrypts."""
        cipher = cipher_of_dialect(dialect)
        if cipher is None or cipher.writes_plain or value is None:
            return value
        return _text_of(cipher.sealed(json.dumps(value, ensure_ascii=False).encode(), self.purpose.encode()))

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:  # noqa: ANN401  # any document
        """Decrypts what is encrypted."""
        if isinstance(value, str) and value[:1] == SIGN:
            return json.loads(_opened(cipher_of_dialect(dialect), value, self.purpose.encode()))
        return value

    def coerce_compared_value(self, op: Any, value: Any) -> TypeEngine[Any]:  # noqa: ANN401  # as SQLAlchemy has it
        """As the column's own type."""
        return self.impl_instance.coerce_compared_value(op, value)


class SecretBytes(TypeDecorator[bytes]):
    """Bytes that are encrypted at rest."""

    impl = LargeBinary
    cache_ok = True

    def __init__(self, purpose: str) -> None:
        super().__init__()
        self.purpose = purpose

    def process_bind_param(self, value: bytes | None, dialect: Dialect) -> bytes | None:
        """Encrypts."""
        cipher = cipher_of_dialect(dialect)
        if cipher is None or cipher.writes_plain or value is None:
            return value
        return BYTES_SIGN + cipher.sealed(value, self.purpose.encode())

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> bytes | None:
        """Decrypts what is encrypted."""
        if value is None or not value.startswith(BYTES_SIGN):
            return value
        cipher = cipher_of_dialect(dialect)
        sealed = bytes(value[len(BYTES_SIGN) :])
        if cipher is None:
            raise locked(sealed[:ID_LETTERS].decode("ascii", "replace"))
        return cipher.opened(sealed, self.purpose.encode())


def keys_in(setting: str) -> list[Key]:
    """The keys that a setting holds, with commas or spaces between."""
    return [
        Key(urlsafe_b64decode(f"{text.translate(URL_SAFE).rstrip('=')}=")) for text in setting.replace(",", " ").split()
    ]


def new_key() -> str:
    """A new random key, as it stands in the setting."""
    return b64encode(urandom(KEY_BYTES)).decode()


def give_cipher(dialect: Dialect, cipher: Cipher | None) -> None:
    """Lets the columns of a database find its cipher."""
    vars(dialect)[_NAME] = cipher


def cipher_of_dialect(dialect: Dialect) -> Cipher | None:
    """The cipher of a database; None without a key."""
    found: Cipher | None = vars(dialect).get(_NAME)
    return found


def cipher_of(session: Session) -> Cipher | None:
    """The cipher of a session's database; None without a key."""
    return cipher_of_dialect(session.get_bind().dialect)


def marking(session: Session) -> Cipher | None:
    """The cipher whose marks are written in the place of what they stand for; None where it stands there itself."""
    cipher = cipher_of(session)
    return None if cipher is None or cipher.writes_plain else cipher


def locked(key_id: str) -> ContactsLocked:
    """What to say where a key is missing."""
    return ContactsLocked(
        "Contacts in this database are encrypted with the key {id}, which is not among CARAVAN_CONTACT_KEYS."
        " Set it as it was, with any newer key before it. Without that key nobody can read them.",
        id=key_id,
    )


def unreadable() -> SecretUnreadable:
    """What to say where something was changed."""
    return SecretUnreadable(
        "What the database holds here was changed or damaged and is not shown. Restore it from a backup."
    )


def every_beginning(words: Iterable[str], shortest: int, longest: int) -> list[str]:
    """The beginnings of words that they are found by, each once, and short words whole."""
    found: dict[str, None] = {}
    for word in words:
        whole = word[:longest]
        for end in range(min(shortest, len(whole)), len(whole) + 1):
            found[whole[:end]] = None
    return list(found)


def _text_of(sealed: bytes) -> str:
    return f"{SIGN}{sealed[:ID_LETTERS].decode()}{b64encode(sealed[ID_LETTERS:]).decode()}"


def _opened(cipher: Cipher | None, text: str, purpose: bytes) -> bytes:
    key_id, rest = text[1 : 1 + ID_LETTERS], text[1 + ID_LETTERS :]
    if cipher is None:
        raise locked(key_id)
    try:
        sealed = b64decode(rest, validate=True)
    except ValueError:
        raise unreadable() from None
    return cipher.opened(key_id.encode("ascii", "replace") + sealed, purpose)


def _mark(key: Key, text: str) -> str:
    return MARK_SIGN + hashlib.blake2b(text.encode(), key=key.marks, digest_size=MARK_BYTES).hexdigest()
