"""The demo: an empty database becomes a living town, and every page of it opens for a stranger."""

import re
import stat
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from io import StringIO
from itertools import combinations
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit
from zoneinfo import ZoneInfo

import pytest
import shapely
from django.conf import LazySettings
from django.conf import settings as conf
from django.core.management import call_command
from django.db import transaction
from django.db.models import Q
from django.test import Client, override_settings
from django.utils.translation import override
from django_scopes import scope, scopes_disabled
from pytest_django import DjangoDbBlocker

from accounts.models import Membership, User
from core.models import Failure, OutboxMessage, Visibility
from geodata.basemap_files import drawn_file
from geodata.models import Area, Community, MapShape
from issues.models import Issue
from issues.states import State
from media.models import Photo
from openmap.demo.ground import draw_base_maps
from openmap.demo.layout import BUILT_UP, DISTRICTS
from openmap.demo.place import on_globe
from openmap.demo.post import settle_letters
from openmap.demo.registers import STATE_ROAD
from openmap.demo.stories_of_yards import STORIES
from routing.bulk import decide_many
from routing.models import Asset, Category, Channel, Decision, Delivery, Rule, RuleSet
from routing.responsibility import Asked
from routing.rulesets import SetState, state_of
from works.models import Work

KYIV = ZoneInfo("Europe/Kyiv")
LINK = re.compile(r'(?:href|src)="([^"#]+)')
MOST_PAGES = 2000  # of a crawl; the demo has fewer


@dataclass(frozen=True, slots=True)
class Demo:
    """What the command said, and where it kept things."""

    said: str
    media: Path
    accounts: Path


@pytest.fixture(scope="module")
def _loaded(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Demo]:
    """The demo is loaded once for this module, inside a transaction that is undone after its last test."""
    folder = tmp_path_factory.mktemp("demo")
    said = StringIO()
    places = override_settings(VAR_DIR=folder, BASEMAP_DIR=str(folder / "basemap"), STORAGES=storages(folder / "media"))
    with django_db_blocker.unblock(), transaction.atomic():
        with override("en"), places:
            call_command("load_demo", "--small", stdout=said)
        yield Demo(said.getvalue(), folder / "media", folder / "demo-accounts.txt")
        transaction.set_rollback(True)


@pytest.fixture
def demo(_loaded: Demo, db: None, settings: LazySettings) -> Demo:
    """Яворин, with its photos."""
    settings.STORAGES = storages(_loaded.media)
    return _loaded


