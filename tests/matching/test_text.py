import pytest
from hypothesis import given
from hypothesis import strategies as st

from matching import Language, fold, language_of
from matching.text import kazakh_skeletons, kazakh_stem, skeleton, telling, terms, tokens, trigrams


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("semi-trailer 60/70, EN 590", ["semi", "trailer", "semitrailer", "60/70", "en", "590", "en590"]),
        ("какао-бобы", ["какао", "бобы", "какаобобы"]),
        ("Bitumen 60/70", ["bitumen", "60/70"]),
        ("EN590", ["en590"]),
        ("EN-590", ["en", "590", "en590"]),
        ("protein 3.2%, 1,000 t", ["protein", "3.2", "1,000", "t"]),
        ("farmer's cheese", ["farmer's", "cheese"]),
        ("'quoted'", ["quoted"]),
        ("Ёлка", ["елка"]),
        ("ﬂour", ["flour"]),
        ("бидай ұны", ["бидай", "ұны"]),
        ("qala ʼ ʼauyl aulʼ tuʼys", ["qala", "auyl", "aul", "tuʼys"]),
        ("🌾 …", []),
        ("", []),
    ],
)
def test_tokens_of_a_text(text: str, found: list[str]) -> None:
    assert tokens(text) == found


@given(st.text(max_size=200) | st.text("aбұ1² -'’ʼ.,/x×_ё", max_size=20))
def test_tokens_and_terms_of_any_text_are_folded_words(text: str) -> None:
    assert all(token and token == fold(token) and not token.isspace() for token in tokens(text))
    assert all(term[:2] in {"e:", "r:", "k:", "#:"} for term in terms(text))


@pytest.mark.parametrize(
    ("one", "other", "term"),
    [
        ("cement M400", "цемент М400", "#:m400"),
        ("M-400", "М 400", "#:m400"),
        ("diesel EN590", "дизель EN 590", "#:en590"),
        ("битум 60/70", "bitumen 60/70", "#:60/70"),
        ("плита 60×70", "board 60x70", "#:60x70"),
        ("масло 3,2", "oil 3.2", "#:3.2"),
        ("тройник А36", "tee A36", "#:a36"),
    ],
)
def test_grade_is_one_term_however_it_is_written(one: str, other: str, term: str) -> None:
    assert term in set(terms(one)) & set(terms(other))


def test_different_grades_are_different_terms() -> None:
    grades = ["M400", "M500", "60/70", "80/100", "EN590", "EN228"]
    assert len({terms(grade)[0] for grade in grades}) == len(grades)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Wheat flour for bakeries", "en"),
        ("Мука пшеничная высшего сорта", "ru"),
        ("Какао-порошок для кондитеров", "ru"),
        ("Күнбағыс майы", "kk"),
        ("Картоп сатамыз", "kk"),
        ("Сарымсак керек", "kk"),
        ("Мал соратын", "kk"),
        ("мука для нан", "ru"),
        ("Biday satamyz", "kk"),
        ("Bitumen grade БНД", "en"),
        ("Битум марки BND 60", "ru"),
        ("12 345", "en"),
        ("🌾", "en"),
        ("", "en"),
    ],
)
def test_language_of_a_text(text: str, language: Language) -> None:
    assert language_of(text) == language


@pytest.mark.parametrize(
    "forms",
    [
        "бидай бидайдың бидайды бидайға бидайдан бидайда бидайы бидайымыз бидайлар",
        "көмір көмірдің көмірге көмірі көмірлер көмірлердің",
        "қап қабы қапқа қаптар қаптарды",
        "мұнай мұнайы мұнайдың мұнайға мұнайдағы",
        "ұн ұны ұнның ұннан ұндар",
        "ет еті еттің еттен еттер",
        "май майы майдың майлар майлары",
        "темір темірі темірге темірлер",
        "құбыр құбыры құбырлар құбырларды құбырлары",
        "жол жолы жолдар жолдың жолдағы",
        "мақта мақтаны мақтаның мақтадан",
        "машина машинасы машиналар машиналары машинаның",
        "күріш күріші күріштің күріштен",
        "жабдық жабдықтар жабдығы жабдыққа жабдықтары",
        "кітап кітабы кітаптар кітапты",
        "тауар тауарлар тауарлары тауарға",
        "өнім өнімдер өнімдері өнімнің",
        "есік есігі есіктер есікпен",
    ],
)
def test_kazakh_forms_of_a_noun_have_one_stem(forms: str) -> None:
    assert len({kazakh_stem(form) for form in forms.split()}) == 1


@pytest.mark.parametrize("forms", ["кен кені", "сүт сүті", "жүн жүні", "дән дәні", "қызмет қызметі", "зауыт зауыты"])
def test_kazakh_possessive_of_a_noun_that_ends_like_an_ending_has_its_stem(forms: str) -> None:
    assert len({kazakh_stem(form) for form in forms.split()}) == 1


@pytest.mark.parametrize("forms", ["тауар тауармен", "қағаз қағазбен", "астық астықпен"])
def test_kazakh_instrumental_of_a_noun_with_back_vowels_has_its_stem(forms: str) -> None:
    assert len({kazakh_stem(form) for form in forms.split()}) == 1


