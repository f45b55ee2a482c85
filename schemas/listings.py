"""A listing: one thing a company offers or needs."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, field_validator

from matching import Kind, Side
from schemas.texts import (
    ONCE,
    Amount,
    Code,
    Currency,
    HsCode,
    Incoming,
    IsicCode,
    IsoDate,
    Line,
    Money,
    Outgoing,
    Paragraph,
    Word,
    each_once,
    wrong,
)

Incoterm = Literal["EXW", "FCA", "CPT", "CIP", "DAP", "DPU", "DDP", "FAS", "FOB", "CFR", "CIF"]
Period = Literal["day", "week", "month", "quarter", "year"]


class Volume(Incoming):
    """How much; without ``per`` once."""

    amount: Amount
    unit: Word
    per: Period | None = None


class Value(Incoming):
    """A money range, amounts as decimal strings."""

    min: Money | None = None
    max: Money | None = None
    currency: Currency

    @field_validator("max")
    @classmethod
    def _not_below_min(cls, most: str | None, info: object) -> str | None:
        least = getattr(info, "data", {}).get("min")
        if most is not None and least is not None and float(most) < float(least):
            raise wrong("max_below_min", "The largest value is below the smallest, {least}.", least=least)
        return most


class ListingIn(Incoming):
    """A listing as it is written. With ``id`` it changes that listing; without it is a new one."""

    id: Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")] | None = None
    side: Side
    kind: Kind
    title: Line
    text: Paragraph | None = None
    hs_codes: Annotated[list[HsCode], Field(max_length=20)] = []
    isic_codes: Annotated[list[IsicCode], Field(max_length=20)] = []
    partnership: Annotated[list[Code], Field(max_length=20), AfterValidator(each_once), ONCE] = []
    volume: Volume | None = None
    value: Value | None = None
    incoterms: Annotated[list[Incoterm], Field(max_length=11), AfterValidator(each_once), ONCE] = []
    certificates: Annotated[list[Word], Field(max_length=30)] = []
    valid_until: IsoDate | None = None


class ListingOut(Outgoing):
    """A listing as it is shown."""

    id: str
    side: Side
    kind: Kind
    title: str
    text: str | None
    hs_codes: list[str]
    isic_codes: list[str]
    partnership: list[str]
    volume: Volume | None
    value: Value | None
    incoterms: list[str]
    certificates: list[str]
    valid_until: IsoDate | None
