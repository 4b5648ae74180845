"""`./misto test`: the checks, then every test on a throw-away cluster, with the time of each folder.

`./misto test faults` is no part of that: a campaign against a whole service of its own.
"""

from __future__ import annotations

import sys
import xml.etree.ElementTree as ElementTree
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from launcher import budgets, checks, commands, console, python_env, servers, service, site, up
from launcher.places import Places
from launcher.supervisor import stop_on_signals

PARALLEL = "2"
SOME_FAILED = 1  # pytest's exit code
FAULTS = "faults"
FEW = 3  # tests that may be run again; when more fail, something is broken


@dataclass(frozen=True, kw_only=True)
class Group:
    """Tests that run together in one pytest. `again`: a few that fail are run once more, alone."""

    name: str
    words: Sequence[str]
    again: bool = False


GROUPS = (
    Group(name="unit and API", words=("tests", "--ignore=tests/browser", "-n", PARALLEL)),
    Group(name="browser", words=("tests/browser", "-n", PARALLEL), again=True),
)


def test(here: Places, words: Sequence[str]) -> int:
    """Run everything, or, with words for pytest, only what they name; 0 when nothing failed."""
    if words and words[0] == FAULTS:
        return faults(here, words[1:])
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
        lucky: list[str] = []
        for group in GROUPS:
            console.say(f"\n── {group.name} tests ──")
            report = folder / f"{group.name.replace(' ', '-')}.xml"
            has_passed, at_second_try = run_group(group, report, here, env)
            if not has_passed:
                failed.append(f"{group.name} tests")
            lucky += at_second_try
            spent |= seconds_per_folder(report)
    console.say("\n" + "\n".join(budgets.table(spent)))
    if lucky:
        console.say("\n⚠ Passed only when run again: " + ", ".join(lucky) + ". There is a race to be found.")
    console.say("\nFailed: " + ", ".join(failed) if failed else "\nEverything passed.")
    return 1 if failed else 0


def faults(here: Places, words: Sequence[str]) -> int:
    """Run the fault campaign; its report goes to standard output, everything else to the other stream.

    0 when every promise was kept.
    """
    console.talk_on(sys.stderr)
    here.make()
    up.prepare(here, development=True)
    with stop_on_signals():
        command = [str(here.python), "-m", f"tests.{FAULTS}.campaign", *words]
        return commands.run_through(command, here, python_env.environment())


def run_group(group: Group, report: Path, here: Places, env: Mapping[str, str]) -> tuple[bool, list[str]]:
    """Whether all tests of a group pass, and the names of those that did only when they were run again: there is a race
    in each (docs/decisions/0030). `report` is where the JUnit report goes.
    """
    ended = commands.run_through(_pytest(here, [*group.words, f"--junitxml={report}"]), here, env)
    if ended != SOME_FAILED or not group.again:
        return ended == 0, []
    names = failed_in(report)
    if not 0 < len(names) <= FEW:
        return False, []
    console.say(f"\n── {group.name} tests that failed, once more ──")
    words = [group.words[0], "--last-failed", "--last-failed-no-failures=none"]
    has_passed = commands.run_through(_pytest(here, words), here, env) == 0
    return has_passed, names if has_passed else []


def failed_in(report: Path) -> list[str]:
    """Names of the tests that failed, from a JUnit report; empty when there is none."""
    if not report.exists():
        return []
    cases = ElementTree.parse(report).iter("testcase")  # noqa: S314 - pytest has just written it
    failed = (case for case in cases if case.find("failure") is not None or case.find("error") is not None)
    return list(dict.fromkeys(f"{case.get('classname', '')}.{case.get('name', '')}" for case in failed))


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
