"""Look-alikes in the report form: offered before sending, with one tap to join and one to say “no”. Nothing is lost."""

import uuid
from datetime import datetime

import pytest
import time_machine
from django.test import Client

from core.models import Subject, Visibility
from geodata.models import Community
from issues.actions import report_issue
from issues.join_words import refusal_in_words
from issues.models import Issue, Supporter
from issues.support import supporters_of
from media.models import Photo
from tests.conftest import NOW, City, hole
from tests.grid import Town
from tests.photos import jpeg, upload

ADDRESS = "/yavoryn/report/"
FRAGMENT = "/yavoryn/report/similar/"
pytestmark = pytest.mark.usefixtures("_morning")


@pytest.fixture
def _morning() -> object:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def known(city: City, town: Town, now: datetime) -> Issue:
    """The same hole, reported by somebody else."""
    return report_issue(new=hole(city, town["p"], email=""), community=city.community, at=now)


@pytest.fixture
def neighbour(client: Client, known: Issue) -> Client:
    """Somebody who has the form open."""
    client.get(ADDRESS)
    return client


@pytest.fixture
def filled(town: Town) -> dict[str, str]:
    """Everything that a resident gives about the hole."""
    return {
        "lon": f"{town['p'].x:.6f}",
        "lat": f"{town['p'].y:.6f}",
        "category": "roads",
        "text": "Яма на переході, глибока.",
        "key": str(uuid.uuid4()),
    }


def test_look_alike_is_shown_before_anything_is_sent(neighbour: Client, filled: dict[str, str], known: Issue) -> None:
    page = neighbour.post(ADDRESS, filled | {"do": "check"})
    (one,) = page.context["similar"]
    assert (one.number, one.metres, one.people) == (known.number, 0, 1)
    assert page.context["answerer"].seen, "and who answers is shown all the same"


def test_what_was_shown_does_not_stop_the_sending(neighbour: Client, filled: dict[str, str], known: Issue) -> None:
    page = neighbour.post(ADDRESS, filled | {"do": "check"})
    shown = {"similar": [one.key for one in page.context["similar"]], "seen": page.context["answerer"].seen}
    assert neighbour.post(ADDRESS, filled | shown | {"do": "send"}).status_code == 302
    assert Issue.objects.count() == 2


def test_sending_stops_once_for_what_was_not_shown_and_one_tap_sends_on(
    neighbour: Client, filled: dict[str, str], known: Issue
) -> None:
    filled["seen"] = neighbour.post(ADDRESS, filled | {"do": "check"}).context["answerer"].seen
    page = neighbour.post(ADDRESS, filled | {"do": "send"})
    assert page.status_code == 200
    assert page.context["is_stopped"]
    assert filled["text"] in page.content.decode()
    assert Issue.objects.count() == 1
    keys = [one.key for one in page.context["similar"]]
    assert neighbour.post(ADDRESS, filled | {"similar": keys, "do": "different:send"}).status_code == 302
    assert Issue.objects.count() == 2


def test_no_mine_is_another_hides_them_for_as_long_as_the_form_lives(
    neighbour: Client, filled: dict[str, str], known: Issue
) -> None:
    keys = [one.key for one in neighbour.post(ADDRESS, filled | {"do": "check"}).context["similar"]]
    page = neighbour.post(ADDRESS, filled | {"similar": keys, "do": "different"})
    assert page.context["similar"] == []
    assert page.context["different"] == f"issues-{known.pk}"
    again = neighbour.post(ADDRESS, filled | {"different": page.context["different"], "do": "check"})
    assert again.context["similar"] == []


def test_one_that_came_meanwhile_is_offered_to_who_refused_another(
    neighbour: Client, filled: dict[str, str], known: Issue, city: City, town: Town, now: datetime
) -> None:
    filled |= {"different": f"issues-{known.pk}"}
    filled["seen"] = neighbour.post(ADDRESS, filled | {"do": "check"}).context["answerer"].seen
    fresh = report_issue(new=hole(city, town["p"], email=""), community=city.community, at=now)
    page = neighbour.post(ADDRESS, filled | {"do": "send"})
    assert [one.number for one in page.context["similar"]] == [fresh.number]
    assert Issue.objects.count() == 2


def test_joining_sends_nothing_and_tells_number_and_page(
    neighbour: Client, filled: dict[str, str], known: Issue
) -> None:
    page = neighbour.post(ADDRESS, filled | {"do": f"join:{known.number}"})
    assert page.status_code == 200
    assert known.get_absolute_url() in page.content.decode()
    assert (Issue.objects.count(), supporters_of(known)) == (1, 1)


def test_joining_twice_is_one_voice(neighbour: Client, filled: dict[str, str], known: Issue) -> None:
    for _press in range(2):
        page = neighbour.post(ADDRESS, filled | {"do": f"join:{known.number}"})
    assert not page.context["is_new"]
    assert supporters_of(known) == 1


def test_what_was_typed_and_uploaded_stands_on_the_page_and_leads_back_to_the_form(
    neighbour: Client, filled: dict[str, str], known: Issue
) -> None:
    photo = upload(jpeg(), name="яма.jpg")
    sent = filled | {"do": f"join:{known.number}", "similar": f"issues-{known.pk}", "photo": photo}
    page = neighbour.post(ADDRESS, sent)
    assert filled["text"] in page.content.decode()
    back = neighbour.post(ADDRESS, dict(page.context["kept"]) | {"text": page.context["typed"], "do": "different"})
    assert back.context["form"]["text"].value() == filled["text"]
    assert [photo.name for photo in back.context["photos"]] == ["яма.jpg"]
    assert back.context["similar"] == [], "and what was joined is taken for another problem"
    assert Photo.objects.count() == 1


