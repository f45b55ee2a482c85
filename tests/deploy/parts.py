"""What stands in the files that deploy the service."""

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
INSTRUCTIONS = frozenset(
    "FROM RUN CMD LABEL EXPOSE ENV COPY ENTRYPOINT VOLUME USER WORKDIR ARG STOPSIGNAL HEALTHCHECK SHELL".split()
)


@dataclass(frozen=True, slots=True)
class Instruction:
    """One of a Dockerfile, without its continuations."""

    name: str
    value: str

    @property
    def words(self) -> list[str]:
        """The command in its exec form."""
        found: list[str] = json.loads(self.value[self.value.index("[") :])
        return found


@dataclass(slots=True)
class Stage:
    """A stage of a Dockerfile."""

    image: str
    instructions: list[Instruction] = field(default_factory=list)

    def all_of(self, name: str) -> list[Instruction]:
        """Its instructions of a name."""
        return [one for one in self.instructions if one.name == name]

    def last(self, name: str) -> Instruction:
        """The instruction of a name that holds."""
        return self.all_of(name)[-1]

    @property
    def environment(self) -> dict[str, str]:
        """What ENV sets."""
        return dict(re.findall(r"(\w+)=(\S+)", " ".join(one.value for one in self.all_of("ENV"))))


def stages() -> list[Stage]:
    """Of the Dockerfile."""
    text = re.sub(r"^\s*#.*\n", "", (ROOT / "Dockerfile").read_text(encoding="utf-8"), flags=re.MULTILINE)
    found: list[Stage] = []
    for line in re.sub(r"\\\n\s*", "", text).splitlines():
        name, _, value = line.strip().partition(" ")
        if name == "FROM":
            found.append(Stage(value.split()[0]))
        elif name:
            assert name in INSTRUCTIONS, line
            found[-1].instructions.append(Instruction(name, value))
    return found


def compose() -> dict[str, Any]:
    """The parts of compose.yaml."""
    found: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
    return found


def unit(name: str) -> dict[str, dict[str, list[str]]]:
    """A systemd unit; a name may stand several times."""
    sections: dict[str, dict[str, list[str]]] = {}
    section: dict[str, list[str]] = {}
    for line in (DEPLOY / name).read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            section = sections.setdefault(line.strip("[]"), {})
        elif line and not line.startswith("#"):
            key, equals, value = line.partition("=")
            assert equals, line
            section.setdefault(key, []).append(value)
    return sections
