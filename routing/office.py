"""When the office of a community is open: what a promise counts from."""

from datetime import date, time

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models.functions import JSONObject

from core.calendars import declared, declared_days
from geodata.lately import lately
from geodata.models import Community
from routing.models import CommunityRouting


def office_hours(community: Community, *, since: date) -> tuple[time, dict[date, bool]]:
    """(the hour after which a report counts as of the next working day; declared days → whether they are working days),
    as they were two seconds ago at most. Must be called inside the community's scope."""
    return lately(f"office:{community.pk}:{since}", lambda: _read(community, since))


def _read(community: Community, since: date) -> tuple[time, dict[date, bool]]:
    """By one question."""
    days = declared(community, since=since).values(found=JSONObject(day="day", is_working="is_working"))
    rows = CommunityRouting.objects.filter(community=community)
    row = rows.values_list("office_closes_at", ArraySubquery(days)).first()
    if row is None:
        return CommunityRouting().office_closes_at, declared_days(community, since=since)
    closes_at, found = row
    return closes_at, {date.fromisoformat(one["day"]): one["is_working"] for one in found}
