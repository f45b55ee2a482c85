import os
import resource
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from mmap import mmap
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event
from time import time
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings

from matching import Matcher, Relevance
from matching.index import Key, Part, Register, Snapshot, Unusable, load, save, saved_key
from matching.kept import engine_version
from tests.factories import need, offer, profile
from tests.matching.index.test_register import COMPANIES, TODAY, Change, changes, matcher_of, ranked

KEY: Key = {"change": 7, "company": "a", "statistics": None}
RELEVANCE = Relevance()
MIB = 1 << 20


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "register.index"


@pytest.fixture
def saved(path: Path) -> Matcher:
    """Three countries; parts in order, with and without postings, worn ones, a draft, and an emptied one."""
    matcher = matcher_of(
        [
            *(profile(f"KZ-{at}", "KZ", need("Wheat flour"), languages=frozenset({"kk", "ru"})) for at in range(4)),
            *(profile(f"NG-{at}", "NG", offer("Мука пшеничная", certificates=("HACCP",))) for at in range(4)),
        ]
    )
    matcher.change(put=[profile("UZ-1", "UZ", offer("Cocoa beans"))])
    matcher.change(put=[profile("KZ-0", "KZ", need("Cocoa beans"), version=2)], drop=["NG-0", "UZ-1"])
    matcher.save(path, KEY)
    return matcher


def loaded(path: Path, **sizes: int) -> Matcher:
    return Matcher(register=Register(load(path, KEY), **sizes))


Answers = dict[str, list[object] | None]


def answers(matcher: Matcher, ids: Sequence[str] = COMPANIES) -> Answers:
    """What each firm is told; None for a firm that is not in the register."""
    return {company_id: told(matcher, company_id) for company_id in ids}


def told(matcher: Matcher, company_id: str) -> list[object] | None:
    try:
        ranking = matcher.rank(company_id, today=TODAY, limit=100)
    except KeyError:
        return None
    return [(match.probability, match.ours, match.theirs, match.evidence) for match in ranking.matches]


def apply(steps: Sequence[Change], *matchers: Matcher) -> None:
    for put, drop, tidies in steps:
        for matcher in matchers:
            matcher.change(put=put, drop=drop)
            if tidies:
                matcher.tidy()


