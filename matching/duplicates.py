"""Whether two entries of a register are one firm: what speaks for it, and keys by which such entries meet."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations, product
from typing import Literal
from urllib.parse import urlsplit

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
class Identity:
    """What a register knows of who a firm is."""

    country: str
    legal_name: str
    trading_name: str | None = None
    registration_number: str | None = None
    city: str | None = None
    website: str | None = None
    email: str | None = None
    phone: str | None = None
    summary: str | None = None


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
        *(f"number:{_digits(number)}" for number in _all_numbers(identity)),
        *(f"name:{key}" for name in _all_names(identity) for key in _name_keys(name)),
        *(f"domain:{domain}" for domain in _domains(identity)),
    ]
    if identity.email:
        keys.append(f"email:{identity.email.casefold()}")
    phone = _phone(identity.phone)
    if phone:
        keys.append(f"phone:{phone}")
    return list(dict.fromkeys(f"{identity.country}:{key[:LONGEST_VALUE]}" for key in keys))


def _all_names(identity: Identity) -> dict[tuple[str, ...], str]:
    """The words that tell in the legal and the trading name, and the name they are of."""
    country = COUNTRIES[identity.country]
    names = (name for name in (identity.legal_name, identity.trading_name) if name)
    found = ((tuple(latin_words(normal_name(_NUMBER.sub(" ", name), country))), name) for name in names)
    return {words: name for words, name in found if words}


def _name_keys(words: tuple[str, ...]) -> Iterator[str]:
    bare = sorted({consonants(word) for word in words})[:MOST_WORDS]
    yield "".join(bare)
    yield consonants(max(words, key=len))
    if len(bare) > len("ab"):
        yield from (f"{one} {other}" for one, other in combinations(bare, 2))


def _names(ours: Identity, theirs: Identity) -> Iterator[Sign]:
    """The strongest sign that any of the names gives."""
    best: tuple[float, Sign] | None = None
    for (our_words, our_name), (their_words, their_name) in product(
        _all_names(ours).items(), _all_names(theirs).items()
    ):
        clue = _name_clue(our_words, their_words)
        if clue is not None and (best is None or WEIGHTS[clue] > best[0]):
            best = WEIGHTS[clue], Sign(clue, our_name, their_name)
    if best is not None:
        yield best[1]


def _name_clue(ours: tuple[str, ...], theirs: tuple[str, ...]) -> Clue | None:
    one, other = " ".join(sorted(ours)), " ".join(sorted(theirs))
    if one == other or "".join(ours) == "".join(theirs):
        return "same_name"
    if sorted(map(consonants, ours)) == sorted(map(consonants, theirs)) or fuzz.ratio(one, other) >= ALIKE:
        return "name_alike"
    common = set(ours) & set(theirs)
    within = common in (set(ours), set(theirs)) and sum(map(len, common)) >= TELLING
    return "name_in_name" if within else None


def _contacts(ours: Identity, theirs: Identity) -> Iterator[Sign]:
    if ours.email and theirs.email and ours.email.casefold() == theirs.email.casefold():
        yield Sign("same_email", ours.email, theirs.email)
    if ours.phone and theirs.phone and _phone(ours.phone) and _phone(ours.phone) == _phone(theirs.phone):
        yield Sign("same_phone", ours.phone, theirs.phone)
    our_domains, their_domains = _domains(ours), _domains(theirs)
    for domain in our_domains:
        if domain in their_domains:
            yield Sign("same_domain", our_domains[domain], their_domains[domain])
            return


def _numbers(ours: Identity, theirs: Identity, *, alike: bool) -> Iterator[Sign]:
    our_numbers, their_numbers = _all_numbers(ours), _all_numbers(theirs)
    shared = next((number for number in our_numbers if number in their_numbers), None)
    if shared is not None:
        yield Sign("same_number", our_numbers[shared], their_numbers[shared])
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


def _all_numbers(identity: Identity) -> dict[str, str]:
    """The registration numbers that an entry holds or mentions in a text, and how they stand there."""
    found = {identity.registration_number: identity.registration_number} if identity.registration_number else {}
    read = COUNTRIES[identity.country].registration_number
    for text in (identity.legal_name, identity.trading_name, identity.summary):
        for match in _NUMBER.finditer(text or ""):
            try:
                found.setdefault(read(match[0]), match[0])
            except RegistrationNumberInvalid:
                continue
    return found


def _domains(identity: Identity) -> dict[str, str]:
    """Internet domains that are the firm's own, and the address that each is of."""
    found: dict[str, str] = {}
    if identity.website:
        host, path = _address(identity.website)
        shared = host in SHARED_HOSTS
        if not shared or path:
            found[f"{host}/{path}" if shared else host] = identity.website
    if identity.email:
        domain = identity.email.rpartition("@")[2].casefold()
        if domain not in FREE_MAIL:
            found.setdefault(domain, identity.email)
    return found


def _address(website: str) -> tuple[str, str]:
    try:
        parts = urlsplit(website.casefold())
        host = parts.hostname or ""
    except ValueError:
        return website.casefold(), ""
    for prefix in ("www.", "m."):
        host = host.removeprefix(prefix)
    return host, parts.path.strip("/").partition("/")[0]


def _phone(phone: str | None) -> str:
    """The digits that two ways of writing a number have in common; nothing of one too short to tell."""
    digits = _digits(phone or "")
    return digits[-PHONE_DIGITS:] if len(digits) >= SHORTEST_PHONE else ""
