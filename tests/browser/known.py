"""What stands for the parameters of addresses, made by asking the service as a browser would."""

from collections.abc import Callable

from playwright.sync_api import APIResponse, Page

from tests.browser.served import Site
from tests.factories import company

Made = Callable[[Page, Site], str]
LIST = "Фирма;Страна;Отрасль;Предлагает\nТОО «Проба»;Казахстан;сельское хозяйство;мука\nБез страны;;;\n"


def value_of(name: str, page: Page, site: Site) -> str:
    """A value for a parameter of an address; things that are made for it are made once."""
    if name not in site.made:
        site.made[name] = VALUES[name](page, site)
    return site.made[name]


def _sent(page: Page, site: Site, path: str, **fields: object) -> APIResponse:
    answer = page.request.post(path, headers={"Origin": site.address}, **fields)  # type: ignore[arg-type]  # Playwright's
    assert answer.ok, answer.text()
    return answer


def _last_part(address: str) -> str:
    return address.partition("?")[0].rpartition("/")[2]


def _new_company(page: Page, site: Site) -> str:
    name = "ТОО «Двойник»"
    return str(
        _sent(
            page, site, "/v1/companies", data=company(legal_name=name, contact={"email": "info@dvoynik.example"})
        ).json()["id"]
    )


def _merge(page: Page, site: Site) -> str:
    kept, merged = _new_company(page, site), _new_company(page, site)
    form = {"kept_version": "1", "merged_version": "1"}
    return _last_part(_sent(page, site, f"/console/duplicates/{kept}/{merged}/merge", form=form).url)


def _import(page: Page, site: Site) -> str:
    file = {"name": "list.csv", "mimeType": "text/csv", "buffer": LIST.encode()}
    return _last_part(_sent(page, site, "/console/imports", multipart={"file": file}).url)


VALUES: dict[str, Made] = {
    "match_id": lambda _, site: site.best()[0].id,
    "company_id": lambda _, site: site.best()[0].first_id,
    "kept_id": _new_company,
    "merged_id": _new_company,
    "merge_id": _merge,
    "import_id": _import,
    "secret": lambda *_: "used-up",
}
