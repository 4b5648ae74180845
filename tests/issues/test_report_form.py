"""The report form keeps everything, says who will answer before sending, and sends once."""

import uuid
from datetime import timedelta

import pytest
import time_machine
from django.contrib.gis.geos import Point
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from core.models import OutboxMessage
from geodata.models import Community
from issues.models import Issue
from media.models import Photo
from tests.conftest import NOW, City
from tests.grid import Town
from tests.photos import jpeg, upload

ADDRESS = "/yavoryn/report/"
pytestmark = pytest.mark.usefixtures("_morning")


@pytest.fixture
def _morning() -> object:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def filled(city: City, town: Town) -> dict[str, str]:
    """Everything a resident gives, but `seen`."""
    return {
        "lon": f"{town['p'].x:.6f}",
        "lat": f"{town['p'].y:.6f}",
        "category": "roads",
        "text": "Яма на переході.",
        "email": "olia@example.org",
        "key": str(uuid.uuid4()),
        "do": "send",
    }


def photo_file(place: Point | None = None, name: str = "яма.jpg") -> SimpleUploadedFile:
    return upload(jpeg(place=(place.x, place.y) if place else None), name=name)


def test_who_answers_and_by_when_is_shown_before_anything_is_sent(client: Client, filled: dict[str, str]) -> None:
    page = client.post(ADDRESS, filled)
    assert page.status_code == 200
    assert page.context["answerer"].organisation.name == "КП «Яворинавтодор»"
    assert page.context["answerer"].due_on.isoformat() == "2026-11-26"
    assert Issue.objects.count() == 0


def test_after_that_look_it_is_sent_and_the_secret_link_opens(client: Client, filled: dict[str, str]) -> None:
    seen = client.post(ADDRESS, filled).context["answerer"].seen
    sent = client.post(ADDRESS, filled | {"seen": seen})
    assert sent.status_code == 302
    assert client.get(sent["Location"]).status_code == 200
    assert Issue.objects.get().text == "Яма на переході."


def test_changed_answerer_is_shown_again_before_sending(client: Client, filled: dict[str, str]) -> None:
    page = client.post(ADDRESS, filled | {"seen": "1:2020-01-01"})
    assert page.status_code == 200
    assert Issue.objects.count() == 0


def test_double_click_sends_one_report(client: Client, filled: dict[str, str]) -> None:
    filled["seen"] = client.post(ADDRESS, filled).context["answerer"].seen
    first, second = client.post(ADDRESS, filled), client.post(ADDRESS, filled)
    assert first["Location"] == second["Location"]
    assert Issue.objects.count() == 1
    assert OutboxMessage.objects.count() == 2


@pytest.mark.parametrize(
    ("field", "bad"), [("email", "olia@"), ("category", "nothing"), ("text", "  "), ("lon", "east")]
)
def test_error_stands_beside_its_field_and_the_rest_stays(
    client: Client, filled: dict[str, str], field: str, bad: str
) -> None:
    page = client.post(ADDRESS, filled | {field: bad})
    assert page.status_code == 422
    assert field in page.context["form"].errors
    for name in {"text", "email", "category", "lat", "key"} - {field}:
        assert page.context["form"][name].value() == filled[name]


def test_without_a_place_the_form_asks_for_one(client: Client, filled: dict[str, str]) -> None:
    page = client.post(ADDRESS, filled | {"lon": "", "lat": ""})
    assert "address" in page.context["form"].errors


@pytest.mark.parametrize("typed", ["{lat}, {lon}", "{lat} {lon}", " {lat};{lon} "])
def test_typed_coordinates_are_a_place(client: Client, filled: dict[str, str], typed: str) -> None:
    address = typed.format(lat=filled["lat"], lon=filled["lon"])
    page = client.post(ADDRESS, filled | {"lon": "", "lat": "", "address": address})
    assert page.context["answerer"].organisation.name == "КП «Яворинавтодор»"


def test_point_in_another_community_is_refused_with_a_way_there(
    client: Client, filled: dict[str, str], elsewhere: Community
) -> None:
    there = {"lon": str(elsewhere.centre.x + 0.0001), "lat": str(elsewhere.centre.y - 0.0001)}
    page = client.post(ADDRESS, filled | there)
    assert page.status_code == 422
    assert page.context["answerer"].elsewhere == {"name": "Соснівська громада", "url": "/sosnivka/report/"}