def test_kazakh_stems_of_different_nouns_differ() -> None:
    nouns = "бидай көмір қап мұнай ұн ет май темір құбыр жол мақта машина күріш қой мата алма арпа сүт тас тұз".split()
    assert len({kazakh_stem(noun) for noun in nouns}) == len(nouns)


@given(st.text("абдежилмнорстуыіңғқөүәұ", min_size=1, max_size=20))
def test_kazakh_stem_of_any_word_is_never_empty_and_no_longer(word: str) -> None:
    assert 0 < len(kazakh_stem(word)) <= len(word)


@pytest.mark.parametrize(
    ("language", "forms"),
    [
        ("ru", "мука муки муку мукой"),
        ("ru", "трактор трактора тракторы тракторов"),
        ("ru", "пшеница пшеницы пшеницу пшеницей"),
        ("ru", "удобрение удобрения удобрений"),
        ("ru", "пшеничная пшеничный пшеничной"),
        ("ru", "ёмкость емкости"),
        ("en", "bean beans bean's"),
        ("en", "battery batteries"),
        ("en", "fertilizer fertilizers fertilizing"),
        ("en", "Mining mines mine"),
    ],
)
def test_russian_and_english_forms_of_a_word_have_one_term(language: Language, forms: str) -> None:
    assert len({tuple(terms(form, language)) for form in forms.split()}) == 1


def test_terms_of_a_cyrillic_word_without_a_language_are_russian_and_kazakh() -> None:
    assert {term[:2] for term in terms("тауар")} == {"r:", "k:"}
    assert {term[:2] for term in terms("тауар", "kk")} == {"k:"}


def test_terms_of_two_languages_do_not_meet() -> None:
    assert not set(terms("бал", "ru")) & set(terms("бал", "kk"))


def test_stop_words_and_single_letters_give_no_terms() -> None:
    assert terms("the and of a X и для не с ж және үшін мен") == []


def test_repetitions_of_a_term_are_kept() -> None:
    assert terms("cocoa, cocoa and beans") == [*terms("cocoa"), *terms("cocoa"), *terms("beans")]


@pytest.mark.parametrize(
    ("kazakh", "otherwise"),
    [
        ("бидай", "biday bıdaı bidai"),
        ("қара", "кара qara kara"),
        ("көмір", "комир komir kómir kömir"),
        ("мұнай", "мунай munay munaı munai"),
        ("шай", "shay şai shai"),
        ("жүн", "жун zhun jun jün"),
        ("мақта", "макта maqta makta"),
        ("құбыр", "кубыр qubyr kubyr"),
        ("ғимарат", "гимарат ghimarat gimarat ğimarat"),
        ("әйнек", "aynek áinek äynek"),
        ("жылқы", "жылкы zhylky jylqy jılqı"),
        ("күріш", "куриш kurish kürış"),
        ("күнбағыс", "кунбагыс kunbagys kunbaghys"),
    ],
)
def test_kazakh_in_latin_or_russian_letters_has_the_same_skeleton(kazakh: str, otherwise: str) -> None:
    assert {skeleton(word) for word in otherwise.split()} == {skeleton(kazakh)}


def test_skeleton_of_a_long_i_is_a_single_one() -> None:
    assert skeleton("siyir") == skeleton("сиыр")


def test_skeletons_of_different_words_differ() -> None:
    words = "бидай арпа көмір мұнай шай жүн мақта құбыр әйнек жылқы күріш".split()
    assert len({skeleton(word) for word in words}) == len(words)


@pytest.mark.parametrize(
    ("latin", "stem"), [("tasty", "тас"), ("qubyrlar", "құбыр"), ("mashinalary", "машина"), ("kómirdiń", "көмір")]
)
def test_skeletons_of_an_inflected_word_hold_the_one_of_its_stem(latin: str, stem: str) -> None:
    found = list(kazakh_skeletons(latin))
    assert found[0] == skeleton(latin)
    assert skeleton(stem) in found


def test_trigrams_mark_the_boundaries() -> None:
    assert list(trigrams("oil")) == ["^oi", "oil", "il$"]


@pytest.mark.parametrize(
    ("language", "text", "filler"),
    [
        ("en", "quality wheat suppliers", [True, False, True]),
        ("ru", "качественная пшеница поставка", [True, False, True]),
        ("kk", "сапалы бидай керек", [True, False, True]),
    ],
)
def test_filler_tells_less_than_what_is_traded(language: Language, text: str, filler: list[bool]) -> None:
    assert [telling(term) < telling("e:wheat") for term in terms(text, language)] == filler


@pytest.mark.parametrize(
    ("language", "word"),
    [
        ("en", "lead"),
        ("ru", "банан"),
        ("kk", "бидай"),
        ("en", "customs"),
        ("ru", "парта"),
        ("ru", "данные"),
        ("kk", "банан"),
        ("kk", "айна"),
    ],
)
def test_word_that_names_a_trade_is_no_filler(language: Language, word: str) -> None:
    assert [telling(term) for term in terms(word, language)] == [1.0]
