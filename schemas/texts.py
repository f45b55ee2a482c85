"""Building blocks of the contract: texts, codes, money, and how a wrong field is told."""

import re
from collections.abc import Iterable
from datetime import date
from typing import Annotated, Any

from babel.numbers import list_currencies
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints
from pydantic_core import PydanticCustomError

from matching import trade_vocabulary

CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
CURRENCIES = frozenset(list_currencies())
HS_LENGTHS = frozenset({2, 4, 6, 8, 9, 10})
ISIC_LENGTHS = frozenset({2, 3, 4})
TEMPLATE = "template"
"""Where an error's context keeps the sentence before its values are filled in, so that it can be translated."""


class Incoming(BaseModel):
    """Base of what is taken in: unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=False)


class Outgoing(BaseModel):
    """Base of what is given out."""

    model_config = ConfigDict(frozen=True)


def wrong(code: str, message: str, **params: str) -> PydanticCustomError:
    """A field error with a stable code and a sentence that says what would be right."""
    context = {**params, TEMPLATE: message}
    return PydanticCustomError(code, message, context)


def _written(text: str) -> str:
    if not text.strip():
        raise wrong("blank", "Write something here or leave the field out.")
    if CONTROL.search(text):
        raise wrong("control_character", "Remove the control characters from this text.")
    return text


def _hs(code: str) -> str:
    digits = re.sub(r"[\s.]", "", code)
    if not re.fullmatch(r"[0-9]+", digits) or len(digits) not in HS_LENGTHS:
        raise wrong("hs_format", "An HS code has 4, 6, 8 or 10 digits, as in 1805 or 110100.")
    if not trade_vocabulary().knows("hs", digits):
        raise wrong("hs_unknown", "HS 2022 has no heading {heading}.", heading=digits[:4])
    return digits


def _isic(code: str) -> str:
    digits = re.sub(r"[\s.]", "", code)
    digits = digits[1:] if re.fullmatch(r"[A-Ua-u][0-9]+", digits) else digits
    if not re.fullmatch(r"[0-9]+", digits) or len(digits) not in ISIC_LENGTHS:
        raise wrong("isic_format", "An ISIC code has 2, 3 or 4 digits, as in 62 or 6201.")
    if not trade_vocabulary().knows("isic", digits):
        raise wrong("isic_unknown", "ISIC Rev. 4 has no code {digits}.", digits=digits)
    return digits


def _currency(code: str) -> str:
    if code not in CURRENCIES:
        raise wrong("currency_unknown", "Write the currency as its ISO 4217 code, as in USD, NGN or KZT.")
    return code


def _iso_date(value: Any) -> Any:  # noqa: ANN401  # whatever JSON holds
    if isinstance(value, date):
        return value
    if not isinstance(value, str) or not re.fullmatch(r"\d{4}-\d{2}-\d{2}", value):
        raise wrong("date_format", "Write the date as YYYY-MM-DD.")
    return value


def each_once(values: list[Any]) -> list[Any]:
    """Refuses a list that names something twice."""
    if len(set(values)) < len(values):
        raise wrong("repeated", "Name each only once.")
    return values


def words(values: Iterable[str]) -> str:
    """A list of codes for a sentence."""
    return ", ".join(values)


def shown(**said: Any) -> Any:  # noqa: ANN401  # what Annotated takes
    """What the JSON Schema says of a value beside its type and length."""
    return Field(json_schema_extra=said)


FORBIDDEN = r"\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f"
WRITTEN = shown(minLength=1, pattern=rf"^[^{FORBIDDEN}]*[^\s{FORBIDDEN}][^{FORBIDDEN}]*$")
"""What ``_written`` asks."""
ONCE = shown(uniqueItems=True)
"""What ``each_once`` asks."""

Word = Annotated[str, StringConstraints(max_length=100), AfterValidator(_written), WRITTEN]
Line = Annotated[str, StringConstraints(max_length=500), AfterValidator(_written), WRITTEN]
Paragraph = Annotated[str, StringConstraints(max_length=5000), AfterValidator(_written), WRITTEN]
Language = Annotated[str, StringConstraints(pattern=r"^[a-z]{2}$"), Field(examples=["kk"])]
HsCode = Annotated[
    str, StringConstraints(max_length=20), AfterValidator(_hs), shown(format="hs-code", examples=["110100"])
]
IsicCode = Annotated[
    str, StringConstraints(max_length=10), AfterValidator(_isic), shown(format="isic-code", examples=["6201"])
]
Currency = Annotated[str, StringConstraints(max_length=3), AfterValidator(_currency), shown(enum=sorted(CURRENCIES))]
Money = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,15}(\.[0-9]{1,2})?$"), Field(examples=["125000.00"])]
IsoDate = Annotated[date, BeforeValidator(_iso_date)]


def _whole(number: object) -> object:
    return int(number) if isinstance(number, float) and number.is_integer() else number


WHOLE = BeforeValidator(_whole)
"""A number that JSON Schema calls an integer, also where it is written with a point: 2009.0."""
Amount = Annotated[float, Field(strict=True, gt=0, le=1e15, allow_inf_nan=False)]
Code = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
