"""`./misto test`: the checks, then every test on a throw-away cluster, with the time of each folder."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from launcher import budgets, checks, commands, console, servers, service, site, up
from launcher.places import Places
from launcher.supervisor import stop_on_signals

PARALLEL = "2"


@dataclass(frozen=True, kw_only=True)
class Group:
    """Tests that run together in one pytest."""

    name: str
    words: Sequence[str]


GROUPS = (
    Group(name="unit and API", words=("tests", "--ignore=tests/browser", "-n", PARALLEL)),
    Group(name="browser", words=("tests/browser",)),
)


def test(here: Places, words: Sequence[str]) -> int:
    """Run everything, or, with words for pytest, only what they name; 0 when nothing failed."""
    here.make()
    up.prepare(here, development=True)
    site.compile_messages(here.root)
    with stop_on_signals(), servers.throw_away(here) as (folder, addresses):
        env = service.for_tests(folder=folder, addresses=addresses)
        if words:
            return commands.run_through(_pytest(here, words), here, env)
        passed = checks.run_all(here, folder, addresses)
        failed = [] if passed else ["check"]
        spent: dict[str, float] = {}
        for group in GROUPS:
            console.say(f"\n── {group.name} tests ──")
            report = folder / f"{group.name.replace(' ', '-')}.xml"
            if commands.run_through(_pytest(here, [*group.words, f"--junitxml={report}"]), here, env) != 0:
                failed.append(f"{group.name} tests")
            spent |= seconds_per_folder(report)
    console.say("\n" + "\n".join(budgets.table(spent)))
    console.say("\nFailed: " + ", ".join(failed) if failed else "\nEverything passed.")
    return 1 if failed else 0


def seconds_per_folder(report: Path) -> dict[str, float]:
    """Seconds of work in each folder under tests/, from a JUnit report; empty when there is none."""
    if not report.exists():
        return {}
    spent: defaultdict[str, float] = defaultdict(float)
    for case in ElementTree.parse(report).iter("testcase"):  # noqa: S314 - pytest has just written it
        spent[_folder(case.get("classname", ""))] += float(case.get("time", "0"))
    return dict(spent)


def _folder(classname: str) -> str:
    """`tests.issues.test_views.TestForm` belongs to `issues`; `tests.test_arrows` to `tests`."""
    modules = classname.split(".")
    return modules[1] if len(modules) > 2 and not modules[1].startswith("test_") else "tests"


def _pytest(here: Places, words: Sequence[str]) -> list[str]:
    """The words of a pytest run."""
    return [str(here.python), "-m", "pytest", *words]
