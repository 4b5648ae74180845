"""Three years of Яворин: they look lived, and every row of them is as if it had come through the doors."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from django.core.files.storage import default_storage
from django.core.management import call_command
from django.db import connection, transaction
from django.db.models import Count, F
from django.test import Client, override_settings
from django.utils import timezone
from django.utils.translation import override
from django_scopes import scope
from pytest_django import DjangoDbBlocker

from accounts.models import User
from core.models import ON_THE_MAP, OutboxMessage, Token
from geodata.models import Community
from issues import answering, moves
from issues.actions import NewReport, report_issue
from issues.models import Issue, IssueEvent, Supporter
from issues.states import OPEN, State
from issues.support import Voice, join
from media.actions import clean_waiting, keep_draft
from media.models import Photo
from media.ready import ReadyPhoto, keep_ready
from openmap.demo.accounts import MODERATOR
from openmap.demo.city import KINDS
from openmap.demo.history.days import REPORTS, occasions
from openmap.demo.history.history import History, plans
from openmap.demo.history.painter import paint
from openmap.demo.history.rows import Ledger
from openmap.demo.history.tale import Act, Shot, Tale
from openmap.demo.history.words import fitting, kinds_told, phrases
from openmap.demo.load import ZONE
from openmap.demo.post import ON_THE_WAY
from openmap.demo.scenes import SCENES, photo_of
from openmap.demo.stories_of_yards import STORIES
from routing.models import Category, Decision, Delivery
from stats.models import ClusterScan
from tests.openmap.test_demo import storages

EVERY_DO = {"accept", "start", "ask", "finish", "reject", "reply", "refuse", "pass", "confirm", "reopen", "withdraw",
            "add", "publish", "hide", "duplicate"}  # fmt: skip
pytestmark = pytest.mark.timeout(600)  # the first test loads everything
DIGITS = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{22}|\d+")


@pytest.fixture(scope="module")
def loaded(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, Path]]:
    """The whole demo, loaded once for this module inside a transaction that is undone after its last test."""
    folder = tmp_path_factory.mktemp("history")
    said = StringIO()
    with django_db_blocker.unblock(), transaction.atomic():
        with override("en"), override_settings(VAR_DIR=folder, STORAGES=storages(folder / "media")):
            call_command("load_demo", stdout=said)
        yield said.getvalue(), folder / "media"
        transaction.set_rollback(True)


@pytest.fixture
def yavoryn(loaded: tuple[str, Path], db: None, settings: LazySettings) -> Iterator[Community]:
    """The community, its scope open."""
    settings.STORAGES = storages(loaded[1])
    community = Community.objects.get(slug="yavoryn")
    with scope(community=community):
        yield community


def test_three_thousand_reports_of_every_kind_and_state_lie_in_the_past(yavoryn: Community) -> None:
    now = timezone.now()
    issues = Issue.objects.all()
    assert REPORTS + len(STORIES) <= issues.count() <= 1.06 * REPORTS + len(STORIES)
    assert set(issues.values_list("state", flat=True)) == set(State.values)
    assert set(issues.values_list("category__code", flat=True)) == {kind.code for kind in KINDS}
    assert not IssueEvent.objects.filter(at__gt=now).exists()
    assert not issues.filter(changed_at__gt=now).exists()
    first = issues.order_by("created_at")[0].created_at
    assert timedelta(days=1080) < now - first < timedelta(days=1100)
    numbers = list(issues.order_by("created_at").values_list("number", flat=True))
    assert numbers == list(range(1, len(numbers) + 1)), "numbers follow time"
    open_of_old = issues.filter(state__in=OPEN, created_at__lt=now - timedelta(days=60)).count()
    assert 30 < open_of_old < 400


def test_hours_and_weekdays_are_those_of_people(yavoryn: Community) -> None:
    moments = [at.astimezone(ZONE) for at in Issue.objects.values_list("created_at", flat=True)]
    hours = Counter(at.hour for at in moments)
    night = sum(hours[hour] for hour in range(5))
    assert night < 0.05 * len(moments)
    assert hours[19] > hours[13]
    days = Counter(at.weekday() for at in moments)
    assert days[0] > 1.4 * days[6]


@pytest.mark.parametrize(
    ("kind", "months", "share"),
    [("snow", {11, 12, 1, 2}, 0.99), ("heating", {10, 11, 12, 1, 2, 3}, 0.9), ("roads", {2, 3, 4, 5}, 0.45),
     ("trees", {4, 5, 6, 7, 8, 9}, 0.65), ("lamps", {9, 10, 11, 12, 1, 2, 3}, 0.7), ("hot-water", {5}, 0.4)],
)  # fmt: skip
def test_seasons_bring_their_own(yavoryn: Community, kind: str, months: set[int], share: float) -> None:
    own = Issue.objects.filter(category__code=kind).values_list("created_at", flat=True)
    inside = sum(at.astimezone(ZONE).month in months for at in own)
    assert inside > share * len(own)


def test_no_two_reports_and_few_answers_say_the_same(yavoryn: Community) -> None:
    texts = list(Issue.objects.values_list("text", flat=True))
    assert len(set(texts)) > 0.99 * len(texts)
    answers = IssueEvent.objects.filter(now=State.DONE).values_list("words__text", flat=True)
    assert len(set(answers)) > 0.75 * len(answers)
    assert not [text for text in (*texts, *answers) if "{" in text or "|" in text]


def test_organisations_have_habits_of_their_own(yavoryn: Community) -> None:
    done: dict[str, list[float]] = defaultdict(list)
    for name, began, at in IssueEvent.objects.filter(now=State.DONE).values_list(
        "organisation__name", "issue__created_at", "at"
    ):
        done[name].append((at - began) / timedelta(days=1))
    middle = {name: sorted(days)[len(days) // 2] for name, days in done.items() if len(days) >= 20}
    assert len(middle) >= 8
    assert 1.3 * middle["КП «Міськсвітло»"] < middle["КП «Яворинавтодор»"]
    said = IssueEvent.objects.filter(kind=IssueEvent.Kind.ANSWERED)
    promises = Counter(said.values_list("organisation__name", flat=True))
    assert promises["КП «Яворинводоканал»"] == max(promises.values())


def test_years_tell_of_the_better_and_of_the_worse(yavoryn: Community) -> None:
    now = timezone.now()

    def late(name: str, *, years: int) -> float:
        own = IssueEvent.objects.filter(now=State.DONE, organisation__name=name)
        own = own.filter(
            issue__created_at__range=(now - timedelta(days=365 * years), now - timedelta(days=365 * (years - 1)))
        )
        days = sorted((at - began) / timedelta(days=1) for began, at in own.values_list("issue__created_at", "at"))
        return days[len(days) // 2]

    assert late("КП «Яворинавтодор»", years=3) > 1.3 * late("КП «Яворинавтодор»", years=1)


def test_hot_spots_are_found_by_the_statistics(yavoryn: Community) -> None:
    scans = ClusterScan.objects.filter(community=yavoryn)
    found = [cluster for scan in scans for cluster in scan.clusters]
    assert found, "a cluster of the last weeks"
    places = Issue.objects.values("address").annotate(many=Count("pk")).order_by("-many")
    assert places[0]["many"] >= 20


def test_counts_agree_with_the_reports(yavoryn: Community) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM stats_case WHERE community = %s", [yavoryn.pk])
        assert cursor.fetchone() == (Issue.objects.filter(subject__visibility__in=ON_THE_MAP).count(),)
        for waiting in ("core_to_count", "geodata_cell_delta"):
            cursor.execute(f"SELECT count(*) FROM {waiting}")
            assert cursor.fetchone() == (0,), waiting


def test_people_answer_join_name_themselves_and_hand_on(yavoryn: Community) -> None:
    assert Supporter.objects.count() > 1000
    voices = Supporter.objects.values("issue").annotate(many=Count("pk")).order_by("-many")
    assert voices[0]["many"] > 20
    assert Issue.objects.filter(shows_name=True).count() > 80
    assert Issue.objects.filter(duplicate_of__isnull=False).count() > 40
    kinds = Counter(IssueEvent.objects.values_list("kind", flat=True))
    for kind in ("handed_back", "passed_on", "answered", "added", "visibility"):
        assert kinds[kind] > 10, kind
    assert IssueEvent.objects.filter(now=State.REOPENED).count() > 80
    late = Issue.objects.filter(state__in=OPEN, due_on__lt=timezone.now().date()).count()
    assert late > 40


def test_nobody_waits_for_a_letter_but_two_organisations(yavoryn: Community) -> None:
    assert [one.audience for one in OutboxMessage.objects.pending()] == ["organisation", "organisation"]
    assert OutboxMessage.objects.filter(sent_at__isnull=False).count() > REPORTS
    assert not OutboxMessage.objects.exclude(recipient="").exclude(recipient__endswith="example.org").exists()


def test_photos_are_all_different_and_of_what_is_told(yavoryn: Community) -> None:
    photos = Photo.objects.all()
    assert photos.count() > 1400
    assert not photos.exclude(state=Photo.State.CLEAN).exists()
    assert photos.filter(role=Photo.Role.ANSWER).count() > 400
    small = [default_storage.open(photo.small).read() for photo in photos]
    assert len(set(small)) == len(small)
    assert not photos.filter(subject=None).exists()


def test_progress_is_told_in_numbers(loaded: tuple[str, Path]) -> None:
    said = loaded[0]
    assert re.search(r"\d{3} of \d{4} reports are told", said)
    assert re.search(r"\d{3} of \d{4} photos are ready", said)


PAGES = (
    "",
    "list/",
    "stats/",
    "stats/hot/",
    "stats/seasons/",
    "stats/unusual/",
    "stats/compare/",
    "stats/kinds/lamps/",
)


@pytest.mark.parametrize("page", PAGES)
def test_pages_open_over_three_years(yavoryn: Community, client: Client, page: str) -> None:
    assert client.get(f"/yavoryn/{page}").status_code == 200


def test_history_is_the_same_for_the_same_day(yavoryn: Community) -> None:
    at = datetime(2026, 11, 19, 12, tzinfo=ZONE)
    assert plans(at=at, zone=ZONE) == plans(at=at + timedelta(hours=3), zone=ZONE)
    some = plans(at=at, zone=ZONE)[::12]
    one, two = (History(yavoryn, at=at).tales(some) for _again in range(2))
    assert one == two
    assert occasions(at=at, zone=ZONE)[-1].at < at


@pytest.fixture(scope="module")
def some_tales(loaded: tuple[str, Path], django_db_blocker: DjangoDbBlocker) -> list[Tale]:
    """A few reports, among them everything that anybody ever does."""
    with django_db_blocker.unblock():
        community = Community.objects.get(slug="yavoryn")
        at = timezone.now()
        with scope(community=community):
            tales = History(community, at=at).tales(plans(at=at, zone=ZONE)[::2])
    return list(covering(tales))


def covering(tales: Sequence[Tale]) -> Iterator[Tale]:
    """Tales that show every act that is yet to be seen, each after the one that it repeats."""
    missing, given = set(EVERY_DO), list[int]()
    for tale in tales:
        fresh = {act.do for act in tale.acts} & missing
        if not fresh or (tale.repeats and tale.repeats.repeats):
            continue
        missing -= fresh
        for one in (tale.repeats, tale):
            if one is not None and id(one) not in given:
                given.append(id(one))
                yield one
    assert not missing, missing


def test_a_report_in_bulk_is_the_report_through_the_doors(
    yavoryn: Community, client: Client, some_tales: list[Tale]
) -> None:
    moderator = User.objects.get(email=MODERATOR)
    assert 8 <= len(some_tales) <= 40
    ledger = Ledger(yavoryn, moderator=moderator, since=yavoryn.day_of(some_tales[0].at))
    first = Issue.objects.order_by("-number")[0].number
    ledger.write(some_tales)
    for wanted in ledger.photos:
        ((data, cleaned),) = paint([(wanted.shot.scene, wanted.shot.seed, False, ())])
        keep_ready([ReadyPhoto(wanted.subject, wanted.role, wanted.shot.name, data, cleaned, wanted.at)])
    bulk = list(Issue.objects.filter(number__gt=first).order_by("number"))
    told: dict[int, Issue] = {}
    for tale in some_tales:
        told[id(tale)] = through_the_doors(tale, yavoryn, moderator, told)
    assert len(bulk) == len(told)
    for tale, one, other in zip(some_tales, bulk, told.values(), strict=True):
        assert rows_of(one) == rows_of(other), tale.words
        pages = [page_of(client, issue) for issue in (one, other)]
        assert pages[0] == pages[1]


def through_the_doors(tale: Tale, community: Community, moderator: User, told: dict[int, Issue]) -> Issue:
    """What residents, organisations and moderators would have pressed."""

    def photos(shot: Shot | None, at: datetime) -> list[Photo]:
        if shot is None:
            return []
        file = BytesIO(photo_of(shot.scene, seed=shot.seed, is_large=False))
        return [keep_draft(community=community, file=file, name=shot.name, at=at)]

    new = NewReport(
        category=Category.objects.get(code=tale.kind),
        point=tale.place.point,
        text=tale.words,
        address=tale.place.address,
        asset=tale.place.asset,
        entrance=tale.place.entrance,
        answers=tale.answers,
        name=tale.name,
        shows_name=tale.name != "",
        photos=photos(tale.shot, tale.at),
    )
    issue = report_issue(new=new, community=community, at=tale.at)
    steps: list[tuple[datetime, int, Act | None]] = [(act.at, 1, act) for act in tale.acts]
    steps += [(at, 0, None) for at in tale.joined]
    for number, (at, _order, act) in enumerate(sorted(steps, key=lambda step: step[:2])):
        if act is None:
            assert join(issue=issue, voice=Voice(digest=f"{number:064x}"), at=at)
        else:
            press(act, issue, moderator, photos(act.shot, at), tale, told)
    OutboxMessage.objects.filter(subject=issue.subject).update(sent_at=F("created_at") + ON_THE_WAY, attempts=1)
    clean_waiting(at=timezone.now())
    issue.refresh_from_db()
    return issue


def press(act: Act, issue: Issue, moderator: User, photos: list[Photo], tale: Tale, told: dict[int, Issue]) -> None:
    """One button."""
    issue.refresh_from_db()
    do, text, at = act.do, act.words, act.at
    if do in answering.ORGANISATION_MOVES or do in ("reply", "refuse", "pass"):
        standing = Delivery.objects.standing().responsible().filter(subject=issue.subject)
        chosen = str(act.verdict.organisation) if act.verdict else ""
        answering.by_organisation(delivery=standing.get(), do=do, text=text, photos=photos, chosen=chosen, at=at)
    elif do in ("publish", "hide"):
        seen = {"publish": "public", "hide": "hidden"}[do]
        moves.set_visibility(issue=issue, visibility=seen, reason=text, user=moderator, at=at)  # type: ignore[arg-type]
    elif do == "duplicate":
        original = told[id(tale.repeats)]
        moves.move_by_staff(issue=issue, to=State.DUPLICATE, user=moderator, text=text, duplicate_of=original, at=at)
    else:
        answering.by_reporter(issue=issue, do="reply" if do == "add" else do, text=text, photos=photos, at=at)


def rows_of(issue: Issue) -> dict[str, Any]:
    """Everything that the database and the storage know of a report, without keys and numbers."""
    subject = issue.subject_id
    own = {"id", "number", "subject", "duplicate_of", "map_words"}
    fields = [field for field in Issue._meta.concrete_fields if field.name not in own]
    letters = OutboxMessage.objects.filter(subject=subject).order_by("created_at", "id")
    return {
        "issue": {field.name: getattr(issue, field.attname) for field in fields},
        "duplicate": issue.duplicate_of and issue.duplicate_of.text,
        "subject": (issue.subject.kind, issue.subject.visibility, issue.subject.hidden_reason),
        "areas": sorted(issue.areas.values_list("pk", flat=True)),
        "events": list(issue.events.order_by("at", "id").values_list(
            "at", "kind", "by", "user", "organisation", "was", "now", "changed", "words__text", "is_undated")),
        "decisions": list(Decision.objects.filter(subject=subject).values_list(
            "organisation", "rule", "ruleset", "is_fallback", "trace", "as_of", "decided_at")),
        "deliveries": list(Delivery.objects.filter(subject=subject).order_by("created_at", "id").values_list(
            "organisation", "role", "created_at", "answered_at", "refused_at", "refusal", "was_taken_back",
            "token__expires_at", "token__revoked_at", "message__created_at", "message__sent_at")),
        "letters": [
            (row.lane, row.channel, row.audience, row.recipient, row.created_at, row.due_at, row.sent_at, row.attempts,
             row.payload["organisation"], row.payload["role"], row.payload["channel_id"])
            for row in letters
        ],
        "tokens": sorted(Token.objects.filter(subject=subject).values_list(
            "purpose", "created_at", "expires_at", "revoked_at"), key=str),
        "voices": sorted(issue.voices.values_list("created_at", "user", "is_author", "carried_from", "follow")),
        "photos": [
            (row.role, row.state, row.name, row.width, row.height, row.uploaded_at, row.attempts, row.tries, row.boxes,
             *(default_storage.open(name).read() for name in (row.original, row.large, row.small)))
            for row in Photo.objects.filter(subject=subject).order_by("uploaded_at", "name")
        ],
    }  # fmt: skip


def page_of(client: Client, issue: Issue) -> tuple[int, str]:
    """What a stranger reads, without what is another number or key for every report."""
    response = client.get(issue.get_absolute_url())
    text = re.sub(r'(nonce|value|content)="[^"]*"', "", response.content.decode())
    return response.status_code, DIGITS.sub("#", text)


@pytest.mark.parametrize("kind", sorted(kind.code for kind in KINDS))
def test_every_kind_has_words_and_scenes_that_exist(kind: str) -> None:
    assert kind in kinds_told()
    say = phrases(kind, "say")
    assert len(say) >= 12
    for opening in say:
        assert fitting(kind, "finish", opening)
        assert len(fitting(kind, "more", opening)) >= 3
        scenes = {phrase.text for what in ("scenes", "mended") for phrase in fitting(kind, what, opening)}
        assert scenes <= {"", *SCENES}
