"""What the service has to know about a country."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from matching.languages import Names


class RegistrationNumberInvalid(ValueError):
    """A registration number failed one named check.

    Attributes:
        code: stable code of the check that failed, e.g. ``bin_check_digit``.
        message: English sentence that says what would be right; a template for ``params``.
        params: values for the template.
    """

    def __init__(self, code: str, message: str, **params: str) -> None:
        super().__init__(message.format(**params))
        self.code = code
        self.message = message
        self.params = params


@dataclass(frozen=True, slots=True)
class Country:
    """A country that firms can belong to.

    Attributes:
        code: ISO 3166-1 alpha-2.
        regions: ISO 3166-2 code to names.
        languages: ISO 639-1 codes that firms there commonly do business in.
        registration_number: returns the one stored form of a number, or raises
            ``RegistrationNumberInvalid``.
        number_name: what the number is called there.
        legal_forms: legal forms and filler words, case-folded, that do not tell two firms apart.
    """

    code: str
    names: Names
    regions: Mapping[str, Names]
    languages: tuple[str, ...]
    number_name: str
    registration_number: Callable[[str], str]
    legal_forms: frozenset[str]
