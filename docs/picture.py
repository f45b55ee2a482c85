"""Draws ``docs/ranked-match.svg``, the picture in the README: ``uv run python docs/picture.py``."""

import re
import tempfile
from pathlib import Path

from rich.console import Console

from app.cli.demo import SAMPLE
from app.cli.files import import_with_progress
from app.cli.opened import opened
from app.cli.ranking import find_company, ranked, show
from app.live import LiveRegister
from app.settings import Settings

FIRM = "Kostanay Millstone"


def main() -> None:
    """Ranks one firm of the sample and writes the table as it stands in the terminal."""
    picture = Path(__file__).with_name("ranked-match.svg")
    with tempfile.TemporaryDirectory() as folder, opened(Settings(data_dir=Path(folder))) as database:
        import_with_progress(database, SAMPLE, verified=True)
        with database.reading() as session, Path("/dev/null").open("w", encoding="utf-8") as nowhere:
            console = Console(record=True, width=120, file=nowhere)
            show(
                console,
                find_company(session, FIRM),
                ranked(LiveRegister().fresh(session), find_company(session, FIRM).id, 3),
            )
    drawn = console.export_svg(title="caravan demo")
    picture.write_text(re.sub(r"@font-face \{.*?\}", "", drawn, flags=re.DOTALL), encoding="utf-8")


if __name__ == "__main__":
    main()
