import json
from importlib.util import find_spec
from pathlib import Path

import pytest

from benchmarks.quality import SYSTEMS, compared, markdown, tasks


@pytest.fixture
def own(tmp_path: Path) -> Path:
    folder = tmp_path / "sets" / "ru_trade_terms"
    (folder / "qrels").mkdir(parents=True)
    terms = {"flour": "мука пшеничная", "cocoa": "какао-порошок"}
    lines = [json.dumps({"_id": name, "text": text}) for name, text in terms.items()]
    (folder / "queries.jsonl").write_text("\n".join(lines), encoding="utf-8")
    (folder / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\nflour\t1101\t1\ncocoa\t1805\t1\n")
    return folder.parent


def installed() -> set[str]:
    return set(SYSTEMS) - (set() if find_spec("bm25s") else {"BM25"})


def test_table_tiny_set_has_a_row_for_each_system(own: Path, tmp_path: Path) -> None:
    rows = compared(tasks(tmp_path, own))
    table = markdown(rows).splitlines()
    assert {row.task for row in rows} == {"ru_trade_terms → our English labels", "ru_trade_terms → our Russian labels"}
    for name in installed():
        assert len([line for line in table if f"| {name} |" in line]) == 2


def test_relevance_tiny_set_finds_headings_across_languages(own: Path, tmp_path: Path) -> None:
    found = {(row.task, row.system): row.recall for row in compared(tasks(tmp_path, own))}
    assert found["ru_trade_terms → our English labels", "Caravan"] == 1
    assert found["ru_trade_terms → our English labels", "TF-IDF words"] == 0


def test_headings_legal_texts_present_are_the_documents(own: Path, tmp_path: Path) -> None:
    (tmp_path / "hs_headings.csv").write_text(
        "hs,level,parent,section,en\n11,2,,II,Mill products\n1101,4,11,II,Flour of wheat\n", encoding="utf-8"
    )
    first, *_ = tasks(tmp_path, own)
    assert first.name == "ru_trade_terms → legal texts"
    assert dict(first.documents) == {"1101": "Flour of wheat"}
    assert len(list(tasks(tmp_path, tmp_path))) == 0
