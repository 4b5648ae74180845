"""What somebody who joined a report adds to it: what they had typed is not lost, and it stays theirs."""

import uuid
from datetime import datetime

import pytest
from django.test import Client
from django.utils.translation import gettext

from accounts.models import User
from core.models import OutboxMessage, Subject, Visibility
from geodata.models import Community
from issues.actions import report_issue
from issues.additions import add_by_supporter, photos_of_supporters
from issues.join_words import refusal_in_words
from issues.models import Issue, IssueEvent, IssueSettings
from issues.moves import move_by_organisation, redact_words
from issues.states import OPEN, State
from issues.support import JoinRefusedError, Voice, join
from media.models import Photo
from routing.models import Delivery
from tests.conftest import City, hole
from tests.grid import Town
from tests.issues.conftest import answer_page, author_page, holder
from tests.parallel import at_once
from tests.photos import jpeg, upload

FORM, PAGE = "/yavoryn/report/", "/yavoryn/issues/1/"
WORDS = "/yavoryn/issues/1/support/words/"
PHONE, TABLET = Voice(digest="a" * 64), Voice(digest="b" * 64)
SAID = "Учора тут упав велосипедист."


@pytest.fixture
def neighbour(client: Client, issue: Issue) -> Client:
    """Somebody who joined on the public page."""
    client.get(PAGE)
    client.post(PAGE + "support/", {"do": "join"})
    return client


def additions(issue: Issue) -> list[str]:
    """What supporters wrote, in order."""
    rows = IssueEvent.objects.filter(issue=issue, kind="added", by="supporter").select_related("words")
    return [row.words.text if row.words else "" for row in rows]


def letters_to(address: str) -> list[str]:
    return [row.payload["text"] for row in OutboxMessage.objects.filter(recipient=address).order_by("pk")]


def test_what_was_typed_before_joining_is_offered_and_added_with_its_photo(
    client: Client, issue: Issue, town: Town
) -> None:
    client.get(FORM)
    typed = {
        "lon": f"{town['p'].x:.6f}",
        "lat": f"{town['p'].y:.6f}",
        "category": "roads",
        "text": SAID,
        "key": str(uuid.uuid4()),
        "photo": upload(jpeg(), name="яма.jpg"),
    }
    page = client.post(FORM, typed | {"do": f"join:{issue.number}"})
    assert page.context["can_add"]
    assert additions(issue) == [], "nothing is added until its writer says so"
    answer = client.post(WORDS, dict(page.context["kept"]) | {"text": page.context["typed"], "do": "add"})
    assert answer.headers["Location"] == PAGE
    assert additions(issue) == [SAID]
    assert [photo.name for photo in photos_of_supporters(issue)] == ["яма.jpg"]


def test_strangers_the_author_and_the_organisation_read_that_a_supporter_added_it(
    client: Client, neighbour: Client, issue: Issue
) -> None:
    neighbour.post(WORDS, {"text": SAID})
    for address in (PAGE, author_page(issue), answer_page(holder(issue))):
        page = client.get(address).content.decode()
        assert SAID in page
        assert gettext("Added by somebody whom it concerns too") in page
    assert SAID in letters_to("roads@example.org")[-1]
    assert not any(SAID in letter for letter in letters_to("olia@example.org"))


def test_photo_alone_may_be_added(neighbour: Client, issue: Issue) -> None:
    neighbour.post(WORDS, {"text": "", "photo": upload(jpeg(), name="яма.jpg")})
    assert additions(issue) == [""]
    assert photos_of_supporters(issue).count() == 1


def test_nothing_is_not_added(neighbour: Client, issue: Issue) -> None:
    page = neighbour.post(WORDS, {"text": " \n "})
    assert page.status_code == 422
    assert additions(issue) == []


def test_the_same_press_twice_adds_once(neighbour: Client, issue: Issue) -> None:
    for _press in range(2):
        assert neighbour.post(WORDS, {"text": SAID}).status_code == 302
    assert additions(issue) == [SAID]
    assert len(letters_to("roads@example.org")) == 2, "the report and the addition"


def test_stranger_who_did_not_join_adds_nothing_and_keeps_their_words(client: Client, issue: Issue) -> None:
    client.get(PAGE)
    page = client.post(WORDS, {"text": SAID})
    assert page.status_code == 422
    assert page.context["trouble"] == refusal_in_words("not_joined")
    assert not page.context["can_add"]
    assert SAID in page.content.decode()
    assert additions(issue) == []


def test_browser_without_cookies_adds_nothing(issue: Issue) -> None:
    assert Client().post(WORDS, {"text": SAID}).status_code == 422
    assert additions(issue) == []


def test_author_adds_on_their_own_page_and_not_as_a_supporter(city: City, town: Town, now: datetime) -> None:
    own = hole(city, town["p"], device=PHONE.digest)
    issue = report_issue(new=own, community=city.community, at=now)
    with pytest.raises(JoinRefusedError, match="not_joined"):
        add_by_supporter(issue=issue, voice=PHONE, text=SAID, at=now)


def test_opening_the_address_adds_nothing_and_another_site_cannot_press(issue: Issue, client: Client) -> None:
    assert client.get(WORDS).status_code == 405
    strict = Client(enforce_csrf_checks=True)
    strict.get(PAGE)
    assert strict.post(WORDS, {"text": SAID}).status_code == 403


def test_nobody_adds_through_another_community(neighbour: Client, issue: Issue, elsewhere: Community) -> None:
    page = neighbour.post("/sosnivka/issues/1/support/words/", {"text": SAID})
    assert page.status_code == 404
    assert additions(issue) == []


