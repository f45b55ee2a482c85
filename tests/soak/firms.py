"""What clients were answered about firms, and whether the database still says so."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from schemas.companies import CompanyIn
from schemas.listings import ListingIn
from tests.factories import Document

FIELDS = tuple(CompanyIn.model_fields)
LISTING_FIELDS = tuple(name for name in ListingIn.model_fields if name != "id")
LASTING = ("id", "created_at", *FIELDS)


@dataclass(frozen=True, slots=True)
class Sent:
    """A write that got no answer: ``register``, ``change``, ``status`` or ``delete``, and what it would have made."""

    kind: str
    document: Document = field(default_factory=dict)
    status: str = ""


@dataclass(slots=True)
class Firm:
    """A company as its client knows it; ``answered`` is None while it is not there."""

    number: str
    answered: dict[str, Any] | None = None
    version: int = 0
    token: str = ""
    sent: Sent | None = None

    def take(self, document: Mapping[str, Any], tag: str) -> None:
        """Notes an answer."""
        self.answered = {name: value for name, value in document.items() if name != "token"}
        self.version = int(tag.strip('"'))
        self.sent = None

    def gone(self) -> None:
        """Notes that the deletion was answered."""
        self.answered, self.sent = None, None

    def wrong(self, found: dict[str, Any] | None, version: int | None) -> str:
        """What is not as it was answered, where no write in flight explains it; then what was found counts."""
        fault = self._fault(found, version)
        before, self.answered, self.version = self.version, found, version or self.version
        self.sent = None
        return f"{self.number}, version {before}: {fault}" if fault else ""

    def _fault(self, found: dict[str, Any] | None, version: int | None) -> str:
        if found == self.answered and (found is None or version == self.version):
            return ""
        if self.sent is None:
            return "it is not as it was answered"
        if found is None:
            return "" if self.sent.kind == "delete" else "it is gone"
        if version != (1 if self.answered is None else self.version + 1):
            return f"it is of version {version}"
        return "" if self._explained(self.sent, found) else f"{self.sent.kind} is there by half"

    def _explained(self, sent: Sent, found: dict[str, Any]) -> bool:
        if sent.kind == "status" and self.answered is not None:
            ours, theirs = (_without(one, "status", "changed_at") for one in (self.answered, found))
            return ours == theirs and found["status"] == sent.status
        if sent.kind == "register":
            return self.answered is None and content(found) == content(sent.document)
        same = self.answered is not None and self.answered["id"] == found["id"]
        return sent.kind == "change" and same and content(found) == content(sent.document)


def content(document: Mapping[str, Any]) -> dict[str, Any]:
    """What a company says, with everything filled in and without what the service gave it."""
    told = {name: document[name] for name in FIELDS if name in document}
    told["listings"] = [
        {name: one[name] for name in LISTING_FIELDS if name in one} for one in document.get("listings") or []
    ]
    return CompanyIn.model_validate(told).model_dump(mode="json")


def _without(document: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in document.items() if name not in names}
