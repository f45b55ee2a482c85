import hashlib
import json
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from pydantic import ValidationError

import app.privacy
from app.application import create_app
from app.privacy import CURRENT, VERSIONS, consent_text
from app.settings import Settings
from matching import LANGUAGES
from tests.conftest import Registered
from tests.factories import Document, kazakh_mill, nigerian_trader

TEXT = "/v1/consent-text"
PUBLISHED = {"2026-11": "ca624fc61f159bdd"}
"""A digest of each version: a text that firms consented to never changes, a new one gets a version of its own."""


def digest(version: str) -> str:
    folder = Path(app.privacy.__file__).parent / version
    return hashlib.sha256(b"".join((folder / f"{one}.json").read_bytes() for one in LANGUAGES)).hexdigest()[:16]


def test_published_texts_never_change() -> None:
    assert {version: digest(version) for version in VERSIONS} == PUBLISHED


@pytest.mark.parametrize("language", LANGUAGES)
def test_text_names_rights_of_both_laws_and_whom_to_write_to(client: TestClient, language: str) -> None:
    answer = client.get(TEXT, headers={"Accept-Language": language})
    found = answer.json()
    assert (found["language"], answer.headers["Content-Language"]) == (language, language)
    said = json.dumps(found, ensure_ascii=False)
    for part in ("94-V", "Nigeria Data Protection", "2023", "24", "34", "36", "8"):
        assert part in said
    named = consent_text(CURRENT, found["language"], "Council of Trade", "data@council.example")
    paragraphs = " ".join(one for section in named.sections for one in section.paragraphs)
    assert "Council of Trade" in paragraphs
    assert "data@council.example" in paragraphs
    assert "{" not in paragraphs
    assert len(found["sections"]) == len(consent_text(CURRENT, "en", None, None).sections)


def test_unknown_version_is_not_found(client: TestClient) -> None:
    assert client.get(TEXT, params={"version": CURRENT}).status_code == 200
    assert client.get(TEXT, params={"version": "2020-01"}).status_code == 404


def consents(client: TestClient, firm: Document) -> list[Document]:
    data = client.get(f"/v1/companies/{firm['id']}/data", headers=firm["headers"]).json()
    found: list[Document] = data["consents"]
    return found


def test_consent_is_recorded_with_version_language_moment_and_way(client: TestClient, register: Registered) -> None:
    given = {"version": CURRENT, "language": "kk"}
    (kept,) = consents(client, register(kazakh_mill(consent=given)))
    assert (kept["basis"], kept["version"], kept["language"], kept["way"]) == ("consent", CURRENT, "kk", "api")
    assert kept["at"]
    assert consents(client, register(kazakh_mill())) == [], "as before, a registration may say nothing of it"


def test_wrong_consent_is_refused_with_where_to_read(client: TestClient) -> None:
    for wrong in ({"version": "2020-01"}, {"version": ""}, {}, "yes", {"version": CURRENT, "language": "de"}):
        answer = client.post("/v1/companies", json=kazakh_mill(consent=wrong))
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["pointer"].startswith("/consent")
    assert TEXT in client.post("/v1/companies", json=kazakh_mill(consent={"version": "2020-01"})).text


def test_consent_can_be_required(settings: Settings) -> None:
    named = {"controller_name": "Council of Trade", "controller_contact": "data@council.example"}
    changed = settings.model_copy(update={"require_consent": True} | named)
    with TestClient(create_app(changed)) as client:
        assert client.get(TEXT).json()["required"] is True
        refused = client.post("/v1/companies", json=kazakh_mill(), headers={"Accept-Language": "ru"})
        assert refused.status_code == 422
        assert refused.json()["errors"][0]["pointer"] == "/consent"
        assert TEXT in refused.text
        assert "согласия" in refused.json()["detail"]
        agreed = kazakh_mill(consent={"version": CURRENT})
        assert client.post("/v1/companies", json=agreed).status_code == 201


