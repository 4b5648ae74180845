"""When files are made: each community in its own minute of the night, and when somebody asks for fresher ones.

Both are a job (core.jobs) of the same kind, and a community has one at a time at most: however many people ask, the
work is done once.
"""

from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection, transaction
from django.utils.translation import gettext as _
from django_scopes import scope

from core import limits
from core.jobs import JobRefusedError, Running, enqueue_job, job_kind
from core.limits import Limit
from core.models import Job
from geodata.models import Community
from stats.filling import fill_all
from stats.models import ExportFile
from stats.opendata.making import BusyError, make_exports

KIND = "stats.exports"
NIGHT_BEGINS = time(0, 30)  # by the clock of the community
NIGHT_MINUTES = 300
STEP = 137  # minutes between one community and the next one, modulo the night: neighbours in number are far apart
MOST_AT_ONCE = 20  # communities that one turn takes
FRESH = timedelta(minutes=15)  # what is younger is not made anew because somebody asks
RESTS = 10  # times as long as the last run took: no community's files take more than a tenth of a worker
AT_ONCE = timedelta(minutes=1)  # the same where a file may no longer be offered
DAY = timedelta(days=1)
OF_A_DEVICE, OF_A_NETWORK = 4, 12  # jobs in a day


class TooOftenError(Exception):
    """This device or network has asked for enough today."""


@job_kind(KIND)
def run(running: Running) -> dict[str, Any]:
    """Brings the files of the job's community up to date. Again is no harm: what is up to date is left alone."""
    fill_all(at=running.now())
    try:
        made: dict[str, Any] = make_exports(running.community, at=running.now(), progress=running.progress)
    except BusyError:
        raise JobRefusedError(_("Another process makes these files now.")) from None
    Job.objects.filter(kind=KIND, community=running.community, created_by=None).exclude(finished_at=None).delete()
    return made


def ask(community: Community, *, at: datetime, device: str = "", network: str = "") -> Job | None:
    """Asks for a job, unless one waits or runs, or all was looked at a moment ago; returns the one that there is.

    None: the files are fresh. `device` (accounts.devices) and `network` (accounts.networks) are who asks; "" is not
    counted. Call it inside the scope of the community. Raises TooOftenError.
    """
    with transaction.atomic():
        _one_after_the_other(community)
        waiting = unfinished(community)
        if waiting or is_fresh(community, at=at):
            return waiting
        rows = [("exports of a device", device, OF_A_DEVICE), ("exports of a network", network, OF_A_NETWORK)]
        asked = [Limit(kind, whose, most, DAY) for kind, whose, most in rows if whose]
        if limits.use(asked, community=community, at=at):
            raise TooOftenError
        return enqueue_job(community=community, kind=KIND, at=at)


def ask_at_once(community: Community, *, at: datetime) -> None:
    """Asks for a job because a file holds what is no longer public, however fresh it is; after one that failed not
    sooner than usual."""
    with transaction.atomic():
        _one_after_the_other(community)
        tried = Job.objects.filter(kind=KIND, community=community)
        failed = tried.filter(state=Job.State.FAILED, finished_at__gt=at - pause(community))
        if unfinished(community) or failed.exists() or tried.filter(finished_at__gt=at - AT_ONCE).exists():
            return
        enqueue_job(community=community, kind=KIND, at=at)


def pause(community: Community) -> timedelta:
    """How long after a run the next one may be asked for."""
    ran = Job.objects.filter(kind=KIND, community=community, started_at__isnull=False, finished_at__isnull=False)
    last: Job | None = ran.order_by("-finished_at").first()
    took = last.finished_at - last.started_at if last and last.finished_at and last.started_at else timedelta()
    return max(FRESH, RESTS * took)


def _one_after_the_other(community: Community) -> None:
    """Two that ask at once."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('stats.exports'), %s)", [community.pk])


def unfinished(community: Community) -> Job | None:
    """The job that waits or runs."""
    found: Job | None = Job.objects.filter(kind=KIND, community=community, finished_at=None).first()
    return found


def is_fresh(community: Community, *, at: datetime) -> bool:
    """Whether files were made or looked at a moment ago, or an attempt just failed: asking again changes nothing."""
    since = at - pause(community)
    made = ExportFile.objects.filter(community=community, part="", checked_at__gt=since)
    tried = Job.objects.filter(kind=KIND, community=community, finished_at__gt=since)
    return made.exists() or tried.exists()


def turn_of(community: Community, *, at: datetime) -> datetime:
    """The last moment, not later than `at`, at which it was the community's turn."""
    zone = ZoneInfo(community.time_zone)
    minute = timedelta(minutes=community.pk * STEP % NIGHT_MINUTES)
    today = at.astimezone(zone).date()
    turns = (datetime.combine(day, NIGHT_BEGINS, zone) + minute for day in (today, today - timedelta(days=1)))
    return next((turn for turn in turns if turn <= at), at - timedelta(days=1))


def ask_in_turn(*, at: datetime) -> int:
    """Asks for the files of those communities whose turn has come, the longest waiting first; returns how many."""
    waiting = [(turn_of(one, at=at), one) for one in Community.objects.defer("boundary")]
    asked = 0
    for turn, community in sorted(waiting, key=lambda pair: pair[0]):
        if asked >= MOST_AT_ONCE:
            break
        with scope(community=community):
            if not Job.objects.filter(kind=KIND, community=community, created_at__gte=turn).exists():
                enqueue_job(community=community, kind=KIND, at=at)
                asked += 1
    return asked
