"""`./misto check`: everything that can be said about the code without running the whole suite."""

from __future__ import annotations

import re
import subprocess
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from launcher import browser_libs, console, servers, service, site, up
from launcher.places import Places
from launcher.service import Addresses
from launcher.supervisor import stop_on_signals

AT_ONCE = 2
DEPLOYED = {  # what production looks like to `manage.py check --deploy`
    "MISTO_ENV": "production",
    "MISTO_SITE_URL": "https://misto.example.org",
    "MISTO_HOSTS": "misto.example.org",
    "MISTO_SECRET_KEY": "a-key-for-the-check-only-0123456789-ABCDEFGHIJKLMNOPQRSTUVWXYZ-abcdefghij",
    "MISTO_EMAIL_URL": "smtp+tls://misto:password@mail.example.org:587",
}


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """Whether a check passed, and what there is to read when it did not."""

    passed: bool
    output: str


@dataclass(frozen=True, kw_only=True)
class Check:
    """One question about the code."""

    name: str
    ask: Callable[[], Outcome]


def check(here: Places) -> int:
    """Prepare, start a throw-away database, ask everything; exit code 0 when all passed."""
    here.make()
    up.prepare(here, development=True)
    site.compile_messages(here.root)
    with stop_on_signals(), servers.throw_away(here) as (folder, addresses):
        return 0 if run_all(here, folder, addresses) else 1


def run_all(here: Places, folder: Path, addresses: Addresses) -> bool:
    """Ask every question, also after a failed one, and print each answer; True when all passed."""
    env = service.for_tests(folder=folder, addresses=addresses)
    questions = all_checks(here, env)
    passed = True
    with ThreadPoolExecutor(AT_ONCE) as pool:
        started = time.monotonic()
        for question, outcome in zip(questions, pool.map(lambda one: one.ask(), questions), strict=True):
            console.say(f"{'✓' if outcome.passed else '✗'} {question.name}")
            if not outcome.passed:
                passed = False
                console.say(_indent(outcome.output))
    verdict = "All checks passed" if passed else "Some checks failed"
    console.say(f"{verdict} ({time.monotonic() - started:.0f} s)")
    return passed


def all_checks(here: Places, env: Mapping[str, str]) -> list[Check]:
    """Every question, the slow ones first so that the others run beside them."""
    python = str(here.python)
    ruff = [python, "-m", "ruff"]
    manage = site.manage(here)
    lint_imports = "from importlinter.cli import lint_imports_command as command; command()"
    tsc = [str(browser_libs.node(here).node), str(here.root / "node_modules" / "typescript" / "bin" / "tsc")]
    commands = {
        "types: mypy --strict": [python, "-m", "mypy"],
        "lint: ruff check": [*ruff, "check", "."],
        "format: ruff format": [*ruff, "format", "--check", "--output-format=concise", "."],
        "arrows between modules: import-linter": [python, "-c", lint_imports],
        "arrows of foreign keys": [python, "-m", "pytest", "-q", "tests/test_arrows.py"],
        "migrations lock no big table": [python, "-m", "pytest", "-q", "tests/migrations/test_new_migrations.py"],
        "templates: djlint": [python, "-m", "djlint", "--lint", "--quiet", "."],
        "browser code: tsc --checkJs": [*tsc, "--noEmit", "-p", "."],
        "service worker: tsc --checkJs": [*tsc, "--noEmit", "-p", "tsconfig.worker.json"],
        "migrations are complete": [*manage, "makemigrations", "--check", "--dry-run"],
        "static files find each other": [*manage, "collectstatic", "--no-input", "--verbosity=0"],
    }
    deploy = [*manage, "check", "--deploy", "--fail-level", "WARNING"]
    return [
        *(_command(here, env, name, words) for name, words in commands.items()),
        _command(here, {**env, **DEPLOYED}, "settings of production", deploy),
        Check(name="translations are complete", ask=lambda: translations(here.root)),
    ]


def translations(root: Path) -> Outcome:
    """Whether every message of every catalogue has a translation that nobody has to look at again."""
    catalogues = sorted(root.glob(site.CATALOGUES))
    complaints = [] if catalogues else ["There is no catalogue under locale/."]
    for catalogue in catalogues:
        done = subprocess.run(
            ["msgfmt", "--check", "--statistics", "-o", "/dev/null", str(catalogue)],
            capture_output=True,
            text=True,
            check=False,
            env={"PATH": "/usr/bin:/bin:/usr/local/bin", "LC_ALL": "C.UTF-8"},
        )
        if done.returncode != 0 or is_incomplete(done.stderr):
            complaints.append(f"{catalogue.relative_to(root)}: {done.stderr.strip()}")
    return Outcome(passed=not complaints, output="\n".join(complaints))


def is_incomplete(statistics: str) -> bool:
    """Whether msgfmt's statistics name an untranslated or a fuzzy message."""
    return re.search(r"\d+ (untranslated|fuzzy)", statistics) is not None


def _command(here: Places, env: Mapping[str, str], name: str, command: list[str]) -> Check:
    """A question that a command answers with its exit code."""

    def ask() -> Outcome:
        done = subprocess.run(
            command,
            cwd=here.root,
            env=dict(env),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        return Outcome(passed=done.returncode == 0, output=done.stdout)

    return Check(name=name, ask=ask)


def _indent(text: str) -> str:
    """The text, set off from the line it belongs to."""
    return "\n".join(f"    {line}" for line in text.rstrip().splitlines())
