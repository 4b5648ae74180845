"""What the doctor looks at here: how old the files of open data are."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from django.db.models import Max
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_scopes import scopes_disabled

from core.doctor import Asked, Finding, check, ok, warn
from core.models import Job
from stats.opendata.jobs import KIND

OLD: Final = timedelta(hours=50)


@check("stats.open-data", gettext_lazy("Open data"))
def open_data(asked: Asked) -> Iterator[Finding]:
    """Files are looked at every night."""
    with scopes_disabled():
        done = Job.objects.filter(kind=KIND, state=Job.State.DONE).values("community").annotate(last=Max("finished_at"))
        last = {row["community"]: row["last"] for row in done}
    for community in asked.communities():
        at = last.get(community.pk)
        if at is None or asked.at - at > OLD:
            since = _("never") if at is None else f"{at:%Y-%m-%d}"
            words = _("Its files were last brought up to date: %(since)s.") % {"since": since}
            mend = _("Do beat and the part “jobs” run at night? /admin/ → Jobs tells of failures.")
            yield warn(words, mend, community.slug)
        else:
            yield ok(_("Its files are of last night."), community.slug)