def test_photo_is_kept_when_something_else_is_wrong(client: Client, filled: dict[str, str]) -> None:
    page = client.post(ADDRESS, filled | {"text": "", "photo": photo_file()})
    assert page.status_code == 422
    (kept,) = page.context["photos"]
    seen = client.post(ADDRESS, filled | {"photo_key": kept.key}).context["answerer"].seen
    client.post(ADDRESS, filled | {"photo_key": kept.key, "seen": seen})
    assert Photo.objects.get().subject == Issue.objects.get().subject


def test_bad_file_gets_a_word_and_the_good_one_stays(client: Client, filled: dict[str, str]) -> None:
    broken = SimpleUploadedFile("notes.jpg", b"no picture at all", content_type="image/jpeg")
    page = client.post(ADDRESS, filled | {"photo": [broken, photo_file()]})
    assert page.status_code == 422
    assert len(page.context["photos"]) == 1
    assert page.context["photo_errors"][0].startswith("notes.jpg: ")
    assert Issue.objects.count() == 0


def test_dropped_photo_is_gone_and_the_rest_stays(client: Client, filled: dict[str, str]) -> None:
    (kept,) = client.post(ADDRESS, filled | {"photo": photo_file(), "text": ""}).context["photos"]
    page = client.post(ADDRESS, filled | {"photo_key": kept.key, "do": f"drop:{kept.key}"})
    assert page.context["photos"] == []
    assert page.context["form"]["text"].value() == filled["text"]


def test_place_is_taken_from_the_photo_when_no_other_is_given(
    client: Client, filled: dict[str, str], town: Town
) -> None:
    photo = photo_file(town["p"])
    page = client.post(ADDRESS, filled | {"lon": "", "lat": "", "photo": photo})
    assert page.context["answerer"].organisation.name == "КП «Яворинавтодор»"


def test_chosen_place_wins_over_the_photos(client: Client, filled: dict[str, str], town: Town) -> None:
    page = client.post(ADDRESS, filled | {"photo": photo_file(town["q"])})
    assert page.context["answerer"].organisation.name == "КП «Яворинавтодор»"


def test_tap_on_the_drawn_map_is_a_place_and_keeps_everything(
    client: Client, filled: dict[str, str], yavoryn: Community
) -> None:
    assert yavoryn.boundary
    box = ",".join(map(str, yavoryn.boundary.extent))
    tapped = filled | {"lon": "", "lat": "", "tap.x": "320", "tap.y": "224", "tap_box": box, "do": "check"}
    page = client.post(ADDRESS, tapped)
    form = page.context["form"]
    west, south, east, north = yavoryn.boundary.extent
    assert float(form["lon"].value()) == pytest.approx((west + east) / 2, abs=1e-5)
    assert float(form["lat"].value()) == pytest.approx((south + north) / 2, abs=1e-5)
    assert form["text"].value() == filled["text"]
    assert not form.errors


def test_form_opens_at_the_place_of_its_address(client: Client, filled: dict[str, str]) -> None:
    page = client.get(ADDRESS, {"lon": filled["lon"], "lat": filled["lat"], "category": "manholes"})
    assert page.context["form"]["lon"].value() == filled["lon"]
    assert page.context["form"]["category"].value() == "manholes"


def test_preview_names_the_answerer_for_the_script(client: Client, filled: dict[str, str]) -> None:
    page = client.get(ADDRESS + "answerer/", {name: filled[name] for name in ("lon", "lat", "category")})
    assert page.context["answerer"].organisation.name == "КП «Яворинавтодор»"
    assert client.get(ADDRESS + "answerer/", {"category": "roads"}).status_code == 422


def test_most_of_five_photos_are_kept(client: Client, filled: dict[str, str]) -> None:
    page = client.post(ADDRESS, filled | {"text": "", "photo": [photo_file(name=f"{n}.jpg") for n in range(7)]})
    assert len(page.context["photos"]) == 5
    assert [words.partition(":")[0] for words in page.context["photo_errors"]] == ["5.jpg", "6.jpg"]


def test_too_many_files_cost_nobody_what_they_typed(client: Client, filled: dict[str, str]) -> None:
    files = [photo_file(name=f"{n}.jpg") for n in range(30)]
    page = client.post(ADDRESS, filled | {"photo": files})
    assert page.status_code == 422
    assert page.context["form"]["text"].value() == filled["text"]
    assert len(page.context["photos"]) == 5
    assert [words.partition(":")[0] for words in page.context["photo_errors"]] == [f"{n}.jpg" for n in range(5, 30)]
    assert Photo.objects.count() == 5


