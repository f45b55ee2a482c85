"""Words of a listing: language, tokens and stems, in English, Russian and Kazakh.

A *term* is a stem with its namespace: ``e:`` English, ``r:`` Russian, ``k:`` Kazakh, ``#:`` a number or grade.
Namespaces keep false friends of two languages apart.
"""

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

import Stemmer

from matching.countries import COUNTRIES
from matching.languages import Language

KAZAKH_LETTERS = frozenset("әғқңөұүһі")
KAZAKH_WORDS = frozenset(
    (
        "мен және бар керек үшін арналған өндіру жасау сату беру алу бойынша қажет сатамыз сатып аламыз"
        " ісі жалпы жем мал нан май ет ара алма шай қой бал"
    ).split()
)
LATIN_KAZAKH_LETTERS = frozenset("äğıñöşūüǵńóúý")
LONE_Q = re.compile(r"\b[a-z]*q(?![u\W\d]|$)")
"""A q without u in a word that is no name."""
LATIN_KAZAKH_WORDS = frozenset(
    "ushin temir kerek satamiz"
    " alamiz uni eti maii suti juni temiri tauar onim onimderi kizmeti bidai arpa komir".split()
)
"""As skeletons; none of them is an English word."""
STOP_WORDS = frozenset(
    (
        "a an and are as at be by for from in into is of on or our the their to we with that this other"
        " any all per than not no nor whether which such thereof therefor including excluding etc its been has have"
        " was were will can may only also leading kind kinds"
        " и в во на с со для по из к от до о об у или а не как что это мы наш наша наши их также же ли бы при"
        " за над под без через чем тем кроме включая прочие прочий другие иные"
        " және мен пен бен үшін бойынша бар сондай ақ немесе осы бұл біз біздің"
    ).split()
)
FILLERS: dict[Language, str] = {
    "en": (
        "quality high best good new reliable trusted company firm business enterprise supplier supply"
        " provision provide procurement purchase buy sell sale offer need require look seek want available"
        " delivery price cheap competitive affordable product goods item article various different range wide"
        " lot unit set piece type grade class standard modern professional experienced international export"
        " import market client partner partnership cooperation service year month project local government"
        " area state federal district nigeria nigerian kazakhstan kazakh africa african central asia abroad"
        " heading large small big quantity sort all premium luxury satisfied guarantee general any our we many"
        " several kg g gr t ton tonne mt l ml m cm mm pcs weight net gross size your one stop"
        " solution business excellent"
    ),
    "ru": (
        "качество качественный высокий лучший хороший новый надежный компания фирма предприятие поставщик"
        " поставка поставлять обеспечение закуп закупка покупка купить куплю продажа продаем продам предлагаем"
        " предложение нужен нужна нужно нужны требуется требуются ищем ищу необходимо наличие цена дешево"
        " недорого товар товары продукция изделие изделия различный разный ассортимент штука шт тип марка сорт"
        " класс вид стандарт современный профессиональный опыт международный экспорт импорт рынок клиент"
        " партнер партнерство сотрудничество услуга услуги год месяц проект область район республика казахстан"
        " нигерия африка любой любые все много выгодный крупный большой вес нетто брутто размер кг г гр т тн"
        " тонна л мл м см мм решение ваш ваши бизнес"
    ),
    "kk": (
        "сапа сапалы жоғары жақсы үздік жаңа сенімді кәсіпорын жеткізу жеткіземіз жеткізуші сатып алу аламыз"
        " сату сатамыз ұсынамыз ұсыныс керек қажет іздейміз баға арзан тауар өнім бұйым түрлі әртүрлі дана"
        " түрі маркасы сорты сыныпты заманауи кәсіби тәжірибе халықаралық нарық серіктес серіктестік"
        " ынтымақтастық қызмет қызметі жыл ай жоба облыс аудан қазақстан тиімді барлық кез келген көп салмағы"
        " өлшемі кг т л м см мм шешім сіздің"
    ),
}
"""Words that say that something is traded, not what."""
TOKEN = re.compile(r"\d+(?:[.,/x×]\d+)*|[^\W\d_ʼ]+\d+[^\W_ʼ]*|[^\W\d_ʼ]+(?:['’ʼ][^\W\d_ʼ]+)*")
JOINING = re.compile(r"[-\d]")
"""Without one of these no two tokens are joined."""
CYRILLIC = re.compile(r"[Ѐ-ӿ]")
LATIN = re.compile(r"[a-z]")
LONGEST_SERIES = 3

LOOKALIKES = str.maketrans("авекмнорстх,×", "abekmhopctx.x")
"""Cyrillic letters in grades that stand for the Latin ones they look like (``М400``), and number signs."""

