"""Whether two entries of a register are one firm: what speaks for it, and keys by which such entries meet."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations, product
from typing import Literal

from rapidfuzz import fuzz
from rapidfuzz.distance import OSA

from matching.countries import COUNTRIES, RegistrationNumberInvalid, normal_name
from matching.letters import consonants, latin_words

Clue = Literal[
    "same_number",
    "number_of_another_series",
    "numbers_one_digit_apart",
    "same_name",
    "name_alike",
    "name_in_name",
    "same_email",
    "same_phone",
    "same_domain",
    "same_city",
    "other_number",
]
WEIGHTS: dict[Clue, float] = {
    "same_number": 0.95,
    "number_of_another_series": 0.2,
    "numbers_one_digit_apart": 0.4,
    "same_name": 0.8,
    "name_alike": 0.65,
    "name_in_name": 0.3,
    "same_email": 0.7,
    "same_phone": 0.6,
    "same_domain": 0.6,
    "same_city": 0.1,
    "other_number": 0.0,
}
"""How probable each clue alone makes it. Together they are taken as independent; set by hand, not measured."""

OTHER_NUMBER = 0.6
"""What is left of the probability when both have numbers and these differ: a number is given to one firm only."""

LEAST = 0.4
"""Pairs below it are not worth an officer's look."""

ALIKE = 86
"""Of 100, from which on two names that are not the same are alike."""

TELLING = 5
"""Letters that a name must have to mean something within another name."""

MOST_WORDS = 5
LONGEST_VALUE = 100
PHONE_DIGITS = 10
SHORTEST_PHONE = 7

SHARED_HOSTS = frozenset(
    "facebook.com instagram.com linkedin.com t.me wa.me api.whatsapp.com linktr.ee youtube.com twitter.com x.com"
    " tiktok.com vk.com ok.ru sites.google.com google.com alibaba.com 2gis.kz satu.kz kaspi.kz jiji.ng"
    " businesslist.com.ng vconnect.com".split()
)
FREE_MAIL = frozenset(
    "gmail.com googlemail.com yahoo.com yahoo.co.uk ymail.com rocketmail.com hotmail.com outlook.com live.com"
    " msn.com icloud.com me.com aol.com gmx.com proton.me protonmail.com zoho.com mail.com mail.ru bk.ru inbox.ru"
    " list.ru internet.ru yandex.ru yandex.kz yandex.com ya.ru rambler.ru mail.kz ok.kz nur.kz".split()
)
_NUMBER = re.compile(r"(?:\b[^\W\d_]{2,3}[\s.:№/-]*|\b)\d(?:[ -]?\d){3,}\b")


@dataclass(frozen=True, slots=True)
class _Name:
    """A name's telling words, in their order and sorted, what is left of them without vowels, and how it is written."""

    words: tuple[str, ...]
    ordered: str
    bare: str
    written: str


@dataclass(frozen=True)
class Identity:
    """What a register knows of who a firm is; what can be read from it is read once."""

    country: str
    legal_name: str
    trading_name: str | None = None
    registration_number: str | None = None
    city: str | None = None
    website: str | None = None
    email: str | None = None
    phone: str | None = None
    summary: str | None = None

    @cached_property
    def names(self) -> list[_Name]:
        """The legal and the trading name."""
        country = COUNTRIES[self.country]
        found = []
        for name in (self.legal_name, self.trading_name):
            words = tuple(latin_words(normal_name(_NUMBER.sub(" ", name or ""), country)))
            if words:
                bare = "".join(sorted(map(consonants, words)))
                found.append(_Name(words, " ".join(sorted(words)), bare, name or ""))
        return found

    @cached_property
    def numbers(self) -> dict[str, str]:
        """The registration numbers that it holds or mentions in a text, and how they stand there."""
        found = {self.registration_number: self.registration_number} if self.registration_number else {}
        read = COUNTRIES[self.country].registration_number
        for text in (self.legal_name, self.trading_name, self.summary):
            for match in _NUMBER.finditer(text or ""):
                try:
                    found.setdefault(read(match[0]), match[0])
                except RegistrationNumberInvalid:
                    continue
        return found

    @cached_property
    def domains(self) -> dict[str, str]:
        """Internet domains that are the firm's own, and the address that each is of."""
        found: dict[str, str] = {}
        if self.website:
            host, path = _address(self.website)
            shared = host in SHARED_HOSTS
            if not shared or path:
                found[f"{host}/{path}" if shared else host] = self.website
        if self.email:
            domain = self.email.rpartition("@")[2].casefold()
            if domain not in FREE_MAIL:
                found.setdefault(domain, self.email)
        return found

    @cached_property
    def digits(self) -> str:
        """The digits that two ways of writing a telephone number have in common; none of one too short to tell."""
        digits = _digits(self.phone or "")
        return digits[-PHONE_DIGITS:] if len(digits) >= SHORTEST_PHONE else ""


