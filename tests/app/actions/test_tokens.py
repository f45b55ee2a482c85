import re
from zlib import crc32

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.actions.tokens import (
    CHECKSUM_LENGTH,
    DIGITS,
    FORMER_PATTERN,
    SECRET_LENGTH,
    TOKEN_PATTERN,
    TOKEN_PREFIX,
    is_token,
    new_token,
)


def test_scanners_can_tell_tokens_by_pattern_and_checksum() -> None:
    made = {new_token() for _ in range(200)}
    assert len(made) == 200
    for token in made:
        assert re.fullmatch(TOKEN_PATTERN, token)
        assert is_token(token)
        secret, checksum = token.removeprefix(TOKEN_PREFIX)[:-CHECKSUM_LENGTH], token[-CHECKSUM_LENGTH:]
        value = 0
        for digit in checksum:  # to the base of 62, digits before letters, capitals before small ones
            value = value * 62 + DIGITS.index(digit)
        assert value == crc32(secret.encode())


def test_secret_has_256_bits() -> None:
    assert 62 ** (SECRET_LENGTH - 1) < 2**256 <= 62**SECRET_LENGTH


@given(st.integers(0, SECRET_LENGTH + CHECKSUM_LENGTH - 1), st.sampled_from(DIGITS))
def test_typing_error_is_seen_without_the_database(at: int, digit: str) -> None:
    token = new_token()
    where = len(TOKEN_PREFIX) + at
    changed = token[:where] + digit + token[where + 1 :]
    assert is_token(changed) == (changed == token)


@pytest.mark.parametrize(
    ("text", "known"),
    [
        (TOKEN_PREFIX + "a_Z-0" * 8 + "b-9", True),  # as they were made before there was a checksum
        (TOKEN_PREFIX + "-_" * 21 + "A", True),
        (TOKEN_PREFIX, False),
        (TOKEN_PREFIX + "nonsense", False),
        ("ghp_" + "A" * 36, False),
        (TOKEN_PREFIX + "A" * 49 + "\n", False),
        (TOKEN_PREFIX + "А" * 49, False),  # Cyrillic
        (TOKEN_PREFIX + "A" * 10_000, False),
        ("", False),
    ],
)
def test_only_whole_tokens_are_looked_up(text: str, known: bool) -> None:  # noqa: FBT001  # a parameter
    assert is_token(text) == known
    assert known == (re.fullmatch(FORMER_PATTERN, text) is not None)