def test_key_of_a_photo_works_for_a_day(client: Client, filled: dict[str, str]) -> None:
    (kept,) = client.post(ADDRESS, filled | {"photo": photo_file(), "text": ""}).context["photos"]
    with time_machine.travel(NOW + timedelta(hours=25), tick=False):
        assert client.post(ADDRESS, filled | {"photo_key": kept.key}).context["photos"] == []


def test_category_of_another_community_cannot_be_chosen(
    client: Client, filled: dict[str, str], elsewhere: Community
) -> None:
    page = client.post("/sosnivka/report/", filled)
    assert "category" in page.context["form"].errors


def test_photo_from_far_away_gives_no_place_and_the_form_says_so(client: Client, filled: dict[str, str]) -> None:
    del filled["lon"], filled["lat"]
    page = client.post(ADDRESS, filled | {"photo": photo_file(Point(30.5234, 50.4501)), "do": "zoom_in"})
    assert not page.context["form"]["lon"].value()
    assert "Яворинська громада" in page.context["place_trouble"]
    assert page.context["place_trouble"] in page.content.decode()
    assert ">Місце прочитано</p>" not in page.content.decode()


def test_photo_from_here_is_the_place_beside_one_from_far_away(
    client: Client, filled: dict[str, str], town: Town
) -> None:
    del filled["lon"], filled["lat"]
    photos = [photo_file(Point(30.5234, 50.4501)), photo_file(town["q"])]
    page = client.post(ADDRESS, filled | {"photo": photos, "do": "zoom_in"})
    assert float(page.context["form"]["lat"].value()) == pytest.approx(town["q"].y, abs=1e-5)
    assert page.context["place_trouble"] == ""
    assert page.content.decode().count(">Місце прочитано</p>") == 1


def test_tap_outside_is_said_at_once(client: Client, filled: dict[str, str], town: Town) -> None:
    place = {"lon": f"{town['o'].x:.6f}", "lat": f"{town['o'].y:.6f}"}
    page = client.post(ADDRESS, filled | place | {"do": "zoom_in"})
    assert "Яворинська громада" in page.context["place_trouble"]


@pytest.mark.parametrize(("zoom", "is_taken"), [("15.9", False), ("16", True), ("18", True), ("", True)])
def test_middle_of_a_map_is_a_place_only_from_near(
    client: Client, filled: dict[str, str], zoom: str, is_taken: bool
) -> None:
    asked = {"lon": filled["lon"], "lat": filled["lat"]} | ({"zoom": zoom} if zoom else {})
    page = client.get(ADDRESS, asked)
    assert (page.context["form"]["lon"].value() == filled["lon"]) is is_taken
    assert (page.context["map_config"]["view"] is None) is is_taken


@pytest.mark.parametrize("place", [("30.5", "50.4"), ("east", "north"), ("nan", "49.2"), ("281", "49")])
def test_address_with_a_place_elsewhere_opens_an_empty_form(client: Client, city: City, place: tuple[str, str]) -> None:
    page = client.get(ADDRESS, {"lon": place[0], "lat": place[1], "zoom": "17"})
    assert page.status_code == 200
    assert not page.context["form"]["lon"].value()


def test_place_alone_is_enough_to_hear_that_it_is_outside(client: Client, city: City, town: Town) -> None:
    def preview(name: str) -> str:
        place = {"lon": str(town[name].x), "lat": str(town[name].y), "category": ""}
        return client.get(f"{ADDRESS}answerer/", place).content.decode()

    assert "data-refusal" in preview("o")
    assert "data-refusal" not in preview("p")


def test_example_of_coordinates_lies_in_the_community(client: Client, city: City, filled: dict[str, str]) -> None:
    del filled["lon"], filled["lat"]
    centre = city.community.centre
    example = f"{centre.y:.4f}, {centre.x:.4f}"
    page = client.post(ADDRESS, filled)
    assert example in page.context["form"].errors["address"][0]
    assert page.content.decode().count(example) == 3  # the list of errors, the error beside the field, the hint


def test_error_elsewhere_does_not_hide_who_will_answer(client: Client, filled: dict[str, str]) -> None:
    page = client.post(ADDRESS, filled | {"email": "olia@"})
    assert page.status_code == 422
    mended = client.post(ADDRESS, filled | {"seen": page.context["answerer"].seen})
    assert mended.status_code == 302
