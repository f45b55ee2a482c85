"""Writes the table of settings in operations.md from the class that reads them.

Run it with ``uv run python docs/settings_table.py``.
"""

import inspect
import re
from pathlib import Path

from app.settings import PREFIX, Settings

PAGE = Path(__file__).with_name("operations.md")
BEGIN, END = "<!-- settings: written by docs/settings_table.py -->\n", "<!-- end of settings -->\n"
MIB = 1024 * 1024


def table() -> str:
    """A row for each setting, in their order in the class."""
    said = _described(inspect.getdoc(Settings) or "")
    rows = ["| variable | default | what it does |", "|---|---|---|"]
    for name, field in Settings.model_fields.items():
        rows.append(
            f"| `{PREFIX}{name.upper()}` | {_shown(field.get_default(call_default_factory=False))} | {said[name]} |"
        )
    return "\n".join(rows) + "\n"


def written(page: str) -> str:
    """The page with the table of now."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return before + BEGIN + table() + END + after


def _described(docstring: str) -> dict[str, str]:
    """What the docstring says of each attribute, as one line of Markdown."""
    _, _, attributes = docstring.partition("Attributes:\n")
    found: dict[str, str] = {}
    name = ""
    for line in attributes.splitlines():
        begun = re.match(r"    (\w+): (.*)", line)
        if begun:
            name, found[begun[1]] = begun[1], begun[2]
        elif name and line.strip():
            found[name] += " " + line.strip()
    return {name: _sentence(text) for name, text in found.items()}


def _sentence(text: str) -> str:
    text = text.replace("``", "`").replace("|", "\\|")
    return text[0].upper() + text[1:]


def _shown(default: object) -> str:
    if default is None:
        return "–"
    if isinstance(default, bool):
        return "`true`" if default else "`false`"
    if isinstance(default, int) and default and default % 1024 == 0:
        return f"`{default}` ({default / MIB:g} MiB)"
    return f"`{default}`"


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
