"""What stands in cells: names of countries, sectors, sizes in three languages become the contract's codes."""

import re
from collections.abc import Mapping
from functools import cache, lru_cache
from typing import Any

from matching import COUNTRIES, fold

LISTS = frozenset({"sectors", "languages", "hs_codes", "isic_codes", "partnership", "incoterms", "certificates"})
NOTHING = frozenset({"-", "–", "—", "нет", "жоқ", "n/a", "na", "none", "нет данных", "не указано"})
"""What people write where nothing is to be said."""
LONGEST_NOTHING = max(map(len, NOTHING))
KEPT = 10_000
"""Texts whose plain form is kept: lists say the same again and again."""
YEAR = re.compile(r"(1[789]\d\d|20\d\d)(?:\s*(?:г\.?|год|ж\.?|жыл))?")
DAY = re.compile(r"(\d{1,2})[./](\d{1,2})[./](\d{4})")
BARE_SITE = re.compile(r"(?:www\.)?[\w-]+(?:\.[\w-]+)+(?:/\S*)?", re.IGNORECASE)

NAMES: dict[str, dict[str, str]] = {
    "country": {
        "KZ": "kaz|рк|республика казахстан|қр|қазақстан республикасы|republic of kazakhstan|казакстан",
        "NG": "nga|федеративная республика нигерия|federal republic of nigeria|нигерия федеративтік республикасы",
    },
    "sectors": {
        "mining": (
            "mining and minerals|solid minerals|metals|metallurgy|горнодобывающая промышленность|горное дело|добыча|"
            "горнорудная промышленность|горная промышленность|металлургия|гмк|недропользование|"
            "тау кен|тау кен өнеркәсібі|тау кен ісі|металлургия өнеркәсібі"
        ),
        "it": (
            "information technology|ict|software|digital|it услуги|информационные технологии|ит|икт|айти|"
            "программное обеспечение|ақпараттық технологиялар|ат|акт|бағдарламалық қамтама"
        ),
        "energy": (
            "oil and gas|oil gas|oil & gas|power|electricity|renewable energy|petroleum|энергетика|нефть и газ|"
            "нефтегаз|нефтегазовая отрасль|электроэнергетика|тэк|энергия|мұнай газ|мұнай және газ|"
            "энергетика саласы|электр энергетикасы"
        ),
        "agriculture": (
            "agribusiness|agro|agro allied|farming|food|food and agriculture|сельское хозяйство|апк|агро|"
            "агропромышленный комплекс|пищевая промышленность|земледелие|животноводство|ауыл шаруашылығы|аөк|"
            "агроөнеркәсіп кешені|азық түлік өнеркәсібі|тамақ өнеркәсібі"
        ),
        "logistics": (
            "transport|transportation|transport and logistics|logistics and transport|freight|shipping|логистика|"
            "транспорт|транспорт и логистика|транспорт и складирование|грузоперевозки|көлік|көлік және логистика|"
            "тасымал"
        ),
    },
    "size": {
        "micro": "микро|микробизнес|микропредприятие|шағын микро|микро бизнес",
        "small": "малый|малое|малое предприятие|малый бизнес|мп|шағын|шағын бизнес|шағын кәсіпорын",
        "medium": "средний|среднее|среднее предприятие|средний бизнес|орта|орта бизнес|орташа|mid",
        "large": "крупный|крупное|крупное предприятие|крупный бизнес|большой|ірі|ірі бизнес|ірі кәсіпорын|big",
    },
    "side": {
        "offer": "offers|supply|sells|export|предложение|предлагает|продаёт|продажа|экспорт|ұсыныс|ұсынады|сату",
        "need": "needs|demand|buys|import|request|потребность|спрос|запрос|покупает|покупка|импорт|қажеттілік|сұраныс",
    },
    "kind": {
        "goods": "good|product|products|товар|товары|продукция|тауар|тауарлар|өнім",
        "service": "services|услуга|услуги|қызмет|қызметтер|қызмет көрсету",
        "investment": "investments|инвестиция|инвестиции|инвестиция тарту|инвестициялар",
        "technology": "technologies|технология|технологии|технологиялар",
        "partnership": "partner|joint venture|партнёрство|партнерство|сотрудничество|серіктестік|ынтымақтастық|сп",
    },
    "volume_per": {
        "day": "daily|день|сутки|в день|в сутки|күн|күніне",
        "week": "weekly|неделя|в неделю|апта|аптасына",
        "month": "monthly|месяц|в месяц|ай|айына",
        "quarter": "quarterly|квартал|в квартал|тоқсан|тоқсанына",
        "year": "yearly|annually|annual|год|в год|жыл|жылына",
    },
    "languages": {
        "en": "english|английский|ағылшын|ағылшынша|анг|англ|eng",
        "ru": "russian|русский|орыс|орысша|рус|rus",
        "kk": "kazakh|казахский|қазақ|қазақша|каз|қаз|kaz|kz",
        "zh": "chinese|китайский|қытай|қытайша",
        "tr": "turkish|турецкий|түрік|түрікше",
        "fr": "french|французский|француз|французша",
        "de": "german|немецкий|неміс|немісше",
        "ar": "arabic|арабский|араб|арабша",
        "ha": "hausa|хауса",
        "yo": "yoruba|йоруба",
        "ig": "igbo|игбо",
        "uz": "uzbek|узбекский|өзбек",
    },
}
"""For each column the codes with what people call them."""


