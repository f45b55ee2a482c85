from pathlib import Path

import pytest
from pydantic import ValidationError

from app.db import Database
from app.errors import Failure
from app.settings import Settings


def test_mail_server_needs_the_address_that_stands_in_mails(tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match="CARAVAN_PUBLIC_URL"):
        Settings(data_dir=tmp_path, smtp_url="smtp://mail.example")
    assert Settings(data_dir=tmp_path, smtp_url="smtp://mail.example", public_url="https://caravan.example").smtp_url


def test_mail_server_is_named_by_a_url(tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match="smtps://"):
        Settings(data_dir=tmp_path, smtp_url="mail.example:25", public_url="https://caravan.example")


def test_data_directory_that_cannot_be_made_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Failure, match="Set CARAVAN_DATA_DIR"):
        Database(Settings(data_dir=tmp_path / "file" / "var"))
