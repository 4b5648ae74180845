"""The exact place of a sensitive report: those who must answer get it, and no door shows it to a stranger."""

from collections.abc import Callable
from datetime import datetime

import pytest
from django.contrib.gis.geos import MultiPolygon, Point
from django.test import Client
from django.urls import reverse
from django.utils.translation import gettext

from accounts.models import Organisation, User
from core.models import OutboxMessage, Visibility
from core.tokens import secret_of
from geodata.models import Area
from issues.actions import author_token, report_issue
from issues.blur import blurred
from issues.models import Issue
from issues.moves import move_by_organisation, set_visibility
from issues.states import State
from media.actions import clean_waiting, keep_draft
from media.models import Photo
from routing.models import Channel
from tests.conftest import LONG_AGO, City, hole
from tests.grid import Town
from tests.issues.conftest import answer_page, author_page, holder, new_rule, register_houses, square
from tests.photos import jpeg, upload

STREET = "вул. Таємна, 7"


@pytest.fixture
def observer(city: City) -> Organisation:
    """Hears of every report about roads, and need not answer."""
    found = Organisation.objects.create(name="Спостерігач")
    Channel.objects.create(community=city.community, organisation=found, address="watch@example.org")
    new_rule(city, category=city.roads, organisation=found, role="informed")
    return found


@pytest.fixture
def place(town: Town) -> Point:
    """In Заріччя, far from the middle of its cell of the grid."""
    point = Point(town["p"].x + 0.00117, town["p"].y + 0.00061, srid=4326)
    middle = blurred(point.x, point.y)
    assert abs(point.x - middle[0]) > 0.0005 or abs(point.y - middle[1]) > 0.0005
    return point


Way = Callable[[City, Point, User, datetime], Issue]


def _report(city: City, place: Point, at: datetime) -> Issue:
    file = upload(jpeg(place=(place.x, place.y)))
    photo = keep_draft(community=city.community, file=file, name="щит.jpg", at=at)
    new = hole(city, place, address=STREET, photos=[photo], flat="кв17б", name="Олена Таємна")
    return report_issue(new=new, community=city.community, at=at)


def _from_the_start(city: City, place: Point, marta: User, at: datetime) -> Issue:
    city.roads.is_sensitive = True
    city.roads.save()
    return _report(city, place, at)


def _since_today(city: City, place: Point, marta: User, at: datetime) -> Issue:
    issue = _report(city, place, at)
    city.roads.is_sensitive = True
    city.roads.save()
    return issue


def _by_a_moderator(city: City, place: Point, marta: User, at: datetime) -> Issue:
    issue = _report(city, place, at)
    set_visibility(issue=issue, visibility=Visibility.COARSE, user=marta, at=at)
    return issue


def _held_and_published(city: City, place: Point, marta: User, at: datetime) -> Issue:
    city.roads.hold_new = city.roads.is_sensitive = True
    city.roads.save()
    issue = _report(city, place, at)
    assert issue.subject.visibility == Visibility.HELD
    set_visibility(issue=issue, visibility=Visibility.PUBLIC, user=marta, at=at)
    return issue


def _named_no_longer_sensitive(city: City, place: Point, marta: User, at: datetime) -> Issue:
    issue = _from_the_start(city, place, marta, at)
    city.roads.is_sensitive = False
    city.roads.save()
    return issue


WAYS: dict[str, Way] = {
    "sensitive from the start": _from_the_start,
    "sensitive since today": _since_today,
    "blurred by a moderator": _by_a_moderator,
    "held and published": _held_and_published,
    "sensitive when it was sent": _named_no_longer_sensitive,
}
AT_ONCE = ("sensitive from the start", "held and published", "sensitive when it was sent")


@pytest.fixture(params=WAYS)
def secret(
    request: pytest.FixtureRequest, city: City, place: Point, marta: User, observer: Organisation, now: datetime
) -> Issue:
    """A report with an exact place, an address, a flat, a name and a photo; reloaded as a page would."""
    issue = WAYS[request.param](city, place, marta, now)
    clean_waiting(at=now)
    return Issue.objects.select_related("subject", "category", "community").get(pk=issue.pk)


