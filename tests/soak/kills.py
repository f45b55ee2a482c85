"""Rounds of writing, killing, starting again, and looking whether all is there."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from statistics import median
from threading import Event
from typing import Any

import numpy as np
from sqlalchemy import select

from app.actions.staff import add_staff
from app.db import Database
from app.db.base import now
from app.db.companies import Company
from app.db.jobs import Job
from tests.conftest import bearer
from tests.programs import wait_until
from tests.soak.lists import Listed, Officer, begin_command
from tests.soak.programs import Ground, Program, Server, keep
from tests.soak.truth import companies_shown, damage, decisions, half_companies, index_disagreements
from tests.soak.writers import Client, Told, lost_writes

CLIENTS = 4
LOOKED_AT = 6
STAFF = "officer@council.example"
CLAIM_SECONDS = "2"
TAKEN_OVER_WITHIN = 300.0
SETTINGS = {"CARAVAN_CLAIM_SECONDS": CLAIM_SECONDS}


@dataclass
class Counts:
    """What came of all rounds."""

    rounds: int = 0
    answered: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    refused: int = 0
    lost: list[str] = field(default_factory=list)
    half: list[str] = field(default_factory=list)
    index: list[str] = field(default_factory=list)
    other: list[str] = field(default_factory=list)
    taken_over: int = 0
    companies: int = 0
    restarts: list[float] = field(default_factory=list)

    @property
    def faults(self) -> list[str]:
        """Everything that should not be."""
        return [*self.lost, *self.half, *self.index, *self.other]

    def lines(self) -> list[str]:
        """The report."""
        kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(self.kinds.items()))
        return [
            f"rounds killed         {self.rounds}",
            f"writes answered       {self.answered} ({kinds})",
            f"writes refused (503)  {self.refused}",
            f"writes lost           {len(self.lost)}",
            f"half companies        {len(self.half)}",
            f"index disagreements   {len(self.index)}",
            f"other faults          {len(self.other)}",
            f"jobs taken over       {self.taken_over}",
            f"companies at the end  {self.companies}",
            f"restart, median/max   {median(self.restarts):.1f} s / {max(self.restarts):.1f} s",
            *(f"  {fault}" for fault in self.faults[:20]),
        ]


class Rounds:
    """The same data through many rounds."""

    def __init__(self, ground: Ground, *, seed: int, rows: int, seconds: float) -> None:
        self.counts = Counts()
        self._ground = ground
        self._chance = np.random.default_rng(seed)
        self._seconds = seconds
        self._told = Told()
        with ground.database() as database:
            with database.writing() as session:
                self._staff = bearer(add_staff(session, STAFF, "admin"))
            self._officer = Officer(database, STAFF)
        self._clients = [Client(at, seed, self._staff, self._told) for at in range(CLIENTS)]
        self._by_command, self._by_page = Listed(1_000_000, rows), Listed(2_000_000, rows)
        self._commanded: Program | None = None
        self._starts = 0

    def run(self, rounds: int, progress: Callable[[str], None] = lambda _: None) -> Counts:
        """Kills so many times."""
        self._server = self._started()
        try:
            self._run(rounds, progress)
            code = self._server.stop()
            if code != 0:
                self.counts.other.append(f"The server ended with {code} when it was told to stop")
        except Exception:
            progress(f"  the server's log: {keep(self._log)}")
            raise
        finally:
            self._server.kill()
        return self.counts

    def _run(self, rounds: int, progress: Callable[[str], None]) -> None:
        for number in range(1, rounds + 1):
            workers = 2 if self._chance.random() < 0.25 else 1
            wait = float(self._chance.uniform(0.3, self._seconds))
            self._write_and_kill(self._server, number, wait)
            before = self._log
            server = self._server = self._started(workers)
            self.counts.restarts.append(server.seconds)
            known = len(self.counts.faults)
            self._look(server)
            self.counts.rounds = number
            for fault in self.counts.faults[known:]:
                progress(f"  {fault}")
            if len(self.counts.faults) > known:
                progress(f"  the server's log: {keep(before)}")
            progress(f"round {number}: killed after {wait:.1f} s, back in {server.seconds:.1f} s, {self._summary()}")

    def _summary(self) -> str:
        return f"{self.counts.answered} writes answered, {len(self.counts.faults)} faults"

    def _started(self, workers: int = 1) -> Server:
        self._starts += 1
        self._log = self._ground.folder / f"server-{self._starts}.log"
        return Server(self._log, self._ground.variables, workers)

    def _write_and_kill(self, server: Server, number: int, wait: float) -> None:
        ended = Event()
        with self._ground.database() as database, ThreadPoolExecutor(CLIENTS + 1) as pool:
            running: list[Future[None]] = [
                pool.submit(client.write_on, server.address, ended) for client in self._clients
            ]
            page = (server.address, database, self._by_page, f"Page {number}", ended)
            running.append(pool.submit(self._officer.import_list, *page))
            command = None
            if number % 2:
                command = begin_command(self._ground, self._by_command, f"Command {number}")
                wait += 2 * float(self._chance.random())  # it takes a while to start
            Event().wait(wait)
            server.kill()
            if command is not None:
                command.kill()
            ended.set()
            for one in running:
                one.result()
        self._commanded = command
        if self._ground.cluster is not None and self._chance.random() < 0.5:
            self._ground.crash_database()

    def _look(self, server: Server) -> None:
        counts, told = self.counts, self._told
        with self._ground.database() as database:
            self._wait_for_jobs(database)
            found = companies_shown(server.address, self._staff)
            with database.reading() as session:
                versions = {row.id: row.version for row in session.execute(select(Company.id, Company.version))}
                counts.half += half_companies(session)
                counts.lost += self._wrong_decisions(decisions(session))
                verified = list(session.scalars(select(Company.id).where(Company.status == "verified")))
            counts.lost += lost_writes(self._clients, found, versions)
            whole = self._commanded is not None and " rejected." in self._commanded.output
            counts.lost += self._by_command.wrong(found, whole=whole)
            counts.lost += self._by_page.wrong(found, whole=self._officer.started is not None)
            counts.lost += self._officer.wrong(database, self._by_page)
            counts.other += damage(database) + self._strangers(found) + told.faults
            told.faults.clear()
            ids = [str(one) for one in self._chance.permutation(sorted(verified))[:LOOKED_AT]]
            saved = self._ground.settings.register_file
            counts.index += index_disagreements(database, server.address, self._staff, ids, saved)
        for client in self._clients:
            client.firms = [firm for firm in client.firms if firm.answered is not None]
        counts.answered, counts.kinds, counts.refused = told.answered, told.kinds, told.refused
        counts.companies = len(found)

    def _wait_for_jobs(self, database: Database) -> None:
        """Waits until nothing that the dead had claimed is still theirs, and no list waits; what says why it waits may.

        What is theirs no more is ranked when its turn comes: those that changed last are ranked first.
        """

        def claimed(until: datetime | None = None) -> set[tuple[int, int]]:
            with database.reading() as session:
                jobs = select(Job.id, Job.attempts).where(Job.claimed_until.is_not(None), Job.error.is_(None))
                found = session.execute(jobs if until is None else jobs.where(Job.claimed_until > until))
                return {(one, attempts) for one, attempts in found}

        dead = claimed()
        wait_until(lambda: not dead & claimed(now()), 2 * float(CLAIM_SECONDS) + 1)
        self.counts.taken_over += len(dead)
        wait_until(lambda: self._officer.finished(database), TAKEN_OVER_WITHIN)

    def _wrong_decisions(self, found: dict[str, list[str]]) -> list[str]:
        told = self._told
        faults = []
        for match_id in {*found, *told.decisions}:
            right = [told.decisions.get(match_id, [])]
            if told.deciding is not None and told.deciding[0] == match_id:
                right.append([*right[0], told.deciding[1]])
            if found.get(match_id, []) not in right and match_id not in told.unsure:
                faults.append(f"Decisions on {match_id} are {found.get(match_id)}, not {right[0]}")
            told.decisions[match_id] = list(found.get(match_id, []))
        told.deciding = None
        return faults

    def _strangers(self, found: dict[str, dict[str, Any]]) -> list[str]:
        """Companies that nobody sent."""
        known = {firm.number for client in self._clients for firm in client.firms}
        for listed in (self._by_command, self._by_page):
            known |= {f"RC {listed.first + at}" for at in range(listed.rows)}
        return [f"{number} was sent by nobody" for number in found if number not in known]