def storages(folder: Path) -> dict[str, Any]:
    """The settings' storages, with photos in that folder."""
    photos = {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": str(folder)}}
    return conf.STORAGES | {"default": photos}


def test_every_page_of_the_demo_opens_for_a_stranger(demo: Demo, client: Client) -> None:
    seen, waiting = {"/"}, deque(["/"])
    kinds: set[str] = set()
    while waiting and len(seen) < MOST_PAGES:
        page = waiting.popleft()
        response = client.get(page)
        assert response.status_code in (200, 302), page
        kinds.add(response.resolver_match.url_name or "")
        if not response.get("Content-Type", "").startswith("text/html"):
            continue
        for link in LINK.findall(response.content.decode()):
            address = urljoin(page, link.replace("&amp;", "&"))
            path = urlsplit(address)
            if path.scheme or path.netloc or path.path.startswith(("/static/", "/admin/")) or address in seen:
                continue
            seen.add(address)
            waiting.append(address)
    assert {"country", "map", "issue", "report", "photo"} <= kinds
    assert len(seen) < MOST_PAGES, "the crawl was cut short"


def test_held_report_is_invisible_to_strangers(demo: Demo, client: Client) -> None:
    with scopes_disabled():
        held = Issue.objects.select_related("community").filter(subject__visibility=Visibility.HELD)
        addresses = [(issue.get_absolute_url(), issue.title) for issue in held]
    assert addresses
    listed = client.get("/yavoryn/list/").content.decode() + client.get("/yavoryn/").content.decode()
    for address, title in addresses:
        assert client.get(address).status_code == 404
        assert title not in listed


def test_demo_shows_every_state_late_ones_and_one_handed_back(demo: Demo) -> None:
    with scopes_disabled():
        issues = list(Issue.objects.all())
        today = datetime.now(KYIV).date()
        assert {issue.state for issue in issues} == set(State.values)
        assert len(issues) == len(STORIES)
        assert any(issue.is_late(today) for issue in issues)
        assert Delivery.objects.filter(refused_at__isnull=False).exists()
        assert Issue.objects.filter(duplicate_of__isnull=False).count() == 1


def test_photos_of_the_demo_are_cleaned_and_all_different(demo: Demo) -> None:
    with scopes_disabled():
        photos = list(Photo.objects.all())
    assert len(photos) >= 50
    assert {photo.state for photo in photos} == {Photo.State.CLEAN}
    assert {photo.role for photo in photos} == {Photo.Role.PROBLEM, Photo.Role.ANSWER}
    assert [len(photo.boxes) for photo in photos if photo.boxes] == [2], "plates of two cars"


def test_letters_of_the_demo_are_settled_but_for_two(demo: Demo) -> None:
    with scopes_disabled():
        waiting = OutboxMessage.objects.pending()
        assert [letter.audience for letter in waiting] == ["organisation", "organisation"]
        (failed,) = OutboxMessage.objects.filter(failure=Failure.REFUSED)
        assert failed.last_error.startswith("SMTP 550")
        assert all(address.endswith("example.org") for address in recipients())


def test_letters_that_were_sent_already_are_not_among_the_last_two(demo: Demo) -> None:
    """A worker that runs beside the loading may have sent the newest ones."""
    with scopes_disabled():
        other, newest = OutboxMessage.objects.pending().order_by("created_at", "id")
        sent = OutboxMessage.objects.filter(audience="organisation", dead_at=None).exclude(sent_at=None)
        older = sent.order_by("-created_at", "-id")[0]
        OutboxMessage.objects.filter(pk=newest.pk).update(sent_at=newest.created_at)
        OutboxMessage.objects.filter(pk=older.pk).update(sent_at=None)
        settle_letters(older.community, bounced=[], at=newest.created_at)
        assert {letter.pk for letter in OutboxMessage.objects.pending()} == {other.pk, older.pk}


def recipients() -> list[str]:
    """Addresses that were not erased since."""
    return list(OutboxMessage.objects.exclude(recipient="").values_list("recipient", flat=True))


def test_accounts_are_kept_for_their_owner_only_and_work(demo: Demo, client: Client) -> None:
    assert stat.S_IMODE(demo.accounts.stat().st_mode) == 0o600
    lines = demo.accounts.read_text(encoding="utf-8").splitlines()
    assert all(line in demo.said for line in lines)
    for line, is_operator in zip(lines[:3], (True, False, False), strict=True):
        email, password = line.split()[:2]
        assert client.login(email=email, password=password)
        user = User.objects.get(email=email)
        assert (user.is_staff, user.is_superuser) == (True, is_operator)
    with scopes_disabled():
        roles = set(Membership.objects.values_list("role", flat=True))
    assert roles == {Membership.Role.ADMINISTRATOR, Membership.Role.MODERATOR}


def test_secret_links_of_the_demo_open(demo: Demo, client: Client) -> None:
    links = re.findall(r"https?://[^/\s]+(/yavoryn/(?:answer|mine)/\S+)", demo.said)
    assert len(set(links)) == 2
    assert [client.get(link).status_code for link in links] == [200] * len(links)


def test_districts_cover_the_built_up_land_without_overlaps(demo: Demo) -> None:
    with scope(community=Community.objects.get(slug="yavoryn")):
        shapes = [shapely.from_wkb(bytes(area.boundary.wkb)) for area in Area.objects.all()]
        kinds = set(MapShape.objects.values_list("kind", flat=True))
    together = shapely.union_all(shapes)
    assert len(shapes) == len(DISTRICTS)
    assert max(one.intersection(other).area for one, other in combinations(shapes, 2)) < 1e-15, "square degrees"
    assert sum(shape.area for shape in shapes) == pytest.approx(together.area, rel=1e-6)
    assert on_globe(BUILT_UP).difference(together).area < 1e-4 * together.area
    assert kinds == set(MapShape.Kind.values)


def test_pin_beyond_the_border_is_told_the_neighbour(demo: Demo, client: Client) -> None:
    sosnivka = Community.objects.get(slug="sosnivka")
    query = {"lon": str(sosnivka.centre.x), "lat": str(sosnivka.centre.y), "category": "roads"}
    answer = client.get("/yavoryn/report/answerer/", query)
    assert "Соснівська громада" in answer.content.decode()


def test_both_communities_of_the_demo_have_a_base_map_of_their_own(demo: Demo, settings: LazySettings) -> None:
    settings.BASEMAP_DIR = str(demo.accounts.parent / "basemap")
    files = [drawn_file(slug) for slug in ("yavoryn", "sosnivka")]
    assert all(files)
    sizes = [file.path.stat().st_size for file in files if file]
    assert 300_000 < sizes[0] < 3_000_000
    assert 5_000 < sizes[1] < sizes[0]


def test_demo_is_founded_where_base_maps_cannot_be_written(
    demo: Demo, settings: LazySettings, tmp_path: Path, client: Client
) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.touch()
    settings.BASEMAP_DIR = str(in_the_way)
    said: list[str] = []
    community = Community.objects.get(slug="yavoryn")
    with override("en"):
        draw_base_maps([community], at=datetime.now(KYIV), say=said.append)
    assert said[-1].startswith("The base map cannot be written, so shapes are drawn instead: ")
    assert drawn_file("yavoryn") is None
    shapes = client.get("/yavoryn/base.geojson").json()["features"]
    assert {shape["properties"]["kind"] for shape in shapes} >= {"land", "park", "water", "street", "road", "rail"}


def test_every_house_of_the_town_has_somebody_who_answers(demo: Demo) -> None:
    """A report in front of each house, about the house itself and about the street."""
    community = Community.objects.get(slug="yavoryn")
    now = datetime.now(KYIV)
    with scope(community=community):
        kinds = {kind.code: kind for kind in Category.objects.filter(community=community)}
        houses = list(Asset.objects.filter(register__code="houses").order_by("pk"))
        assert len(houses) > 9_500
        asked = []
        for at, house in enumerate(houses):
            middle = house.geometry.point_on_surface
            kind = kinds["yards"] if house.keeper_id else kinds[list(kinds)[at % len(kinds)]]
            asset = house.pk if kind.code == "yards" else None
            asked.append(Asked(middle.x, middle.y, kind.pk, kind.code, now, {}, asset))
        verdicts = decide_many(asked, community=community)
    for house, verdict in zip(houses, verdicts, strict=True):
        assert verdict, house
        assert verdict.organisation, house
        if house.keeper_id:
            assert verdict.organisation == house.keeper_id, house


def decisions_of(kind: str, *, street: str) -> list[Decision]:
    """The first decision about each report of that kind in that street or park."""
    issues = Issue.objects.filter(category__code=kind, address__startswith=street).order_by("created_at")
    assert issues
    return [Decision.objects.filter(subject=issue.subject).earliest("decided_at", "id") for issue in issues]


def keeper(decision: Decision) -> str:
    assert decision.trace["matched"], decision.trace["lost"]
    assert decision.trace["matched"]["asset"]
    return str(decision.organisation)


def test_reports_of_the_demo_reach_whom_the_registers_name(demo: Demo) -> None:
    with scope(community=Community.objects.get(slug="yavoryn")):
        roads = [keeper(decision) for decision in decisions_of("roads", street=STATE_ROAD)]
        assert set(roads) == {"Служба відновлення, дорожній відділ"}
        assert keeper(decisions_of("roads", street="вул. Козацька")[0]) == "КП «Заріччя-шлях»"
        assert keeper(decisions_of("roads", street="вул. Соснова")[0]) == "КП «Яворинавтодор»"
        assert keeper(decisions_of("yards", street="вул. Сонячна")[0]) == "ОСББ «Соняшник»"
        assert keeper(decisions_of("lamps", street="вул. Зарічна")[0]) == "КП «Міськсвітло»"
        assert decisions_of("yards", street="вул. Берегова")[0].is_fallback
        (yard,) = decisions_of("yards", street="вул. Ринкова")
        assert yard.trace["matched"]["answers"] == {"where": ["yard"]}
        assert str(yard.organisation) == "КП «Екосервіс-Явір»"


def test_keeper_without_a_channel_and_an_informed_council_are_in_the_demo(demo: Demo) -> None:
    with scope(community=Community.objects.get(slug="yavoryn")):
        (unreachable,) = Delivery.objects.filter(message=None, refused_at=None)
        assert str(unreachable.organisation) == "ОСББ «Ялинка»"
        (informed,) = Delivery.objects.filter(role=Delivery.Role.INFORMED)
        assert informed.decision
        assert (str(informed.decision.organisation), informed.decision.trace["category"]) == ("КП «Зеленбуд»", "trees")


def test_demo_holds_a_kept_set_one_in_force_and_a_draft(demo: Demo) -> None:
    now = datetime.now(KYIV)
    with scope(community=Community.objects.get(slug="yavoryn")):
        kept, full, draft = RuleSet.objects.order_by("number")
        states = [state_of(ruleset, at=now) for ruleset in (kept, full, draft)]
        assert states == [SetState.KEPT, SetState.IN_FORCE, SetState.DRAFT]
        used = set(Decision.objects.values_list("ruleset", flat=True))
        assert used == {kept.pk, full.pk}
        rules = Rule.objects.filter(ruleset=full)
        assert set(rules.values_list("asks", flat=True)) == {"", "this", "inside", "nearest"}
        assert set(rules.values_list("role", flat=True)) == {"responsible", "informed"}
        assert rules.filter(hours_from__isnull=False).exists()
        assert rules.filter(valid_from__isnull=False).exists()
        assert rules.exclude(area_code="").exists()


def test_draft_of_the_demo_changes_some_decisions(demo: Demo) -> None:
    community = Community.objects.get(slug="yavoryn")
    with scope(community=community):
        draft = RuleSet.objects.get(in_force_from=None)
        history = Issue.objects.select_related("category")
        asked = [
            Asked(
                row.location.x, row.location.y, row.category.pk, row.category.code, row.created_at, row.answers,
                row.asset_id,
            )
            for row in history
        ]  # fmt: skip
        now = [verdict and verdict.organisation for verdict in decide_many(asked, community=community)]
        then = [
            verdict and verdict.organisation for verdict in decide_many(asked, community=community, ruleset=draft.pk)
        ]
    changed = sum(one != other for one, other in zip(now, then, strict=True))
    assert 2 <= changed < len(asked) / 2


def test_houses_of_a_street_have_different_numbers(demo: Demo) -> None:
    with scope(community=Community.objects.get(slug="yavoryn")):
        houses = list(Asset.objects.filter(register__code="houses").values_list("name", "number", "keeper"))
        lamps = Asset.objects.filter(register__code="lamps")
        assert lamps.count() == 900
        assert not lamps.filter(Q(number="") | Q(keeper=None)).exists()
    assert len({(street, number) for street, number, _keeper in houses}) == len(houses)
    kept = [whose for _street, _number, whose in houses if whose]
    assert 2_000 < len(kept) < len(houses)


def test_power_grid_of_the_demo_serves_two_communities(demo: Demo) -> None:
    with scopes_disabled():
        channels = Channel.objects.filter(organisation__name="Яворинський РЕМ обленерго")
        assert {channel.community.slug for channel in channels} == {"yavoryn", "sosnivka"}


def test_demo_has_works_that_run_that_have_no_end_yet_and_that_are_to_come(demo: Demo) -> None:
    with scopes_disabled():
        works = list(Work.objects.select_related("community").order_by("starts_at"))
        today = works[0].community.day_of(works[0].created_at)
        assert [work.state_on(today) for work in works] == ["running", "running", "planned"]
        assert [work.ends_at is None for work in works] == [False, True, False]
        assert all(work.organisation and work.categories.exists() for work in works)
        for work in works:
            work.full_clean()
