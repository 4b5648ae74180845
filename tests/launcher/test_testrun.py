"""`./misto test`: what fails is a failure; a few browser tests are run once more, and named when only that helped."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from launcher.places import Places
from launcher.testrun import Group, failed_in, run_group, seconds_per_folder

ONCE_MORE = Group(name="browser", words=("tests",), again=True)
FAILS_FIRST = """
from pathlib import Path

def test_that_needs_luck():
    tried = Path("tried")
    was_tried = tried.exists()
    tried.touch()
    assert was_tried

def test_that_is_sure():
    Path("sure").write_text(Path("sure").read_text() + "." if Path("sure").exists() else ".")
"""
FAILS = "def test_that_is_broken():\n    assert False\n"


@pytest.fixture
def project(checkout: Places) -> Places:
    """A checkout with a folder of tests; its Python is this one."""
    (checkout.root / "tests").mkdir()
    (checkout.root / "pytest.ini").write_text("[pytest]\naddopts = -p no:django\n")
    checkout.python.parent.mkdir(parents=True)
    checkout.python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    checkout.python.chmod(0o755)
    return checkout


def holds(project: Places, text: str) -> None:
    (project.root / "tests" / "test_something.py").write_text(text)


def run(project: Places, group: Group = ONCE_MORE) -> tuple[bool, list[str]]:
    return run_group(group, project.var / "report.xml", project, os.environ)


def test_a_test_that_passes_when_run_again_passes_and_is_named(project: Places) -> None:
    holds(project, FAILS_FIRST)
    assert run(project) == (True, ["tests.test_something.test_that_needs_luck"])


def test_what_passes_at_once_is_not_named(project: Places) -> None:
    holds(project, "def test_that_is_sure():\n    pass\n")
    assert run(project) == (True, [])


def test_only_what_failed_is_run_again(project: Places) -> None:
    holds(project, FAILS_FIRST)
    run(project)
    assert (project.root / "sure").read_text() == "."


def test_what_fails_again_is_a_failure(project: Places) -> None:
    holds(project, FAILS)
    assert run(project) == (False, [])


def test_where_many_fail_none_is_run_again(project: Places) -> None:
    holds(
        project, "\n".join(FAILS_FIRST.replace("luck", f"luck_{n}").replace('"tried"', f'"tried{n}"') for n in range(4))
    )
    assert run(project) == (False, [])


def test_other_tests_have_one_try(project: Places) -> None:
    holds(project, FAILS_FIRST)
    assert run(project, replace(ONCE_MORE, again=False)) == (False, [])


def test_a_folder_without_tests_is_a_failure(project: Places) -> None:
    assert run(project) == (False, [])


def test_a_file_that_cannot_be_read_is_a_failure(project: Places) -> None:
    holds(project, "import nothing_of_that_name\n")
    assert run(project) == (False, [])


def test_report_that_is_not_there_names_nothing(tmp_path: Path) -> None:
    assert failed_in(tmp_path / "none.xml") == []
    assert seconds_per_folder(tmp_path / "none.xml") == {}
