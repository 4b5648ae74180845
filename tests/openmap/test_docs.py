"""What the documents claim is so."""

import re
from pathlib import Path

from launcher.cli import HELP

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"


def read(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


def _settings() -> str:
    """The sources that read the environment."""
    return "".join(
        read(f"openmap/{name}.py") for name in ("settings", "databases", "brokers", "storages", "gunicorn_conf")
    )


def test_every_setting_is_listed_for_operators() -> None:
    asked = set(re.findall(r'env\.\w+\(\s*"([A-Z_]+)"', _settings()))
    listed = set(re.findall(r"`([A-Z][A-Z_]+)`", read("docs/operations.md")))
    assert len(asked) > 15
    assert asked <= listed


def test_operators_are_told_of_no_setting_that_is_not_read() -> None:
    table = read("docs/operations.md").partition("## Settings")[2].partition("## ")[0]
    listed = set(re.findall(r"^\| ((?:`[A-Z_]+`(?:, )?)+)", table, re.MULTILINE))
    names = {name for cell in listed for name in re.findall(r"`([A-Z_]+)`", cell)}
    source = _settings()
    assert {name for name in names if f'"{name}"' not in source} == set()


def test_every_command_of_the_launcher_is_in_the_readme() -> None:
    commands = set(re.findall(r"^  \./misto (\w+)", HELP, re.MULTILINE))
    assert {"up", "test", "stop", "demo", "manage", "check", "bench", "help"} <= commands
    assert {command for command in commands if f"./misto {command}" not in read("README.md")} == set()


def test_every_decision_is_in_the_list_and_every_listed_one_exists() -> None:
    files = {path.name for path in (DOCS / "decisions").glob("0*.md")}
    listed = set(re.findall(r"\]\((0[^)]+\.md)\)", read("docs/decisions/README.md")))
    assert files == listed


def test_every_link_between_documents_leads_somewhere() -> None:
    for page in [ROOT / "README.md", *DOCS.rglob("*.md")]:
        for target in re.findall(r"\]\((?!https?://|#)([^)#]+)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.relative_to(ROOT)} → {target}"
