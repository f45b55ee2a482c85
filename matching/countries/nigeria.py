"""Nigeria: the 36 states and the Federal Capital Territory, the numbers of the Corporate Affairs Commission.

Sources: ISO 3166-2:NG; RC (companies), BN (business names) and IT (incorporated trustees) are separate
series, so the prefix belongs to the number; none has a check digit.
"""

import re

from matching.countries.country import Country, RegistrationNumberInvalid
from matching.languages import Names

LONGEST = 8


def registration_number(text: str) -> str:
    """The CAC number in its one stored form, ``RC 1234567``.

    Raises:
        RegistrationNumberInvalid: ``cac_prefix``, ``cac_digits`` or ``cac_length``.
    """
    found = re.fullmatch(
        r"(?P<series>[A-Z]*)(?:[\s.:/-]*NO\b)?[\s.:/-]*(?P<rest>.*)", text.strip().upper(), flags=re.DOTALL
    )
    series, rest = (found["series"], found["rest"]) if found else ("", text)
    if series not in {"RC", "BN", "IT"}:
        raise RegistrationNumberInvalid(
            "cac_prefix",
            "A CAC number begins with RC (company), BN (business name) or IT (trustees), as in RC 1234567.",
        )
    digits = re.sub(r"[\s-]", "", rest)
    if not re.fullmatch(r"[0-9]+", digits) or not digits.strip("0"):
        raise RegistrationNumberInvalid(
            "cac_digits", "After {series} write the number in digits only, as in {series} 1234567.", series=series
        )
    number = digits.lstrip("0")
    if len(number) > LONGEST:
        raise RegistrationNumberInvalid(
            "cac_length", "A CAC number has at most 8 digits; this one has {count}.", count=str(len(number))
        )
    return f"{series} {number}"


def _names(en: str, ru: str, kk: str) -> Names:
    return {"en": en, "ru": ru, "kk": kk}


def _state(en: str, ru: str) -> Names:
    return _names(en, ru, f"{ru} штаты")


COUNTRY = Country(
    code="NG",
    names=_names("Nigeria", "Нигерия", "Нигерия"),
    languages=("en", "ha", "yo", "ig"),
    number_name="CAC number",
    registration_number=registration_number,
    legal_forms=frozenset(
        (
            "ltd limited plc gte llp lp nig nigeria nigerian co company coy ent enterprise enterprises"
            " venture ventures and int intl international"
        ).split()
    ),
    regions={
        "NG-AB": _state("Abia", "Абия"),
        "NG-AD": _state("Adamawa", "Адамава"),
        "NG-AK": _state("Akwa Ibom", "Аква-Ибом"),
        "NG-AN": _state("Anambra", "Анамбра"),
        "NG-BA": _state("Bauchi", "Баучи"),
        "NG-BE": _state("Benue", "Бенуэ"),
        "NG-BO": _state("Borno", "Борно"),
        "NG-BY": _state("Bayelsa", "Байельса"),
        "NG-CR": _state("Cross River", "Кросс-Ривер"),
        "NG-DE": _state("Delta", "Дельта"),
        "NG-EB": _state("Ebonyi", "Эбоньи"),
        "NG-ED": _state("Edo", "Эдо"),
        "NG-EK": _state("Ekiti", "Экити"),
        "NG-EN": _state("Enugu", "Энугу"),
        "NG-FC": _names(
            "Federal Capital Territory (Abuja)",
            "Федеральная столичная территория (Абуджа)",
            "Федералды астаналық аумақ (Абуджа)",
        ),
        "NG-GO": _state("Gombe", "Гомбе"),
        "NG-IM": _state("Imo", "Имо"),
        "NG-JI": _state("Jigawa", "Джигава"),
        "NG-KD": _state("Kaduna", "Кадуна"),
        "NG-KE": _state("Kebbi", "Кебби"),
        "NG-KN": _state("Kano", "Кано"),
        "NG-KO": _state("Kogi", "Коги"),
        "NG-KT": _state("Katsina", "Кацина"),
        "NG-KW": _state("Kwara", "Квара"),
        "NG-LA": _state("Lagos", "Лагос"),
        "NG-NA": _state("Nasarawa", "Насарава"),
        "NG-NI": _state("Niger State", "Нигер"),
        "NG-OG": _state("Ogun", "Огун"),
        "NG-ON": _state("Ondo", "Ондо"),
        "NG-OS": _state("Osun", "Осун"),
        "NG-OY": _state("Oyo", "Ойо"),
        "NG-PL": _state("Plateau", "Плато"),
        "NG-RI": _state("Rivers", "Риверс"),
        "NG-SO": _state("Sokoto", "Сокото"),
        "NG-TA": _state("Taraba", "Тараба"),
        "NG-YO": _state("Yobe", "Йобе"),
        "NG-ZA": _state("Zamfara", "Замфара"),
    },
)
