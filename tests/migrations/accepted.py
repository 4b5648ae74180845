"""Migrations that need not follow tests/migrations/rules.py."""

from pathlib import Path
from typing import Final

# Those that were there when the rules came. Nothing is ever added to this file: a new migration follows the rules, or
# has its reason below.
FROZEN: Final = frozenset((Path(__file__).parent / "frozen.txt").read_text(encoding="utf-8").split())

# The second half of a change (docs/upgrading.md, “contract”), and whatever else is right although a rule says no:
# "app.name": why nobody is hurt.
ACCEPTED: Final[dict[str, str]] = {}