def test_required_consent_names_who_asks() -> None:
    with pytest.raises(ValidationError, match="CARAVAN_CONTROLLER_NAME"):
        Settings(require_consent=True)


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"verification": "email"}, "CARAVAN_CONFIRM_EMAIL=true"),
        ({"verification": "none", "confirm_email": True}, "set it to email or staff"),
        ({"unconfirmed_days": 5, "warning_days": 5}, "must be fewer"),
    ],
)
def test_settings_that_contradict_one_another_say_what_to_do(settings: Document, sentence: str) -> None:
    with pytest.raises(ValidationError, match=sentence):
        Settings(**settings)


def test_consent_to_a_profile_that_changed_since_is_refused(client: TestClient, register: Registered) -> None:
    mill = register(kazakh_mill())
    url = f"/v1/companies/{mill['id']}"
    tag = client.get(url, headers=mill["headers"]).headers["etag"]
    old, present = ({**mill["headers"], "If-Match": one} for one in ('"1"', tag))
    given = {"version": CURRENT}
    assert client.put(f"{url}/consent", json=given, headers=old).status_code == 412
    assert client.delete(f"{url}/consent", headers=old).status_code == 412
    assert consents(client, mill) == []
    assert client.put(f"{url}/consent", json=given, headers=present).status_code == 204
    assert client.delete(f"{url}/consent", headers=present).status_code == 204


def test_withdrawal_hides_the_firm_until_it_consents_anew(
    client: TestClient, register: Registered, staff: dict[str, str]
) -> None:
    person = {"name": "Әлия", "role": "Director", "email": "a@mill.example", "phone": "+77142000000"}
    mill, trader = register(kazakh_mill(consent={"version": CURRENT}, contact=person)), register(nigerian_trader())
    here, ranking = f"/v1/companies/{mill['id']}", f"/v1/companies/{trader['id']}/matches"
    assert client.delete(f"{here}/consent", headers=trader["headers"]).status_code == 404
    assert client.delete(f"{here}/consent", headers=staff).status_code == 403, "nobody withdraws for the firm"
    assert len(client.get(ranking, headers=trader["headers"]).json()["items"]) == 1
    for _ in range(2):
        assert client.delete(f"{here}/consent", headers=mill["headers"]).status_code == 204
    kept = client.get(here, headers=mill["headers"]).json()
    assert kept["status"] == "suspended"
    assert kept["contact"] == {"name": None, "role": None, "email": "a@mill.example", "phone": None}
    assert client.get(ranking, headers=trader["headers"]).json()["items"] == []
    assert client.get("/v1/companies", params={"q": "Әлия"}, headers=staff).json()["items"] == []
    refused = client.put(f"{here}/status", json={"status": "verified"}, headers=staff)
    assert (refused.status_code, refused.json()["type"]) == (409, "urn:caravan:problem:consent-withdrawn")
    again = client.put(f"{here}/consent", json={"version": CURRENT}, headers=mill["headers"])
    assert again.status_code == 204
    assert client.get(here, headers=mill["headers"]).json()["status"] == "submitted"
    anew = client.put(f"{here}/status", json={"status": "verified"}, headers=staff | {"If-Match": "*"})
    assert anew.status_code == 200
    assert [bool(one["withdrawn_at"]) for one in consents(client, mill)] == [True, False]


def test_consent_does_not_lift_what_staff_suspended(
    client: TestClient, register: Registered, staff: dict[str, str]
) -> None:
    mill = register(kazakh_mill(consent={"version": CURRENT}))
    here = f"/v1/companies/{mill['id']}"
    client.put(f"{here}/status", json={"status": "suspended"}, headers=staff)
    client.delete(f"{here}/consent", headers=mill["headers"])
    client.put(f"{here}/consent", json={"version": CURRENT}, headers=mill["headers"])
    assert client.get(here, headers=mill["headers"]).json()["status"] == "suspended"
