"""The three languages that the service speaks."""

from typing import Literal, get_args

Language = Literal["en", "ru", "kk"]
LANGUAGES: tuple[Language, ...] = get_args(Language)
Names = dict[Language, str]
"""One thing's name in each of the three languages."""
