"""What all tables share."""

from datetime import UTC, datetime, timedelta
from secrets import token_hex
from time import time_ns
from typing import Literal

from sqlalchemy import DateTime, MetaData
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.types import TypeDecorator

ID_LENGTH = 32
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

IfVersion = int | Literal["*"] | None
"""The version that something must have to be changed: a number, whatever it is, or None where nothing was said."""


class UtcDateTime(TypeDecorator[datetime]):
    """A moment, kept and given back in UTC by both databases."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuses naive moments."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("A moment needs its time zone.")
        moment = value.astimezone(UTC)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Gives SQLite's naive moments their zone back."""
        del dialect
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Base(DeclarativeBase):
    """The declarative base; constraint names are fixed so that migrations can name them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


def new_id() -> str:
    """A new id, 32 hexadecimal digits: milliseconds, then chance.

    Growing ids put new rows side by side in every index, so that a write touches few pages.
    """
    return f"{time_ns() // 1_000_000:012x}{token_hex(10)}"


def now() -> datetime:
    """This moment in UTC, by the one clock that everything kept goes by. It may jump, forwards and back."""
    return EPOCH + timedelta(microseconds=time_ns() // 1000)
