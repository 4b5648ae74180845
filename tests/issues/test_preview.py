"""“See what others will see” does not lie: after sending, the public page says the same."""

import re
import uuid
from html.parser import HTMLParser

import pytest
import time_machine
from django.test import Client

from issues.models import Issue, IssueSettings
from media.actions import clean_waiting
from media.models import Photo
from tests.conftest import NOW, City
from tests.grid import Town
from tests.issues.conftest import Houses, ask_where
from tests.photos import jpeg, upload

FORM, FRAGMENT = "/yavoryn/report/", "/yavoryn/report/preview/"
PRIVATE = ("olia@example.org", "кв17б")


@pytest.fixture(autouse=True)
def _morning(_clock_of_the_pages: None) -> object:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def filled(city: City, town: Town) -> dict[str, str]:
    return {
        "lon": f"{town['p'].x:.6f}",
        "lat": f"{town['p'].y:.6f}",
        "category": "roads",
        "text": "Яма на переході. Її <b>не видно</b>.\nОбережно!",
        "address": "вул. Сонячна, 5",
        "email": PRIVATE[0],
        "key": str(uuid.uuid4()),
    }


class Words(HTMLParser):
    """The words of the parts of a page that strangers are to see, and the addresses of drawn maps in them."""

    def __init__(self, marks: dict[str, str]) -> None:
        super().__init__()
        self.marks, self.depth, self.found = marks, 0, list[str]()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in {"img", "br", "hr", "path", "use", "link", "input", "meta"}:
            source = dict(attrs).get("src") or ""
            if self.depth and "place" in source:
                self.found.append(source)
            return
        if self.depth or any(part in (dict(attrs).get("class") or "").split() for part in self.marks):
            self.depth += 1

    def handle_endtag(self, tag: str) -> None:
        if self.depth and tag not in {"img", "br", "hr", "path", "use", "link", "input", "meta"}:
            self.depth -= 1

    def handle_data(self, data: str) -> None:
        if self.depth and data.strip():
            self.found.append(" ".join(data.split()))


def shown_by(html: str) -> list[str]:
    """What the parts say that the preview and the public page share."""
    reader = Words({"issue-head": "", "story": "", "facts": "", "minimap": "", "place-rough": ""})
    reader.feed(html)
    return reader.found


def sent(client: Client, filled: dict[str, str]) -> Issue:
    seen = client.post(FORM, filled | {"do": "check"}).context["answerer"]
    client.post(FORM, filled | {"do": "send", "seen": seen.seen, "sure": seen.sure})
    return Issue.objects.latest("number")


CASES: dict[str, dict[str, str]] = {
    "plain": {},
    "name hidden": {"name": "Олена"},
    "name shown": {"name": "Олена", "shows_name": "on"},
    "coordinates typed": {"address": "49.2225, 28.4530"},
    "question answered": {"answer-where": "yard"},
}


@pytest.mark.parametrize("is_sensitive", [False, True], ids=["exact", "sensitive"])
@pytest.mark.parametrize("case", CASES)
def test_public_page_says_what_the_preview_said(
    client: Client, city: City, filled: dict[str, str], case: str, is_sensitive: bool
) -> None:
    if "answer-where" in CASES[case]:
        ask_where(city)
    city.roads.is_sensitive = is_sensitive
    city.roads.save()
    given = filled | CASES[case]
    preview = client.post(FRAGMENT, given)
    assert preview.status_code == 200
    issue = sent(client, given)
    page = client.get(issue.get_absolute_url()).content.decode()
    assert shown_by(preview.content.decode()) == shown_by(page)
    assert ("вул. Сонячна, 5" in page) is (not is_sensitive and "address" not in CASES[case])
    assert ("Олена" in page) is ("shows_name" in CASES[case])
    for words in PRIVATE:
        assert words not in preview.content.decode()


def test_house_and_entrance_are_shown_and_the_flat_is_not(
    client: Client, houses: Houses, filled: dict[str, str]
) -> None:
    given = filled | {"category": "houses", "asset": str(houses.first.pk), "entrance": "2", "flat": PRIVATE[1]}
    preview = client.post(FRAGMENT, given).content.decode()
    issue = sent(client, given)
    assert shown_by(preview) == shown_by(client.get(issue.get_absolute_url()).content.decode())
    assert "вул. Соборна, 12" in preview
    assert PRIVATE[1] not in preview


def test_photo_is_shown_when_it_is_cleaned_and_waited_for_before(client: Client, filled: dict[str, str]) -> None:
    client.post(FORM, filled | {"photo": upload(jpeg()), "do": "check"})
    (kept,) = client.post(FORM, filled | {"photo": upload(jpeg()), "do": "check"}).context["photos"]
    waiting = client.post(FRAGMENT, filled | {"photo_key": kept.key})
    assert waiting.context["preview"]["photos_waiting"] is True
    clean_waiting(at=NOW)
    shown = client.post(FRAGMENT, filled | {"photo_key": kept.key})
    (photo,) = shown.context["preview"]["photos_before"]
    assert client.get(photo.small_url).status_code == 200
    assert photo.small_url in shown.content.decode()


@pytest.mark.parametrize("who", ["category", "community"])
def test_preview_of_what_is_held_says_that_a_moderator_looks_first(
    client: Client, city: City, filled: dict[str, str], who: str
) -> None:
    if who == "category":
        city.roads.hold_new = True
        city.roads.save()
    else:
        IssueSettings.objects.update_or_create(community=city.community, defaults={"hold_new": True})
    assert client.post(FRAGMENT, filled).context["preview"]["is_held"] is True
    assert sent(client, filled).subject.visibility == "held"


def test_without_javascript_the_preview_stands_in_the_form_and_nothing_is_lost(
    client: Client, filled: dict[str, str]
) -> None:
    page = client.post(FORM, filled | {"do": "preview", "photo": upload(jpeg())})
    assert page.status_code == 200
    assert "data-preview-shown" in page.content.decode()
    assert page.context["form"]["text"].value() == filled["text"]
    assert len(page.context["photos"]) == 1
    assert page.context["answerer"].seen in page.content.decode()
    assert Issue.objects.count() == 0


@pytest.mark.parametrize("missing", ["text", "category", "lon"])
def test_what_is_missing_for_a_preview_is_said(client: Client, filled: dict[str, str], missing: str) -> None:
    answer = client.post(FRAGMENT, filled | {missing: "", "address": ""})
    assert answer.status_code == 422
    assert "data-preview-shown" not in answer.content.decode()
    assert re.search(r"<li>[^<]+</li>", answer.content.decode())


def test_place_outside_has_no_preview(client: Client, filled: dict[str, str], town: Town) -> None:
    outside = {"lon": f"{town['o'].x:.6f}", "lat": f"{town['o'].y:.6f}"}
    assert client.post(FRAGMENT, filled | outside).status_code == 422


def test_preview_writes_nothing(client: Client, filled: dict[str, str]) -> None:
    client.post(FRAGMENT, filled)
    assert Issue.objects.count() == Photo.objects.count() == 0
    assert not IssueSettings.objects.exists()


def test_preview_is_kept_nowhere(client: Client, filled: dict[str, str]) -> None:
    assert "no-store" in client.post(FRAGMENT, filled)["Cache-Control"]
    assert client.get(FRAGMENT).status_code == 405
