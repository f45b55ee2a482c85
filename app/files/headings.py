"""What a column's heading, in English, Russian or Kazakh, and the cells below it say of what it holds."""

import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from functools import cache

from rapidfuzz import fuzz, process

from app.files.values import is_nothing, names_of, plain

SURE = 1.0
ALIKE = 0.8
WITHIN = 0.7
BY_CELLS = 0.6
LEAST_RATIO = 88
"""How alike a heading must be to a known one, in hundredths; below that it is another word."""
SHORTEST_FUZZY = 5
MOST_CELLS = 0.8
"""The part of the cells that must look alike."""
LEFT_OUT = (
    "why it was refused|почему не принято|неліктен қабылданбады|line|строка|жол|"
    "№|no|n|№ п п|п п|s n|sn|номер п п|р с|р с №|рет саны|id|дата|date|күні|примечание|примечания|ескерту"
)
"""Headings of columns that are not ours to keep."""
SYNONYMS = {
    "country": "country|страна|ел|мемлекет|государство|country of registration|страна регистрации|тіркелген елі",
    "legal_name": (
        "legal name|company name|company|name|name of company|name of the company|firm|firm name|name of firm|"
        "business name|organisation|organization|organisation name|organization name|exporter|name of exporter|member|"
        "member name|enterprise|"
        "название компании|название|компания|наименование|наименование компании|наименование предприятия|предприятие|"
        "название предприятия|наименование организации|организация|название организации|фирма|название фирмы|"
        "полное наименование|наименование юридического лица|юридическое лицо|наименование экспортера|экспортер|"
        "наименование субъекта|товаропроизводитель|наименование товаропроизводителя|наименование производителя|"
        "юридическое название|официальное название|"
        "компания атауы|компанияның атауы|кәсіпорын|кәсіпорын атауы|кәсіпорынның атауы|ұйым|ұйым атауы|ұйымның атауы|"
        "атауы|фирма атауы|заңды тұлға атауы|заңды тұлғаның атауы|толық атауы|экспорттаушы|заңды атауы"
    ),
    "trading_name": (
        "trading name|brand|brand name|trade name|short name|торговое название|бренд|торговая марка|краткое название|"
        "краткое наименование|сокращенное наименование|сауда атауы|қысқаша атауы|сауда белгісі"
    ),
    "registration_number": (
        "registration number|registration no|reg no|reg number|rc no|rc number|rc|cac no|cac number|cac|cac rc number|"
        "bin|bin iin|business identification number|бин|бин иин|иин бин|иин|регистрационный номер|рег номер|"
        "бизнес идентификационный номер|бсн|бсн жсн|жсн бсн|жсн|тіркеу нөмірі|бизнес сәйкестендіру нөмірі"
    ),
    "sectors": (
        "sector|sectors|industry|industries|industry sector|field|сектор|секторы|отрасль|отрасли|отрасль экономики|"
        "сфера|сфера деятельности|направление|сала|саласы|салалар|сектор экономики|экономика саласы|қызмет саласы"
    ),
    "region": (
        "region|state|province|state of operation|область|регион|штат|область регион|облыс|өңір|аймақ|облысы|"
        "өңірі|штаты"
    ),
    "city": "city|town|lga|location|город|населенный пункт|город местонахождения|қала|қаласы|елді мекен",
    "size": (
        "size|company size|размер|размер компании|размер предприятия|размерность|көлемі|компания мөлшері|"
        "мөлшері|кәсіпкерлік субъектісі"
    ),
    "founded": (
        "founded|year founded|established|year established|year of establishment|год основания|основана|год создания|"
        "год регистрации|құрылған жылы|негізі қаланған жылы|құрылған жыл"
    ),
    "languages": "languages|language|working languages|языки|язык|рабочие языки|тілдер|тіл|тілдері|жұмыс тілдері",
    "website": (
        "website|web site|site|web|url|web address|homepage|сайт|веб сайт|вебсайт|интернет сайт|"
        "сайт компании|веб сайты|сайты"
    ),
    "summary": (
        "summary|about|about company|description|profile|company profile|activity|activities|main activity|описание|"
        "о компании|вид деятельности|основной вид деятельности|деятельность|описание компании|окэд|"
        "сипаттама|компания туралы|қызмет түрі|негізгі қызмет түрі|қызметі"
    ),
    "contact_name": (
        "contact|contact name|contact person|contact persons|full name|ceo|director|managing director|md|"
        "контакт|контактное лицо|контактные лица|фио|ф и о|фио контактного лица|руководитель|директор|фио руководителя|"
        "байланыс тұлғасы|байланысушы тұлға|аты жөні|басшысы|директоры|басшы|байланыс адамы"
    ),
    "contact_role": "contact role|position|role|job title|designation|должность|қызметі лауазымы|лауазымы|лауазым",
    "contact_email": (
        "email|e mail|mail|email address|e mail address|contact email|электронная почта|эл почта|почта|имейл|емейл|"
        "адрес электронной почты|эл адрес|электрондық пошта|эл пошта|пошта|электрондық поштасы|электрондық мекенжай"
    ),
    "contact_phone": (
        "phone|telephone|tel|mobile|phone number|phone no|contact phone|gsm|телефон|телефоны|тел|моб телефон|"
        "мобильный|контактный телефон|номер телефона|контакты телефон|байланыс телефоны|телефон нөмірі|ұялы телефон"
    ),
    "offers": (
        "offers|what they offer|products|product|products offered|goods|export products|products and services|services|"
        "product service|offering|offerings|supplies|exports|commodities|commodity|items|"
        "что предлагает|предлагает|предложения|что предлагают|продукция|продукт|продукты|товар|товары|товары и услуги|"
        "услуги|продукция услуги|экспортная продукция|экспортируемая продукция|наименование продукции|"
        "наименование товара|выпускаемая продукция|производимая продукция|экспорт|название продукции|"
        "не ұсынады|ұсынады|ұсыныстар|ұсыныстары|өнім|өнімдер|өнімі|өнім атауы|өнімнің атауы|тауар|тауарлар|"
        "тауар атауы|қызметтер|шығаратын өнімі|экспорттық өнім|ұсынатын өнімі"
    ),
    "needs": (
        "needs|need|what they need|requirements|looking for|seeking|interested in|demand|wants|imports|import needs|"
        "что нужно|потребность|потребности|нужно|что ищет|ищет|запрос|запросы|спрос|интерес|интересует|закупает|"
        "что ищут|в чем нуждается|импорт|"
        "не қажет|қажеттілік|қажеттіліктер|қажеттілігі|қажеттіліктері|сұраныс|сұранысы|не іздейді|іздейді|қажет"
    ),
    "side": (
        "side|offer or need|offer need|тип заявки|спрос предложение|предложение спрос|сұраныс ұсыныс|ұсыныс сұраныс"
    ),
    "kind": "kind|type of listing|вид|вид предложения|тип предложения|түрі|ұсыныс түрі",
    "title": "title|listing|listing title|заголовок|тақырып|тақырыбы",
    "text": (
        "text|details|listing details|подробности|подробно|описание товара|описание продукции|толығырақ|"
        "тауар сипаттамасы|өнім сипаттамасы"
    ),
    "hs_codes": (
        "hs codes|hs code|hs|hscode|код тн вэд|тн вэд|тнвэд|код тнвэд|код товара|сэқ тн|сэқ тн коды|"
        "тн вэд еаэс|код тн вэд еаэс"
    ),
    "isic_codes": "isic codes|isic code|isic",
    "volume_amount": "volume amount|volume|quantity|capacity|объем|количество|объем поставки|мощность|көлем|саны",
    "volume_unit": "volume unit|unit|unit of measure|ед изм|единица измерения|единица|өлшем бірлігі|бірлік",
    "volume_per": "volume per|per|period|период|за период|кезең",
    "value_min": "value min|min value|минимальная сумма|сумма от|ең аз сома",
    "value_max": "value max|max value|максимальная сумма|сумма до|ең көп сома",
    "value_currency": "value currency|currency|валюта",
    "partnership": "partnership|partnership forms|формы партнерства|серіктестік нысандары",
    "incoterms": "incoterms|delivery terms|инкотермс|условия поставки|базис поставки|жеткізу шарттары",
    "certificates": "certificates|certificate|certification|сертификаты|сертификат|сертификаттар|сертификаты качества",
    "valid_until": (
        "valid until|valid to|expires|действует до|срок действия|действительно до|жарамды мерзімі|дейін жарамды"
    ),
}
"""What people write above each column."""


