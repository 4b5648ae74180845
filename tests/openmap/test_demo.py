"""The demo: an empty database becomes a living town, and every page of it opens for a stranger."""

import re
import stat
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from io import StringIO
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
from django.test import Client, override_settings
from django.utils.translation import override
from django_scopes import scope, scopes_disabled
from pytest_django import DjangoDbBlocker

from accounts.models import Membership, User
from core.models import OutboxMessage, Visibility
from geodata.models import Area, Community, MapShape
from issues.models import Issue
from issues.states import State
from media.models import Photo
from openmap.demo.layout import BUILT_UP, DISTRICTS
from openmap.demo.place import on_globe
from openmap.demo.stories_of_yards import STORIES
from routing.models import Delivery

KYIV = ZoneInfo("Europe/Kyiv")
LINK = re.compile(r'(?:href|src)="([^"#]+)')
MOST_PAGES = 600  # of a crawl; the demo has fewer


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
    with django_db_blocker.unblock(), transaction.atomic():
        with override("en"), override_settings(VAR_DIR=folder, STORAGES=storages(folder / "media")):
            call_command("load_demo", stdout=said)
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
            if path.netloc or path.path.startswith(("/static/", "/admin/")) or address in seen:
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


def test_letters_of_the_demo_are_settled_but_for_two(demo: Demo) -> None:
    with scopes_disabled():
        waiting = OutboxMessage.objects.pending()
        assert [letter.audience for letter in waiting] == ["organisation", "organisation"]
        (failed,) = OutboxMessage.objects.filter(dead_at__isnull=False)
        assert failed.last_error.startswith("SMTP 550")
        assert all(address.endswith("example.org") for address in recipients())


def recipients() -> list[str]:
    return list(OutboxMessage.objects.values_list("recipient", flat=True))


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
    assert sum(shape.area for shape in shapes) == pytest.approx(together.area, rel=1e-6)
    assert on_globe(BUILT_UP).difference(together).area < 1e-4 * together.area
    assert kinds == set(MapShape.Kind.values)


def test_pin_beyond_the_border_is_told_the_neighbour(demo: Demo, client: Client) -> None:
    sosnivka = Community.objects.get(slug="sosnivka")
    query = {"lon": str(sosnivka.centre.x), "lat": str(sosnivka.centre.y), "category": "roads"}
    answer = client.get("/yavoryn/report/answerer/", query)
    assert "Соснівська громада" in answer.content.decode()
