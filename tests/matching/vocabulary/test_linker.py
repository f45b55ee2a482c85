import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matching import trade_linker, trade_vocabulary
from matching.text import tokens

LINKER = trade_linker()
VOCABULARY = trade_vocabulary()


def first_two(text: str) -> list[str]:
    return [found.code for found in LINKER.find(text)[:2]]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("wheat flour", "hs:1101"),
        ("cocoa beans", "hs:1801"),
        ("palm oil", "hs:1511"),
        ("raw cashew nuts", "hs:0801"),
        ("sesame seeds", "hs:1207"),
        ("Portland cement", "hs:2523"),
        ("road bitumen 60/70", "hs:2713"),
        ("urea fertilizer", "hs:3102"),
        ("crude petroleum oil", "hs:2709"),
        ("liquefied natural gas", "hs:2711"),
        ("truck tyres", "hs:4011"),
        ("solar panels", "hs:8541"),
        ("drilling rigs", "hs:8430"),
        ("passenger cars", "hs:8703"),
        ("frozen chicken", "hs:0207"),
        ("green coffee beans", "hs:0901"),
        ("diesel fuel", "hs:2710"),
        ("shea butter", "hs:1515"),
        ("software development", "isic:6201"),
        ("customs brokerage", "isic:5229"),
        ("мука пшеничная", "hs:1101"),
        ("уголь каменный", "hs:2701"),
        ("ферросплавы", "hs:7202"),
        ("баранина", "hs:0204"),
        ("лук репчатый", "hs:0703"),
        ("масло подсолнечное", "hs:1512"),
        ("карбамид", "hs:3102"),
        ("катоды медные", "hs:7403"),
        ("трактор колёсный", "hs:8701"),
        ("чай чёрный", "hs:0902"),
        ("дизельное топливо", "hs:2710"),
        ("трубы стальные бесшовные", "hs:7304"),
        ("разработка программного обеспечения", "isic:6201"),
        ("строительство дорог", "isic:4210"),
        ("бурение нефтяных скважин", "isic:0910"),
        ("бидай", "hs:1001"),
        ("бидай ұны", "hs:1101"),
        ("арпа", "hs:1003"),
        ("күнбағыс майы", "hs:1512"),
        ("қой еті", "hs:0204"),
        ("көмір", "hs:2701"),
        ("мұнай", "hs:2709"),
        ("темір кені", "hs:2601"),
        ("пияз", "hs:0703"),
        ("какао бұршақтары", "hs:1801"),
        ("жылқы", "hs:0101"),
        ("күріш", "hs:1006"),
        ("жол құрылысы", "isic:4210"),
    ],
)
def test_trade_term_leads_to_its_concept(text: str, code: str) -> None:
    assert any(found.startswith(code) for found in first_two(text))


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("wheet flour", "hs:1101"),
        ("sesamme seeds", "hs:1207"),
        ("cocao beans", "hs:1801"),
        ("portland cemment", "hs:2523"),
        ("cashew nutts", "hs:0801"),
        ("transformrs", "hs:8504"),
        ("мука пшеничнная", "hs:1101"),
        ("падсолнечное масло", "hs:1512"),
        ("феросплавы", "hs:7202"),
        ("бидаай", "hs:1001"),
    ],
)
def test_typing_error_is_forgiven(text: str, code: str) -> None:
    assert any(found.startswith(code) for found in first_two(text))


def test_typing_error_makes_less_sure() -> None:
    assert LINKER.read("феросплавы").confidence < LINKER.read("ферросплавы").confidence


@pytest.mark.parametrize(
    ("kazakh", "otherwise"),
    [
        ("бидай", "biday"),
        ("бидай ұны", "bidai uny"),
        ("күнбағыс майы", "kunbagys mayy"),
        ("күнбағыс майы", "кунбагыс майы"),
        ("мұнай", "munay"),
        ("мұнай", "мунай"),
        ("көмір", "komir"),
        ("көмір", "комир"),
        ("қой еті", "koy eti"),
        ("арпа", "arpa"),
    ],
)
def test_kazakh_in_other_letters_leads_to_the_same_concept(kazakh: str, otherwise: str) -> None:
    assert first_two(otherwise)[0] == first_two(kazakh)[0]
    assert LINKER.read(otherwise).confidence <= LINKER.read(kazakh).confidence


