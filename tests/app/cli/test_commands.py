import json
import socket
from pathlib import Path

import httpx2
import pytest
from typer.testing import CliRunner

from app.cli import app
from tests.factories import bin_number, kazakh_mill, nigerian_trader
from tests.programs import caravan, records, serving

pytestmark = pytest.mark.slow

COMMANDS = (
    "demo serve migrate refresh import export backup restore doctor health rank evaluate openapi staff audit keys tidy"
).split()


def registered(path: Path, *documents: dict[str, object]) -> Path:
    path.write_text("".join(json.dumps(one, ensure_ascii=False) + "\n" for one in documents), encoding="utf-8")
    return path


def test_demo_prints_both_countries_and_starts_again_from_its_data(tmp_path: Path) -> None:
    data = tmp_path / "var"
    first = caravan(data, "demo", "--once")
    assert first.returncode == 0, first.stderr
    assert "(KZ): best counterparts" in first.stdout
    assert "(NG): best counterparts" in first.stdout
    assert "shared:" in first.stdout
    again = caravan(data, "demo", "--once")
    assert again.returncode == 0
    assert again.stdout.split("best counterparts")[0] == first.stdout.split("best counterparts")[0]


def test_demo_serves_and_its_documentation_opens(tmp_path: Path) -> None:
    with serving(tmp_path / "var", "demo") as address:
        assert httpx2.get(f"{address}/docs").status_code == 200
        assert httpx2.get(f"{address}/readyz").json()["companies"] >= 120


def test_port_in_use_is_a_sentence_and_exit_code_2(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        for command in ("demo", "serve"):
            ended = caravan(tmp_path / "var", command, "--port", str(port))
            assert ended.returncode == 2
            assert f"Port {port}" in ended.stderr
            assert "Traceback" not in ended.stderr + ended.stdout


def test_import_reports_rejected_rows_and_export_gives_the_rest_back(tmp_path: Path) -> None:
    data, path = tmp_path / "var", tmp_path / "firms.jsonl"
    mill, trader = kazakh_mill(), nigerian_trader()
    registered(path, mill, trader, kazakh_mill(registration_number="1"))
    ended = caravan(data, "import", str(path))
    assert ended.returncode == 1
    assert "2 added" in ended.stdout
    assert "line 3" in ended.stderr
    assert (tmp_path / "firms.jsonl.rejected.jsonl").is_file()
    assert [one["legal_name"] for one in records(caravan(data, "export").stdout)] == [
        mill["legal_name"],
        trader["legal_name"],
    ]
    out = tmp_path / "out.jsonl"
    assert caravan(data, "export", str(out)).returncode == 0
    again = caravan(data, "import", str(out))
    assert (again.returncode, again.stdout.strip()) == (0, "0 added, 0 changed, 2 unchanged, 0 rejected.")


def test_list_with_other_headings_is_imported_and_says_how_it_was_read(tmp_path: Path) -> None:
    data, path = tmp_path / "var", tmp_path / "список.csv"
    text = "Название;БИН;Ниша;Товары\nТОО «Ұн»;{number};АПК;Мука; Отруби\nАО «Руда»;;Рыба;Медь\n"
    path.write_text(text.format(number=bin_number()).replace("Мука; Отруби", '"Мука; Отруби"'), encoding="utf-8")
    ended = caravan(data, "import", str(path))
    assert ended.returncode == 2
    assert "Ниша = left out (?)" in ended.stderr or "Ниша = sectors (?)" in ended.stderr
    assert "country" in ended.stderr
    assert "--set" in ended.stderr
    ended = caravan(data, "import", str(path), "--map", "Ниша=sectors", "--set", "country=KZ")
    assert (ended.returncode, ended.stdout.strip()) == (1, "1 added, 0 changed, 0 unchanged, 1 rejected.")
    (mill,) = records(caravan(data, "export").stdout)
    assert (mill["country"], mill["sectors"]) == ("KZ", ["agriculture"])
    assert caravan(data, "import", str(path), "--set", "country").returncode == 2


def test_missing_file_is_a_sentence(tmp_path: Path) -> None:
    ended = caravan(tmp_path / "var", "import", str(tmp_path / "nothing.jsonl"))
    assert ended.returncode == 2
    assert "nothing.jsonl" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_rank_prints_the_contract_s_items(tmp_path: Path) -> None:
    data, path = tmp_path / "var", tmp_path / "firms.jsonl"
    mill, trader = kazakh_mill(), nigerian_trader()
    registered(path, mill, trader)
    caravan(data, "import", str(path), "--verified")
    ended = caravan(data, "rank", str(mill["registration_number"]), "--limit", "5", "--json")
    (item,) = json.loads(ended.stdout)["items"]
    assert item["rank"] == 1
    assert item["company"]["country"] == "NG"
    assert item["evidence"]
    nobody = caravan(data, "rank", "no such firm")
    assert (nobody.returncode, nobody.stdout) == (2, "")
    assert "no such firm" in nobody.stderr


def test_staff_token_works_and_is_for_an_address(tmp_path: Path) -> None:
    data = tmp_path / "var"
    token = caravan(data, "staff", "add", "Officer@Council.example").stdout.strip()
    with serving(data) as address:
        answer = httpx2.get(f"{address}/v1/matches", headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == 200
    assert caravan(data, "staff", "add", "nobody").returncode == 2


def test_evaluate_prints_the_figures(tmp_path: Path) -> None:
    (tmp_path / "qrels").mkdir()
    registered(
        tmp_path / "corpus.jsonl", {"_id": "a", "title": "", "text": "Wheat flour"}, {"_id": "b", "text": "Coal"}
    )
    registered(tmp_path / "queries.jsonl", {"_id": "q", "text": "мука пшеничная"}, {"_id": "unjudged", "text": "x"})
    (tmp_path / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\nq\ta\t1\n", encoding="utf-8")
    ended = caravan(tmp_path / "var", "evaluate", str(tmp_path), "--json")
    figures = json.loads(ended.stdout)
    assert figures.pop("queries_per_second") > 0
    assert figures == {"set": tmp_path.name, "queries": 1, "ndcg@10": 1.0, "mrr@10": 1.0, "recall@10": 1.0}
    assert caravan(tmp_path / "var", "evaluate", str(tmp_path / "nothing")).returncode == 2


def test_server_refuses_a_database_that_is_behind(tmp_path: Path, postgres_url: str) -> None:
    behind = postgres_url.replace("/caravan?", "/postgres?")
    assert behind != postgres_url
    ended = caravan(tmp_path / "var", "serve", "--port", "0", CARAVAN_DATABASE_URL=behind)
    assert ended.returncode == 2
    assert "caravan migrate" in ended.stderr


def test_openapi_is_the_document(tmp_path: Path) -> None:
    assert json.loads(caravan(tmp_path / "var", "openapi").stdout)["openapi"].startswith("3.1")


@pytest.mark.parametrize("command", COMMANDS)
def test_help_says_what_a_command_does(command: str) -> None:
    ended = CliRunner().invoke(app, [command, "--help"], terminal_width=160)
    assert ended.exit_code == 0
    assert len(ended.stdout) > 300
