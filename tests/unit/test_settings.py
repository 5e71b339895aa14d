"""Settings: every one documented, and named the same in the container files."""

import re
import shlex
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import ValidationError
from typer.main import get_command

from chain.settings import Settings
from runtime.cli import app

ROOT = Path(__file__).parents[2]
OURS = {f"TILLBOARD_{name.upper()}" for name in Settings.model_fields}
# Variables of the images' own documentation, and passwords that compose puts into addresses.
IMAGES = {
    "postgres:18": {"POSTGRES_PASSWORD", "POSTGRES_INITDB_ARGS"},
    "valkey/valkey:9": {"VALKEY_PASSWORD"},
    "tillboard": OURS | {"PROMETHEUS_MULTIPROC_DIR"},
    "axllent/mailpit": set(),
}
PASSWORDS = {
    "POSTGRES_PASSWORD",
    "OWNER_DATABASE_PASSWORD",
    "APP_DATABASE_PASSWORD",
    "BACKUP_DATABASE_PASSWORD",
    "VALKEY_PASSWORD",
}


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    return loaded


@pytest.fixture(scope="module")
def dockerfile() -> list[str]:
    text = (ROOT / "Dockerfile").read_text().replace("\\\n", " ")
    return [line.strip() for line in text.splitlines() if line.strip() and line[0] != "#"]


def commands() -> set[str]:
    return set(get_command(app).commands)  # type: ignore[attr-defined]


def test_every_setting_says_what_it_is_for() -> None:
    for name, field in Settings.model_fields.items():
        assert field.description, name
        assert field.description.endswith("."), name


def test_secrets_are_never_shown() -> None:
    shown = repr(Settings(database_url="postgresql://x:hidden@y/z", secret_key="s" * 40))
    assert "hidden" not in shown
    assert "sss" not in shown


def test_a_setting_that_is_no_good_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TILLBOARD_PORT", "70000")
    with pytest.raises(ValidationError, match="port"):
        Settings()


@pytest.mark.parametrize(
    ("name", "address"),
    [
        ("TILLBOARD_DATABASE_URL", "mysql://root:hidden@db/x"),
        ("TILLBOARD_ADMIN_DATABASE_URL", "hidden"),
        ("TILLBOARD_BROKER_URL", "amqp://guest:hidden@mq"),
        ("TILLBOARD_CACHE_URL", "redis+socket:///hidden"),
    ],
)
def test_an_address_of_another_kind_is_refused_at_once(
    name: str, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, address)
    with pytest.raises(ValidationError, match="it must look like") as refused:
        Settings()
    assert [f"TILLBOARD_{error['loc'][0]}".upper() for error in refused.value.errors()] == [name]


def test_every_service_runs_a_command_that_exists(compose: dict[str, Any]) -> None:
    ours = {
        name: service
        for name, service in compose["services"].items()
        if service.get("image") == "tillboard"
    }
    assert set(ours) == {"migrate", "worker", "beat", "web"}
    for service in ours.values():
        assert service["command"][0] in commands()
        check = service.get("healthcheck", {}).get("test", ["CMD", "tillboard", "web"])
        if check[1] == "tillboard":
            assert check[2] in commands()


def test_every_variable_of_a_service_is_one_its_image_knows(compose: dict[str, Any]) -> None:
    for name, service in compose["services"].items():
        unknown = set(service.get("environment", {})) - IMAGES[service["image"]]
        assert not unknown, (name, unknown)


def test_every_secret_must_be_given_and_says_what_it_is(compose: dict[str, Any]) -> None:
    text = (ROOT / "docker-compose.yml").read_text()
    used = re.findall(r"(?<!\$)\$\{(\w+)([^}]*)\}", text)
    assert used
    for name, rest in used:
        assert name in OURS | PASSWORDS, name
        assert re.fullmatch(r":\?.{15,}", rest), f"{name} has a default, or does not say what it is"


def test_servers_that_are_waited_for_have_a_health_check(compose: dict[str, Any]) -> None:
    services = compose["services"]
    for service in services.values():
        for other, terms in service.get("depends_on", {}).items():
            if terms["condition"] == "service_healthy":
                assert "healthcheck" in services[other], other
    for name in ("postgres", "valkey", "worker", "beat", "web"):
        assert "healthcheck" in services[name], name


def test_every_volume_that_is_mounted_is_declared(compose: dict[str, Any]) -> None:
    for service in compose["services"].values():
        for mount in service.get("volumes", []):
            assert mount.split(":")[0] in compose["volumes"]


def test_mail_is_caught_in_development_only(compose: dict[str, Any]) -> None:
    assert compose["services"]["mailpit"]["profiles"] == ["dev"]


def test_nothing_but_this_host_reaches_a_published_port(compose: dict[str, Any]) -> None:
    for service in compose["services"].values():
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))


def test_every_service_of_ours_can_change_nothing_but_its_volume(compose: dict[str, Any]) -> None:
    for service in compose["services"].values():
        if service["image"] == "tillboard":
            assert service["read_only"]
            assert service["cap_drop"] == ["ALL"]
            assert service["security_opt"] == ["no-new-privileges:true"]
            assert service["volumes"] == ["data:/var/lib/tillboard"]


def test_a_package_brings_all_its_files() -> None:
    """The image installs a wheel: a file that setuptools does not know of stays behind."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
    named = {name.rstrip("*") for name in project["packages"]["find"]["include"]}
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"tests"}
    assert packages == named
    known = set(project["package-data"]["*"])
    kinds = {
        f"*{path.suffix}"
        for package in packages
        for path in (ROOT / package).rglob("*.*")
        if path.is_file() and path.suffix not in {".py", ".pyc"}
    }
    assert kinds <= known


def test_the_image_runs_as_an_ordinary_user_from_the_same_lock(dockerfile: list[str]) -> None:
    last_stage = dockerfile[max(i for i, line in enumerate(dockerfile) if line[:4] == "FROM") :]
    (user,) = (line.split()[1] for line in last_stage if line.startswith("USER"))
    assert user not in {"root", "0"}
    assert any("--require-hashes -r requirements.lock" in line for line in dockerfile)


def test_the_image_names_settings_and_commands_that_exist(dockerfile: list[str]) -> None:
    named = {
        word.split("=")[0]
        for line in dockerfile
        if line.startswith("ENV")
        for word in shlex.split(line)
        if word.startswith("TILLBOARD_")
    }
    assert named <= OURS
    (command,) = (line for line in dockerfile if line.startswith("CMD"))
    assert yaml.safe_load(command.removeprefix("CMD"))[0] in commands()


def test_the_image_gets_every_package(dockerfile: list[str]) -> None:
    copied = {line.split()[1] for line in dockerfile if line.startswith("COPY")}
    kept = {line[1:] for line in (ROOT / ".dockerignore").read_text().split() if line[0] == "!"}
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"tests", "bench"}
    assert packages <= copied
    assert packages <= kept
