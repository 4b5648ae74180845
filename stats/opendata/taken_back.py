"""Whether reports in a file that was made may no longer be public as they stand in it: what somebody hid, blurred or
corrected is offered no longer, also before the next night. The primary is asked: a replica would know of it later."""

from datetime import datetime, timedelta

from django.db import connections

from geodata.models import Community
from geodata.replica import PRIMARY

SLACK = timedelta(seconds=10)  # an event is written a little later than the moment that it bears
# Index: stats/migrations/0006_what_is_taken_back.py. What is published of a sensitive kind was never shown exactly.
_SQL = """
    SELECT EXISTS (
        SELECT 1 FROM issues_issueevent e JOIN issues_issue i ON i.id = e.issue_id
        WHERE e.community_id = %(community)s AND e.kind IN ('visibility', 'corrected', 'redacted')
            AND e.at > %(since)s AND i.created_at <= %(at)s AND e.changed <> 'name' AND (
                e.kind <> 'visibility' OR i.map_group IS NULL
                OR i.subject_visibility = 'coarse' AND NOT i.place_is_sensitive))
"""


def is_taken_back(community: Community, at: datetime) -> bool:
    """Whether a moderator or a reporter took something back that a file of this moment may hold."""
    with connections[PRIMARY].cursor() as cursor:
        cursor.execute(_SQL, {"community": community.pk, "since": at - SLACK, "at": at})
        return bool(cursor.fetchone()[0])