Door = Callable[[Client, Issue], str]


def _page(address: str) -> Door:
    def door(client: Client, issue: Issue) -> str:
        answer = client.get(address)
        assert answer.status_code == 200
        text: str = answer.content.decode()
        return text

    return door


DOORS: dict[str, Door] = {
    "public page": _page("/yavoryn/issues/1/"),
    "map": _page("/yavoryn/"),
    "list": _page("/yavoryn/list/"),
    "chosen on the map": lambda client, issue: _page(f"/yavoryn/?selected=issues-{issue.pk}")(client, issue),
    "marks from afar": _page("/yavoryn/marks.geojson?box=28.3,49.1,28.7,49.4&zoom=11"),
    "marks from near": _page("/yavoryn/marks.geojson?box=28.3,49.1,28.7,49.4&zoom=18"),
    "API": _page("/api/v1/yavoryn/issues/"),
}


@pytest.mark.parametrize("door", DOORS)
def test_no_door_tells_strangers_the_place_the_address_or_the_name(
    client: Client, secret: Issue, place: Point, door: str
) -> None:
    told = DOORS[door](client, secret)
    assert "Яма на переході" in told or "features" in told
    for digits in (f"{place.x:.4f}", f"{place.y:.4f}", f"{place.x:.7f}"[:7], f"{place.y:.7f}"[:7]):
        assert digits not in told
    for words in (STREET, "Таємна", "кв17б", "Олена"):
        assert words not in told


def test_pin_stands_in_the_middle_of_the_cell_everywhere(client: Client, secret: Issue, place: Point) -> None:
    middle = blurred(place.x, place.y)
    assert client.get("/yavoryn/issues/1/").context["public_point"] == pytest.approx(middle)
    (mark,) = client.get("/yavoryn/marks.geojson?box=28.3,49.1,28.7,49.4&zoom=18").json()["features"]
    (feature,) = client.get("/api/v1/yavoryn/issues/").json()["features"]
    for shown in (mark, feature):
        assert shown["geometry"]["coordinates"] == pytest.approx(middle, abs=1e-5)


def test_small_box_finds_it_at_the_middle_of_the_cell_and_not_at_its_place(
    client: Client, secret: Issue, place: Point
) -> None:
    def found(lon: float, lat: float) -> int:
        box = f"{lon - 1e-4:.6f},{lat - 1e-4:.6f},{lon + 1e-4:.6f},{lat + 1e-4:.6f}"
        total: int = client.get(f"/yavoryn/marks.geojson?box={box}&zoom=18").json()["total"]
        assert ("Яма" in client.get(f"/yavoryn/list/?box={box}&zoom=18").content.decode()) is bool(total)
        return total

    assert found(place.x, place.y) == 0
    assert found(*blurred(place.x, place.y)) == 1


def test_those_who_answer_and_the_author_see_the_exact_place(client: Client, secret: Issue, place: Point) -> None:
    for page in (answer_page(holder(secret)), author_page(secret)):
        answer = client.get(page)
        assert answer.context["public_point"] == pytest.approx((place.x, place.y))
        assert STREET in answer.content.decode()


@pytest.mark.parametrize("secret", AT_ONCE, indirect=True)
def test_letters_tell_the_place_only_to_those_who_must_answer(secret: Issue, place: Point) -> None:
    move_by_organisation(delivery=holder(secret), to=State.ACCEPTED, at=secret.created_at)
    letters = {(row.recipient, row.payload["subject"]): row.payload for row in OutboxMessage.objects.all()}
    assert len(letters) == 4  # to those who must answer, for information, the receipt, the news
    digits = f"{place.y:.4f}"
    for (recipient, _subject), letter in letters.items():
        told = letter["text"] + letter["html"]
        knows = recipient == "roads@example.org"
        assert (digits in told) is (STREET in told) is ("кв17б" in told) is knows
        assert ("Олена Таємна" in told) is knows


