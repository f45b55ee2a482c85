"""What the engine works out from its own files, kept so that the next process need not: words read, sorted, counted.

It lies where numba keeps its compiled loops, in ``NUMBA_CACHE_DIR`` or beside this file, and is trusted as they are:
who may write there may run code. Where nothing can be written it is worked out by each process.
"""

import os
import pickle
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import lru_cache, wraps
from hashlib import blake2b
from importlib.metadata import version
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import TypeVar
from unicodedata import unidata_version
from uuid import uuid4

T = TypeVar("T")
READERS = ("numpy", "pystemmer", "rapidfuzz", "scikit-learn", "scipy")
"""Libraries that texts are read with: another version may stem or hash a word otherwise."""
DIGEST = 32


@lru_cache(maxsize=1)
def engine_version() -> str:
    """Changes whenever a text may be read otherwise: with the code, the vocabulary, or the libraries."""
    libraries = " ".join(f"{name} {version(name)}" for name in READERS)
    digest = blake2b(f"Unicode {unidata_version} {libraries}".encode(), digest_size=16)
    for name, file in sorted(_files(files("matching"))):
        digest.update(name.encode() + file.read_bytes())
    return digest.hexdigest()


def _files(folder: Traversable, prefix: str = "") -> Iterator[tuple[str, Traversable]]:
    for entry in folder.iterdir():
        name = f"{prefix}/{entry.name}"
        if entry.is_dir():
            yield from _files(entry, name)
        elif entry.name.endswith((".py", ".csv")):
            yield name, entry


def kept(make: Callable[[], T]) -> Callable[[], T]:
    """Makes a value once for this engine; later calls, in this process and in others, have the same.

    A file that is damaged, or of another engine, is not read.
    """

    @lru_cache(maxsize=1)
    @wraps(make)
    def value() -> T:
        folder = Path(os.environ.get("NUMBA_CACHE_DIR") or Path(__file__).with_name("__pycache__"))
        name = f"{make.__module__}.{make.__qualname__}"
        path = folder / f"{name}.{sys.implementation.cache_tag}-{engine_version()}.pickle"
        with suppress(OSError):
            held = path.read_bytes()
            if _digest(held[DIGEST:]) == held[:DIGEST]:
                found: T = pickle.loads(held[DIGEST:])  # noqa: S301  # as trusted as the compiled loops beside it
                return found
        made = make()
        with suppress(OSError):
            _write(path, pickle.dumps(made, protocol=pickle.HIGHEST_PROTOCOL))
            for old in folder.glob(f"{name}.*"):  # of other engines, and what was left half-written
                if old != path:
                    old.unlink()
        return made

    return value


def _digest(content: bytes) -> bytes:
    return blake2b(content, digest_size=DIGEST).digest()


def _write(path: Path, content: bytes) -> None:
    """Others see no file, or a whole one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f"{path.name}.{uuid4().hex}")
    try:
        fresh.write_bytes(_digest(content) + content)
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)