_english = Stemmer.Stemmer("english", maxCacheSize=0)
_russian = Stemmer.Stemmer("russian", maxCacheSize=0)


def fold(text: str) -> str:
    """Compatibility form, case-folded, with ё written е."""
    return unicodedata.normalize("NFKC", text).casefold().replace("ё", "е")


def tokens(text: str) -> list[str]:
    """Words, numbers and grades in their order; hyphenated words also come joined.

    ``semi-trailer 60/70, EN 590`` gives ``semi trailer semitrailer 60/70 en 590 en590``.
    """
    folded = fold(text)
    if not JOINING.search(folded):
        return TOKEN.findall(folded)
    found: list[str] = []
    previous: re.Match[str] | None = None
    for match in TOKEN.finditer(folded):
        token = match[0]
        found.append(token)
        if previous is not None:
            between = folded[previous.end() : match.start()]
            before = previous[0]
            if (between == "-" and before.isalpha() and token.isalpha()) or (
                between in {" ", "-"} and before.isalpha() and len(before) <= LONGEST_SERIES and token[0].isdigit()
            ):
                found.append(before + token)
        previous = match
    return found


def language_of(text: str) -> Language:
    """The language a short text is written in, by its letters and commonest words."""
    folded = fold(text)
    if KAZAKH_LETTERS & set(folded):
        return "kk"
    cyrillic, latin = len(CYRILLIC.findall(folded)), len(LATIN.findall(folded))
    words = set(tokens(folded))
    if cyrillic <= latin:
        return "kk" if LONE_Q.search(text) or _is_latin_kazakh(folded, words) else "en"
    return "kk" if words & KAZAKH_WORDS and not words & {"и", "в", "на", "для", "с", "по"} else "ru"


def _is_latin_kazakh(folded: str, words: set[str]) -> bool:
    """Kazakh in Latin letters: by letters that English has not, or a very common word."""
    return bool(LATIN_KAZAKH_LETTERS & set(folded) or {skeleton(word) for word in words} & LATIN_KAZAKH_WORDS)


def terms(text: str, language: Language | None = None) -> list[str]:
    """Terms of a text, in order, repetitions kept.

    A Cyrillic word gives its stem in ``language``; without one, in Russian and in Kazakh, because a single
    word often does not tell which it is.
    """
    return [term for token in tokens(text) for term in terms_of_token(token, language)]


@lru_cache(maxsize=200_000)
def terms_of_token(token: str, language: Language | None = None) -> tuple[str, ...]:
    """The terms that one token stands for; empty for stop words and single letters."""
    if token[0].isdigit() or any(letter.isdigit() for letter in token):
        return (f"#:{token.translate(LOOKALIKES)}",)
    if token in STOP_WORDS or len(token) == 1:
        return ()
    if not CYRILLIC.search(token):
        return (f"e:{_english.stemWord(token)}",)
    if language == "ru":
        return (f"r:{_russian.stemWord(token)}",)
    if language == "kk":
        return (f"k:{kazakh_stem(token)}",)
    return (f"r:{_russian.stemWord(token)}", f"k:{kazakh_stem(token)}")


def trigrams(word: str) -> Iterable[str]:
    """Letter trigrams of a word with its boundaries marked, for typing errors and endings."""
    marked = f"^{word}$"
    return (marked[at : at + 3] for at in range(len(marked) - 2))


BACK_VOWELS = frozenset("аоұыуюяё")
FRONT_VOWELS = frozenset("әөүіеэ")
VOWELS = BACK_VOWELS | FRONT_VOWELS | {"и"}
SUFFIXES = tuple(
    sorted(
        (
            "лар лер дар дер тар тер ымыз іміз мыз міз ыңыз іңіз ңыз ңіз сы сі ның нің дың дің тың тің ға ге"
            " қа ке на не ны ні ды ді ты ті да де та те нда нде дан ден тан тен нан нен мен бен пен дағы дегі"
            " тағы тегі ндағы ндегі ы і"
        ).split(),
        key=len,
        reverse=True,
    )
)
SHORTEST_STEM = 2
SHORTEST_BEFORE_PLACE = 4
"""Shorter stems keep an ending like that of the locative: балта is an axe, not something in honey."""
MOST_SUFFIXES = 4
UNVOICED = {"б": "п", "г": "к", "ғ": "қ"}


