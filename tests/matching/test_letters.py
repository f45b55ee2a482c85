import pytest

from matching import latin, latin_words, name_lines, trade_vocabulary, word_line


@pytest.mark.parametrize(
    "spellings",
    [
        "Қостанай Костанай Kostanay Qostanay Qostanaı KOSTANAY",
        "Жезқазған Жезказган Zhezkazgan Jezqazğan Jezqazgan",
        "Шымкент Shymkent Şımkent",
        "Өскемен Oskemen Öskemen",
        "Ақтөбе Актобе Aqtobe Aktobe",
        "Экспорт Export Eksport",
        "Цемент Cement Tsement",
        "Джигава Jigawa",
        "Ахмет Akhmet Ahmet",
        "Щучинск Shchuchinsk Shuchinsk",
        "Енбек Yenbek Enbek",
        "Бәйтерек Байтерек Baiterek Bayterek",
        "Ẹ̀kọ́ Eko",
        "О’Нил O'Nil Онил",
    ],
)
def test_one_sound_one_spelling(spellings: str) -> None:
    assert len({latin(one) for one in spellings.split()}) == 1


def test_words_are_of_letters_and_digits() -> None:
    assert latin_words("ТОО «А.Б.В. — Мука №1», 50 kg") == ["to", "abv", "muka", "no1", "50", "kg"]
    assert latin_words("Ẹ̀kọ́ O’Neil") == ["eko", "oneil"]
    assert latin_words("— … «»") == []


def test_beginning_of_a_russian_or_kazakh_word_is_the_beginning_of_the_word() -> None:
    labels = [concept.labels[language] for concept in trade_vocabulary().concepts for language in ("ru", "kk")]
    words = {word.casefold() for label in labels for word in label.split() if word.isalpha()}
    wrong = {
        (word[:length], word)
        for word in words
        for length in range(1, len(word))
        if not latin(word).startswith(latin(word[:length]))
    }
    assert {(beginning, word) for beginning, word in wrong if not word.startswith(f"{beginning}ж")} == set()


def test_lines_for_a_search() -> None:
    assert name_lines(["Мука Экспорт", "Flour", "Flour"]) == "\n muka eksport\n flour"
    assert word_line(["Мука muka", "EN 590"]) == " muka en 590"