def test_photo_without_words_leads_back_to_the_form_too(
    neighbour: Client, filled: dict[str, str], known: Issue
) -> None:
    sent = filled | {"text": "", "do": f"join:{known.number}", "photo": upload(jpeg(), name="яма.jpg")}
    page = neighbour.post(ADDRESS, sent)
    assert "яма.jpg" in page.content.decode()
    kept = dict(page.context["kept"])
    assert all(f'name="{name}" value="{value}"' in page.content.decode() for name, value in kept.items())
    back = neighbour.post(ADDRESS, kept | {"do": "different"})
    assert [photo.name for photo in back.context["photos"]] == ["яма.jpg"]


def test_past_the_limit_of_a_device_nobody_is_joined_and_everything_stays(
    neighbour: Client,
    filled: dict[str, str],
    known: Issue,
    city: City,
    town: Town,
    now: datetime,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("issues.join_limits.OF_A_DEVICE", 1)
    other = report_issue(new=hole(city, town["p"], email=""), community=city.community, at=now)
    neighbour.post(ADDRESS, filled | {"do": f"join:{known.number}"})
    refused = neighbour.post(ADDRESS, filled | {"do": f"join:{other.number}"})
    again = neighbour.post(ADDRESS, filled | {"do": f"join:{known.number}"})
    assert refused.status_code == 422
    assert refused.context["similar_trouble"] == refusal_in_words("too_many")
    assert refused.context["form"]["text"].value() == filled["text"]
    assert (supporters_of(known), supporters_of(other)) == (1, 0)
    assert again.status_code == 200, "a voice that was counted before costs nothing"


def test_new_browsers_from_one_network_are_counted_together(
    client: Client, known: Issue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("issues.join_limits.OF_A_NETWORK", 2)
    for _browser in range(4):
        fresh = Client()
        fresh.get(ADDRESS)
        fresh.post(f"/yavoryn/issues/{known.number}/support/", {"do": "join"})
    assert supporters_of(known) == 2


def test_join_that_comes_too_late_brings_the_form_back_with_everything(
    neighbour: Client, filled: dict[str, str], known: Issue
) -> None:
    Issue.objects.filter(pk=known.pk).update(state="done")
    page = neighbour.post(ADDRESS, filled | {"do": f"join:{known.number}"})
    assert page.status_code == 422
    assert page.context["similar_trouble"]
    assert page.context["form"]["text"].value() == filled["text"]
    assert supporters_of(known) == 0


def test_bad_address_is_told_beside_its_field_before_anybody_is_joined(
    neighbour: Client, filled: dict[str, str], known: Issue
) -> None:
    page = neighbour.post(ADDRESS, filled | {"do": f"join:{known.number}", "email": "olia@"})
    assert page.status_code == 422
    assert "email" in page.context["form"].errors
    assert supporters_of(known) == 0


@pytest.mark.parametrize("number", ["999", "0", "x", "", "99999999999999999999", "-1", "²"])
def test_nobody_joins_what_is_not_there(neighbour: Client, filled: dict[str, str], known: Issue, number: str) -> None:
    assert neighbour.post(ADDRESS, filled | {"do": f"join:{number}"}).status_code == 404
    assert Supporter.objects.filter(is_author=False).count() == 0


def test_nobody_joins_a_hidden_report_from_the_form(neighbour: Client, filled: dict[str, str], known: Issue) -> None:
    Subject.objects.filter(pk=known.subject_id).update(visibility=Visibility.HIDDEN, hidden_reason="дані")
    assert neighbour.post(ADDRESS, filled | {"do": f"join:{known.number}"}).status_code == 404


def test_author_is_not_asked_to_join_themselves(client: Client, city: City, filled: dict[str, str]) -> None:
    client.get(ADDRESS)
    seen = client.post(ADDRESS, filled | {"do": "check"}).context["answerer"].seen
    client.post(ADDRESS, filled | {"do": "send", "seen": seen})
    page = client.post(ADDRESS, filled | {"do": "check", "key": str(uuid.uuid4())})
    (one,) = page.context["similar"]
    assert (one.can_join, one.has_joined) == (False, True)


# The fragment ---------------------------------------------------------------------------------------------------------


def test_fragment_shows_them_as_soon_as_place_and_category_are_known(
    neighbour: Client, filled: dict[str, str], known: Issue
) -> None:
    asked = {name: filled[name] for name in ("lon", "lat", "category")}
    answer = neighbour.post(FRAGMENT, asked)
    assert [one.number for one in answer.context["similar"]] == [known.number]
    assert "no-store" in answer["Cache-Control"]
    assert neighbour.post(FRAGMENT, asked | {"different": f"issues-{known.pk}"}).context["similar"] == []


@pytest.mark.parametrize("lacking", ["lon", "category"])
def test_fragment_is_empty_before_that(neighbour: Client, filled: dict[str, str], known: Issue, lacking: str) -> None:
    asked = filled | {lacking: ""}
    answer = neighbour.post(FRAGMENT, asked)
    assert answer.status_code == 200
    assert answer.content.strip() == b""


def test_words_never_stand_in_the_address(neighbour: Client) -> None:
    assert neighbour.get(FRAGMENT).status_code == 405


def test_fragment_tells_nothing_of_another_community(
    neighbour: Client, filled: dict[str, str], known: Issue, elsewhere: Community
) -> None:
    answer = neighbour.post("/sosnivka/report/similar/", filled)
    assert answer.context["similar"] == []
