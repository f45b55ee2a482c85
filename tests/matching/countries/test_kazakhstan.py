import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from matching import COUNTRIES, LANGUAGES, Language, RegistrationNumberInvalid, normal_name
from matching.countries.kazakhstan import check_digit, registration_number

KAZAKHSTAN = COUNTRIES["KZ"]
FIRST_PASS = "100140000003"
SECOND_PASS = "250140000409"


@st.composite
def stems(draw: st.DrawFn) -> str:
    year, month = draw(st.integers(0, 99)), draw(st.integers(1, 12))
    kind, branch = draw(st.sampled_from("456")), draw(st.sampled_from("0123"))
    return f"{year:02d}{month:02d}{kind}{branch}{draw(st.integers(0, 99_999)):05d}"


def first_pass(stem: str) -> int:
    return sum(place * int(digit) for place, digit in enumerate(stem, 1)) % 11


def accepted(number: str) -> bool:
    try:
        registration_number(number)
    except RegistrationNumberInvalid:
        return False
    return True


@pytest.mark.parametrize("number", [FIRST_PASS, SECOND_PASS])
def test_bin_with_a_right_check_digit_is_kept_as_it_is(number: str) -> None:
    assert registration_number(number) == number


def test_check_digit_of_the_second_pass_is_taken_where_the_first_gives_ten() -> None:
    assert first_pass(FIRST_PASS[:-1]) != 10
    assert first_pass(SECOND_PASS[:-1]) == 10
    assert check_digit(SECOND_PASS[:-1]) == 9


def test_stem_that_both_passes_refuse_has_no_check_digit() -> None:
    assert check_digit("25014000046") is None


@pytest.mark.parametrize("last", "0123456789")
def test_bin_on_a_stem_without_a_check_digit_is_refused(last: str) -> None:
    with pytest.raises(RegistrationNumberInvalid) as failed:
        registration_number(f"25014000046{last}")
    assert failed.value.code == "bin_check_digit"


@pytest.mark.parametrize(
    "written",
    [
        "100 140 000 003",
        " 100140000003 ",
        "100140-000-003",
        "100140\u00a0000003",
        "БИН 100140000003",
        "бин: 100140000003",
        "БСН № 100140000003",
        "ИИН 100140000003",
        "ЖСН 100140000003",
        "BIN 100140000003",
        "iin-100140000003",
    ],
)
def test_bin_with_separators_or_a_prefix_is_accepted(written: str) -> None:
    assert registration_number(written) == FIRST_PASS


def test_iin_of_a_sole_trader_is_accepted() -> None:
    stem = "90013130012"
    assert registration_number(f"{stem}{check_digit(stem)}") == f"{stem}{check_digit(stem)}"


@pytest.mark.parametrize(
    ("number", "code"),
    [
        ("", "bin_length"),
        ("10014000000", "bin_length"),
        ("1001400000033", "bin_length"),
        ("10014000000З", "bin_length"),
        ("١٠٠١٤٠٠٠٠٠٠٣", "bin_length"),
        ("RC 100140000003", "bin_length"),
        ("100040000003", "bin_month"),
        ("101340000003", "bin_month"),
        ("900100300003", "bin_day"),
        ("900132400003", "bin_day"),
        ("100170000003", "bin_type"),
        ("100190000003", "bin_type"),
        ("100144000003", "bin_branch"),
        ("100149000003", "bin_branch"),
        ("100140000004", "bin_check_digit"),
        ("250140000400", "bin_check_digit"),
    ],
)
def test_bin_that_fails_a_check_gives_its_code(number: str, code: str) -> None:
    with pytest.raises(RegistrationNumberInvalid) as failed:
        registration_number(number)
    assert failed.value.code == code


def test_failed_check_says_what_it_found() -> None:
    with pytest.raises(RegistrationNumberInvalid, match="here they are 13") as failed:
        registration_number("101340000003")
    assert failed.value.message.format(**failed.value.params) == str(failed.value)


@given(stem=stems(), shift=st.integers(1, 9))
def test_bin_with_another_last_digit_is_refused(stem: str, shift: int) -> None:
    digit = check_digit(stem)
    assume(digit is not None)
    assert digit is not None
    assert accepted(f"{stem}{digit}")
    assert not accepted(f"{stem}{(digit + shift) % 10}")


@given(stem=stems(), place=st.integers(0, 9), shift=st.integers(1, 9))
@example(stem=FIRST_PASS[:-1], place=8, shift=1)
def test_bin_with_one_mistyped_digit_is_refused(stem: str, place: int, shift: int) -> None:
    mistyped = f"{stem[:place]}{(int(stem[place]) + shift) % 10}{stem[place + 1 :]}"
    assume(10 not in {first_pass(stem), first_pass(mistyped)})
    assert accepted(f"{stem}{check_digit(stem)}")
    assert not accepted(f"{mistyped}{check_digit(stem)}")


def test_eleventh_digit_is_not_covered_by_the_official_rule() -> None:
    assert {check_digit(f"1001400000{digit}") for digit in range(10)} == {3}


def test_regions_are_the_twenty_of_2022() -> None:
    assert len(KAZAKHSTAN.regions) == 20
    assert all(code.startswith("KZ-") for code in KAZAKHSTAN.regions)


@pytest.mark.parametrize("language", LANGUAGES)
def test_regions_have_a_name_of_their_own_in_each_language(language: Language) -> None:
    names = [region[language] for region in KAZAKHSTAN.regions.values()]
    assert all(names)
    assert len(set(names)) == len(names)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ТОО «Қостанай Диірмені»", "«Қостанай Диірмені» ЖШС"),
        ("ТОО «Алтын Астық»", "Товарищество с ограниченной ответственностью «АЛТЫН АСТЫҚ»"),
        ("«Алтын Астық» жауапкершілігі шектеулі серіктестігі", "Алтын Астық"),
        ("АО «Қазақмыс»", "«Қазақмыс» акционерлік қоғамы"),
        ("Т.О.О. Алтын", "ТОО «Алтын»"),
        ("ТОО «Ёлка»", "ТОО Елка"),
        ("Altyn Astyk LLP", "TOO Altyn-Astyk"),
        ("ИП Иванов", "ЖК «Иванов»"),
    ],
)
def test_normal_name_of_two_spellings_of_one_firm_is_one(one: str, other: str) -> None:
    assert normal_name(one, KAZAKHSTAN) == normal_name(other, KAZAKHSTAN)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ТОО «Алтын Астық»", "ТОО «Алтын Дән»"),
        ("ТОО «Астық-1»", "ТОО «Астық-2»"),
        ("ТОО «Қазақмыс»", "ТОО «Қазақ»"),
        ("ТОО", "АО"),
    ],
)
def test_normal_name_of_different_firms_differs(one: str, other: str) -> None:
    assert normal_name(one, KAZAKHSTAN) != normal_name(other, KAZAKHSTAN)
