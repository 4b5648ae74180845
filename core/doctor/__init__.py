"""What is looked at in an installation, each by a small function: `manage.py doctor` asks all of them.

An app registers its own in AppConfig.ready() by reading its module `doctor_checks`. A check tells what it found, where,
and how to mend it. One that breaks or hangs is told as such, after what it found until then; the others go on.
"""

import queue
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum
from threading import Thread
from typing import Any, Final

from django.db import DEFAULT_DB_ALIAS, DatabaseError, connections
from django.utils import translation
from django.utils.translation import gettext as _

from geodata.models import Community

SECONDS: Final = 15.0  # that a check has, unless it says otherwise


class Level(IntEnum):
    """How bad; the worst is the exit code of the command."""

    OK = 0
    WARN = 1
    BAD = 2


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was seen. `where`: a community, a queue, a host; `mend`: a command, a setting or a page."""

    level: Level
    what: str
    mend: str = ""
    where: str = ""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a check is told. `community`: only this one; `online`: servers of others may be asked."""

    at: datetime
    community: str = ""
    online: bool = True

    def communities(self) -> Iterator[Community]:
        """Those that are to be looked at, without their boundaries."""
        rows = Community.objects.defer("boundary").order_by("slug")
        yield from rows.filter(slug=self.community) if self.community else rows


Look = Callable[[Asked], Iterator[Finding]]


@dataclass(frozen=True, slots=True)
class Check:
    """`name`: “app.what”; `title`: a lazily translated string."""

    name: str
    title: Any
    look: Look
    seconds: float = SECONDS
    needs_database: bool = True


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a check, and how long it took."""

    check: Check
    findings: Sequence[Finding]
    seconds: float = 0.0
    level: Level = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "level", max((one.level for one in self.findings), default=Level.OK))


_checks: dict[str, Check] = {}


def check(name: str, title: Any, *, seconds: float = SECONDS, needs_database: bool = True) -> Callable[[Look], Look]:
    """Registers the function that it decorates. Raises ValueError when another one has that name."""

    def register(look: Look) -> Look:
        if name in _checks and _checks[name].look is not look:
            raise ValueError(f"A check called {name!r} is registered already.")
        _checks[name] = Check(name, title, look, seconds, needs_database)
        return look

    return register


def all_checks() -> list[Check]:
    """In the order of their names."""
    return [_checks[name] for name in sorted(_checks)]


def ok(what: str, where: str = "") -> Finding:
    """All is well."""
    return Finding(Level.OK, what, where=where)


def warn(what: str, mend: str, where: str = "") -> Finding:
    """Somebody should look, today or this week."""
    return Finding(Level.WARN, what, mend, where)


def bad(what: str, mend: str, where: str = "") -> Finding:
    """Something does not work, or will not soon."""
    return Finding(Level.BAD, what, mend, where)


def examine(asked: Asked, checks: Sequence[Check]) -> Iterator[Result]:
    """Does the checks one after another. Those that need the database are left out together when it does not answer."""
    needing = [one for one in checks if one.needs_database]
    answers = not needing or database_answers()
    for one in checks:
        if answers or not one.needs_database:
            yield _done(one, asked)
    if not answers:
        about = Check("core.database", _("Database"), lambda _asked: iter(()))
        words = _("The database does not answer; %(count)d checks need it and were not made.") % {"count": len(needing)}
        mend = _("Start PostgreSQL, and see whether DATABASE_URL leads there; then run this again.")
        yield Result(about, [bad(words, mend)])


def _done(one: Check, asked: Asked) -> Result:
    began, language = time.monotonic(), translation.get_language()
    found: queue.SimpleQueue[Finding | None] = queue.SimpleQueue()  # None: that was all

    def run() -> None:
        try:
            with translation.override(language):
                for finding in one.look(asked):
                    found.put(finding)
        except Exception as error:  # noqa: BLE001  whatever breaks one check, the others are made
            with translation.override(language):
                found.put(_broke(error))
        finally:
            found.put(None)
            connections.close_all()

    Thread(target=run, name=f"doctor {one.name}", daemon=True).start()
    findings: list[Finding] = []
    try:
        while finding := found.get(timeout=max(0.0, began + one.seconds - time.monotonic())):
            findings.append(finding)
    except queue.Empty:
        words = _("This check did not end within %(seconds)d s.") % {"seconds": one.seconds}
        findings.append(bad(words, _("Something that it asks hangs: look at the disk, the network and the database.")))
    return Result(one, findings, time.monotonic() - began)


def _broke(error: Exception) -> Finding:
    words = _("This check broke: %(kind)s.") % {"kind": type(error).__name__}
    if isinstance(error, DatabaseError):
        return bad(words, _("See whether the database answers and all migrations are applied: manage.py migrate."))
    return bad(words, _("This is a mistake of the program: tell its developers, with the name of the check."))


def database_answers() -> bool:
    """Whether it does, by a connection of its own: a pool would wait for long."""
    wrapper: Any = connections[DEFAULT_DB_ALIAS]
    try:
        given = wrapper.get_connection_params()
        kept = {name: value for name, value in given.items() if name not in {"pool", "options"}}
        wrapper.Database.connect(**(kept | {"connect_timeout": 3})).close()
    except Exception:  # noqa: BLE001  whatever it is, it does not answer
        return False
    return True
