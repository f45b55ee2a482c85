"""Clients that write without a pause until the server is gone."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from threading import Event, Lock
from typing import Any

import httpx2
import numpy as np

from tests.conftest import bearer
from tests.factories import Document, kazakh_mill, listing, nigerian_trader
from tests.soak.firms import Firm, Sent

MOST_FIRMS = 25
GOODS = ("Wheat flour", "Cocoa powder", "Sesame seeds", "Sunflower oil", "Shea butter", "Мука пшеничная", "Семена льна")
STATUSES = ("verified", "verified", "submitted", "suspended")
REFUSED = frozenset({429, 503})


class _Unsure(Exception):
    """The answer was that nobody knows whether the write is there; nothing more is sent about it."""


@dataclass
class Told:
    """What all clients were answered in all rounds."""

    answered: int = 0
    refused: int = 0
    faults: list[str] = field(default_factory=list)
    kinds: Counter[str] = field(default_factory=Counter)
    decisions: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    deciding: tuple[str, str] | None = None
    """A decision without an answer."""
    unsure: set[str] = field(default_factory=set)
    """Matches with a decision whose answer was that nobody knows."""
    turn: Lock = field(default_factory=Lock)
    review: Lock = field(default_factory=Lock)

    def count(self, kind: str) -> None:
        """Notes a write that was answered with success."""
        with self.turn:
            self.answered += 1
            self.kinds[kind] += 1


class Client:
    """One client with firms of its own, so that it knows what each write was made on."""

    def __init__(self, number: int, seed: int, officer: dict[str, str], told: Told) -> None:
        self.firms: list[Firm] = []
        self._number = number
        self._officer = officer
        self._told = told
        self._chance = np.random.default_rng([seed, number])
        self._made = 0

    def write_on(self, address: str, ended: Event) -> None:
        """Writes until the server is gone or the round ends."""
        with httpx2.Client(base_url=address, timeout=60) as http:
            while not ended.is_set():
                try:
                    self._write(http)
                except _Unsure:
                    continue
                except httpx2.TransportError:
                    return

    def _write(self, http: httpx2.Client) -> None:
        living = [firm for firm in self.firms if firm.answered is not None and firm.sent is None]
        what = self._chance.random()
        if len(living) < 3 or (what < 0.3 and len(living) < MOST_FIRMS):
            self._register(http)
            return
        firm = living[int(self._chance.integers(len(living)))]
        if what < 0.6:
            self._change(http, firm)
        elif what < 0.75:
            self._set_status(http, firm)
        elif what < 0.9 or len(living) < MOST_FIRMS // 2:
            with self._told.review:
                self._decide(http, firm)
        else:
            self._delete(http, firm)

    def _document(self, number: str = "") -> Document:
        made = self._listings()
        make = kazakh_mill if self._chance.random() < 0.5 else nigerian_trader
        document = make(listings=made, city=f"City {self._chance.integers(1000)}")
        if number:
            document["registration_number"] = number
        return document

    def _listings(self) -> list[Document]:
        return [
            listing(str(self._chance.choice(["offer", "need"])), f"{self._chance.choice(GOODS)} {at}")
            for at in range(int(self._chance.integers(1, 6)))
        ]

    def _register(self, http: httpx2.Client) -> None:
        document = self._document()
        self._made += 1
        firm = Firm(document["registration_number"], sent=Sent("register", document))
        self.firms.append(firm)
        answer = http.post("/v1/companies", json=document)
        if self._took(answer, firm, 201):
            firm.token = answer.json()["token"]
            firm.take(answer.json(), answer.headers["etag"])

    def _change(self, http: httpx2.Client, firm: Firm) -> None:
        held = firm.answered or {}
        kept = [one for one in held["listings"] if self._chance.random() < 0.7]
        document = {
            **{name: held[name] for name in ("country", "legal_name", "registration_number", "sectors", "contact")},
            "languages": held["languages"],
            "city": f"Town {self._chance.integers(1000)}",
            "listings": [*kept, *self._listings()],
        }
        firm.sent = Sent("change", document)
        headers = {"If-Match": f'"{firm.version}"'} | (bearer(firm.token) if firm.token else self._officer)
        answer = http.put(f"/v1/companies/{held['id']}", json=document, headers=headers)
        if self._took(answer, firm, 200):
            firm.take(answer.json(), answer.headers["etag"])

    def _set_status(self, http: httpx2.Client, firm: Firm) -> None:
        held = firm.answered or {}
        status = str(self._chance.choice(STATUSES))
        firm.sent = Sent("status", status=status)
        headers = self._officer | {"If-Match": f'"{firm.version}"'}
        answer = http.put(f"/v1/companies/{held['id']}/status", json={"status": status}, headers=headers)
        if self._took(answer, firm, 200):
            firm.take(answer.json(), answer.headers["etag"])

    def _delete(self, http: httpx2.Client, firm: Firm) -> None:
        firm.sent = Sent("delete")
        headers = {"If-Match": f'"{firm.version}"'} | (bearer(firm.token) if firm.token else self._officer)
        answer = http.delete(f"/v1/companies/{(firm.answered or {})['id']}", headers=headers)
        if self._took(answer, firm, 204):
            firm.gone()

    def _decide(self, http: httpx2.Client, firm: Firm) -> None:
        """Decides on a firm's best match; one client at a time, since a match has two firms."""
        ranking = http.get(f"/v1/companies/{(firm.answered or {})['id']}/matches?limit=3", headers=self._officer)
        items: list[dict[str, Any]] = ranking.json()["items"] if ranking.is_success else []
        if not items:
            return
        match_id = items[int(self._chance.integers(len(items)))]["id"]
        seen = http.get(f"/v1/matches/{match_id}", headers=self._officer)
        if not seen.is_success:
            return
        decision = str(self._chance.choice(["approved", "rejected", "deferred"]))
        told = self._told
        told.deciding = (match_id, decision)
        body = {"decision": decision} | ({"reason": "other"} if decision == "rejected" else {})
        headers = self._officer | {"If-Match": seen.headers["etag"]}
        answer = http.put(f"/v1/matches/{match_id}/review", json=body, headers=headers)
        told.deciding = None
        if unknown(answer):
            told.unsure.add(match_id)
            raise _Unsure
        if answer.is_success:
            told.decisions[match_id].append(decision)
            told.count("decision")
        elif answer.status_code not in REFUSED | {404, 412}:  # its other firm may have gone, or the queue moved on
            told.faults.append(f"A decision was answered {answer.status_code}: {answer.text}")

    def _took(self, answer: httpx2.Response, firm: Firm, expected: int) -> bool:
        """Whether a write was done; what was refused is known not to be there, unless the answer says otherwise."""
        told, sent = self._told, firm.sent
        if answer.status_code == expected:
            told.count(sent.kind if sent else "")
            return True
        if answer.status_code in REFUSED:
            told.refused += 1
            if unknown(answer):
                raise _Unsure
        else:
            told.faults.append(f"{firm.number}: {answer.status_code} to {sent}: {answer.text}")
        firm.sent = None
        return False


def lost_writes(clients: Sequence[Client], found: dict[str, dict[str, Any]], versions: dict[str, int]) -> list[str]:
    """Writes that are not there as they were answered; afterwards what was found counts."""
    faults = []
    for firm in (firm for client in clients for firm in client.firms):
        held = found.get(firm.number)
        faults.append(firm.wrong(held, versions.get(held["id"]) if held else None))
    return [fault for fault in faults if fault]


def unknown(answer: httpx2.Response) -> bool:
    """Whether an answer says that nobody knows whether the write is there."""
    return answer.status_code == 503 and answer.json()["type"].endswith("outcome-unknown")