@pytest.mark.parametrize(
    "text",
    [
        "quality products from a reliable supplier",
        "high quality at the best price",
        "we are looking for partners",
        "various products of international standard",
        "качественный товар от надёжного поставщика",
        "ищем партнёра",
        "сапалы тауар",
        "сенімді жеткізуші",
        "жоғары сапа, арзан баға",
    ],
)
def test_filler_text_tells_little(text: str) -> None:
    assert LINKER.read(text).confidence < 0.5


def test_part_of_a_name_tells_less_than_the_whole() -> None:
    assert LINKER.read("palm").confidence < LINKER.read("palm oil").confidence


def test_oil_alone_is_no_used_oil() -> None:
    assert first_two("oil")[0] != "hs:271099"


@pytest.mark.parametrize(
    "text",
    [
        "",
        " \n\t",
        "🌾🚢",
        "12345",
        "x",
        "...",
        "水",
        "قمح",
        "the of and",
        "zzzzqqqq",
        "'" * 50,
        "a" * 5000,
        "🌾" * 5000,
    ],
)
def test_text_that_tells_nothing_is_silent(text: str) -> None:
    reading = LINKER.read(text)
    assert reading.found == ()
    assert reading.confidence == 0
    assert len(reading.places) == len(reading.weights) == 0


def test_long_text_is_read_like_a_short_one() -> None:
    assert LINKER.find("wheat flour " * 420)[0].code == LINKER.find("wheat flour")[0].code


@settings(max_examples=100, deadline=None)
@given(
    st.one_of(
        st.text(max_size=100),
        st.lists(st.sampled_from("palm oil мука бидай drilling 60/70 quality үшін cocoa, (нефть)".split())).map(
            " ".join
        ),
    )
)
def test_reading_of_any_text_keeps_its_bounds(text: str) -> None:
    reading = LINKER.read(text)
    weights = reading.weights.tolist()
    assert 0 <= reading.confidence <= 1
    assert weights == sorted(weights, reverse=True)
    assert len(set(reading.places.tolist())) == len(weights)
    assert len(reading.found) <= 8
    assert bool(reading.found) == bool(weights)
    if reading.found:
        assert weights[0] == 1
        assert max(found.weight for found in reading.found) == reading.found[0].weight == 1
        assert all(found.weight > 0 and found.words for found in reading.found)
        assert all(set(found.words) <= set(tokens(text)) for found in reading.found)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("quality wheat flour for bakeries", {"wheat", "flour"}),
        ("Мука из пшеницы", {"мука", "пшеницы"}),
        ("сапалы бидай ұны керек", {"бидай", "ұны"}),
        ("kunbagys mayy", {"kunbagys", "mayy"}),
        ("sesamme seeds", {"sesamme", "seeds"}),
    ],
)
def test_words_name_what_led_to_a_concept(text: str, words: set[str]) -> None:
    assert words <= set(LINKER.find(text)[0].words) <= set(tokens(text))


def test_text_of_two_things_leads_to_both() -> None:
    headings = {VOCABULARY[found.code].code[:7] for found in LINKER.find("cocoa beans, portland cement")}
    assert {"hs:1801", "hs:2523"} <= headings


def test_head_of_a_text_counts_more_than_what_follows() -> None:
    assert LINKER.find("flour (sugar, cement)")[0].words[0] == "flour"
    assert LINKER.find("cement, sugar, flour")[0].words[0] == "cement"


def test_case_and_order_of_words_change_nothing() -> None:
    assert first_two("OIL PALM") == first_two("oil palm")
    assert set(first_two("bean cocoa")) == set(first_two("cocoa bean"))
