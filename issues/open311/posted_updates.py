"""Updates that the system of an organisation sends (FixMyStreet's extension): answers to the reports that it has."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.utils.translation import gettext as _

from accounts.models import Organisation
from geodata.models import Community
from issues.models import Issue
from issues.open311.asking import RefusedError, moment_in, number_in
from routing.answers import BadAnswerError, Incoming, receive
from routing.models import Answer, Delivery
from routing.open311_words import do_of

VIA: Final = "open311"


@dataclass(frozen=True, slots=True)
class Taken:
    """The number of an update, as reading tells it again where it became an event."""

    update_id: str


def take_update(given: Mapping[str, str], *, organisation: Organisation, community: Community, at: datetime) -> Taken:
    """What the organisation says of a report that it has or had. The same `update_id` again is the same update; without
    one the same words at the same moment are. Raises RefusedError."""
    delivery = _delivery(given.get("service_request_id", ""), organisation, community)
    happened = at
    if given.get("updated_datetime"):
        happened = moment_in("updated_datetime", given["updated_datetime"], zone=community.time_zone)
    do, text = do_of(given.get("status", "")), given.get("description", "").strip()
    incoming = Incoming(external_id=_number(given), do=do.value, text=text, happened_at=happened)
    try:
        answer = receive(delivery=delivery, via=VIA, incoming=incoming, at=at)
    except BadAnswerError as bad:
        named = {"id": "update_id", "text": "description", "happened_at": "updated_datetime"}.get(bad.code, "status")
        raise RefusedError(400, _("%(name)s: this cannot be kept.") % {"name": named}) from bad
    if answer.outcome == Answer.Outcome.REFUSED:
        raise RefusedError(400, _refusal(answer.code))
    return Taken(str(answer.became[-1]) if answer.became else f"answer-{answer.pk}")


def _delivery(number: str, organisation: Organisation, community: Community) -> Delivery:
    """Theirs, what stands before what has ended. 404 for a report that they never had: nobody learns what there is."""
    issues = Issue.objects.filter(community=community, number=number_in(number.strip()) or 0)
    rows = Delivery.objects.responsible().filter(subject__in=issues.values("subject"), organisation=organisation)
    rows = rows.select_related("subject", "organisation", "token").order_by("created_at", "id")
    found: Delivery | None = rows.filter(refused_at=None).last() or rows.last()
    if found is None:
        raise RefusedError(404, _("service_request_id: your organisation has no such request."))
    return found


def _number(given: Mapping[str, str]) -> str:
    number = given.get("update_id", "") or given.get("update_id_ext", "")
    if number:
        return number
    said = "\0".join(given.get(name, "") for name in ("status", "description", "updated_datetime"))
    return f"said {hashlib.sha256(said.encode()).hexdigest()}"


def _refusal(code: str) -> str:
    return {
        "needs_text": _("description: write a few words, people will read them."),
        "too_late": _("service_request_id: another organisation has this request now."),
        "pass_on": _("status: the duty queue passes on, on its page, and does not hand back."),
    }.get(code, _("status: from the state that the request has, this is no move."))