def kazakh_stem(word: str) -> str:
    """A Kazakh word without its number, possessive, case and locative-adjective endings.

    A suffix goes only where vowel harmony allows it after the stem, longest first, at most four. A voiced
    final consonant, as it stands before a possessive (``қабы`` of ``қап``), is unvoiced again.
    """
    stem = word
    for _ in range(MOST_SUFFIXES):
        for suffix in SUFFIXES:
            rest = stem[: -len(suffix)]
            if stem.endswith(suffix) and _can_stand_before(rest, suffix):
                stem = rest
                break
        else:
            break
    if stem != word and stem[-1] in UNVOICED and len(stem) > SHORTEST_STEM:
        stem = stem[:-1] + UNVOICED[stem[-1]]
    return stem


AFTER_CONSONANTS = frozenset("ты ті ды ді тың тің дың дің".split())
AFTER_VOWELS = frozenset("ны ні на не".split())
NASALS = frozenset("мнң")
LOCATIVES = frozenset("та те да де".split())


def _can_stand_before(stem: str, suffix: str) -> bool:
    vowels = [letter for letter in stem if letter in VOWELS]
    if (
        len(stem) < (SHORTEST_BEFORE_PLACE if suffix in LOCATIVES else SHORTEST_STEM)
        or not vowels
        or not _joins(stem, suffix)
    ):
        return False
    last, first = vowels[-1], next((letter for letter in suffix if letter in VOWELS), "")
    if suffix in {"мен", "бен", "пен"} or last not in BACK_VOWELS | FRONT_VOWELS:
        return True
    return first in (BACK_VOWELS if last in BACK_VOWELS else FRONT_VOWELS)


def _joins(stem: str, suffix: str) -> bool:
    """Whether an ending of this form can follow this stem."""
    after_vowel = stem[-1] in VOWELS
    if after_vowel and len(stem) == SHORTEST_STEM:
        return False
    if suffix in {"ы", "і"} or suffix in AFTER_CONSONANTS:
        return not after_vowel
    if suffix in AFTER_VOWELS:
        return after_vowel
    return suffix not in {"ның", "нің"} or after_vowel or stem[-1] in NASALS


_SKELETON = str.maketrans(
    {
        **dict(zip("абвгдезийклмнопрстуфхыэ", "abvgdeziiklmnoprstufhie", strict=True)),
        **dict(zip("әғқңөұүһі", "agknouuhi", strict=True)),
        **dict(zip("äáğǵıñńŋöóqūüúýyw", "aaggınnnookuuuiiu".replace("ı", "i"), strict=True)),
        "ж": "j",
        "ч": "ch",
        "ш": "sh",
        "щ": "sh",
        "ц": "ts",
        "ю": "iu",
        "я": "ia",
        "ь": "",
        "ъ": "",
        "ş": "sh",
    }
)


def skeleton(word: str) -> str:
    """The sounds of a Kazakh word in plain Latin letters, alike from Cyrillic and from any Latin spelling.

    ``бидай``, ``biday`` and ``bıdaı`` give ``bidai``; ``қара`` and ``кара`` give ``kara``.
    """
    plain = word.translate(_SKELETON).replace("zh", "j").replace("gh", "g").replace("kh", "h").replace("iy", "i")
    return re.sub("ii+", "i", plain)


def kazakh_skeletons(word: str) -> Iterable[str]:
    """The skeletons that a word's Kazakh stem may have, longest first: the whole word, then without endings."""
    whole = skeleton(word)
    yield whole
    for suffix in _SUFFIX_SKELETONS:
        rest = whole.removesuffix(suffix)
        if rest != whole and len(rest) >= SHORTEST_STEM:
            yield rest


_SUFFIX_SKELETONS = sorted(
    {skeleton(suffix) for suffix in SUFFIXES} | {"larin", "lerin", "lari", "leri", "in"},
    key=lambda suffix: (len(suffix), suffix),
)

PLACES = " ".join(
    name
    for country in COUNTRIES.values()
    for names in (country.names, *country.regions.values())
    for name in names.values()
)
"""Where firms are: it tells nothing of what they trade in."""

FILLER_TERMS = frozenset(
    (
        *(
            term
            for language, words in FILLERS.items()
            for word in words.split()
            for term in terms_of_token(word, language)
        ),
        *(term for token in tokens(PLACES) for term in terms_of_token(token)),
    )
)
FILLER_WEIGHT = 0.2
NUMBER_WEIGHT = 0.3


def says_little(token: str) -> bool:
    """Whether a word is a filler in a language that it may belong to."""
    return any(term in FILLER_TERMS for term in terms_of_token(token))


def telling(term: str) -> float:
    """How much a term can tell about what is traded: 1, or little for a filler or a plain number."""
    if term in FILLER_TERMS:
        return FILLER_WEIGHT
    return NUMBER_WEIGHT if term.startswith("#:") and term[2:].isdigit() else 1.0
