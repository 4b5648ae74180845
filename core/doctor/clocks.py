"""Clocks: promises, phases, leases and signatures are counted by them."""

import ctypes
from collections.abc import Iterator
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.doctor import Asked, Finding, bad, check, ok, warn

MUCH, TOO_MUCH = 2.0, 30.0  # seconds between two clocks
_UNSYNCHRONISED: Final = 5  # TIME_ERROR of adjtimex(2)


@check("core.clocks", gettext_lazy("Clocks"))
def clocks(asked: Asked) -> Iterator[Finding]:
    """The database's against ours, whether something keeps ours, and the time zones."""
    before = timezone.now()
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        there = cursor.fetchone()[0]
    middle = before + (timezone.now() - before) / 2
    yield between(abs((there - middle).total_seconds()), _("database"))
    if is_kept() is False:
        mend = _("Run a time service: systemctl enable --now systemd-timesyncd, or chrony.")
        yield warn(_("Nothing keeps the clock of this machine: the system does not call it synchronised."), mend)
    for zone in {"Europe/Kyiv", *(one.time_zone for one in asked.communities())}:
        try:
            ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError):
            mend = _("Install time zones: the package tzdata of the system or of Python.")
            yield bad(_("The time zone %(zone)s is not known.") % {"zone": zone}, mend, zone)


def between(seconds: float, whose: str) -> Finding:
    """What it means that two clocks differ by so much."""
    words = _("Its clock and ours differ by %(seconds).1f s.") % {"seconds": seconds}
    mend = _("Let both machines keep their time by NTP (chrony or systemd-timesyncd).")
    if seconds >= TOO_MUCH:
        return bad(words, mend, whose)
    return warn(words, mend, whose) if seconds >= MUCH else ok(words, whose)


def is_kept() -> bool | None:
    """Whether the system calls its clock synchronised; None when it does not tell."""
    try:
        state = ctypes.CDLL(None, use_errno=True).adjtimex(ctypes.create_string_buffer(512))
    except (AttributeError, OSError):
        return None
    return None if state < 0 else state != _UNSYNCHRONISED