@dataclass(frozen=True, slots=True)
class Sign:
    """A clue, with what stands in each of the two entries."""

    clue: Clue
    ours: str
    theirs: str


@dataclass(frozen=True, slots=True)
class Likeness:
    """How probable it is that two entries are one firm, and why; what tells most comes first."""

    probability: float
    signs: tuple[Sign, ...]


def likeness(ours: Identity, theirs: Identity) -> Likeness:
    """How much two entries of one country look like one firm."""
    if ours.country != theirs.country:
        return Likeness(0.0, ())
    signs = [*_names(ours, theirs), *_contacts(ours, theirs)]
    alike = any(sign.clue in {"same_name", "name_alike"} for sign in signs)
    signs += _numbers(ours, theirs, alike=alike)
    if alike and ours.city and theirs.city and latin_words(ours.city) == latin_words(theirs.city):
        signs.append(Sign("same_city", ours.city, theirs.city))
    two = 1.0
    for sign in signs:
        two *= 1 - WEIGHTS[sign.clue]
    probability = (1 - two) * (OTHER_NUMBER if any(sign.clue == "other_number" for sign in signs) else 1)
    return Likeness(probability, tuple(sorted(signs, key=lambda sign: -WEIGHTS[sign.clue])))


def likeness_keys(identity: Identity) -> list[str]:
    """Keys of which two entries that could be alike share one at least, each beginning with the country."""
    keys = [
        *(f"number:{_digits(number)}" for number in identity.numbers),
        *(f"name:{key}" for name in identity.names for key in _name_keys(name)),
        *(f"domain:{domain}" for domain in identity.domains),
    ]
    if identity.digits:
        keys.append(f"phone:{identity.digits}")
    found = [f"{identity.country}:{key[:LONGEST_VALUE]}" for key in keys]
    if identity.email:
        found.append(address_key(identity.country, identity.email))
    return list(dict.fromkeys(found))


def address_key(country: str, email: str) -> str:
    """The key under which entries with an e-mail address meet."""
    return f"{country}:{f'email:{email.casefold()}'[:LONGEST_VALUE]}"


def _name_keys(name: _Name) -> Iterator[str]:
    bare = sorted({consonants(word) for word in name.words})[:MOST_WORDS]
    yield name.bare
    yield consonants(max(name.words, key=len))
    if len(bare) > len("ab"):
        yield from (f"{one} {other}" for one, other in combinations(bare, 2))


def _names(ours: Identity, theirs: Identity) -> Iterator[Sign]:
    """The strongest sign that any of the names gives."""
    signs = [
        Sign(clue, our.written, their.written)
        for our, their in product(ours.names, theirs.names)
        if (clue := _name_clue(our, their)) is not None
    ]
    if signs:
        yield max(signs, key=lambda sign: WEIGHTS[sign.clue])


def _name_clue(ours: _Name, theirs: _Name) -> Clue | None:
    if ours.ordered == theirs.ordered or "".join(ours.words) == "".join(theirs.words):
        return "same_name"
    if ours.bare == theirs.bare or fuzz.ratio(ours.ordered, theirs.ordered, score_cutoff=ALIKE):
        return "name_alike"
    common = set(ours.words) & set(theirs.words)
    within = common in (set(ours.words), set(theirs.words)) and sum(map(len, common)) >= TELLING
    return "name_in_name" if within else None


def _contacts(ours: Identity, theirs: Identity) -> Iterator[Sign]:
    if ours.email and theirs.email and ours.email.casefold() == theirs.email.casefold():
        yield Sign("same_email", ours.email, theirs.email)
    if ours.phone and theirs.phone and ours.digits and ours.digits == theirs.digits:
        yield Sign("same_phone", ours.phone, theirs.phone)
    domain = next((one for one in ours.domains if one in theirs.domains), None)
    if domain is not None:
        yield Sign("same_domain", ours.domains[domain], theirs.domains[domain])


def _numbers(ours: Identity, theirs: Identity, *, alike: bool) -> Iterator[Sign]:
    shared = next((number for number in ours.numbers if number in theirs.numbers), None)
    if shared is not None:
        yield Sign("same_number", ours.numbers[shared], theirs.numbers[shared])
        return
    one, other = ours.registration_number, theirs.registration_number
    if not one or not other:
        return
    if _digits(one) == _digits(other):
        yield Sign("number_of_another_series", one, other)
    elif alike and OSA.distance(one, other) == 1:
        yield Sign("numbers_one_digit_apart", one, other)
    else:
        yield Sign("other_number", one, other)


def _digits(text: str) -> str:
    return re.sub(r"\D", "", text)


def _address(website: str) -> tuple[str, str]:
    """The host of an address, without what all hosts are called, and the first step of its path."""
    host, _, path = website.casefold().partition("://")[2].partition("/")
    for prefix in ("www.", "m."):
        host = host.removeprefix(prefix)
    return host, re.split("[/?#]", path, maxsplit=1)[0]
