"""What a community's own reports teach about words: learnt by a worker, kept in one row, read by the report form.

docs/decisions/0017 tells what is learnt from, what is not, and when the result is used.
"""

import logging
from datetime import datetime
from threading import Lock
from typing import Any

from django.db.models import Count, OuterRef, QuerySet, Subquery
from django_scopes import scope, scopes_disabled

from core.jobs import Running, enqueue_job, job_kind
from core.models import ON_THE_MAP, Job
from geodata.models import Community
from issues.fitting import EACH, ENOUGH, KINDS, Example, Learnt, learn
from issues.models import Issue, LearntCategories, Supporter
from issues.states import Group, states_of
from issues.wordmodel import BadModelError, WordModel, unpacked
from routing.keywords import points_of
from routing.models import Category

log = logging.getLogger(__name__)

KIND = "issues.learn_categories"
MOST_ROWS = 20_000  # the newest
FEWEST_NEW = 50  # reports, and a tenth of what was learnt from: less is not worth learning anew
MOST_KEPT = 32  # models in a process, about 0.3 MB each
_kept: dict[int, tuple[datetime, WordModel | None]] = {}
_lock = Lock()


def teaching(community: Community) -> QuerySet[Issue]:
    """Reports that strangers see, of categories that can be chosen, but for those that were closed without work."""
    rows = Issue.objects.filter(community=community, category__is_active=True, duplicate_of=None)
    return rows.filter(subject__visibility__in=ON_THE_MAP).exclude(state__in=states_of(Group.SHUT))


def learn_categories(community: Community, *, at: datetime) -> Learnt | None:
    """Learns and stores; None when the reports are too few, and then nothing is stored. Inside the scope."""
    newest = teaching(community).order_by("-created_at", "-id")
    wrote = Supporter.objects.filter(issue=OuterRef("pk"), is_author=True).values("voice")[:1]
    columns = ("text", "category__code", Subquery(wrote), "reporter_id", "id")
    found = [_example(*row) for row in newest.values_list(*columns)[:MOST_ROWS]]
    categories = list(Category.objects.filter(community=community, is_active=True))
    learnt = learn(found[::-1], keywords=lambda text: points_of(text, categories))
    if learnt is None:
        return None
    LearntCategories.objects.update_or_create(
        community=community,
        defaults={
            "labels": list(learnt.model.labels) if learnt.is_better else [],
            "data": learnt.model.packed() if learnt.is_better else b"",
            "rows": learnt.rows,
            "held_back": learnt.held_back,
            "keywords_right": learnt.keywords_right,
            "blend_right": learnt.blend_right,
            "is_used": learnt.is_better,
            "learnt_at": at,
        },
    )
    return learnt


def learnt_of(community: Community) -> WordModel | None:
    """The model of this community, if it has one that is used; read anew when it was learnt anew. Inside the scope."""
    mine = LearntCategories.objects.filter(community=community, is_used=True)
    learnt_at = mine.values_list("learnt_at", flat=True).first()
    if learnt_at is None:
        return None
    kept = _kept.get(community.pk)
    if kept and kept[0] == learnt_at:
        return kept[1]
    row = mine.first()
    model = _read(row) if row else None
    with _lock:
        while len(_kept) >= MOST_KEPT:
            _kept.pop(next(iter(_kept)))
        _kept[community.pk] = (row.learnt_at if row else learnt_at, model)
    return model


def learn_where_new(*, at: datetime) -> int:
    """Asks for learning in every community that has enough new reports; returns in how many."""
    with scopes_disabled():
        communities = list(Community.objects.order_by("pk"))
    asked = 0
    for community in communities:
        with scope(community=community):
            if _is_worth_it(community) and not Job.objects.filter(kind=KIND, finished_at=None).exists():
                enqueue_job(community=community, kind=KIND, at=at)
                asked += 1
    return asked


@job_kind(KIND)
def _run(running: Running) -> dict[str, Any]:
    learnt = learn_categories(running.community, at=running.now())
    if learnt is None:
        return {"is_used": False}
    return {
        "rows": learnt.rows,
        "held_back": learnt.held_back,
        "keywords_right": learnt.keywords_right,
        "blend_right": learnt.blend_right,
        "is_used": learnt.is_better,
    }


def _is_worth_it(community: Community) -> bool:
    rows = teaching(community)
    row = LearntCategories.objects.filter(community=community).only("rows", "learnt_at").first()
    if row is None:
        many = rows.values("category").annotate(many=Count("id")).filter(many__gte=EACH).values_list("many", flat=True)
        return len(many) >= KINDS and sum(many) >= ENOUGH
    return rows.filter(created_at__gt=row.learnt_at).count() >= max(FEWEST_NEW, row.rows // 10)


def _example(text: str, label: str, voice: str | None, reporter: int | None, pk: int) -> Example:
    author = f"account {reporter}" if reporter else voice or f"report {pk}"
    return Example(text, label, author)


def _read(row: LearntCategories) -> WordModel | None:
    try:
        return unpacked(row.labels, bytes(row.data))
    except BadModelError as error:
        log.error("What community %s learnt cannot be read: %s", row.community_id, error)
        return None