def heading_targets(heading: str) -> dict[str, float]:
    """The columns that a heading may mean, each with how surely; ``""`` means that it is to be left out."""
    found: dict[str, float] = {}
    for part in _parts(heading):
        for target, score in _part_targets(part).items():
            found[target] = max(score, found.get(target, 0.0))
    return found


def heading_score(cells: Sequence[str]) -> float:
    """How much a row looks like headings."""
    return sum(max(heading_targets(cell).values(), default=0.0) for cell in cells if cell.strip())


def cells_target(cells: Sequence[str]) -> str | None:
    """The column that cells look like by themselves."""
    filled = [cell.strip() for cell in cells if not is_nothing(cell)]
    if not filled:
        return None
    for target, fits in CELLS.items():
        if sum(fits(cell) for cell in filled) >= MOST_CELLS * len(filled):
            return target
    return None


def _named(column: str) -> Callable[[str], bool]:
    return lambda cell: all(plain(part) in names_of(column) for part in re.split(r"[;,/\n]", cell) if part.strip())


def _shaped(pattern: str) -> Callable[[str], bool]:
    shape = re.compile(pattern, re.IGNORECASE)
    return lambda cell: shape.fullmatch(cell) is not None


CELLS: dict[str, Callable[[str], bool]] = {
    "registration_number": _shaped(r"(?:бин\s*)?\d{11,12}|(?:rc|bn|it)[\s:./-]*\d{3,8}"),
    "contact_email": _shaped(r"[^@\s]+@[^@\s]+\.[^@\s]+"),
    "website": _shaped(r"(?:https?://|www\.)\S+"),
    "contact_phone": _shaped(r"(?:\+|8|0)[\d\s()./-]{8,20}"),
    "country": _named("country"),
    "sectors": _named("sectors"),
    "size": _named("size"),
    "languages": _named("languages"),
}
"""What cells of some columns look like; the first that fits is taken."""


