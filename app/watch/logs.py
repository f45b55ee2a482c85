"""Logs for people at a terminal, or as JSON Lines for programs; in neither form do they hold a secret.

What an exception says may quote what somebody sent, a database's refusal even whole rows. So an exception is told by
its type and by where it happened; its sentence only where it is of the system and cannot quote anybody.
"""

import logging
import traceback
from collections.abc import Iterator
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Literal

import msgspec

from app.watch.requests import request_id

_encoded = msgspec.json.Encoder(enc_hook=str).encode
LogFormat = Literal["plain", "json"]
DRIVER_CODES = ("sqlstate", "sqlite_errorname")
SAID = frozenset({"method", "route", "status"})
"""Facts of a request that its sentence says already."""
ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


def told(failed: BaseException) -> str:
    """An exception's type, and what of its sentence cannot quote what somebody sent."""
    name = f"{type(failed).__module__}.{type(failed).__qualname__}".removeprefix("builtins.")
    if isinstance(failed, OSError) and failed.strerror:
        return f"{name}: {failed.strerror}"
    cause = getattr(failed, "orig", failed)
    codes = [str(code) for code in (getattr(cause, one, None) for one in DRIVER_CODES) if code]
    return ": ".join([name, *codes])


def _chain(failed: BaseException | None) -> Iterator[tuple[BaseException, str]]:
    """The exception after those that it came from, each with how the next one came of it."""
    if failed is None:
        return
    if failed.__cause__ is not None:
        yield from _chain(failed.__cause__)
        yield failed, "The above was the direct cause of:"
    elif failed.__context__ is not None and not failed.__suppress_context__:
        yield from _chain(failed.__context__)
        yield failed, "While that was handled, this happened:"
    else:
        yield failed, ""


def trace_of(failed: BaseException) -> str:
    """Where an exception happened and what it came from, as Python tells it, without what it quotes."""
    lines = []
    for one, link in _chain(failed):
        lines += [link] if link else []
        lines.append("Traceback (most recent call last):")
        lines += [line.rstrip("\n") for line in traceback.format_tb(one.__traceback__)]
        lines.append(told(one))
    return "\n".join(lines)


class _Safe(logging.Formatter):
    """What both forms share."""

    def formatException(self, ei: ExcInfo) -> str:  # noqa: N802  # logging's name
        """A traceback without what was sent."""
        return "" if ei[1] is None else trace_of(ei[1])

    @staticmethod
    def facts(record: logging.LogRecord) -> dict[str, Any]:
        """What the record tells beside its sentence."""
        facts: dict[str, Any] = getattr(record, "facts", {})
        request = getattr(record, "request_id", None) or request_id()
        return ({"request_id": request} if request else {}) | facts


class JsonLines(_Safe):
    """One JSON object a line: time, level, logger, message, request id, and the facts of the record.

    A record that holds what is only for a developer's terminal has another sentence for here, in ``public``.
    """

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        document = {
            "time": datetime.fromtimestamp(record.created, UTC)
            .isoformat(timespec="milliseconds")
            .replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": getattr(record, "public", None) or record.getMessage(),
            **self.facts(record),
        }
        if record.exc_info:
            document["exception"] = self.formatException(record.exc_info)
        return _encoded(document).decode()


class PlainLines(_Safe):
    """One line for people: time, level, logger, sentence, then the facts; tracebacks below."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, or lines."""
        moment = datetime.fromtimestamp(record.created, UTC)
        facts = "".join(f" {name}={value}" for name, value in self.facts(record).items() if name not in SAID)
        line = f"{moment:%Y-%m-%d %H:%M:%S} {record.levelname:<7} {record.name}: {record.getMessage()}{facts}"
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


class ToldOnce(logging.Filter):
    """Leaves out the server's account of an exception that was logged already, with its request."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record is kept."""
        failed = record.exc_info[1] if isinstance(record.exc_info, tuple) else None
        return not getattr(failed, "caravan_logged", False)


def logging_config(form: LogFormat) -> dict[str, Any]:
    """What ``logging.config.dictConfig`` takes: everything to standard error; the server's access log is ours."""
    own = {"handlers": [], "level": "INFO", "propagate": True}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"lines": {"()": JsonLines if form == "json" else PlainLines}},
        "filters": {"once": {"()": ToldOnce}},
        "handlers": {
            "stderr": {
                "class": "logging.StreamHandler",
                "formatter": "lines",
                "filters": ["once"],
                "stream": "ext://sys.stderr",
            }
        },
        "root": {"handlers": ["stderr"], "level": "WARNING"},
        "loggers": dict.fromkeys(("caravan", "uvicorn", "uvicorn.error"), own),
    }
