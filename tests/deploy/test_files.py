import re
import shutil
import subprocess
from pathlib import Path

import pytest

from app.cli import app
from app.settings import Settings
from tests.deploy.parts import DEPLOY, ROOT, compose, stages, unit


def commands() -> set[str]:
    return {one.name or str(getattr(one.callback, "__name__", "")) for one in app.registered_commands}


def test_image_is_small_pinned_and_runs_as_nobody_special() -> None:
    build, last = stages()
    assert re.fullmatch(r"python:\d+\.\d+\.\d+-slim-bookworm", build.image)
    assert last.image == build.image
    assert last.last("USER").value == "10001:10001"
    assert last.last("VOLUME").value == last.environment["CARAVAN_DATA_DIR"] == "/data"
    assert not any(re.search(r"\b(apt-get|pip|uv|gcc)\b", one.value) for one in last.all_of("RUN"))
    assert last.last("STOPSIGNAL").value == "SIGTERM"
    assert last.last("ENTRYPOINT").words + last.last("CMD").words == [
        *("caravan", "serve", "--host", "0.0.0.0", "--port", "8000")  # noqa: S104  # inside a container
    ]
    assert last.last("HEALTHCHECK").words == ["caravan", "health"]


def test_image_is_given_all_that_it_is_built_from_and_nothing_else() -> None:
    build, last = stages()
    copied = [name for one in build.all_of("COPY") for name in one.value.split()[:-1]]
    allowed = [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    assert sorted(copied) == sorted(allowed)
    assert all((ROOT / name).exists() for name in copied)
    assert [one.value.split()[0] for one in last.all_of("COPY")] == ["--from=build"]


def test_compose_names_what_is_there_and_gives_no_right_too_much() -> None:
    parts = compose()
    services = parts["services"]
    for name, service in services.items():
        assert service["read_only"], name
        assert "no-new-privileges:true" in service["security_opt"], name
        assert set(service.get("depends_on", {})) <= set(services), name
        assert set(service["networks"]) <= set(parts["networks"]), name
        volumes = [volume.partition(":")[0] for volume in service.get("volumes", [])]
        assert {one for one in volumes if not one.startswith("./")} <= set(parts["volumes"]), name
        assert all((ROOT / f"{file}.example").exists() for file in service["env_file"]), name
        assert "environment" not in service, "secrets stand in files"
    for name in ("caravan", "migrate", "backup"):
        assert services[name]["cap_drop"] == ["ALL"]
        assert services[name]["command"][0] in commands()
    assert all(port.startswith("127.0.0.1:") for port in services["caravan"]["ports"])
    assert "ports" not in services["database"]
    assert services["caravan"]["depends_on"]["migrate"]["condition"] == "service_completed_successfully"
    assert parts["networks"]["inside"]["internal"]


def test_example_settings_are_settings() -> None:
    lines = (DEPLOY / "caravan.env.example").read_text(encoding="utf-8").splitlines()
    names = {line.removeprefix("# ").partition("=")[0] for line in lines if "CARAVAN_" in line}
    assert names
    assert {name.removeprefix("CARAVAN_").lower() for name in names} <= Settings.model_fields.keys()
    assert not list(DEPLOY.glob("*.env"))


@pytest.mark.parametrize("name", ["caravan.service", "caravan-backup.service"])
def test_unit_may_write_to_its_data_only(name: str) -> None:
    service = unit(name)["Service"]
    for key, value in {
        "DynamicUser": "yes",
        "ProtectSystem": "strict",
        "ProtectHome": "yes",
        "NoNewPrivileges": "yes",
        "PrivateTmp": "yes",
        "CapabilityBoundingSet": "",
    }.items():
        assert service[key] == [value], key
    assert service["StateDirectory"][0].split()[0] == "caravan"
    for command in service.get("ExecStartPre", []) + service["ExecStart"]:
        program, subcommand = command.split()[:2]
        assert program == "/opt/caravan/bin/caravan"
        assert subcommand in commands()


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not here")
def test_units_are_read_by_systemd(tmp_path: Path) -> None:
    files = sorted([*DEPLOY.glob("*.service"), *DEPLOY.glob("*.timer")])
    for file in files:
        there = file.read_text(encoding="utf-8").replace("/opt/caravan/bin/caravan", "/bin/true")
        (tmp_path / file.name).write_text(there, encoding="utf-8")
    command = ["systemd-analyze", "verify", *(str(tmp_path / file.name) for file in files)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")


def test_proxy_limits_what_the_service_limits_and_says_who_asks() -> None:
    text = (DEPLOY / "nginx.conf").read_text(encoding="utf-8")
    assert text.count("{") == text.count("}")
    for line in (
        "client_header_timeout 10s;",
        "client_body_timeout 15s;",
        "ssl_protocols TLSv1.2 TLSv1.3;",
        "proxy_set_header X-Forwarded-For $remote_addr;",
        "proxy_set_header X-Forwarded-Proto $scheme;",
    ):
        assert line in text
    assert "Strict-Transport-Security" in text
    (imports,) = re.findall(r"client_max_body_size (\d+)m;", text)
    (others,) = re.findall(r"client_max_body_size (\d+)k;", text)
    fields = Settings.model_fields
    assert int(imports) * 2**20 > fields["max_upload_bytes"].default
    assert int(others) * 2**10 >= fields["max_body_bytes"].default


@pytest.mark.skipif(shutil.which("nginx") is None, reason="nginx is not here")
@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not here")
def test_proxy_configuration_is_read_by_nginx(tmp_path: Path) -> None:
    subject: list[str | Path] = [
        "-subj",
        "/CN=caravan.example",
        "-keyout",
        tmp_path / "privkey.pem",
        "-out",
        tmp_path / "fullchain.pem",
    ]
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "1"]
    subprocess.run(["openssl", "req", "-x509", *key, *subject], check=True, capture_output=True)
    text = (DEPLOY / "nginx.conf").read_text(encoding="utf-8")
    for place in ("/etc/ssl/caravan", "/var/log/nginx", "/run"):
        text = text.replace(f"{place}/", f"{tmp_path}/")
    (tmp_path / "nginx.conf").write_text(text, encoding="utf-8")
    command: list[str | Path] = ["nginx", "-t", "-e", tmp_path / "error.log", "-c", tmp_path / "nginx.conf"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
