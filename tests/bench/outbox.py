"""What it costs to find the next message while much waits, and how long another community's one letter waits.

    ./misto bench outbox [--rows 150000] [--claims 100] [--json]

One community has a mass mailing; fifty others have a letter each. A claim is timed when nothing but the fifty letters
waits, when the mailing does, and when a limit of the mailing's channel is used up. Read the ratios: they are of this
machine only. Leaves its rows in the database, which `./misto bench` throws away.
"""

import time
from argparse import ArgumentParser
from datetime import UTC, datetime, timedelta
from itertools import islice
from statistics import median

import django

if __name__ == "__main__":
    django.setup()

from django.contrib.gis.geos import MultiPolygon, Point, Polygon
from django.db import connection
from django_scopes import scopes_disabled

from core.models import Lane, OutboxMessage, SendingLimit, Subject
from core.outbox_claim import Round, claim_one
from geodata.models import Community
from tests.bench._report import Report, at_most, exactly

AT = datetime(2026, 1, 1, 9, tzinfo=UTC)
OTHERS = 50
AT_ONCE = 5000  # rows of one INSERT


def main(arguments: list[str] | None = None) -> int:
    """Measures and prints; always exits with 0, because a speed is no test."""
    parser = ArgumentParser(description="Which message is next.")
    parser.add_argument("--rows", type=int, default=150_000)
    parser.add_argument("--claims", type=int, default=100)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    with scopes_disabled():
        big, others = _community(0), [_community(number) for number in range(1, OTHERS + 1)]
        for other in others:
            _write(other, 20)
        few = _claims(options.claims)
        _write(big, options.rows)
        many, turn = _claims(options.claims), _turn_of(others[0])
        SendingLimit.objects.create(
            channel="email", most=1, window=86400, spent=[[int(AT.timestamp() * 10 / 86400), 1]]
        )
        shut = _claims(options.claims)
    figures = {"claim, little waits": few, "claim, all waits": many, "claim, limit used up": shut, "turn": turn}
    ratios = [
        at_most("claim while all waits, over little", round(many["p50_ms"] / few["p50_ms"], 2), 1.5),
        at_most("claim while a limit is used up, over little", round(shut["p50_ms"] / few["p50_ms"], 2), 1.5),
        exactly("claims until another community's turn, at most one lap", int(turn <= OTHERS + 1), 1),
    ]
    Report("outbox", options.rows, figures, ratios).say(as_json=options.json)
    return 0


def _claims(count: int) -> dict[str, float]:
    """Each claim is undone, so that all find the same."""
    _analyze()
    spent, going = [], Round()
    for _turn in range(count):
        began = time.perf_counter()
        message = claim_one(Lane.BULK, at=AT, going=going)
        spent.append(1000 * (time.perf_counter() - began))
        if message:
            OutboxMessage.objects.filter(pk=message.pk).update(claim=None, leased_until=None, attempts=0)
    ordered = sorted(spent)
    return {"p50_ms": round(median(ordered), 2), "p95_ms": round(ordered[int(len(ordered) * 0.95)], 2)}


def _turn_of(community: Community) -> int:
    """After how many claims it is served."""
    going = Round()
    for number in range(1, OTHERS + 3):
        message = claim_one(Lane.BULK, at=AT, going=going)
        if message is None or message.community_id == community.pk:
            return number
    return OTHERS + 3


def _community(number: int) -> Community:
    west = 20 + number / 10
    ring = Polygon.from_bbox((west, 49, west + 0.05, 49.05))
    return Community.objects.create(
        slug=f"bench-outbox-{number}",
        name=f"Громада {number}",
        boundary=MultiPolygon(ring, srid=4326),
        centre=Point(west, 49, srid=4326),
    )


def _write(community: Community, count: int) -> None:
    subject = Subject.objects.create(community=community, kind="issue")
    rows = (
        OutboxMessage(
            community=community,
            subject=subject,
            lane=Lane.BULK,
            channel="email",
            audience=OutboxMessage.Audience.PUBLIC,
            recipient=f"resident{number}@example.org",
            payload={"subject": "Петиція", "text": "Підписуйте", "html": "<p>Підписуйте</p>"},
            created_at=AT - timedelta(hours=1),
            due_at=AT - timedelta(hours=1),
        )
        for number in range(count)
    )
    while some := list(islice(rows, AT_ONCE)):
        OutboxMessage.objects.bulk_create(some)


def _analyze() -> None:
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE core_outboxmessage")


if __name__ == "__main__":
    raise SystemExit(main())