def names(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


@pytest.mark.slow
@settings(max_examples=15, deadline=None)
@given(before=changes(), after=changes())
def test_loaded_register_answers_and_changes_like_the_one_in_memory(before: list[Change], after: list[Change]) -> None:
    matcher = matcher_of(())
    apply(before, matcher)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "register.index"
        matcher.save(path, KEY)
        as_served, as_merged = Matcher.stored(path, KEY), loaded(path, least_inverted=1, full=2)
        expected = answers(matcher)
        assert answers(as_served) == answers(as_merged) == expected
        assert len(as_served) == len(as_merged) == len(matcher)
        apply(after, matcher, as_served, as_merged)
        expected = answers(matcher)
        assert answers(as_served) == answers(as_merged) == expected
        as_merged.save(path, KEY)
        assert answers(loaded(path)) == expected
        assert len(loaded(path)) == len(as_served) == len(matcher)


def test_register_of_nobody_is_saved_and_fills_after_loading(path: Path) -> None:
    Matcher().save(path, KEY)
    matcher = loaded(path)
    assert len(matcher) == 0
    matcher.change(put=[profile("KZ-1", "KZ", need("Wheat flour")), profile("NG-1", "NG", offer("Wheat flour"))])
    assert [name for _, name in ranked(matcher, "KZ-1")] == ["NG-1"]


def test_file_says_its_key_and_is_its_owner_s_alone(path: Path, saved: Matcher) -> None:
    assert saved_key(path) == KEY
    assert path.stat().st_mode & 0o777 == 0o600
    assert names(path.parent) == [path.name]


def test_any_flipped_byte_makes_the_file_unusable(path: Path, saved: Matcher) -> None:
    whole = path.read_bytes()
    with path.open("r+b", buffering=0) as file:
        for at, byte in enumerate(whole):
            os.pwrite(file.fileno(), bytes([byte ^ 1 << at % 8]), at)
            with pytest.raises(Unusable):
                load(path, KEY)
            os.pwrite(file.fileno(), bytes([byte]), at)
    assert answers(loaded(path)) == answers(saved)


@pytest.mark.parametrize("matcher", [matcher_of([profile("KZ-1", "KZ", offer("Wheat"))]), Matcher()])
def test_file_that_was_cut_short_or_grew_is_unusable(path: Path, matcher: Matcher) -> None:
    matcher.save(path, KEY)
    size = path.stat().st_size
    for length in (size + 1, *range(size - 1, -1, -1)):
        os.truncate(path, length)
        with pytest.raises(Unusable):
            load(path, KEY)


@pytest.mark.parametrize(
    "content", [b"", b"\n", b"SQLite format 3\0", b"Caravan index 1\n", b"Caravan index 1\n{}\n", b"\0" * 5000]
)
def test_other_file_is_unusable(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    for read in (lambda: load(path, KEY), lambda: saved_key(path)):
        with pytest.raises(Unusable):
            read()


@pytest.mark.parametrize("other", [{"change": 8}, {"change": "7"}, {"change": None}, {"company": "b"}, {"more": None}])
def test_file_of_another_key_is_unusable(path: Path, saved: Matcher, other: Mapping[str, str | int | None]) -> None:
    with pytest.raises(Unusable):
        load(path, {**KEY, **other})
    with pytest.raises(Unusable):
        load(path, {})


def test_file_of_another_engine_is_unusable(path: Path, saved: Matcher, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("matching.index.stored.engine_version", lambda: "another")
    with pytest.raises(Unusable):
        load(path, KEY)


def test_engine_version_tells_code_vocabulary_and_libraries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("matching.kept.files", lambda _: tmp_path)
    seen = [engine_version.__wrapped__()]

    def changed() -> bool:
        seen.append(engine_version.__wrapped__())
        return seen[-1] not in seen[:-1]

    (tmp_path / "words").mkdir()
    (tmp_path / "words" / "goods.csv").write_text("flour")
    assert changed()
    (tmp_path / "words" / "goods.csv").write_text("wheat")
    assert changed()
    (tmp_path / "words" / "goods.csv").rename(tmp_path / "words" / "code.py")
    assert changed()
    (tmp_path / "words" / "code.pyc").write_text("compiled")
    assert not changed()
    monkeypatch.setattr("matching.kept.version", lambda _: "0")
    assert changed()


def test_missing_file_is_told_as_such(path: Path) -> None:
    for read in (lambda: load(path, KEY), lambda: saved_key(path)):
        with pytest.raises(FileNotFoundError):
            read()


def arrays_of(part: Part) -> Iterator[np.ndarray[Any, Any]]:
    for one in (part.segment.columns, part.segment.inverted):
        for name in one.__slots__ if one is not None else ():
            found = getattr(one, name)
            sides = (found, found.postings) if name in {"offers", "needs"} else ()
            yield from (getattr(side, field) for side in sides for field in side.__slots__ if field != "postings")
            if not sides:
                yield found


def owner_of(array: np.ndarray[Any, Any]) -> object:
    view: Any = array.base
    return view.obj if isinstance(view, memoryview) else view


def test_loaded_arrays_lie_in_the_file(path: Path, saved: Matcher) -> None:
    parts = load(path, KEY)
    arrays = [array for part in parts for array in arrays_of(part)]
    assert len(arrays) > 19 * len(parts)
    assert {type(owner_of(array)) for array in arrays} == {mmap}
    assert all(array.flags.carray for array in arrays), "The kernel would be compiled for them anew."


def private_memory() -> int:
    """Bytes that this process shares with nobody and no file."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith("RssAnon:"))


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="Only Linux tells what is shared.")
def test_loading_takes_hardly_any_memory_of_its_own(path: Path) -> None:
    matcher = Matcher()
    matcher.change(put=[profile(f"KZ-{at}", "KZ", summary="x" * (MIB // 20)) for at in range(400)])
    matcher.save(path, KEY)
    assert path.stat().st_size > 20 * MIB
    before = private_memory()
    held = [loaded(path) for _ in range(3)]
    assert private_memory() - before < 2 * MIB
    assert [len(one) for one in held] == [400] * 3


def test_change_after_loading_leaves_the_file_as_it_was(path: Path, saved: Matcher) -> None:
    before = path.read_bytes()
    matcher, other = loaded(path), loaded(path)
    matcher.change(put=[profile("KZ-1", "KZ", version=2)], drop=["NG-1", "KZ-2"])
    matcher.tidy()
    assert path.read_bytes() == before
    assert answers(other) == answers(saved) != answers(matcher)


def test_replaced_file_goes_on_answering_those_who_loaded_it(path: Path, saved: Matcher) -> None:
    reader = loaded(path)
    before = answers(saved)
    saved.change(drop=["KZ-1", "NG-1"], put=[profile("NG-2", "NG", offer("Wheat flour"), version=2)])
    saved.save(path, KEY)
    assert answers(reader) == before
    assert answers(loaded(path)) == answers(saved) != before


@contextmanager
def full_disk(path: Path) -> Iterator[None]:
    """No file can grow beyond half of this one."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size // 2, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def test_full_disk_leaves_the_older_file_and_nothing_else(path: Path, saved: Matcher) -> None:
    before = answers(saved)
    saved.change(drop=["KZ-1"])
    with full_disk(path), pytest.raises(OSError, match="File too large"):
        saved.save(path, KEY)
    assert names(path.parent) == [path.name]
    assert answers(loaded(path)) == before


def as_folder(path: Path) -> Path:
    path.mkdir()
    return path


def under_a_file(path: Path) -> Path:
    path.write_text("mine")
    return path / "register.index"


@pytest.mark.parametrize("target", [as_folder, under_a_file])
def test_place_that_cannot_be_written_is_left_as_it_was(path: Path, target: Callable[[Path], Path]) -> None:
    wanted = target(path)
    with pytest.raises(OSError, match="register"):
        Matcher().save(wanted, KEY)
    assert names(path.parent) == [path.name]
    assert path.is_dir() or path.read_text() == "mine"


def test_folder_is_made(tmp_path: Path) -> None:
    path = tmp_path / "var" / "caravan" / "register.index"
    Matcher().save(path, KEY)
    assert saved_key(path) == KEY


def test_what_others_left_unfinished_is_swept_after_an_hour(path: Path) -> None:
    ages = {"register.index.old": 4000, "register.index.young": 3000, "other.index.old": 4000}
    for name, age in ages.items():
        left = path.with_name(name)
        left.touch()
        os.utime(left, (time() - age, time() - age))
    Matcher().save(path, KEY)
    assert names(path.parent) == ["other.index.old", "register.index", "register.index.young"]


def test_file_saved_amid_changes_holds_one_state(path: Path) -> None:
    register = Register(full=4)
    ended = Event()

    def put(version: int) -> None:
        firms = [profile(f"{country}-{at}", country, version=version) for country in ("KZ", "NG") for at in range(6)]
        came, went = (f"fleeting-{number % 2}" for number in (version, version + 1))
        register.change(RELEVANCE, put=[*firms, profile(came, "KZ", version=version)], drop=[went])

    def go_on() -> int:
        version = 1
        while not ended.is_set():
            version += 1
            put(version)
            if version % 3 == 0:
                register.tidy()
        return version

    put(1)
    held: list[tuple[int, set[int], int]] = []
    with ThreadPoolExecutor(1) as pool:
        writer = pool.submit(go_on)
        try:
            for _ in range(60):
                save(path, register.snapshot, KEY)
                held.append(state(Register(load(path, KEY)).snapshot))
        finally:
            ended.set()
        last = writer.result()
    assert last > 60
    assert {(size, len(versions), firms) for size, versions, firms in held} == {(13, 1, 13)}
    assert len({min(versions) for _, versions, _ in held}) > 10


def state(snapshot: Snapshot) -> tuple[int, set[int], int]:
    """Size, and the versions and number of those who live."""
    alive = [
        part.segment.columns.profile(at)
        for part in snapshot.parts
        for at in np.flatnonzero(part.died > snapshot.version).tolist()
    ]
    return len(snapshot), {firm.version for firm in alive}, len({firm.id for firm in alive})
