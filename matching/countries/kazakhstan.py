"""Kazakhstan: regions of 2022, the BIN and the IIN.

Sources: ISO 3166-2:KZ; the twelve-digit number's structure and check digit follow the rules of the
National Register of Business Identification Numbers.
"""

import re

from matching.countries.country import Country, RegistrationNumberInvalid
from matching.languages import Names

FIRST_WEIGHTS = (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11)
SECOND_WEIGHTS = (3, 4, 5, 6, 7, 8, 9, 10, 11, 1, 2)
LENGTH = 12
MONTHS = range(1, 13)
DAYS = range(1, 32)
BIN_TYPES = "456"
BIN_BRANCHES = "0123"
IIN_DAYS = "0123"


def check_digit(stem: str) -> int | None:
    """The twelfth digit that the first eleven ask for, or None when no digit is right."""
    for weights in (FIRST_WEIGHTS, SECOND_WEIGHTS):
        rest = sum(int(digit) * weight for digit, weight in zip(stem, weights, strict=True)) % 11
        if rest < len("0123456789"):
            return rest
    return None


def registration_number(text: str) -> str:
    """The BIN of a legal entity or the IIN of a sole trader, as twelve digits.

    Raises:
        RegistrationNumberInvalid: ``bin_length``, ``bin_month``, ``bin_day``, ``bin_type``,
            ``bin_branch`` or ``bin_check_digit``.
    """
    number = re.sub(r"^(БИН|ИИН|БСН|ЖСН|BIN|IIN)\b[\s:№.-]*", "", text.strip(), flags=re.IGNORECASE)
    number = re.sub(r"[\s-]", "", number)
    if not re.fullmatch(r"[0-9]{12}", number):
        raise RegistrationNumberInvalid(
            "bin_length", "A BIN has exactly 12 digits; this is “{number}”.", number=text.strip()[:40]
        )
    if int(number[2:4]) not in MONTHS:
        raise RegistrationNumberInvalid(
            "bin_month",
            "Digits 3 and 4 of a BIN are the month of registration, 01 to 12; here they are {month}.",
            month=number[2:4],
        )
    if number[4] in IIN_DAYS:
        if int(number[4:6]) not in DAYS:
            raise RegistrationNumberInvalid(
                "bin_day",
                "Digits 5 and 6 of an IIN are the day of birth, 01 to 31; here they are {day}.",
                day=number[4:6],
            )
    elif number[4] not in BIN_TYPES:
        raise RegistrationNumberInvalid(
            "bin_type",
            "Digit 5 of a BIN is 4 (resident), 5 (non-resident) or 6 (joint enterprise); here it is {digit}.",
            digit=number[4],
        )
    elif number[5] not in BIN_BRANCHES:
        raise RegistrationNumberInvalid(
            "bin_branch",
            "Digit 6 of a BIN is 0 (head office), 1 (branch), 2 (representative office) or 3 (farm);"
            " here it is {digit}.",
            digit=number[5],
        )
    if check_digit(number[:-1]) != int(number[-1]):
        raise RegistrationNumberInvalid(
            "bin_check_digit",
            "The last digit of this BIN does not agree with the eleven before it: look for a mistyped digit.",
        )
    return number


def _names(en: str, ru: str, kk: str) -> Names:
    return {"en": en, "ru": ru, "kk": kk}


COUNTRY = Country(
    code="KZ",
    names=_names("Kazakhstan", "Казахстан", "Қазақстан"),
    languages=("kk", "ru", "en"),
    number_name="BIN",
    registration_number=registration_number,
    legal_forms=frozenset(
        (
            "тоо жшс ао ақ оао зао пао ип жк кх шқ ргп гкп ргкп пк llp llc jsc ltd too tоо ao limited"
            " liability partnership joint stock company товарищество с ограниченной ответственностью"
            " жауапкершілігі шектеулі серіктестігі акционерное общество акционерлік қоғамы"
        ).split()
    ),
    regions={
        "KZ-10": _names("Abai", "Область Абай", "Абай облысы"),
        "KZ-11": _names("Aqmola", "Акмолинская область", "Ақмола облысы"),
        "KZ-15": _names("Aqtobe", "Актюбинская область", "Ақтөбе облысы"),
        "KZ-19": _names("Almaty Region", "Алматинская область", "Алматы облысы"),
        "KZ-23": _names("Atyrau", "Атырауская область", "Атырау облысы"),
        "KZ-27": _names("West Kazakhstan", "Западно-Казахстанская область", "Батыс Қазақстан облысы"),
        "KZ-31": _names("Zhambyl", "Жамбылская область", "Жамбыл облысы"),
        "KZ-33": _names("Zhetisu", "Область Жетісу", "Жетісу облысы"),
        "KZ-35": _names("Qaraghandy", "Карагандинская область", "Қарағанды облысы"),
        "KZ-39": _names("Qostanay", "Костанайская область", "Қостанай облысы"),
        "KZ-43": _names("Qyzylorda", "Кызылординская область", "Қызылорда облысы"),
        "KZ-47": _names("Mangystau", "Мангистауская область", "Маңғыстау облысы"),
        "KZ-55": _names("Pavlodar", "Павлодарская область", "Павлодар облысы"),
        "KZ-59": _names("North Kazakhstan", "Северо-Казахстанская область", "Солтүстік Қазақстан облысы"),
        "KZ-61": _names("Turkistan", "Туркестанская область", "Түркістан облысы"),
        "KZ-62": _names("Ulytau", "Область Ұлытау", "Ұлытау облысы"),
        "KZ-63": _names("East Kazakhstan", "Восточно-Казахстанская область", "Шығыс Қазақстан облысы"),
        "KZ-71": _names("Astana", "Астана", "Астана"),
        "KZ-75": _names("Almaty", "Алматы", "Алматы"),
        "KZ-79": _names("Shymkent", "Шымкент", "Шымкент"),
    },
)
