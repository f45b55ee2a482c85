"""``caravan demo``: the main job on the bundled sample."""

from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from sqlalchemy import func, select

import app.sample
from app.cli.files import import_with_progress
from app.cli.opened import opened
from app.cli.ranking import ranked, show
from app.cli.server import Host, Port, address_of, listening, run
from app.cli.staff import first_link
from app.db import Database
from app.db.companies import Company
from app.live import LiveRegister
from app.settings import Basis, Settings
from matching import COUNTRIES

SAMPLE = Path(app.sample.__file__).parent / "companies.jsonl"
SHOWN = 5
OFFICER = "officer@caravan.example"


def demo(
    *,
    once: Annotated[bool, typer.Option("--once", help="Print the ranked matches and end, without serving.")] = False,
    host: Host = "127.0.0.1",
    port: Port = 8000,
) -> None:
    """Load the sample of fictional firms, print one firm's ranked matches from each country, and serve.

    Data that is there already is kept and used.
    """
    console = Console()
    if once:
        _prepare_and_show(console)
        return
    with listening(host, port) as listener:
        _prepare_and_show(console)
        base = address_of(listener)
        for line in (
            f"The pages: {base}/",
            f"The council's console: {base}/console ({_way_in(base)})",
            f"The API's interactive documentation: {base}/docs",
            "A token for programs: caravan staff add you@example.com. Stop with Ctrl-C.",
        ):
            console.print(line, highlight=False, markup=False, soft_wrap=True)
        run(listener)


def _way_in(base: str) -> str:
    with opened(Settings()) as database, database.writing() as session:
        link = first_link(session, OFFICER, base)
    return f"choose a password for {OFFICER}: {link}" if link else "a way in: caravan staff link YOUR-EMAIL"


def _prepare_and_show(console: Console) -> None:
    settings = Settings()
    with opened(settings) as database:
        _load_sample(database, settings.import_basis)
        with closing(LiveRegister(settings.register_file)) as live, database.reading() as session:
            fresh = live.fresh(session)
            console.print(
                f"{len(fresh.matcher)} firms in {settings.data_dir if settings.embedded else 'the database'}"
                " (the sample's are fictional).",
                highlight=False,
            )
            for code in COUNTRIES:
                company = session.scalar(
                    select(Company)
                    .where(Company.country == code, Company.status == "verified")
                    .order_by(Company.created_at, Company.id)
                    .limit(1)
                )
                if company is not None:
                    show(console, company, ranked(fresh, company.id, SHOWN))


def _load_sample(database: Database, basis: Basis) -> None:
    with database.reading() as session:
        if session.scalar(select(func.count()).select_from(Company)):
            return
    import_with_progress(database, SAMPLE, verified=True, basis=basis)