def _parts(heading: str) -> list[str]:
    """The heading, and its parts where it says the same in two languages or adds a remark in brackets."""
    pieces = [heading, *re.split(r"[/|\n()\[\]]", heading)]
    return list(dict.fromkeys(part for part in (plain(piece) for piece in pieces) if part))


@cache
def _known() -> dict[str, str]:
    known = {plain(name): target for target, names in SYNONYMS.items() for name in (target, *names.split("|"))}
    return known | {name: "" for name in map(plain, LEFT_OUT.split("|")) if name}


@cache
def _by_ending() -> dict[str, list[str]]:
    """The known names that may be spelled otherwise or stand among other words, by their last word."""
    found = defaultdict(list)
    for name in _known():
        if len(name) >= SHORTEST_FUZZY:
            found[name.rpartition(" ")[2]].append(name)
    return dict(found)


def _part_targets(part: str) -> dict[str, float]:
    known = _known()
    if part in known:
        return {known[part]: SURE}
    found: dict[str, float] = {}
    words = f" {part} "
    for name in (name for word in dict.fromkeys(part.split()) for name in _by_ending().get(word, ())):
        if f" {name} " in words:  # the longer the known words, the better
            found[known[name]] = max(found.get(known[name], 0.0), WITHIN * (0.5 + 0.5 * len(name) / len(part)))
    for name, _, _ in process.extract_iter(part, list(known), scorer=fuzz.ratio, score_cutoff=LEAST_RATIO):
        if len(name) >= SHORTEST_FUZZY:
            found[known[name]] = ALIKE
    return found
