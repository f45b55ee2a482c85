import csv
from collections import Counter
from pathlib import Path

import pytest

from matching import LANGUAGES, SECTORS, Concept, Language, fold, trade_vocabulary
from matching.text import CYRILLIC, KAZAKH_LETTERS
from matching.vocabulary import VocabularyInvalid, concepts
from tests.conftest import SHARED

VOCABULARY = trade_vocabulary()
GOODS = [concept for concept in VOCABULARY.concepts if concept.scheme == "hs"]
HEADINGS = [concept for concept in GOODS if concept.level == 4]
LEGAL_TEXTS = SHARED / "hs_headings.csv"
CHAPTERS = {f"{number:02d}" for number in range(1, 98) if number != 77} | {"99"}
ONE_OF_EACH = {
    "goods.csv": "code,en,ru,kk,en_names,ru_names,kk_names\n10,Cereals,Злаки,Дәнді дақылдар,,,\n"
    "1001,Wheat,Пшеница,Бидай,corn|grain,,\n100199,Soft wheat,Мягкая пшеница,Жұмсақ бидай,,,\n",
    "services.csv": "code,en,ru,kk,en_names,ru_names,kk_names\n01,Farming,Хозяйство,Шаруашылық,,,\n"
    "01-ploughing,Ploughing,Вспашка,Жер жырту,,,\n",
    "sectors.csv": "sector,code\nagriculture,hs:10\n",
    "links.csv": "from,to,kind,strength\nhs:1001,isic:01,input_of,0.5\n",
}


def legal_texts() -> dict[str, str]:
    with LEGAL_TEXTS.open(encoding="utf-8", newline="") as file:
        return {row["hs"]: row["en"] for row in csv.DictReader(file)}


