import pytest

from matching import LEAST_LIKENESS, Identity, likeness, likeness_keys

MILL = Identity(
    "KZ",
    "ТОО «Қостанай Диірмені»",
    registration_number="100140000003",
    city="Костанай",
    website="https://www.diirmen.example/ru",
    email="Export@diirmen.example",
    phone="+7 714 200 00 00",
)


def clues(ours: Identity, theirs: Identity) -> dict[str, tuple[str, str]]:
    return {sign.clue: (sign.ours, sign.theirs) for sign in likeness(ours, theirs).signs}


def meet(ours: Identity, theirs: Identity) -> bool:
    return bool(set(likeness_keys(ours)) & set(likeness_keys(theirs)))


@pytest.mark.parametrize(
    ("other", "clue"),
    [
        (Identity("KZ", "Kostanay Diirmeni LLP"), "same_name"),
        (Identity("KZ", "Диірмені Қостанай ЖШС"), "same_name"),
        (Identity("KZ", "Kostanai Dermen"), "name_alike"),
        (Identity("KZ", "Another name", trading_name="Qostanaı Diirmeni"), "same_name"),
        (Identity("KZ", "Прежнее название (БИН 100140000003)"), "same_number"),
        (Identity("KZ", "Мельница", summary="BIN: 1001 4000 0003."), "same_number"),
        (Identity("KZ", "Flour", email="export@DIIRMEN.example"), "same_email"),
        (Identity("KZ", "Flour", email="director@diirmen.example"), "same_domain"),
        (Identity("KZ", "Flour", website="http://diirmen.example"), "same_domain"),
        (Identity("KZ", "Flour", phone="8 (714) 200-00-00"), "same_phone"),
    ],
)
def test_one_firm_is_recognised_and_the_two_meet_by_a_key(other: Identity, clue: str) -> None:
    assert clue in clues(MILL, other)
    assert likeness(MILL, other).probability >= LEAST_LIKENESS
    assert meet(MILL, other)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (MILL, Identity("NG", "Kostanay Diirmeni", registration_number="RC 7")),
        (Identity("NG", "Firm A", email="a@gmail.com"), Identity("NG", "Trader B", email="b@gmail.com")),
        (
            Identity("NG", "Alpha", website="https://facebook.com/alpha"),
            Identity("NG", "Beta", website="https://www.facebook.com/beta"),
        ),
        (Identity("NG", "Alpha", phone="12345"), Identity("NG", "Beta", phone="12345")),
        (Identity("NG", "Alpha", registration_number="RC 1234"), Identity("NG", "Beta", registration_number="BN 1234")),
        (Identity("KZ", "Агро"), Identity("KZ", "Агро Экспорт")),
    ],
)
def test_two_firms_are_not_taken_for_one(ours: Identity, theirs: Identity) -> None:
    assert likeness(ours, theirs).probability < LEAST_LIKENESS


def test_page_of_a_shared_site_is_the_firm_s_own() -> None:
    ours, theirs = (Identity("NG", name, website="https://facebook.com/kano.grains/") for name in ("A", "B"))
    assert "same_domain" in clues(ours, theirs)


def test_different_numbers_speak_for_two_firms() -> None:
    numbered = Identity("NG", "Kano Grains Ltd", registration_number="RC 5551")
    same_name = likeness(numbered, Identity("NG", "Kano Grains")).probability
    other_number = likeness(numbered, Identity("NG", "Kano Grains", registration_number="RC 777")).probability
    mistyped = likeness(numbered, Identity("NG", "Kano Grains", registration_number="RC 5515")).probability
    assert other_number < same_name < mistyped


def test_signs_are_seen_from_either_side_and_weigh_alike() -> None:
    other = Identity("KZ", "Kostanay Diirmeni LLP", city="Qostanay", phone="87142000000")
    there, back = likeness(MILL, other), likeness(other, MILL)
    assert there.probability == back.probability
    assert clues(MILL, other) == {clue: (theirs, ours) for clue, (ours, theirs) in clues(other, MILL).items()}
    assert "same_city" in clues(MILL, other)


def test_more_signs_make_it_more_probable_but_never_certain() -> None:
    assert 0.99 < likeness(MILL, MILL).probability < 1


def test_keys_are_of_one_country_and_short() -> None:
    long = Identity("KZ", "Я" * 500, website=f"https://{'a' * 300}.example")
    assert all(key.startswith("KZ:") and len(key) <= 120 for key in likeness_keys(long))
    assert likeness_keys(Identity("KZ", "ТОО «…»", website="https://[broken")) != []
