"""A process that goes on reporting with photos, and hides a face on every second one, until its input ends.

Run by test_restored_backup.py: photographer.py COMMUNITY CATEGORY LON LAT. Says the number of each report.
"""

import sys
import threading

import django

django.setup()

from django.contrib.gis.geos import Point  # noqa: E402
from django.utils import timezone  # noqa: E402
from django_scopes import scope  # noqa: E402

from geodata.models import Community  # noqa: E402
from issues.actions import NewReport, report_issue  # noqa: E402
from media.actions import clean_waiting, keep_draft  # noqa: E402
from media.redaction import forget_originals, hide  # noqa: E402
from routing.models import Category  # noqa: E402
from tests import photos  # noqa: E402

FACE = [[0.1, 0.1, 0.4, 0.4]]


def main(slug: str, category: str, lon: str, lat: str) -> None:
    community = Community.objects.get(slug=slug)
    place = Point(float(lon), float(lat), srid=4326)
    stop = threading.Event()

    def listen() -> None:
        sys.stdin.read()
        stop.set()

    threading.Thread(target=listen, daemon=True).start()
    number = 0
    with scope(community=community):
        roads = Category.objects.get(code=category)
        while not stop.is_set():
            number += 1
            at = timezone.now()
            photo = keep_draft(community=community, file=photos.upload(photos.jpeg()), name="яма.jpg", at=at)
            new = NewReport(category=roads, point=place, text="Яма", email=f"r{number}@example.org", photos=[photo])
            issue = report_issue(new=new, community=community, at=at)
            clean_waiting(at=at)
            if number % 2:
                hide(photo=photo, boxes=FACE, at=timezone.now())
                clean_waiting(at=timezone.now())
                forget_originals(at=timezone.now())
            print(issue.number, flush=True)  # noqa: T201


main(*sys.argv[1:])
