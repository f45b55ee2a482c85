"""One spelling, in plain Latin letters, for the same sounds written in Cyrillic, Kazakh or any Latin letters."""

import re
from collections.abc import Iterable
from functools import lru_cache

from anyascii import anyascii

from matching.text import fold

_CYRILLIC = zip(
    "абвгдезийклмнопрстуфыэәғқңөұүіжхһцчшщюяьъ",
    [*"a b v g d e z i i k l m n o p r s t u f i e a g k n o u u i zh kh kh ts ch sh sh iu ia".split(), "", ""],
    strict=True,
)
_LATIN = zip("qwyjxışğñ’'ʼ", [*"k v i zh ks i sh g n".split(), "", "", ""], strict=True)
_SOUNDS = str.maketrans(dict(_CYRILLIC) | dict(_LATIN))
_DOTTED = re.compile(r"(?<=\w)\.(?=\w\b)")
_TOGETHER = re.compile(r"shch|dzh|ch|gh|ck|ph|c|(?<![skzgtp])h|\bie|([a-z])\1+")
_SPOKEN = {"shch": "sh", "dzh": "zh", "gh": "g", "ck": "k", "ph": "f", "ch": "ch", "ie": "e", "h": "kh"}
_VOWELS = re.compile(r"(?<=.)[aeiou]")
_WRITTEN = re.compile(r"[^\W_]+(?:['’ʼ\u0300-\u036f]+[^\W_]+)*")
_WORD = re.compile(r"[a-z0-9]+")


def latin(text: str) -> str:
    """A text's sounds in the letters a to z; digits and what stands between words stay.

    ``Қостанай``, ``Костанай``, ``Qostanaı`` and ``Kostanay`` give ``kostanai``. The beginning of a word gives the
    beginning of what the whole word gives (but where two letters are one sound and the second is still to come), so
    that a word can be found while it is being typed.
    """
    sounds = _DOTTED.sub("", fold(text)).translate(_SOUNDS)
    if not sounds.isascii():
        sounds = anyascii(sounds).lower().translate(_SOUNDS)
    return _TOGETHER.sub(_spoken, sounds)


def latin_words(text: str) -> list[str]:
    """The words and numbers of a text in their order, each as ``latin`` spells it."""
    return [word for written in _written(text) for word in _words_of(written)]


def consonants(word: str) -> str:
    """What is left of a word that ``latin`` spelt when its vowels go, which spellings differ in most."""
    bare = _VOWELS.sub("", word)
    return "a" + bare[1:] if bare[0] in "eiou" else bare


def _written(text: str) -> list[str]:
    return _WRITTEN.findall(_DOTTED.sub("", fold(text)))


@lru_cache(maxsize=100_000)
def _words_of(written: str) -> tuple[str, ...]:
    return tuple(_WORD.findall(latin(written)))


def _spoken(match: re.Match[str]) -> str:
    letters = match[0]
    if letters == "c":
        return "ts" if match.string[match.end() : match.end() + 1] in {"e", "i"} else "k"
    return _SPOKEN.get(letters) or letters[0]


def name_lines(names: Iterable[str]) -> str:
    """Names for a search, each on a line of its own, a space before each word."""
    return "".join(f"\n {' '.join(latin_words(name))}" for name in dict.fromkeys(names))


def word_line(texts: Iterable[str]) -> str:
    """The words of texts for a search, each once, a space before each."""
    written = dict.fromkeys(word for text in texts for word in _written(text))
    words = dict.fromkeys(word for one in written for word in _words_of(one))
    return "".join(f" {word}" for word in words)
