"""How long each test folder may take. Going over is printed, and is a reason to look, not a failure."""

from __future__ import annotations

from collections.abc import Mapping

# Seconds of work, summed over parallel processes, on two cores.
BUDGETS: Mapping[str, float] = {
    "accounts": 45,
    "browser": 390,
    "core": 30,
    "faults": 300,  # the campaign alone takes minutes
    "geodata": 30,
    "issues": 60,
    "launcher": 20,
    "media": 30,
    "openmap": 150,
    "routing": 30,
    "scale": 90,  # processes and servers of its own
}
OTHER = 30.0  # a folder without a line of its own, and files directly under tests/


def table(spent: Mapping[str, float]) -> list[str]:
    """Lines to print: folder, seconds, budget, and a mark where the budget is exceeded."""
    lines = [f"{'Folder':<16}{'seconds':>9}{'budget':>9}"]
    for folder, seconds in sorted(spent.items()):
        budget = BUDGETS.get(folder, OTHER)
        mark = "  ⚠ over budget" if seconds > budget else ""
        lines.append(f"{folder:<16}{seconds:>9.1f}{budget:>9.0f}{mark}")
    return lines
