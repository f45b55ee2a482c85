"""The countries, one module each. A new country is a new module with a ``COUNTRY``."""

import pkgutil
import re
import unicodedata
from importlib import import_module

from matching.countries.country import Country, RegistrationNumberInvalid

__all__ = ["COUNTRIES", "Country", "RegistrationNumberInvalid", "normal_name"]

COUNTRIES: dict[str, Country] = {
    module.COUNTRY.code: module.COUNTRY
    for module in (
        import_module(f"{__name__}.{found.name}")
        for found in sorted(pkgutil.iter_modules(__path__), key=lambda found: found.name)
    )
    if hasattr(module, "COUNTRY")
}
"""Every country by its ISO 3166-1 code."""


def normal_name(legal_name: str, country: Country) -> str:
    """The form of a legal name by which two spellings of one firm are recognised.

    Case, punctuation and the country's legal forms are dropped: ``ABC (NIG.) Ltd`` and
    ``Abc Nigeria Limited`` are one.
    """
    folded = unicodedata.normalize("NFKC", legal_name).casefold().replace("ё", "е")
    words = re.sub(r"[^\w]+", " ", re.sub(r"(?<=\w)\.(?=\w\b)", "", folded)).split()
    telling = [word for word in words if word not in country.legal_forms]
    return " ".join(telling or words)
