from pathlib import Path

import pytest

from app.db import Database
from app.settings import Settings
from tests.app.actions.test_merges import add
from tests.factories import kazakh_mill
from tests.programs import caravan

pytestmark = pytest.mark.slow

MARKER = b"zq.mark@mark-private.example"


def test_keys_are_made_and_everything_is_moved_to_them(sqlite_settings: Settings) -> None:
    data = sqlite_settings.data_dir
    file = data / "caravan.sqlite3"
    database = Database(sqlite_settings)
    add(database, kazakh_mill(contact={"email": MARKER.decode()}))
    database.dispose()
    assert MARKER in whole(file)

    key = caravan(data, "keys", "new").stdout.strip()
    assert len(key) == 44
    nothing = caravan(data, "keys", "rotate")
    assert (nothing.returncode, "caravan keys new" in nothing.stderr) == (2, True)
    done = caravan(data, "keys", "rotate", CARAVAN_CONTACT_KEYS=key)
    assert (done.returncode, done.stdout.strip()) == (
        0,
        "1 rows written with the first key; any other keys can be removed, once no backup needs them.",
    )
    assert MARKER not in whole(file)

    refused = caravan(data, "export", str(data / "out.jsonl"))
    assert refused.returncode == 2
    assert "CARAVAN_CONTACT_KEYS" in refused.stderr
    wrong = caravan(data, "keys", "rotate", CARAVAN_CONTACT_KEYS=key[:-6])
    assert wrong.returncode != 0
    assert key[:-6] not in wrong.stderr

    off = caravan(data, "keys", "rotate", "--off", CARAVAN_CONTACT_KEYS=key)
    assert off.returncode == 0, off.stderr
    assert caravan(data, "export", str(data / "out.jsonl")).returncode == 0
    assert MARKER in (data / "out.jsonl").read_bytes()


def whole(file: Path) -> bytes:
    return b"".join(one.read_bytes() for one in file.parent.glob(f"{file.name}*"))
