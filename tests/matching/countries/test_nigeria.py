import pytest
from hypothesis import given
from hypothesis import strategies as st

from matching import COUNTRIES, LANGUAGES, Language, RegistrationNumberInvalid, normal_name
from matching.countries.nigeria import registration_number

NIGERIA = COUNTRIES["NG"]


@pytest.mark.parametrize(
    "written",
    [
        "RC 1234567",
        "RC1234567",
        "RC: 1234567",
        "RC:1234567",
        "RC/1234567",
        "rc-0001234567",
        " Rc 1 234 567 ",
        "RC No. 1234567",
        "RC-NO:1234567",
    ],
)
def test_cac_number_has_one_stored_form(written: str) -> None:
    assert registration_number(written) == "RC 1234567"


def test_series_of_the_cac_are_separate() -> None:
    assert len({registration_number(f"{series} 1234567") for series in ("RC", "BN", "IT")}) == 3


@given(series=st.sampled_from(["RC", "BN", "IT"]), number=st.integers(1, 99_999_999), zeros=st.integers(0, 4))
def test_cac_number_in_its_stored_form_is_accepted_again(series: str, number: int, zeros: int) -> None:
    stored = registration_number(f"{series.lower()}{'0' * zeros}{number}")
    assert stored == f"{series} {number}"
    assert registration_number(stored) == stored


@pytest.mark.parametrize(
    ("number", "code"),
    [
        ("", "cac_prefix"),
        ("1234567", "cac_prefix"),
        ("CAC 1234567", "cac_prefix"),
        ("RCBN 1234567", "cac_prefix"),
        ("РС 1234567", "cac_prefix"),
        ("RC", "cac_digits"),
        ("RC 12345A7", "cac_digits"),
        ("RC 0000", "cac_digits"),
        ("RC ١٢٣", "cac_digits"),
        ("RC 123456789", "cac_length"),
    ],
)
def test_cac_number_that_fails_a_check_gives_its_code(number: str, code: str) -> None:
    with pytest.raises(RegistrationNumberInvalid) as failed:
        registration_number(number)
    assert failed.value.code == code


def test_failed_check_says_what_it_found() -> None:
    with pytest.raises(RegistrationNumberInvalid, match="this one has 9") as failed:
        registration_number("BN 123456789")
    assert failed.value.message.format(**failed.value.params) == str(failed.value)


def test_regions_are_36_states_and_the_capital() -> None:
    assert len(NIGERIA.regions) == 37
    assert "NG-FC" in NIGERIA.regions
    assert all(code.startswith("NG-") for code in NIGERIA.regions)


@pytest.mark.parametrize("language", LANGUAGES)
def test_regions_have_a_name_of_their_own_in_each_language(language: Language) -> None:
    names = [region[language] for region in NIGERIA.regions.values()]
    assert all(names)
    assert len(set(names)) == len(names)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ABC (NIG.) Ltd", "Abc Nigeria Limited"),
        ("A.B.C. Nigeria Ltd", "ABC Nig. Ltd."),
        ("ABC & Sons Ltd", "Abc and Sons Limited"),
        ("Dangote Cement Plc", "DANGOTE CEMENT PLC."),
        ("Kano-Cocoa Ltd", "Kano Cocoa"),
        ("Zaria Ventures Intl. Co. Ltd", "Zaria International Company Limited"),
    ],
)
def test_normal_name_of_two_spellings_of_one_firm_is_one(one: str, other: str) -> None:
    assert normal_name(one, NIGERIA) == normal_name(other, NIGERIA)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Kano Cocoa Ltd", "Kano Coffee Ltd"),
        ("ABC Mills Ltd", "ABC Foods Ltd"),
        ("Unit 1 Ltd", "Unit 2 Ltd"),
        ("Limited Nigeria Company", "Nigeria Limited"),
    ],
)
def test_normal_name_of_different_firms_differs(one: str, other: str) -> None:
    assert normal_name(one, NIGERIA) != normal_name(other, NIGERIA)
