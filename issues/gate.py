"""Who may send a report now: limits per device, network and e-mail address, and the work of a browser.

Nobody is locked out for having no JavaScript: their reports come in all the same, and past a small number in an hour a
moderator looks before strangers see them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core import limits
from core.limits import Exceeded, Limit
from core.models import Viewer
from geodata.models import Community
from issues import proof
from issues.models import IssueSettings

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
NOWHERE = "nowhere"  # the network of those whose network is not known


class NotAdmittedError(Exception):
    """Too many reports: `words` for the person, `seconds` until the next may be sent."""

    def __init__(self, words: str, seconds: int) -> None:
        super().__init__(words)
        self.words, self.seconds = words, seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """Who sends, as far as limits go, and what their browser proved."""

    device: str = ""  # accounts.devices; "" without a cookie
    network: str = ""  # accounts.networks; "" when it is not known
    email: str = ""
    challenge: str = ""
    solution: str = ""


Admit = Callable[[IssueSettings], bool]


def admission(sender: Sender, viewer: Viewer, *, community: Community, at: datetime) -> Admit:
    """What report_issue calls inside its transaction for a new report, with the settings that it has just locked:
    whether it is held for a moderator.

    It raises NotAdmittedError past a limit. The community's staff send as much as they want.
    """

    def admit(kept: IssueSettings) -> bool:
        if viewer.everywhere or community.pk in viewer.staff_of:
            return False
        proved = proof.proof_in(sender.challenge, sender.solution, community=community, at=at)
        credit = Limit("unproved", sender.network or NOWHERE, kept.unproved_hour, HOUR)
        work = Limit("proof", proved.name, 1, proof.LIFE) if proved else credit
        passed = limits.use([*limits_of(sender, kept), work], community=community, at=at)
        if exceeded := [one for one in passed if one.limit is not work]:
            raise NotAdmittedError(*_refusal(exceeded, kept, at=at))
        if passed and proved:  # the work of another report
            passed = limits.use([credit], community=community, at=at)
        return bool(passed)

    return admit


def admission_of_program(*senders: Sender, community: Community, at: datetime) -> Admit:
    """The same for a program of an organisation: the limits of its key stand in place of those of networks, and its key
    in place of a browser's work. Each device, account or address that it names is counted. It raises NotAdmittedError
    past a limit."""

    def admit(kept: IssueSettings) -> bool:
        asked = {limit.key: limit for sender in senders for limit in limits_of(sender, kept)}
        if exceeded := limits.use(asked.values(), community=community, at=at):
            raise NotAdmittedError(*_refusal(exceeded, kept, at=at))
        return False

    return admit


def limits_of(sender: Sender, kept: IssueSettings) -> list[Limit]:
    """The limits that a report of this sender counts against."""
    rows = [
        ("device", sender.device, kept.device_hour, HOUR),
        ("device", sender.device, kept.device_day, DAY),
        ("network", sender.network, kept.network_hour, HOUR),
        ("network", sender.network, kept.network_day, DAY),
        ("email", sender.email.lower(), kept.email_day, DAY),
    ]
    return [Limit(kind, whose, most, window) for kind, whose, most, window in rows if whose]


def fresh_challenge(network: str, *, community: Community, at: datetime) -> str:
    """What a browser is to solve: harder, the more its network has sent in this hour."""
    sent = limits.used(Limit("network", network, 0, HOUR), community=community, at=at) if network else 0
    return proof.challenge_for(community, at=at, bits=proof.bits_for(sent))


def sender_of(given: Mapping[str, Any], *, device: str, network: str) -> Sender:
    """From what a form holds."""
    return Sender(
        device=device,
        network=network,
        email=given.get("email") or "",
        challenge=given.get("proof") or "",
        solution=given.get("proof_work") or "",
    )


def _refusal(exceeded: list[Exceeded], kept: IssueSettings, *, at: datetime) -> tuple[str, int]:
    """(words, seconds to wait) for the limit that lasts longest."""
    last = max(exceeded, key=lambda one: one.until)
    words = f"{_so_many(last.limit)} {_until(last.until, kept.community, at=at)}"
    return words, max(int((last.until - at).total_seconds()) + 1, 1)


def _so_many(limit: Limit) -> str:
    most = limit.most
    if limit.kind == "email":
        return ngettext(
            "With this e-mail address %(most)s report was sent within a day: so many at once we do not take.",
            "With this e-mail address %(most)s reports were sent within a day: so many at once we do not take.",
            most,
        ) % {"most": most}
    if limit.kind == "device":
        return ngettext(
            "From this device %(most)s report came a short while ago: so many at once we do not take.",
            "From this device %(most)s reports came a short while ago: so many at once we do not take.",
            most,
        ) % {"most": most}
    return ngettext(
        "From your network %(most)s report came a short while ago, perhaps of neighbours: more we do not take now.",
        "From your network %(most)s reports came a short while ago, perhaps of neighbours: more we do not take now.",
        most,
    ) % {"most": most}


def _until(moment: datetime, community: Community, *, at: datetime) -> str:
    """When one may send again, in the community's time."""
    local = moment.astimezone(ZoneInfo(community.time_zone))
    is_today = local.date() == community.day_of(at)
    clock = date_format(local, "H:i")
    if is_today:
        when = _("Everything you typed is kept: please send it after %(time)s.") % {"time": clock}
    else:
        words = _("Everything you typed is kept: please send it after %(time)s on %(day)s.")
        when = words % {"time": clock, "day": date_format(local, "j E")}
    return f"{when} {_('If somebody is in danger, call 112 now.')}"
