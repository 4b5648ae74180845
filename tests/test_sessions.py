"""Behind a pooler a session belongs to nobody: our sources leave nothing in one (docs/scaling.md)."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
APPS = (
    "openmap",
    "stats",
    "issues",
    "works",
    "notifications",
    "routing",
    "media",
    "accounts",
    "core",
    "geodata",
    "api",
)
SOURCES = [file for app in APPS for file in sorted((ROOT / app).rglob("*.py")) if "migrations" not in file.parts]
PAST_THE_POOLER = {ROOT / "openmap/management/commands/migrate.py"}  # openmap.databases
LEFT_BEHIND = {
    "a lock of the session": r"pg_(try_)?advisory_(lock|unlock)",
    "listening": r"""["']\s*(UN)?LISTEN\b""",
    "a setting of the session": r"""["']\s*(?:SET\s+(?!LOCAL\b|TRANSACTION\b)[a-z_]+\s*(?:=|TO\b)|RESET\b|DISCARD\b)""",
    "a setting that outlives its transaction": r"set_config\([^)]*,\s*false\)",
    "a cursor that outlives its transaction": r"WITH HOLD",
    "a prepared statement": r"""["']\s*(?:PREPARE|DEALLOCATE)\b""",
    "a temporary table that stays": r"CREATE TEMP(?:ORARY)? TABLE (?!\w+[^;\"]*ON COMMIT DROP)",
}


@pytest.mark.parametrize("what", LEFT_BEHIND)
def test_nothing_is_left_in_a_session(what: str) -> None:
    wanted = re.compile(LEFT_BEHIND[what])
    found = [
        str(file.relative_to(ROOT))
        for file in SOURCES
        if file not in PAST_THE_POOLER and wanted.search(file.read_text(encoding="utf-8"))
    ]
    assert len(SOURCES) > 300
    assert found == []
