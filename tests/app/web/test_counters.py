import os
import signal
import subprocess
import sys
from fractions import Fraction
from pathlib import Path
from time import monotonic

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.settings import Rate
from app.web.counters import KEY, LONGEST, SIZE, WAYS, Counters
from tests.programs import wait_until

SECRET = b"of this start"


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def counters(tmp_path: Path, clock: Clock) -> Counters:
    return Counters(tmp_path / "rates.counters", SECRET, clock)


def passes(counters: Counters, key: bytes, rate: Rate) -> bool:
    verdict = counters.take([(key, rate)])
    assert verdict is not None
    return not verdict.wait


def test_quota_is_there_at_once_and_comes_back_evenly(counters: Counters, clock: Clock) -> None:
    key, rate = counters.key("address", "192.0.2.1"), Rate(3, 60)
    verdicts = [counters.take([(key, rate)]) for _ in range(4)]
    found = [(one.remaining, round(one.reset, 3), round(one.wait, 3)) for one in verdicts if one]
    assert found == [(2, 20, 0), (1, 40, 0), (0, 60, 0), (0, 60, 20)]
    clock.now += 19.9
    assert not passes(counters, key, rate)
    clock.now += 0.2
    assert passes(counters, key, rate)
    assert not passes(counters, key, rate)


def test_refused_request_uses_nothing_of_any_rate(counters: Counters) -> None:
    wide, narrow = (counters.key("wide"), Rate(10, 60)), (counters.key("narrow"), Rate(1, 60))
    assert counters.take([wide, narrow])
    for _ in range(20):
        refused = counters.take([wide, narrow])
        assert refused is not None
        assert (refused.at, refused.remaining) == (1, 0)
        assert refused.wait > 0
    left = counters.take([wide])
    assert left is not None
    assert left.remaining == 8


STEPS = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5), st.integers(0, 40)), max_size=60)


@given(STEPS, st.lists(st.tuples(st.integers(1, 12), st.sampled_from([1, 60, 3600])), min_size=6, max_size=6))
def test_counters_agree_with_buckets_that_are_filled_up_again(
    steps: list[tuple[int, int, int]], written: list[tuple[int, int]]
) -> None:
    """A bucket for each key, refilled at each look, in exact fractions; each step asks for two of them."""
    clock = Clock()
    counters = Counters(Path(os.devnull) / "nowhere", SECRET, clock)  # each process for itself
    rates = [Rate(*one) for one in written]
    buckets = [Fraction(rate.quota) for rate in rates]
    for first, second, pause in steps:
        clock.now += pause
        buckets = [
            min(Fraction(rate.quota), bucket + Fraction(pause * rate.quota, rate.seconds))
            for rate, bucket in zip(rates, buckets, strict=True)
        ]
        asked = sorted({first, second})
        verdict = counters.take([(counters.key(str(one)), rates[one]) for one in asked])
        assert verdict is not None
        fits = all(buckets[one] >= 1 for one in asked)
        assert (verdict.wait == 0) == fits
        if fits:
            for one in asked:
                buckets[one] -= 1
            assert verdict.remaining == min(int(buckets[one]) for one in asked)
        else:
            needed = max((1 - buckets[one]) * rates[one].seconds / rates[one].quota for one in asked)
            assert verdict.wait == pytest.approx(float(needed), abs=1e-3)


def test_full_set_gives_up_who_used_least(counters: Counters) -> None:
    rate = Rate(10, 60)
    keys = [b"same" + bytes([at]) * (KEY - 4) for at in range(WAYS + 1)]
    for _ in range(10):
        assert passes(counters, keys[0], rate)
    for key in keys[1:-1]:
        assert passes(counters, key, rate)
    for _ in range(50):
        for key in keys[1:]:
            counters.take([(key, rate)])
    assert not passes(counters, keys[0], rate)


@pytest.mark.parametrize("length", [0, 100, SIZE, SIZE + 4096])
def test_damaged_file_is_counted_in_anew(tmp_path: Path, clock: Clock, length: int) -> None:
    path = tmp_path / "rates.counters"
    path.write_bytes(b"\xff\x00\x17" * (length // 3))
    counters = Counters(path, SECRET, clock)
    key, rate = counters.key("a"), Rate(2, 60)
    assert [passes(counters, key, rate) for _ in range(3)] == [True, True, False]
    assert path.stat().st_size >= SIZE


@given(st.binary(min_size=1, max_size=400), st.integers(0, SIZE - 400))
def test_bytes_written_over_the_file_never_stop_an_answer(junk: bytes, at: int) -> None:
    clock = Clock()
    counters = Counters(Path(os.devnull) / "nowhere", SECRET, clock)
    key, rate = counters.key("a"), Rate(5, 60)
    assert passes(counters, key, rate)
    assert counters._table is not None  # noqa: SLF001  # there is no other way to harm it
    counters._table[at : at + len(junk)] = junk  # noqa: SLF001
    clock.now += LONGEST  # whatever stands there now, nobody is kept out longer
    assert passes(counters, key, rate)


def test_time_that_began_anew_keeps_nobody_out(counters: Counters, clock: Clock) -> None:
    clock.now = 40 * LONGEST
    key, rate = counters.key("a"), Rate(1, 86_400)
    assert passes(counters, key, rate)
    assert not passes(counters, key, rate)
    clock.now = 5.0
    assert passes(counters, key, rate)


def test_processes_of_one_start_count_together_and_others_apart(tmp_path: Path, clock: Clock) -> None:
    path, rate = tmp_path / "var" / "rates.counters", Rate(2, 60)
    one, other, stranger = (Counters(path, secret, clock) for secret in (SECRET, SECRET, b"another start"))
    assert passes(one, one.key("a"), rate)
    assert passes(other, other.key("a"), rate)
    assert not passes(one, one.key("a"), rate)
    assert passes(stranger, stranger.key("a"), rate)
    one.close()
    assert not passes(one, one.key("a"), rate)
    assert path.stat().st_mode & 0o077 == 0
    assert b"192.0.2.1" not in path.read_bytes()


def test_unwritable_place_leaves_each_process_its_own_counters(
    tmp_path: Path, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("in the way")
    path = tmp_path / "file" / "rates.counters"
    one, other = (Counters(path, SECRET, clock) for _ in range(2))
    assert passes(one, one.key("a"), Rate(1, 60))
    assert not passes(one, one.key("a"), Rate(1, 60))
    assert passes(other, other.key("a"), Rate(1, 60))
    assert "by each process for itself" in caplog.text
    one.close()


HOLDER = """
import fcntl, sys, time
file = open(sys.argv[1])
fcntl.flock(file, fcntl.LOCK_EX)
print("held", flush=True)
time.sleep(30)
"""


def test_lock_of_a_stopped_or_killed_process_holds_nobody_up(counters: Counters, clock: Clock, tmp_path: Path) -> None:
    key, rate = counters.key("a"), Rate(2, 60)
    assert passes(counters, key, rate)
    command = [sys.executable, "-S", "-c", HOLDER, str(tmp_path / "rates.counters")]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as holder:
        assert holder.stdout
        assert holder.stdout.readline() == b"held\n"
        began = monotonic()
        assert [counters.take([(key, rate)]) for _ in range(1000)] == [None] * 1000
        assert monotonic() - began < 1
        holder.send_signal(signal.SIGKILL)
    clock.now += 2
    wait_until(lambda: counters.take([(key, rate)]) is not None, 5)
    assert not passes(counters, key, rate)
