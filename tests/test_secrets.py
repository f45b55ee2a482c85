"""Nothing in the tree looks like a secret."""

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[1]
LARGEST = 2_000_000
SECRETS = re.compile(
    rb"-----BEGIN [A-Z ]*PRIVATE KEY-----"
    rb"|\bAKIA[0-9A-Z]{16}\b"
    rb"|\bgh[pousr]_[0-9A-Za-z]{36}\b|\bgithub_pat_\w{22,}"
    rb"|\bxox[abprs]-[0-9A-Za-z-]{10,}"
    rb"|\bcaravan_[0-9A-Za-z_-]{43}(?![0-9A-Za-z_-])"
    rb"|\b(?:postgresql|smtps?|https?)://[^\s:/@\"'<>{}]+:(?P<password>[^\s@/\"'<>{}]+)@"
)
ALLOWED = frozenset({b"password", b"PASSWORD", b"CHANGE-ME", b"secret", b"pass", b"hidden"})
"""Passwords that stand in examples."""


def found(text: bytes) -> list[bytes]:
    return [one[0] for one in SECRETS.finditer(text) if one["password"] is None or one["password"] not in ALLOWED]


def test_no_file_holds_a_secret() -> None:
    told = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    files = [ROOT / name.decode() for name in told.stdout.split(b"\0") if name]
    files = files or [file for file in ROOT.rglob("*.py") if ".venv" not in file.parts]
    read = {file: file.read_bytes() for file in files if file.is_file() and file.stat().st_size < LARGEST}
    assert len(read) > 100
    assert {str(file): secrets for file, text in read.items() if (secrets := found(text))} == {}


def test_what_looks_like_a_secret_is_found() -> None:
    token = b"caravan_" + b"aB3-_" * 8 + b"xyz"
    for secret in (
        token,
        b"-----BEGIN PRIVATE " + b"KEY-----",
        b"AKIA" + b"A" * 16,
        b"postgresql://a:hunter2" + b"@db/x",
    ):
        assert found(b"x = '" + secret + b"'") == [secret.removesuffix(b"db/x")]
    assert found(b"postgresql://caravan:CHANGE-ME@db/x") == []
