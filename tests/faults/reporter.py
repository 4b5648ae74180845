"""A process that accepts reports, as a web worker does: for each line of its input one report, told by one line.

Run by test_redis_stopped.py and test_restored_backup.py: reporter.py COMMUNITY CATEGORY LON LAT. It answers
“NUMBER SECONDS”.
"""

import sys
import time

import django

django.setup()

from django.contrib.gis.geos import Point  # noqa: E402
from django.utils import timezone  # noqa: E402
from django_scopes import scope  # noqa: E402

from geodata.models import Community  # noqa: E402
from issues.actions import NewReport, report_issue  # noqa: E402
from routing.models import Category  # noqa: E402


def main(slug: str, category: str, lon: str, lat: str) -> None:
    community = Community.objects.get(slug=slug)
    with scope(community=community):
        roads = Category.objects.get(code=category)
        for resident, line in enumerate(sys.stdin, start=1):
            started = time.monotonic()
            new = NewReport(
                category=roads,
                point=Point(float(lon), float(lat), srid=4326),
                text=line.strip(),
                email=f"resident{resident}@example.org",  # one address is asked three times a day at most
            )
            issue = report_issue(new=new, community=community, at=timezone.now())
            print(issue.number, time.monotonic() - started, flush=True)  # noqa: T201


main(*sys.argv[1:])
