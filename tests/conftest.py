"""The invented town of every test: Яворин with two districts, its organisations and rules; the clock stands still."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime

import pytest
from django.contrib.gis.geos import Point
from django.core.cache import cache
from django_scopes import scope, scopes_disabled

from accounts.models import Membership, Organisation, User
from geodata.models import Area, Community, Division
from issues.actions import NewReport, report_issue
from issues.models import Issue
from routing.models import Category, Channel, CommunityRouting, Rule
from routing.rulesets import new_draft, publish
from tests import hypothesis_profile  # noqa: F401  loads the profile
from tests.grid import Town, grid
from tests.people import member, person

# A Thursday, 10:00 in Kyiv.
NOW = datetime(2026, 11, 19, 8, 0, tzinfo=UTC)
LONG_AGO = date(2020, 1, 1)
LONG_AGO_NOON = datetime(2020, 1, 1, 10, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _clean_slate(settings: pytest.FixtureRequest, tmp_path: object) -> None:
    """Photos and letters of a test go into its own folder; hashed names of static files are not needed."""
    settings.STORAGES = settings.STORAGES | {  # type: ignore[attr-defined]
        "default": {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": str(tmp_path)}},
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }
    settings.BASEMAP_DIR = str(tmp_path / "basemap")  # type: ignore[attr-defined, operator]
    cache.clear()


@pytest.fixture
def now() -> datetime:
    """Thursday 19 November 2026, 10:00 in Kyiv."""
    return NOW


@pytest.fixture
def town() -> Town:
    """Заріччя in the north, Слобідка in the south; p is in the north, q in the south, o outside."""
    return grid(
        "A . . B . .",
        ". . p . . .",
        "C . . D . o",
        ". . q . . .",
        "E . . F . .",
    )


@pytest.fixture
def yavoryn(db: None, town: Town) -> Community:
    """The community of Яворин: both districts together."""
    return Community.objects.create(
        slug="yavoryn",
        name="Яворинська громада",
        name_en="Yavoryn community",
        boundary=town.area("ABFE"),
        centre=town["p"],
        zoom=14,
    )


@pytest.fixture
def inside(yavoryn: Community) -> Iterator[Community]:
    """The scope of Яворин is open for the whole test."""
    with scope(community=yavoryn):
        yield yavoryn


@dataclass(frozen=True, slots=True)
class City:
    """What Яворин consists of."""

    community: Community
    division: Division
    zarichchia: Area
    slobidka: Area
    roads: Category
    manholes: Category
    road_service: Organisation
    vodokanal: Organisation
    council: Organisation


@pytest.fixture
def city(inside: Community, town: Town) -> City:
    """Manholes → Водоканал everywhere; roads → Шляхрембуд in Заріччя only; everything else → the council's queue."""
    division = Division.objects.create(community=inside, code="districts", name="Райони")

    def area(code: str, name: str, corners: str) -> Area:
        found: Area = Area.objects.create(
            community=inside, division=division, code=code, name=name, boundary=town.area(corners), valid_from=LONG_AGO
        )
        return found

    def organisation(name: str, address: str) -> Organisation:
        found = Organisation.objects.create(name=name)
        Channel.objects.create(community=inside, organisation=found, address=address)
        return found

    zarichchia, slobidka = area("north", "Заріччя", "ABDC"), area("south", "Слобідка", "CDFE")
    roads = Category.objects.create(
        community=inside, code="roads", name="Дороги", name_en="Roads", icon="road", working_days=5
    )
    manholes = Category.objects.create(
        community=inside, code="manholes", name="Люки", name_en="Manholes", icon="manhole", working_days=2
    )
    road_service = organisation("КП «Яворинавтодор»", "roads@example.org")
    vodokanal = organisation("КП «Яворинводоканал»", "water@example.org")
    council = organisation("Яворинська міська рада", "council@example.org")
    CommunityRouting.objects.create(community=inside, fallback=council)
    rules = new_draft(community=inside, at=LONG_AGO_NOON)
    given = {"community": inside, "ruleset": rules}
    Rule.objects.create(category=manholes, organisation=vodokanal, **given)
    Rule.objects.create(category=roads, division=division, area_code="north", organisation=road_service, **given)
    publish(rules, moment=LONG_AGO_NOON, at=LONG_AGO_NOON)
    return City(inside, division, zarichchia, slobidka, roads, manholes, road_service, vodokanal, council)


@pytest.fixture
def issue(city: City, town: Town, now: datetime) -> Issue:
    """Оля's report of a hole in Заріччя, sent to Яворинавтодор; she left an e-mail."""
    return report_issue(new=hole(city, town["p"]), community=city.community, at=now)


def hole(city: City, point: Point, **changes: object) -> NewReport:
    """A report of a hole in the road at that point, from a browser in which Оля confirmed her address before."""
    given: dict[str, object] = {
        "category": city.roads,
        "point": point,
        "text": "Яма на переході. Машини об’їжджають її тротуаром.",
        "email": "olia@example.org",
        "email_is_known": True,
    }
    return NewReport(**(given | changes))  # type: ignore[arg-type]


@pytest.fixture
def elsewhere(db: None) -> Community:
    """Соснівка: another community, to the east of Яворин."""
    origin = (28.60, 49.22)
    drawing = grid("A B", "D C", origin=origin)
    return Community.objects.create(
        slug="sosnivka", name="Соснівська громада", boundary=drawing.area("ABCD"), centre=drawing["A"]
    )


@pytest.fixture
def marta(yavoryn: Community) -> User:
    """Moderates Яворин."""
    with scopes_disabled():
        return member("marta", yavoryn, Membership.Role.MODERATOR)


@pytest.fixture
def taras(yavoryn: Community) -> User:
    """Administers Яворин."""
    with scopes_disabled():
        return member("taras", yavoryn, Membership.Role.ADMINISTRATOR)


@pytest.fixture
def lesia(elsewhere: Community) -> User:
    """Administers another community."""
    with scopes_disabled():
        return member("lesia", elsewhere, Membership.Role.ADMINISTRATOR)


@pytest.fixture
def serhii(db: None) -> User:
    """A stranger with an account."""
    return person("serhii")
