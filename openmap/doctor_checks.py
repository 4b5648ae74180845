"""What the doctor looks at of the whole installation: its settings, its own address, its backups, its replica."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from django.conf import settings
from django.core import checks
from django.core.exceptions import ImproperlyConfigured
from django.db import Error
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.doctor import Asked, Finding, bad, check, ok, warn
from core.doctor.certificates import judged, shown_by
from core.doctor.clocks import between
from geodata.replica import REPLICA
from openmap.backup.layout import MANIFEST, NAME
from openmap.replica_watch import ask_replica, own_line, position
from openmap.secrets import refuse_weak_settings

SECONDS: Final = 5.0
OLD: Final = timedelta(hours=26)
VERY_OLD: Final = timedelta(days=8)
LONGEST_LAG: Final = 20.0  # seconds that are waited for a replica
# What Django says of a site without HTTPS: said once, above.
OF_HTTPS: Final = {"security.W004", "security.W008", "security.W012", "security.W016"}


@check("openmap.settings", gettext_lazy("Settings"), needs_database=False)
def settings_checked(_asked: Asked) -> Iterator[Finding]:
    """What a public installation needs."""
    page = "docs/operations.md"
    try:
        refuse_weak_settings(secret_key=settings.SECRET_KEY, debug=settings.DEBUG, hosts=settings.ALLOWED_HOSTS)
    except ImproperlyConfigured as weak:
        yield bad(str(weak), page)
    host = urlsplit(settings.SITE_URL).hostname or ""
    if settings.ENVIRONMENT != "production":
        yield warn(_("MISTO_ENV is not production."), _("Leave it out, or set it to production."))
    if not settings.HTTPS and not settings.DEMO:
        mend = _("Put a proxy with TLS in front and set MISTO_SITE_URL to https://…")
        yield warn(_("The site has no HTTPS: phones keep no drafts, and passwords travel in the open."), mend, host)
    if not any(
        host == one or one == "*" or (one.startswith(".") and host.endswith(one)) for one in settings.ALLOWED_HOSTS
    ):
        yield bad(_("MISTO_HOSTS does not name the host of MISTO_SITE_URL."), _("Add it to MISTO_HOSTS."), host)
    if settings.DEFAULT_FROM_EMAIL.endswith("@localhost>") and not settings.DEMO:
        yield bad(_("Letters come from an address that nobody can answer."), _("Set MISTO_FROM_EMAIL."))
    if not settings.METRICS_TOKEN:
        yield warn(_("Nobody can read the figures: MISTO_METRICS_TOKEN is not set."), "docs/monitoring.md")
    for found in checks.run_checks(include_deployment_checks=True, tags=None, databases=[]):
        if found.level >= checks.WARNING and (settings.HTTPS or found.id not in OF_HTTPS):
            hint = str(found.hint or page)
            yield (bad if found.level >= checks.ERROR else warn)(str(found.msg), hint, str(found.id or ""))
    yield ok(_("Settings were looked at."))


@check("openmap.site", gettext_lazy("The site from outside"), seconds=20, needs_database=False)
def site(asked: Asked) -> Iterator[Finding]:
    """Its address answers, its certificate is good, and its clock is ours."""
    if not asked.online:
        yield ok(_("Other servers were not asked."))
        return
    parts = urlsplit(settings.SITE_URL)
    host, is_https = parts.hostname or "", parts.scheme == "https"
    port = parts.port or (443 if is_https else 80)
    if is_https:
        mend = _("Renew it where TLS ends (the proxy in front), with its whole chain.")
        try:
            yield from judged(shown_by(host, port), at=asked.at, where=host, mend=mend)
        except OSError as error:
            words = _("It shows no certificate: %(kind)s.") % {"kind": type(error).__name__}
            yield bad(words, _("Is the proxy in front running, and does DNS lead to it?"), host)
            return
    yield from _answer(host, port, is_https=is_https)


def _answer(host: str, port: int, *, is_https: bool) -> Iterator[Finding]:
    import ssl

    anything = ssl._create_unverified_context()  # noqa: S323  the certificate was judged just now
    line: Any = (
        HTTPSConnection(host, port, timeout=SECONDS, context=anything)
        if is_https
        else HTTPConnection(host, port, timeout=SECONDS)
    )
    mend = _("Is the web part running, and does MISTO_SITE_URL lead to it? Its log: var/log/web.log.")
    try:
        line.request("GET", "/health/live/")
        answer = line.getresponse()
        now, told, status = datetime.now(UTC), answer.headers.get("Date"), answer.status
    except (OSError, HTTPException) as error:
        yield bad(_("It does not answer: %(kind)s.") % {"kind": type(error).__name__}, mend, host)
        return
    finally:
        line.close()
    if status != 200:
        yield bad(_("It answers %(status)d instead of 200 under /health/live/.") % {"status": status}, mend, host)
        return
    yield ok(_("It answers."), host)
    if told:
        there = parsedate_to_datetime(told)
        seconds = max(0.0, abs((now - there).total_seconds()) - 1)  # the header has whole seconds
        yield between(seconds, host)


@check("openmap.backups", gettext_lazy("Backups"), needs_database=False)
def backups(asked: Asked) -> Iterator[Finding]:
    """The newest one in the place that is known."""
    place = Path(settings.BACKUP_PLACE)
    made = sorted(one.name for one in place.glob("*") if NAME.fullmatch(one.name) and (one / MANIFEST).exists())
    mend = _("Make one every night: docs/backup.md has the line for cron. Now: ./misto backup %(place)s") % {
        "place": place
    }
    if not made:
        yield bad(_("There is no backup."), mend, str(place))
        return
    at = datetime.strptime(made[-1], "%Y-%m-%dT%H-%M-%SZ").replace(tzinfo=UTC)
    age = asked.at - at
    words = _("The newest is of %(moment)s.") % {"moment": f"{timezone.localtime(at):%Y-%m-%d %H:%M}"}
    if age > VERY_OLD:
        yield bad(words, mend, str(place))
    elif age > OLD:
        yield warn(words, mend, str(place))
    else:
        yield ok(words, str(place))


@check("openmap.replica", gettext_lazy("Replica for reading"), seconds=40)
def replica(_asked: Asked) -> Iterator[Finding]:
    """Whether it has what was just written, within the lag that it may have: else strangers read from the primary."""
    if REPLICA not in settings.DATABASES:
        yield ok(_("There is none."))
        return
    mend = _("The primary is read meanwhile. See the replica's log and pg_stat_replication of the primary.")
    line = own_line()
    try:
        yield _replayed(line, most=min(settings.REPLICA_MAX_LAG, LONGEST_LAG), mend=mend)
    except Error as error:
        yield bad(_("It does not answer: %(kind)s.") % {"kind": type(error).__name__}, mend)
    finally:
        line.close()


def _replayed(line: Any, *, most: float, mend: str) -> Finding:
    began, wanted = time.monotonic(), int(position(), 16)
    while True:
        is_replica, there = ask_replica(line)
        seconds = time.monotonic() - began
        if not is_replica or there is None:
            return bad(_("It is no replica (any more)."), _("DATABASE_REPLICA_URL must lead to a streaming replica."))
        if there >= wanted:
            return ok(_("It had what was just written after %(seconds).1f s.") % {"seconds": seconds})
        if seconds > most:
            return bad(_("After %(seconds)d s it has not what was written.") % {"seconds": seconds}, mend)
        time.sleep(0.1)
