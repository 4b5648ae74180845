"""What the launcher prints and how it answers wrong words."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from launcher import budgets, checks, cli, commands, console, parts, testrun, up
from launcher.places import ROOT, Places


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["help"]) == 0
    said = capsys.readouterr().out
    for command in ("up", "stop", "demo", "manage", "check", "test", "bench", "help"):
        assert f"./misto {command}" in said


def test_an_unknown_command_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["fly"]) == 1
    assert "There is no command 'fly'" in capsys.readouterr().err


def test_words_that_would_be_ignored_are_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["check", "--fast"]) == 1
    assert "--fast" in capsys.readouterr().err


def test_the_script_runs_from_any_folder(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "misto"), "help"], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert "./misto up" in done.stdout


def test_bench_without_a_name_lists_the_measurements(checkout: Places, capsys: pytest.CaptureFixture[str]) -> None:
    folder = checkout.root / "tests" / "bench"
    folder.mkdir(parents=True)
    for name in ("lookup.py", "__init__.py", "_shared.py"):
        (folder / name).touch()
    assert commands.bench(checkout, None, []) == 0
    assert "Measurements: lookup." in capsys.readouterr().out


def test_bench_with_an_unknown_name_fails(checkout: Places) -> None:
    assert commands.bench(checkout, "absent", []) == 1


def test_a_failing_step_shows_the_end_of_its_output(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(console.LauncherError, match="    disk full"):
        console.run("Copying", [sys.executable, "-c", "print('disk full'); raise SystemExit(4)"])
    assert "✗ Copying — failed with exit code 4" in capsys.readouterr().out


def test_a_long_step_says_where_it_is(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(console, "SECONDS_BETWEEN_LINES", 0.1)
    slow = "import time; print('half way', flush=True); time.sleep(0.5)"
    console.run("Copying", [sys.executable, "-c", slow])
    said = capsys.readouterr().out
    assert "… Copying, 0 s: half way" in said
    assert "✓ Copying" in said


@pytest.mark.parametrize(
    ("statistics", "incomplete"),
    [
        ("312 translated messages.", False),
        ("310 translated messages, 2 untranslated messages.", True),
        ("311 translated messages, 1 fuzzy translation.", True),
    ],
)
def test_untranslated_and_fuzzy_messages_are_incomplete(statistics: str, incomplete: bool) -> None:
    assert checks.is_incomplete(statistics) is incomplete


def test_a_message_without_words_fails_the_check(tmp_path: Path) -> None:
    source = tmp_path / "locale" / "uk" / "LC_MESSAGES" / "django.po"
    source.parent.mkdir(parents=True)
    header = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n\n'
    source.write_text(header + 'msgid "Map"\nmsgstr ""\n', encoding="utf-8")
    outcome = checks.translations(tmp_path)
    assert not outcome.passed
    assert "1 untranslated message" in outcome.output


def test_no_catalogue_at_all_fails_the_check(tmp_path: Path) -> None:
    assert not checks.translations(tmp_path).passed


def test_time_is_summed_per_folder(tmp_path: Path) -> None:
    report = tmp_path / "report.xml"
    report.write_text(
        "<testsuites><testsuite>"
        '<testcase classname="tests.issues.test_views" time="1.5"/>'
        '<testcase classname="tests.issues.test_form.TestForm" time="0.5"/>'
        '<testcase classname="tests.browser.desk.test_keys" time="3"/>'
        '<testcase classname="tests.test_arrows" time="0.25"/>'
        "</testsuite></testsuites>",
        encoding="utf-8",
    )
    assert testrun.seconds_per_folder(report) == {"issues": 2.0, "browser": 3.0, "tests": 0.25}


def test_a_folder_over_its_budget_is_marked() -> None:
    table = budgets.table({"issues": budgets.BUDGETS["issues"] + 1, "core": 0.1})
    assert [line for line in table if "over budget" in line] == [table[2]]
    assert table[2].startswith("issues")


@pytest.mark.parametrize(
    ("hosts", "host"),
    [
        ("localhost,127.0.0.1", "localhost"),
        (".example.org", "example.org"),
        ("*", "127.0.0.1"),
        ("", "127.0.0.1"),
    ],
)
def test_health_is_asked_under_a_host_that_is_served(hosts: str, host: str) -> None:
    assert parts.first_host(hosts) == host


def test_demo_links_lead_to_the_port_of_this_start() -> None:
    told = "The map: http://127.0.0.1:8000/yavoryn/\nolia@example.org  secret"
    assert up.at_this_address(told, "http://127.0.0.1:8042") == (
        "The map: http://127.0.0.1:8042/yavoryn/\nolia@example.org  secret"
    )
