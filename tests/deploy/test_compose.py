"""The containers of docker-compose.yml: a valid file that runs what the launcher runs. No engine runs them here."""

import re
import subprocess
import sys
from typing import Any

import pytest
import yaml

from tests.deploy.parts import DEPLOY, ROOT, of_the_launcher, options, settings_read

OURS = {"migrate", "web-a", "web-b", "worker", "outbox", "jobs", "beat", "backup", "restore"}


@pytest.fixture(scope="module")
def services() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))["services"]
    return found


def test_compose_file_fits_the_schema_of_the_compose_specification() -> None:
    check = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec"]
    done = subprocess.run([*check, "docker-compose.yml"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_container_file_passes_its_linter() -> None:
    linter = f"{sys.prefix}/bin/hadolint"
    done = subprocess.run(
        [linter, "--no-color", "deploy/Containerfile"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, "")


def test_there_are_two_web_processes_a_worker_for_every_queue_and_a_proxy(services: dict[str, dict[str, Any]]) -> None:
    assert set(services) == OURS | {"database", "redis", "proxy"}


def test_containers_run_the_processes_of_the_launcher(services: dict[str, dict[str, Any]]) -> None:
    ours = of_the_launcher()
    for name in ("worker", "outbox", "jobs", "beat"):
        assert options(services[name]["command"]) == ours[name], name
    assert services["outbox"]["environment"]["MISTO_DB_POOL"] == "16"
    told = re.findall(r'"([^"]+)"', re.findall(r"^CMD \[(.+)\]$", read("Containerfile"), re.MULTILINE)[0])
    assert options(told) == ours["web"]
    assert "command" not in services["web-a"], "it runs what the image says"


def test_what_needs_tables_waits_for_the_migrations(services: dict[str, dict[str, Any]]) -> None:
    for name in OURS - {"migrate", "backup", "restore"}:
        assert services[name]["depends_on"]["migrate"]["condition"] == "service_completed_successfully"


def test_a_backup_is_restored_before_the_migrations_make_tables(services: dict[str, dict[str, Any]]) -> None:
    for name in ("backup", "restore"):
        assert set(services[name]["depends_on"]) == {"database"}, name
        assert services[name]["profiles"] == [name]
    assert services["restore"]["volumes"] == services["backup"]["volumes"]
    assert services["restore"]["entrypoint"] == ["python", "manage.py", "restore"]


def test_only_the_proxy_can_be_reached_from_outside(services: dict[str, dict[str, Any]]) -> None:
    assert [name for name, service in services.items() if service.get("ports")] == ["proxy"]
    assert [name for name, service in services.items() if "outside" not in service["networks"]] == ["database", "redis"]


def test_containers_of_the_service_may_change_nothing_but_their_files(services: dict[str, dict[str, Any]]) -> None:
    for name in OURS:
        assert services[name]["read_only"], name
        assert services[name]["cap_drop"] == ["ALL"], name
        assert "no-new-privileges:true" in services[name]["security_opt"], name


def test_every_variable_of_the_containers_is_read_and_every_needed_one_is_in_the_example(
    services: dict[str, dict[str, Any]],
) -> None:
    given = {name for service in OURS | {"proxy"} for name in services[service]["environment"]}
    assert given <= settings_read()
    asked = set(re.findall(r"\$\{([A-Z_]+):\?", (ROOT / "docker-compose.yml").read_text(encoding="utf-8")))
    example = set(re.findall(r"^([A-Z_]+)=", read("compose.env.example"), re.MULTILINE))
    assert asked <= example
    assert len(asked) > 5


def test_container_file_copies_only_what_exists_and_leaves_secrets_out() -> None:
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", read("Containerfile"), re.MULTILINE)
    assert copied
    for names in copied:
        assert all((ROOT / name).exists() for name in names.split())
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").split()
    assert {"var", ".git", ".env", "node_modules", ".venv"} <= set(ignored)


def read(name: str) -> str:
    return (DEPLOY / name).read_text(encoding="utf-8")
