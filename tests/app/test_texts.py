"""Every sentence for people stands in both catalogues, with the same values to fill in."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

import app
import matching
import schemas
from app.actions.sessions import WRONG
from app.api.problems import SENTENCES
from app.errors import Failure
from app.jobs.mail import CONFIRMATION, INVITATION, SIGN_IN, WARNING
from app.queries.catalogue import LABELS
from app.texts import LOCALES, language_asked_for, translate
from app.web.unavailable import AWAY, FULL, UNKNOWN
from matching import Language
from schemas.problems import MESSAGES

FOLDERS = [Path(package.__file__ or "").parent for package in (app, matching, schemas)]
SENTENCE_AT = {
    "Failed": 0,
    "translate": 0,
    "wrong": 1,
    "FieldError": 2,
    "RegistrationNumberInvalid": 1,
    "_unfit": 0,
    "forget_file": 2,
}
ON_THE_COMMAND_LINE = {"AddressInUse", "BackupUnusable", "Failure", "NotEmpty", "NotServing", "PortTaken"}
"""Failures that are only printed in English, on the command line."""


def failures(kind: type[Failure] = Failure) -> Iterator[type[Failure]]:
    for one in kind.__subclasses__():
        yield one
        yield from failures(one)


def written_in_code() -> set[str]:
    places = SENTENCE_AT | {one.__name__: 0 for one in failures() if one.__name__ not in ON_THE_COMMAND_LINE}
    found = {*MESSAGES.values(), *LABELS.values(), *(text for pair in SENTENCES.values() for text in pair)}
    found |= {*SIGN_IN, *INVITATION, *CONFIRMATION, *WARNING, WRONG}
    found |= {text for said in (AWAY, FULL, UNKNOWN) for text in said[1:]}
    found |= {one.title for one in failures() if one.__name__ not in ON_THE_COMMAND_LINE}
    for file in (file for folder in FOLDERS for file in folder.rglob("*.py")):
        if file.parent.name == "cli":
            continue
        tree = ast.parse(file.read_text(encoding="utf-8"))
        constants = {
            target.id: node.value
            for node in tree.body
            if isinstance(node, ast.Assign)
            for target in node.targets
            if isinstance(target, ast.Name)
        }
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute):
                name = node.func.id if isinstance(node.func, ast.Name) else node.func.attr
                if name in places and len(node.args) > places[name]:
                    found |= set(sentences(node.args[places[name]], constants))
            if isinstance(node, ast.Yield) and isinstance(node.value, ast.Tuple) and file.parent.name == "features":
                found |= set(sentences(node.value.elts[-1], constants))
    return found


def sentences(node: ast.expr, constants: dict[str, ast.expr]) -> Iterator[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.Name) and node.id in constants:
        yield from sentences(constants[node.id], {})
    elif isinstance(node, ast.IfExp):
        yield from sentences(node.body, constants)
        yield from sentences(node.orelse, constants)


def catalogue(language: Language) -> dict[str, str]:
    with (LOCALES / f"{language}.po").open("rb") as file:
        messages = read_po(file, locale=language)
    assert not [message.id for message in messages if message.fuzzy and message.id]
    return {str(message.id): str(message.string) for message in messages if message.id}


@pytest.mark.parametrize("language", ["ru", "kk"])
def test_every_sentence_is_translated(language: Language) -> None:
    translated = catalogue(language)
    missing = sorted(sentence for sentence in written_in_code() if not translated.get(sentence))
    assert not missing, "\n".join(missing)


@pytest.mark.parametrize("language", ["ru", "kk"])
def test_no_translation_is_left_over_or_loses_a_value(language: Language) -> None:
    translated = catalogue(language)
    assert sorted(set(translated) - written_in_code()) == []
    for english, other in translated.items():
        assert sorted(set(re.findall(r"{\w+}", english))) == sorted(set(re.findall(r"{\w+}", other))), english


@pytest.mark.parametrize(
    ("header", "language"),
    [
        (None, "en"),
        ("", "en"),
        ("ru-RU,ru;q=0.9,en;q=0.8", "ru"),
        ("fr, kk;q=0.5, en;q=0.4", "kk"),
        ("en;q=0.1, KK-kz;q=0.2", "kk"),
        ("ru;q=x", "en"),
        ("*", "en"),
    ],
)
def test_language_asked_for(header: str | None, language: Language) -> None:
    assert language_asked_for(header) == language


def test_values_are_filled_in_and_unknown_sentences_stay_english() -> None:
    assert translate("Nothing like this {here}.", "ru", {"here": "there"}) == "Nothing like this there."