@pytest.mark.parametrize("visibility", [Visibility.HELD, Visibility.HIDDEN])
def test_hidden_report_takes_nothing_tells_nothing_and_the_words_come_back(
    neighbour: Client, issue: Issue, visibility: Visibility
) -> None:
    Subject.objects.filter(pk=issue.subject_id).update(visibility=visibility, hidden_reason="особисті дані")
    page = neighbour.post(WORDS, {"text": SAID})
    assert page.status_code == 404
    assert SAID in page.content.decode()
    assert issue.title not in page.content.decode()
    unknown = neighbour.post("/yavoryn/issues/99/support/words/", {"text": SAID})
    assert (unknown.status_code, unknown.context["trouble"]) == (404, page.context["trouble"])
    with pytest.raises(JoinRefusedError, match="unseen"):
        add_by_supporter(issue=issue, voice=PHONE, text=SAID, at=issue.created_at)
    assert additions(issue) == []


def test_words_are_hidden_with_the_report_and_redacted_as_any_others(
    client: Client, neighbour: Client, issue: Issue, marta: User, later: datetime
) -> None:
    neighbour.post(WORDS, {"text": SAID})
    redact_words(event=issue.events.get(by="supporter"), user=marta, at=later)
    assert SAID not in client.get(PAGE).content.decode()
    assert not any(SAID in letter for letter in letters_to("roads@example.org"))
    Subject.objects.filter(pk=issue.subject_id).update(visibility="hidden", hidden_reason="дані")
    assert client.get(PAGE).status_code == 404


@pytest.mark.parametrize("state", sorted(State))
def test_only_an_open_report_takes_words(issue: Issue, now: datetime, state: State) -> None:
    join(issue=issue, voice=PHONE, at=now)
    Issue.objects.filter(pk=issue.pk).update(state=state)
    if state in OPEN:
        assert add_by_supporter(issue=issue, voice=PHONE, text=SAID, at=now)
    else:
        with pytest.raises(JoinRefusedError, match="closed"):
            add_by_supporter(issue=issue, voice=PHONE, text=SAID, at=now)
    issue.refresh_from_db()
    assert issue.state == state, "nor does it answer a question for the author"


def test_where_moderators_look_first_nothing_is_offered_nor_taken(neighbour: Client, issue: Issue) -> None:
    IssueSettings.objects.filter(community=issue.community).update(hold_new=True)
    page = neighbour.post(WORDS, {"text": SAID})
    assert (page.status_code, page.context["can_add"]) == (422, False)
    assert SAID in page.content.decode()
    assert additions(issue) == []


def test_past_the_limit_nothing_is_added_and_nothing_is_lost(
    neighbour: Client, issue: Issue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("issues.join_limits.WORDS_OF_A_DEVICE", 1)
    neighbour.post(WORDS, {"text": SAID})
    page = neighbour.post(WORDS, {"text": "І ще.", "photo": upload(jpeg(), name="яма.jpg")})
    assert page.status_code == 422
    assert page.context["trouble"] == refusal_in_words("too_many_words")
    assert "І ще." in page.content.decode()
    assert [photo.name for photo in page.context["photos"]] == ["яма.jpg"]
    assert additions(issue) == [SAID]
    assert photos_of_supporters(issue).count() == 0


def test_too_long_words_come_back_with_what_is_wrong(neighbour: Client, issue: Issue) -> None:
    page = neighbour.post(WORDS, {"text": "я" * 4001})
    assert page.status_code == 422
    assert page.context["trouble"]
    assert additions(issue) == []


def test_words_that_mean_danger_wait_for_the_tick(neighbour: Client, issue: Issue) -> None:
    page = neighbour.post(WORDS, {"text": "Тут пахне газом!"})
    assert page.status_code == 422
    assert 'href="tel:104"' in page.content.decode()
    assert additions(issue) == []
    (warned,) = page.context["warnings"]
    assert neighbour.post(WORDS, {"text": "Тут пахне газом!", "danger": warned.danger.code}).status_code == 302


def test_bad_photo_is_told_and_the_words_wait(neighbour: Client, issue: Issue) -> None:
    page = neighbour.post(WORDS, {"text": SAID, "photo": upload(b"no photo", name="лист.jpg")})
    assert page.status_code == 422
    assert "лист.jpg" in page.context["trouble"]
    assert additions(issue) == []


def test_photo_of_another_report_is_not_taken_over(neighbour: Client, issue: Issue, now: datetime) -> None:
    join(issue=issue, voice=PHONE, at=now)
    neighbour.post(WORDS, {"photo": upload(jpeg(), name="яма.jpg")})
    (photo,) = Photo.objects.all()
    assert not add_by_supporter(issue=issue, voice=PHONE, photos=[photo], at=now)
    assert photos_of_supporters(issue).get() == photo


@pytest.mark.django_db(transaction=True)
def test_eight_presses_at_once_add_once(issue: Issue, city: City, now: datetime) -> None:
    join(issue=issue, voice=PHONE, at=now)
    press = [lambda: add_by_supporter(issue=issue, voice=PHONE, text=SAID, at=now)] * 8
    assert sorted(at_once(press, community=city.community)) == [False] * 7 + [True]
    assert additions(issue) == [SAID]


@pytest.mark.django_db(transaction=True)
def test_of_closing_and_adding_at_once_nothing_is_added_to_what_is_closed(
    issue: Issue, delivery: Delivery, city: City, later: datetime
) -> None:
    join(issue=issue, voice=PHONE, at=later)
    added, _closed = at_once(
        [
            lambda: add_by_supporter(issue=issue, voice=PHONE, text=SAID, at=later),
            lambda: move_by_organisation(delivery=delivery, to=State.DONE, text="Залатали.", at=later),
        ],
        community=city.community,
    )
    assert added is True or isinstance(added, JoinRefusedError)
    assert additions(issue) == ([SAID] if added is True else [])
