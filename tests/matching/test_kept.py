"""What is worked out once for an engine, and found again by the next process."""

from collections.abc import Callable
from pathlib import Path

import pytest

from matching.kept import kept
from matching.vocabulary import Linker, trade_vocabulary

TEXT = "Мука пшеничная, wheat flour, solar pannels"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where it is kept; not there yet."""
    place = tmp_path / "compiled"
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(place))
    return place


def counting(calls: list[str], value: str = "made") -> Callable[[], str]:
    """As another process finds it: a value that notes each time it is worked out."""

    @kept
    def worked_out() -> str:
        calls.append(value)
        return value

    return worked_out


def test_value_is_worked_out_once_for_all_processes(folder: Path) -> None:
    calls: list[str] = []
    assert [counting(calls)() for _ in range(3)] == ["made"] * 3
    assert calls == ["made"]
    assert len(list(folder.iterdir())) == 1


@pytest.mark.parametrize("at", [0, 40, -1])
def test_damaged_file_is_worked_out_again_and_mended(folder: Path, at: int) -> None:
    calls: list[str] = []
    counting(calls)()
    (file,) = folder.iterdir()
    content = bytearray(file.read_bytes())
    content[at] ^= 1
    file.write_bytes(content)
    assert [counting(calls)(), counting(calls)()] == ["made", "made"]
    assert len(calls) == 2


def test_cut_file_is_worked_out_again(folder: Path) -> None:
    calls: list[str] = []
    counting(calls)()
    (file,) = folder.iterdir()
    file.write_bytes(file.read_bytes()[:20])
    assert counting(calls)() == "made"
    assert len(calls) == 2


def test_another_engine_works_it_out_and_leaves_one_file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []
    counting(calls, "old")()
    (file,) = folder.iterdir()
    file.with_name(f"{file.name}.0123").write_bytes(b"half")
    monkeypatch.setattr("matching.kept.engine_version", lambda: "another")
    assert counting(calls, "new")() == "new"
    assert [file.name.rpartition("-")[2] for file in folder.iterdir()] == ["another.pickle"]


def test_folder_that_cannot_be_written_costs_only_time(folder: Path) -> None:
    folder.write_text("a file where the folder should be")
    calls: list[str] = []
    assert [counting(calls)(), counting(calls)()] == ["made", "made"]
    assert len(calls) == 2


def test_kept_linker_reads_as_one_that_was_built(folder: Path) -> None:
    built, found = [kept(_linker)() for _ in range(2)]
    assert found is not built
    assert found.find(TEXT) == built.find(TEXT)
    assert found.find(TEXT)
    assert list(folder.iterdir())


def _linker() -> Linker:
    return Linker(trade_vocabulary())
