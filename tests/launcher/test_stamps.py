"""What was installed or built is remembered, and done again only after a change."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from launcher import browser_libs, claim, console, python_env, site
from launcher.places import Places


class Runs:
    """Collects the steps that would have been run."""

    def __init__(self) -> None:
        self.titles: list[str] = []

    def __call__(self, title: str, command: Sequence[str | Path], **options: object) -> str:
        self.titles.append(title)
        return ""

    def take(self) -> list[str]:
        titles, self.titles = self.titles, []
        return titles


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> Runs:
    """Replaces every command of the launcher."""
    collected = Runs()
    monkeypatch.setattr(console, "run", collected)
    return collected


@pytest.fixture
def with_python(checkout: Places, monkeypatch: pytest.MonkeyPatch) -> Places:
    """A checkout with pinned packages and a Python environment that works."""
    for name in (python_env.RUNTIME, python_env.DEVELOPMENT, python_env.INSTALLER):
        (checkout.root / name).write_text(f"{name}==1\n", encoding="utf-8")
    checkout.venv.mkdir()
    monkeypatch.setattr(python_env, "_working_python", lambda places: "3.11")
    return checkout


def test_packages_are_installed_once(with_python: Places, runs: Runs) -> None:
    python_env.ensure(with_python, development=False)
    assert runs.take() == ["Package installer", "Python packages"]
    python_env.ensure(with_python, development=False)
    assert runs.take() == []


def test_a_changed_pin_installs_again(with_python: Places, runs: Runs) -> None:
    python_env.ensure(with_python, development=False)
    runs.take()
    (with_python.root / python_env.RUNTIME).write_text("other==2\n", encoding="utf-8")
    python_env.ensure(with_python, development=False)
    assert "Python packages" in runs.take()


def test_the_service_keeps_packages_that_tests_brought(with_python: Places, runs: Runs) -> None:
    python_env.ensure(with_python, development=True)
    runs.take()
    python_env.ensure(with_python, development=False)
    assert runs.take() == []
    (with_python.root / python_env.RUNTIME).write_text("other==2\n", encoding="utf-8")
    python_env.ensure(with_python, development=False)
    assert runs.take() == ["Package installer", "Python packages with those for tests"]


def test_tests_add_their_packages_to_the_services(with_python: Places, runs: Runs) -> None:
    python_env.ensure(with_python, development=False)
    runs.take()
    python_env.ensure(with_python, development=True)
    assert runs.take() == ["Package installer", "Python packages with those for tests"]


def test_a_failed_installation_is_not_remembered(
    with_python: Places, runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(title: str, command: Sequence[str | Path], **options: object) -> str:
        raise console.LauncherError("no network")

    with monkeypatch.context() as patch:
        patch.setattr(console, "run", fail)
        with pytest.raises(console.LauncherError):
            python_env.ensure(with_python, development=False)
    python_env.ensure(with_python, development=False)
    assert "Python packages" in runs.take()


def test_another_python_gets_its_packages_anew(
    with_python: Places, runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    python_env.ensure(with_python, development=False)
    runs.take()
    monkeypatch.setattr(python_env, "_working_python", lambda places: "3.12")
    python_env.ensure(with_python, development=False)
    assert "Python packages" in runs.take()


def test_an_environment_that_was_moved_does_not_work(checkout: Places) -> None:
    (checkout.venv / "bin").mkdir(parents=True)
    checkout.python.symlink_to(sys.executable)  # its prefix is elsewhere
    assert python_env._working_python(checkout) == ""


def test_variables_that_mislead_python_are_dropped() -> None:
    env = python_env.environment({"PYTHONPATH": "/elsewhere", "VIRTUAL_ENV": "/elsewhere", "LANG": "uk_UA.UTF-8"})
    assert "PYTHONPATH" not in env
    assert "VIRTUAL_ENV" not in env
    assert env["LANG"] == "uk_UA.UTF-8"
    assert env["UV_PYTHON_DOWNLOADS"] == "never"


@pytest.fixture
def with_lock(checkout: Places, monkeypatch: pytest.MonkeyPatch) -> Places:
    """A checkout with a lock file for npm."""
    (checkout.root / browser_libs.LOCK).write_text("{}", encoding="utf-8")
    (checkout.root / "node_modules").mkdir()
    node = browser_libs.Node(node=Path("/usr/bin/node"), npm=["npm"])
    monkeypatch.setattr(browser_libs, "node", lambda places: node)
    return checkout


def test_browser_libraries_are_installed_once(with_lock: Places, runs: Runs) -> None:
    browser_libs.ensure(with_lock, development=False)
    assert runs.take() == ["Browser libraries"]
    browser_libs.ensure(with_lock, development=False)
    assert runs.take() == []


def test_the_service_keeps_browser_libraries_that_tests_brought(with_lock: Places, runs: Runs) -> None:
    browser_libs.ensure(with_lock, development=True)
    runs.take()
    browser_libs.ensure(with_lock, development=False)
    assert runs.take() == []


def test_static_files_are_collected_after_a_change_only(checkout: Places, runs: Runs) -> None:
    source = checkout.root / "openmap" / "static" / "openmap" / "base.css"
    source.parent.mkdir(parents=True)
    source.write_text("a{}", encoding="utf-8")
    (checkout.root / "build" / "static").mkdir(parents=True)
    site.collect_static(checkout, {})
    assert runs.take() == ["Static files"]
    (checkout.root / "build" / "static" / "base.css").write_text("a{}", encoding="utf-8")
    site.collect_static(checkout, {})
    assert runs.take() == []
    os.utime(source, (1, 1))
    site.collect_static(checkout, {})
    assert runs.take() == ["Static files"]


def catalogue(root: Path, text: str) -> Path:
    source = root / "locale" / "uk" / "LC_MESSAGES" / "django.po"
    source.parent.mkdir(parents=True, exist_ok=True)
    header = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n\n'
    source.write_text(header + text, encoding="utf-8")
    return source


def test_messages_are_compiled_after_a_change_only(checkout: Places) -> None:
    source = catalogue(checkout.root, 'msgid "Map"\nmsgstr "Карта"\n')
    assert site.compile_messages(checkout.root) == 1
    assert "Карта".encode() in source.with_suffix(".mo").read_bytes()
    assert site.compile_messages(checkout.root) == 0
    os.utime(source.with_suffix(".mo"), (1, 1))
    assert site.compile_messages(checkout.root) == 1


def test_a_broken_catalogue_is_named(checkout: Places) -> None:
    catalogue(checkout.root, 'msgid "Map"\nmsgstr "Карта\n')
    with pytest.raises(console.LauncherError, match=r"django\.po cannot be compiled"):
        site.compile_messages(checkout.root)


def test_a_damaged_record_counts_as_none(tmp_path: Path) -> None:
    (tmp_path / "stamp.json").write_text("{", encoding="utf-8")
    assert claim.read_json(tmp_path / "stamp.json") == {}
