"""What waits: messages, jobs, queues of the workers, the broker between them, the mailbox."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from celery import current_app
from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_scopes import scopes_disabled

from core import ticks
from core.doctor import Asked, Finding, bad, check, ok, warn
from core.doctor.disks import is_writable
from core.inbox import InboxError, look_into
from core.models import Job, Lane, Stop, StopEverywhere, Way
from core.outbox_figures import Figures, figures

DUE_LONG: Final = {Lane.URGENT: 60, Lane.DELIVERY: 600, Lane.BULK: 6 * 3600}  # seconds
REPLY: Final = 2.0  # seconds that workers have to say that they are there
PARTS: Final = {"celery": "worker", "urgent": "outbox", "deliveries": "outbox", "bulk": "outbox", "jobs": "jobs"}


@check("core.broker", gettext_lazy("Broker and workers"), needs_database=False)
def broker(_asked: Asked) -> Iterator[Finding]:
    """Whether the broker answers, and for each queue a worker."""
    try:
        with current_app.connection_for_write(connect_timeout=REPLY) as line:
            line.ensure_connection(max_retries=1, interval_start=0, interval_step=0, timeout=int(REPLY))
        served = queues_served()
    except Exception as error:  # noqa: BLE001  each kind of broker has errors of its own
        words = _("The broker does not answer (%(kind)s): nothing is lost, but all that workers do waits.")
        yield bad(
            words % {"kind": type(error).__name__},
            _("Start it, and see whether REDIS_URL or MISTO_BROKER_URL leads there."),
        )
        return
    for name in ticks.QUEUES:
        if name in served:
            yield ok(_("A worker answers."), name)
        else:
            mend = _("Start the part “%(part)s”; its log: var/log/%(part)s.log.") % {"part": PARTS[name]}
            yield bad(_("No worker of this queue answers."), mend, name)


def queues_served() -> set[str]:
    """Queues whose workers say so within REPLY seconds."""
    found: set[str] = set()
    for reply in current_app.control.broadcast("active_queues", reply=True, timeout=REPLY) or []:
        found |= {queue["name"] for queues in reply.values() if isinstance(queues, list) for queue in queues}
    return found


@check("core.beat", gettext_lazy("Pulse of the queues"))
def beat(asked: Asked) -> Iterator[Finding]:
    """Beat asks each queue for a tick every half minute."""
    last = ticks.last_ticks()
    late = {name: at for name, at in last.items() if at is None or (asked.at - at).total_seconds() > ticks.LATE}
    with scopes_disabled():
        if "jobs" in late and Job.objects.filter(state=Job.State.RUNNING, leased_until__gt=asked.at).exists():
            del late["jobs"]  # its worker is busy with one
    if len(late) == len(last):
        words = _("No queue has ticked for two minutes: beat does not run, or nothing comes through the broker.")
        yield bad(words, _("Start beat and the broker; see var/log/beat.log."))
        return
    for name, at in late.items():
        since = _("never") if at is None else f"{timezone.localtime(at):%Y-%m-%d %H:%M:%S}"
        words = _("It ticked last: %(since)s.") % {"since": since}
        mend = _("Start the part “%(part)s”; its log: var/log/%(part)s.log.") % {"part": PARTS[name]}
        yield bad(words, mend, name)
    if not late:
        yield ok(_("Every queue ticks."))


@check("core.outbox", gettext_lazy("What leaves"))
def outbox(asked: Asked) -> Iterator[Finding]:
    """Messages that are due and do not leave, dead letters, pauses, receivers that are down."""
    communities = [one.pk for one in asked.communities()] if asked.community else None
    lanes: dict[Lane, Figures] = {}
    for place, row in figures(at=asked.at, communities=communities).items():
        lanes.setdefault(place.lane, Figures()).add(row)
    for lane in Lane:
        yield from _lane(lane, lanes.get(lane, Figures()), asked.at)
    with scopes_disabled():
        stops = [*Stop.objects.all(), *StopEverywhere.objects.all()]
    for stop in stops:
        words = _("The lane is held: nothing new leaves.")
        yield warn(words, _("When the reason is gone, let it go: /admin/ → Outgoing messages → Lanes."), stop.lane)
    for way in Way.objects.filter(failures__gte=Way.DOWN_AFTER):
        since = f"{timezone.localtime(way.failing_since):%Y-%m-%d %H:%M}"
        words = _("The receiver has not been reached since %(since)s.") % {"since": since}
        mend = _("Ask whoever keeps it; what waits leaves by itself when it is back (docs/operations.md, Lanes).")
        yield warn(words, mend, f"{way.channel} {way.host}".strip())


def _lane(lane: Lane, row: Figures, at: datetime) -> Iterator[Finding]:
    if row.dead:
        words = _("Dead letters that nobody decided about: %(count)d.") % {"count": row.dead}
        mend = _("/admin/ → Outgoing messages: correct the channel, then send them again or give them up.")
        yield warn(words, mend, lane.value)
    waited = int((at - row.oldest_due_at).total_seconds()) if row.oldest_due_at else 0
    if waited > DUE_LONG[lane]:
        words = _("A message has been due for %(minutes)d minutes.") % {"minutes": waited // 60}
        yield bad(words, _("Does the part “outbox” run, does the mail server answer? var/log/outbox.log"), lane.value)
    elif not row.dead:
        yield ok(_("%(count)d messages wait.") % {"count": row.waiting}, lane.value)


@check("core.jobs", gettext_lazy("Jobs"))
def jobs(asked: Asked) -> Iterator[Finding]:
    """Those that nobody does, and those that failed today."""
    with scopes_disabled():
        rows = Job.objects.all()
        if asked.community:
            rows = rows.filter(community__slug=asked.community)
        lost = rows.filter(state=Job.State.RUNNING, leased_until__lt=asked.at - timedelta(minutes=10)).count()
        old = rows.filter(state=Job.State.QUEUED, created_at__lt=asked.at - timedelta(hours=1)).count()
        failed = rows.filter(state=Job.State.FAILED, finished_at__gt=asked.at - timedelta(days=1)).count()
    if lost:
        words = _("Jobs whose worker is gone: %(count)d.") % {"count": lost}
        yield bad(words, _("Start the part “jobs”: it takes them up again."))
    if old:
        words = _("Jobs that have waited for more than an hour: %(count)d.") % {"count": old}
        yield warn(words, _("Does the part “jobs” run, or does a long job stand before them? /admin/ → Jobs"))
    if failed:
        words = _("Jobs that failed in the last day: %(count)d.") % {"count": failed}
        yield warn(words, _("Their pages say why: /admin/ → Jobs."))
    if not (lost or old or failed):
        yield ok(_("None stands or failed."))


@check("core.mailbox", gettext_lazy("Letters that come back"), needs_database=False)
def mailbox(asked: Asked) -> Iterator[Finding]:
    """Whether the mailbox of answers and bounces can be read."""
    if not settings.INBOX_URL:
        if settings.REPLY_ADDRESS:
            words = _("Letters may be answered, but no mailbox is read: they must come by a pipe.")
            yield ok(words)
        else:
            yield ok(_("Letters cannot be answered by mail (MISTO_REPLY_ADDRESS)."))
        return
    where: Any = urlsplit(settings.INBOX_URL)
    if where.scheme == "maildir":
        folder = Path(unquote(where.path))
        if not all((folder / name).is_dir() and is_writable(folder / name) for name in ("cur", "new", "tmp")):
            mend = _("Make it (mkdir -p …/{cur,new,tmp}) and let the service write there, or correct MISTO_INBOX_URL.")
            yield bad(_("The mailbox is not there, or may not be emptied."), mend, str(folder))
            return
    elif asked.online:
        try:
            look_into()
        except InboxError as error:
            mend = _("Correct MISTO_INBOX_URL, or ask whoever keeps the mail server.")
            yield bad(str(error), mend, where.hostname or "")
            return
    yield ok(_("The mailbox can be read."))
