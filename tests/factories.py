"""Companies for tests, in the form of the wire contract."""

from itertools import count
from typing import Any

from app.db.audit import By
from matching import Listing, Profile
from matching.countries.kazakhstan import check_digit

OFFICER = By("officer@council.example", "reviewer")
"""Who acts in tests where it does not matter who."""
Document = dict[str, Any]

_numbers = count(1)


def bin_number() -> str:
    """A new BIN with a right check digit."""
    while True:
        stem = f"3101400{next(_numbers):04d}"
        digit = check_digit(stem)
        if digit is not None:
            return f"{stem}{digit}"


def rc_number() -> str:
    """A new RC number."""
    return f"RC {99_000_000 + next(_numbers)}"


def listing(side: str, title: str, **fields: Any) -> Document:  # noqa: ANN401  # any field of the contract
    """A listing; goods unless said otherwise."""
    return {"side": side, "kind": "goods", "title": title} | fields


def company(country: str = "KZ", **fields: Any) -> Document:  # noqa: ANN401  # any field of the contract
    """A company that can register."""
    number = bin_number() if country == "KZ" else rc_number()
    return {
        "country": country,
        "legal_name": f"Firm {number}",
        "registration_number": number,
        "sectors": ["agriculture"],
        "contact": {"email": "export@firm.example"},
        "listings": [],
    } | fields


def kazakh_mill(**fields: Any) -> Document:  # noqa: ANN401  # any field of the contract
    """A flour mill that writes Russian and needs cocoa."""
    profile = {
        "legal_name": f"ТОО «Қостанай Диірмені {next(_numbers)}»",
        "trading_name": "Kostanay Mills",
        "languages": ["kk", "ru", "en"],
        "region": "KZ-39",
        "listings": [
            listing("offer", "Мука пшеничная, высший сорт", hs_codes=["110100"]),
            listing("need", "Какао-порошок алкализованный", hs_codes=["1805"]),
        ],
    }
    return company("KZ", **(profile | fields))


def nigerian_trader(**fields: Any) -> Document:  # noqa: ANN401  # any field of the contract
    """A trader that writes English, offers cocoa powder and needs flour."""
    profile = {
        "legal_name": f"Kano Cocoa and Grains {next(_numbers)} Ltd",
        "languages": ["en", "ha"],
        "region": "NG-KN",
        "listings": [
            listing("offer", "Cocoa powder, alkalised 10/12"),
            listing("need", "Wheat flour for bakeries"),
        ],
    }
    return company("NG", **(profile | fields))


def profile(name: str, country: str, *listings: Listing, **fields: Any) -> Profile:  # noqa: ANN401  # any field
    """A verified firm for the engine."""
    return Profile(
        **(
            {
                "id": name,
                "country": country,
                "name": name,
                "sectors": frozenset({"agriculture"}),
                "status": "verified",
                "listings": listings,
            }
            | fields
        )
    )


def offer(title: str, **fields: Any) -> Listing:  # noqa: ANN401  # any field
    """An offer of goods."""
    return Listing(**({"id": f"o-{title}", "side": "offer", "kind": "goods", "title": title} | fields))


def need(title: str, **fields: Any) -> Listing:  # noqa: ANN401  # any field
    """A need of goods."""
    return Listing(**({"id": f"n-{title}", "side": "need", "kind": "goods", "title": title} | fields))