def rows(name: str) -> list[dict[str, str]]:
    with (concepts.DATA / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def names(concept: Concept, language: Language) -> tuple[str, ...]:
    return (concept.labels[language], *concept.names[language])


def test_headings_are_all_of_hs_2022() -> None:
    assert len({concept.code for concept in HEADINGS}) == 1229
    assert {concept.code.removeprefix("hs:") for concept in GOODS if concept.level == 2} == CHAPTERS
    assert {concept.parent for concept in HEADINGS} == {f"hs:{chapter}" for chapter in CHAPTERS}


@pytest.mark.skipif(not LEGAL_TEXTS.exists(), reason="the public list of headings is not here")
def test_goods_are_codes_of_the_public_list() -> None:
    public = set(legal_texts())
    assert {f"hs:{code}" for code in public if len(code) == 4} == {concept.code for concept in HEADINGS}
    assert {concept.code.removeprefix("hs:") for concept in GOODS} <= public


@pytest.mark.skipif(not LEGAL_TEXTS.exists(), reason="the public list of headings is not here")
def test_goods_have_names_that_are_no_legal_texts() -> None:
    legal = legal_texts()
    copied = [
        concept.code
        for concept in GOODS
        for name in names(concept, "en")
        if fold(name) == fold(legal[concept.code.removeprefix("hs:")]) and len(name.split()) > 3
    ]
    assert copied == []


def test_vocabulary_is_rich_below_headings_in_services_and_in_links() -> None:
    assert sum(concept.level == 6 for concept in GOODS) >= 400
    assert len(VOCABULARY.concepts) - len(GOODS) >= 200
    assert len(VOCABULARY.links) >= 500


def test_links_are_of_all_kinds_and_each_pair_once() -> None:
    assert {link.kind for link in VOCABULARY.links} == set(concepts.LINK_KINDS)
    assert len({(link.source, link.target) for link in VOCABULARY.links}) == len(VOCABULARY.links)


def test_links_lead_from_one_concept_to_another() -> None:
    assert all(link.source in VOCABULARY and link.target in VOCABULARY for link in VOCABULARY.links)
    assert all(link.source != link.target for link in VOCABULARY.links)
    assert all(0 < link.strength <= 1 for link in VOCABULARY.links)


def test_sectors_point_to_concepts_each_once() -> None:
    assert set(VOCABULARY.sector_codes) == set(SECTORS)
    for codes in VOCABULARY.sector_codes.values():
        assert len(codes) >= 20
        assert len(set(codes)) == len(codes)
        assert all(code in VOCABULARY for code in codes)


def test_parents_are_broader_concepts_of_the_same_branch() -> None:
    for concept in VOCABULARY.concepts:
        if concept.parent is None:
            assert concept.level == 2
        else:
            assert concept.code.startswith(concept.parent)
            assert VOCABULARY[concept.parent].level < concept.level


def test_concepts_have_three_labels() -> None:
    assert all(concept.labels[language].strip() for concept in VOCABULARY.concepts for language in LANGUAGES)


@pytest.mark.parametrize("language", LANGUAGES)
def test_labels_of_a_level_are_different(language: Language) -> None:
    labels = Counter((one.scheme, one.level, fold(one.labels[language])) for one in VOCABULARY.concepts)
    assert [label for label, count in labels.items() if count > 1] == []


@pytest.mark.parametrize(("language", "least"), [("en", 3), ("ru", 3), ("kk", 1)])
def test_headings_have_further_names(language: Language, least: int) -> None:
    assert [concept.code for concept in HEADINGS if len(concept.names[language]) < least] == []


def test_names_of_a_concept_are_tidy_and_different() -> None:
    for concept in VOCABULARY.concepts:
        for language in LANGUAGES:
            found = names(concept, language)
            assert all(name == " ".join(name.split()) for name in found)
            assert len(set(found)) == len(found)


def test_kazakh_labels_of_headings_are_kazakh() -> None:
    labels = [fold(concept.labels["kk"]) for concept in HEADINGS]
    borrowed = [label for label, one in zip(labels, HEADINGS, strict=True) if label == fold(one.labels["ru"])]
    assert sum(bool(KAZAKH_LETTERS & set(label)) for label in labels) >= 0.6 * len(labels)
    assert len(borrowed) <= 0.25 * len(labels)


def test_english_names_have_no_cyrillic_letters() -> None:
    assert [name for one in VOCABULARY.concepts for name in names(one, "en") if CYRILLIC.search(fold(name))] == []


def test_russian_names_have_no_kazakh_letters() -> None:
    assert [name for one in VOCABULARY.concepts for name in names(one, "ru") if KAZAKH_LETTERS & set(fold(name))] == []


@pytest.mark.parametrize(
    ("name", "columns"),
    [
        ("goods.csv", ("code",)),
        ("services.csv", ("code",)),
        ("links.csv", ("from", "to")),
        ("sectors.csv", ("sector", "code")),
    ],
)
def test_file_is_sorted_by_code_each_once(name: str, columns: tuple[str, ...]) -> None:
    keys = [tuple(row[column] for column in columns) for row in rows(name)]
    assert keys == sorted(set(keys))


@pytest.mark.parametrize(
    ("scheme", "digits", "code"),
    [
        ("hs", "1101", "hs:1101"),
        ("hs", "1101001500", "hs:1101"),
        ("hs", "151110", "hs:151110"),
        ("hs", "1511109000", "hs:151110"),
        ("hs", "110", "hs:11"),
        ("isic", "0111", "isic:0111"),
        ("isic", "01", "isic:01"),
    ],
)
def test_nearest_concept_of_a_code_is_the_finest_above_it(scheme: concepts.Scheme, digits: str, code: str) -> None:
    found = VOCABULARY.nearest(scheme, digits)
    assert found is not None
    assert found.code == code


@pytest.mark.parametrize(
    ("scheme", "digits", "known"),
    [
        ("hs", "1101", True),
        ("hs", "110100", True),
        ("hs", "1511109000", True),
        ("hs", "11", True),
        ("hs", "1199", False),
        ("hs", "119900", False),
        ("hs", "7701", False),
        ("isic", "0111", True),
        ("isic", "01", True),
        ("isic", "0399", False),
        ("isic", "00", False),
    ],
)
def test_code_is_known_by_its_heading_or_group(scheme: concepts.Scheme, digits: str, *, known: bool) -> None:
    assert VOCABULARY.knows(scheme, digits) is known


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, content in ONE_OF_EACH.items():
        (tmp_path / name).write_text(content, encoding="utf-8")
    monkeypatch.setattr(concepts, "DATA", tmp_path)
    return tmp_path


def test_files_are_read_into_concepts_with_parents_names_and_links(data: Path) -> None:
    read = trade_vocabulary.__wrapped__()
    assert [(concept.code, concept.parent, concept.level) for concept in read.concepts] == [
        ("hs:10", None, 2),
        ("hs:1001", "hs:10", 4),
        ("hs:100199", "hs:1001", 6),
        ("isic:01", None, 2),
        ("isic:01-ploughing", "isic:01", 3),
    ]
    assert read["hs:1001"].names["en"] == ("corn", "grain")
    assert read.links == (concepts.Link("hs:1001", "isic:01", "input_of", 0.5),)
    assert read.sector_codes["agriculture"] == ("hs:10",)


@pytest.mark.parametrize(
    ("name", "row", "message"),
    [
        ("goods.csv", "1001,Wheat,Пшеница,Бидай,,,", "twice"),
        ("goods.csv", "1002,Rye,Рожь,,,,", "1002 lacks a label"),
        ("links.csv", "hs:1001,isic:99,input_of,0.5", "links.csv"),
        ("links.csv", "hs:9999,isic:01,input_of,0.5", "links.csv"),
        ("links.csv", "hs:1001,isic:01,friend_of,0.5", "links.csv"),
        ("links.csv", "hs:1001,isic:01,input_of,0", "links.csv"),
        ("links.csv", "hs:1001,isic:01,input_of,1.5", "links.csv"),
        ("sectors.csv", "agriculture,hs:99", "sectors.csv"),
        ("sectors.csv", "fishing,hs:10", "sectors.csv"),
    ],
)
def test_file_that_breaks_a_rule_is_refused(data: Path, name: str, row: str, message: str) -> None:
    file = data / name
    file.write_text(f"{file.read_text(encoding='utf-8')}{row}\n", encoding="utf-8")
    with pytest.raises(VocabularyInvalid, match=message):
        trade_vocabulary.__wrapped__()