def test_photo_that_strangers_get_holds_no_place(client: Client, secret: Issue, place: Point) -> None:
    photo = Photo.objects.get()
    answer = client.get(photo.large_url)
    content = b"".join(answer.streaming_content)  # type: ignore[attr-defined]
    assert b"Exif" not in content
    assert b"GPS" not in content


def test_area_is_named_only_when_it_covers_the_whole_cell(client: Client, city: City, secret: Issue) -> None:
    """Заріччя is smaller than the cell: its border would tell where in the cell the place is."""
    page = client.get("/yavoryn/issues/1/")
    assert page.context["area_names"] == []
    assert "Заріччя" not in page.content.decode()
    assert "КП «Яворинавтодор»" in page.context["why"][0]
    middle = blurred(secret.location.x, secret.location.y)
    around = MultiPolygon(Point(*middle, srid=4326).buffer(0.02), srid=4326)
    whole = Area.objects.create(
        community=city.community, division=city.division, code="all", name="Усе довкола", boundary=around,
        valid_from=LONG_AGO,
    )  # fmt: skip
    secret.areas.add(whole)
    assert client.get("/yavoryn/issues/1/").context["area_names"] == ["Усе довкола"]


def test_house_and_the_distance_to_a_neighbour_are_not_told(
    client: Client, city: City, town: Town, now: datetime
) -> None:
    houses = register_houses(city, town)
    houses.category.is_sensitive = True
    houses.category.save()
    new = hole(city, square(town, "p").centroid, category=houses.category, asset=houses.first, entrance="2", flat="17")
    report_issue(new=new, community=city.community, at=now)
    page = client.get("/yavoryn/issues/1/")
    assert page.context["asset"] == page.context["address"] == page.context["flat"] == ""
    assert page.context["considered"] == []
    assert "Соборна" not in page.content.decode()


def test_form_says_it_before_sending(client: Client, city: City, town: Town) -> None:
    city.roads.is_sensitive = True
    city.roads.save()
    asked = {"lon": str(town["p"].x), "lat": str(town["p"].y), "category": "roads"}
    said = gettext("Only those who answer will see the exact place.")
    assert said in client.get("/yavoryn/report/answerer/", asked).content.decode()
    assert said in client.post("/yavoryn/report/", asked | {"text": "Яма.", "do": "check"}).content.decode()
    assert said not in client.get("/yavoryn/report/answerer/", asked | {"category": "manholes"}).content.decode()


def test_organisation_is_asked_to_keep_the_place_to_itself(client: Client, secret: Issue) -> None:
    asked = gettext("You do. Please do not name it in your answers: everybody reads them.")
    assert asked in client.get(answer_page(holder(secret))).content.decode()


def test_moderator_cannot_publish_it_exactly(
    client: Client, city: City, place: Point, marta: User, now: datetime
) -> None:
    issue = _held(city, place, marta, now)
    client.force_login(marta)
    page = client.get(reverse("admin:issues_issue_change", args=[issue.pk]))
    offered = [code for code, _words in page.context["adminform"].form.fields["visibility"].choices]
    assert offered == ["coarse", "held", "hidden"]
    client.post(
        reverse("admin:issues_issue_changelist"), {"action": "publish", "_selected_action": [issue.pk]}, follow=True
    )
    issue.subject.refresh_from_db()
    assert issue.subject.visibility == Visibility.COARSE


def _held(city: City, place: Point, marta: User, now: datetime) -> Issue:
    city.roads.hold_new = city.roads.is_sensitive = True
    city.roads.save()
    return _report(city, place, now)


def test_link_of_the_author_opens_what_strangers_see_blurred(client: Client, secret: Issue) -> None:
    assert client.get(f"/yavoryn/mine/{secret_of(author_token(secret))}/").context["is_blurred"] is False
    assert client.get("/yavoryn/issues/1/").context["is_blurred"] is True
