"""A report on its way: who holds it, and short ways to read what happened."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
import time_machine
from django.contrib.gis.geos import Polygon
from django.urls import reverse

from accounts.models import Organisation
from core.models import Token
from core.tokens import secret_of
from issues.actions import author_token, report_issue
from issues.following import author_follow
from issues.models import Issue
from routing.models import Asset, Category, Channel, Delivery, Question, Register, Rule, RuleSet
from routing.rulesets import new_draft, publish
from tests.conftest import LONG_AGO, NOW, City, hole
from tests.grid import Town, degrees_per_metre


@pytest.fixture(autouse=True)
def _clock_of_the_pages(now: datetime) -> Iterator[None]:
    """Pages read the clock themselves: for them it is the day after the report, noon in Kyiv."""
    with time_machine.travel(now + timedelta(days=1, hours=2), tick=False):
        yield


@pytest.fixture
def delivery(issue: Issue) -> Delivery:
    """Яворинавтодор has Оля's report."""
    return holder(issue)


@pytest.fixture
def later(now: datetime) -> datetime:
    """The next day, Friday, 10:00 in Kyiv."""
    return now + timedelta(days=1)


@pytest.fixture
def another(city: City, town: Town, now: datetime) -> Issue:
    """A second report about the same hole."""
    return report_issue(new=hole(city, town["p"], email=""), community=city.community, at=now)


def holder(issue: Issue) -> Delivery:
    """The delivery of whoever has the report now."""
    standing = Delivery.objects.standing().responsible().select_related("organisation", "token", "subject")
    return standing.get(subject=issue.subject)


def link_of(delivery: Delivery) -> Token:
    """The right behind the link of a delivery to whoever must answer."""
    assert delivery.token
    return delivery.token


def author_page(issue: Issue) -> str:
    """Address of the author's page."""
    return reverse("mine", args=["yavoryn", secret_of(author_token(issue))])


def address_of_author(issue: Issue) -> str:
    """Where the author's letters go, confirmed or not; "" for nowhere."""
    row = author_follow(issue)
    return row.email if row else ""


def answer_page(delivery: Delivery) -> str:
    """Address of the page on which the organisation answers."""
    return reverse("answer", args=["yavoryn", secret_of(link_of(delivery))])


@contextmanager
def new_rules(city: City, *, moment: datetime | None = None) -> Iterator[RuleSet]:
    """A draft with the newest rules; after the block it is in force, from that moment or since long."""
    newest = RuleSet.objects.filter(community=city.community, in_force_from__isnull=False).latest("in_force_from")
    since = moment or (newest.in_force_from or NOW) + timedelta(minutes=1)
    draft = new_draft(community=city.community, at=since, based_on=newest)
    yield draft
    publish(draft, moment=since, at=since)


def new_rule(city: City, **columns: object) -> Rule:
    """One more rule, in force since long."""
    with new_rules(city) as draft:
        return Rule.objects.create(community=city.community, ruleset=draft, **columns)


@dataclass(frozen=True, slots=True)
class Houses:
    """What people report about their houses, and who manages them."""

    category: Category
    register: Register
    first: Asset  # at p, four entrances, managed by its ОСББ
    second: Asset  # 40 m to the east, managed by «Домком»
    osbb: Organisation
    domkom: Organisation


def square(town: Town, place: str, *, east: float = 0, north: float = 0, half: float = 8) -> Polygon:
    """A square around a place of the town, moved so many metres; `half` of its side in metres."""
    per_lon, per_lat = degrees_per_metre(town[place].y)
    x, y = town[place].x + east * per_lon, town[place].y + north * per_lat
    shape = Polygon.from_bbox((x - half * per_lon, y - half * per_lat, x + half * per_lon, y + half * per_lat))
    shape.srid = 4326
    return shape


def register_houses(city: City, town: Town) -> Houses:
    """Two houses at p, and the rule that the manager of the chosen house answers for it."""

    def organisation(name: str, address: str) -> Organisation:
        found = Organisation.objects.create(name=name)
        Channel.objects.create(community=city.community, organisation=found, address=address)
        return found

    register = Register.objects.create(community=city.community, code="houses", name="Будинки", kind="buildings")
    osbb, domkom = organisation("ОСББ «Затишок»", "osbb@example.org"), organisation("«Домком»", "domkom@example.org")
    category = Category.objects.create(
        community=city.community, code="houses", name="Будинок", name_en="House", icon="building", working_days=3,
        register=register,
    )  # fmt: skip
    given = {"community": city.community, "register": register, "name": "вул. Соборна", "valid_from": LONG_AGO}
    first = Asset.objects.create(
        key="12", number="12", search="соборна 12", keeper=osbb, entrances=4, geometry=square(town, "p"), **given
    )
    second = Asset.objects.create(
        key="14", number="14", search="соборна 14", keeper=domkom, geometry=square(town, "p", east=40), **given
    )
    new_rule(city, category=category, register=register, asks="this")
    return Houses(category, register, first, second, osbb, domkom)


@pytest.fixture
def houses(city: City, town: Town) -> Houses:
    """Two houses at p."""
    return register_houses(city, town)


def ask_where(city: City) -> Question:
    """Roads ask where the hole is: in the yard or on the street."""
    return Question.objects.create(
        community=city.community,
        category=city.roads,
        code="where",
        text="Де саме?",
        text_en="Where exactly?",
        options=[
            {"code": "street", "text": "На вулиці", "text_en": "On the street"},
            {"code": "yard", "text": "У дворі", "text_en": "In the yard"},
        ],
    )