@lru_cache(maxsize=KEPT)
def plain(text: str) -> str:
    """Words in lower case with single spaces between."""
    return " ".join(re.sub(r"[^\w]+|_", " ", fold(text)).split())


@cache
def names_of(column: str) -> Mapping[str, str]:
    """The code for each name that is understood in a column."""
    found = {plain(name): code for code, names in NAMES.get(column, {}).items() for name in (code, *names.split("|"))}
    if column == "country":
        found |= {plain(name): country.code for country in COUNTRIES.values() for name in country.names.values()}
    return found


@cache
def _regions(country: str) -> Mapping[str, str]:
    """The code of each region by its names; where two share a name's stem, only by the whole names."""
    found: dict[str, str] = {}
    known = COUNTRIES[country].regions if country in COUNTRIES else {}
    for stemmed in (True, False):
        for code, names in known.items():
            found |= {_stem(plain(name)) if stemmed else plain(name): code for name in names.values()}
            found[plain(code)] = code
    return found


def _stem(name: str) -> str:
    words = [
        word
        for word in name.split()
        if word not in {"область", "обл", "облысы", "region", "state", "штат", "штаты", "г"}
    ]
    return " ".join(words) or name


def is_nothing(cell: str) -> bool:
    """Whether a cell says nothing."""
    text = cell.strip()
    return not text or (len(text) <= LONGEST_NOTHING and fold(text) in NOTHING)


def value_of(column: str, text: str, country: object = None) -> Any:  # noqa: ANN401  # as JSON would hold it
    """A cell's text as the contract has it; what is not understood stays as it is, to be refused with its reason."""
    if column in LISTS:
        return _list(column, text)
    text = text.strip()
    if column in {"founded", "volume_amount"}:
        return _number(column, text)
    if column == "region":
        known = _regions(str(country))
        return known.get(plain(text), known.get(_stem(plain(text)), text))
    if column == "valid_until" and (day := DAY.fullmatch(text)):
        return f"{day[3]}-{int(day[2]):02}-{int(day[1]):02}"
    if column == "website" and BARE_SITE.fullmatch(text):
        return f"https://{text}"
    known = names_of(column)
    return known.get(plain(text), text) if known else text


def _list(column: str, text: str) -> list[str]:
    known = names_of(column)
    parts = [part.strip() for part in re.split(r"[;\n]", text) if part.strip()]
    if not known or all(part in NAMES[column] for part in parts):
        return parts
    found: list[str] = []
    for part in parts:
        smaller = [plain(one) for one in re.split(r"[,/]", part) if one.strip()]
        whole = known.get(plain(part))
        found += (
            [whole] if whole else [known[one] for one in smaller] if all(one in known for one in smaller) else [part]
        )
    return list(dict.fromkeys(found)) if len(set(parts)) == len(parts) else found


def _number(column: str, text: str) -> int | float | str:
    number = re.sub(r"[ \u00a0\u202f]", "", text).replace(",", ".")
    if column == "founded" and (year := YEAR.fullmatch(text)):
        return int(year[1])
    try:
        return int(number) if column == "founded" or number.isdigit() else float(number)
    except ValueError:
        return text
