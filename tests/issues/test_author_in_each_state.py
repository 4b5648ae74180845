"""What the author may do in each state, and what the server says to a page that was opened before the state changed."""

from datetime import datetime

import pytest
from django.test import Client

from issues.actions import report_issue
from issues.additions import add_by_supporter
from issues.answering import by_reporter, refusal_in_words
from issues.corrections import correct, own_photos
from issues.models import Issue
from issues.moves import MoveRefusedError
from issues.states import State
from issues.support import Voice, join
from media.actions import keep_draft
from media.models import Photo
from tests.conftest import NOW, City, hole
from tests.grid import Town
from tests.issues.conftest import answer_page, author_page, holder
from tests.issues.test_corrections import corrected, form_of
from tests.photos import jpeg, upload

WORDS = "Ще одне слово."
# State → what is open of “add”, “correct” and “withdraw”; the state after “add” and after “withdraw”.
OPEN_TO = {
    State.NEW: {"reply": State.NEW, "correct": State.NEW, "withdraw": State.WITHDRAWN},
    State.ACCEPTED: {"reply": State.ACCEPTED, "withdraw": State.WITHDRAWN},
    State.IN_PROGRESS: {"reply": State.IN_PROGRESS, "withdraw": State.WITHDRAWN},
    State.WAITING: {"reply": State.ACCEPTED, "withdraw": State.WITHDRAWN},  # the words answer the question
    State.REOPENED: {"reply": State.REOPENED, "withdraw": State.WITHDRAWN},
    State.DONE: {},
    State.CONFIRMED: {},
    State.REJECTED: {},
    State.WITHDRAWN: {},
    State.DUPLICATE: {},
}
each_state = pytest.mark.parametrize("state", sorted(State))


def in_state(issue: Issue, state: State) -> Issue:
    Issue.objects.filter(pk=issue.pk).update(state=state)
    issue.refresh_from_db()
    return issue


def test_the_table_names_every_state() -> None:
    assert set(OPEN_TO) == set(State)


@each_state
def test_page_offers_what_the_state_allows(client: Client, issue: Issue, state: State) -> None:
    page = client.get(author_page(in_state(issue, state)))
    offered = page.context["may"] | ({"correct"} if page.context["correct_url"] else set())
    assert offered & {"reply", "correct", "withdraw"} == set(OPEN_TO[state])


@each_state
@pytest.mark.parametrize("do", ["reply", "withdraw"])
def test_stale_page_does_what_is_still_allowed_and_is_told_what_is_not(
    client: Client, issue: Issue, state: State, do: str
) -> None:
    address = author_page(issue)
    client.get(address)  # opened while the report was new
    in_state(issue, state)
    before = issue.events.count()
    answer = client.post(address, {"do": do, "text": WORDS})
    issue.refresh_from_db()
    if do in OPEN_TO[state]:
        assert (answer.status_code, issue.state) == (302, OPEN_TO[state][do])
        assert issue.events.count() == before + 1
        return
    assert (answer.status_code, issue.state) == (422, state)
    assert issue.events.count() == before
    text = answer.content.decode()
    assert refusal_in_words("no_such_move") in text
    assert WORDS in text, "the words come back to be copied"


@each_state
def test_stale_correction_is_saved_only_while_the_report_is_new(client: Client, issue: Issue, state: State) -> None:
    address, given = form_of(client, issue)
    in_state(issue, state)
    answer = client.post(address, given | {"text": WORDS})
    issue.refresh_from_db()
    if "correct" in OPEN_TO[state]:
        assert (answer.status_code, issue.text) == (302, WORDS)
        return
    assert answer.status_code == 409
    assert issue.text != WORDS
    assert refusal_in_words("too_late_to_correct") in answer.content.decode()
    assert WORDS in answer.content.decode()


@each_state
def test_the_doors_themselves_refuse_what_the_page_does_not_offer(issue: Issue, state: State, later: datetime) -> None:
    in_state(issue, state)
    for do in sorted({"reply", "withdraw"} - set(OPEN_TO[state])):
        with pytest.raises(MoveRefusedError, match="no_such_move"):
            by_reporter(issue=issue, do=do, text=WORDS, photos=(), at=later)
    if "correct" not in OPEN_TO[state]:
        with pytest.raises(MoveRefusedError, match="too_late_to_correct"):
            correct(issue=issue, to=corrected(issue, text=WORDS), at=later)


# Photos that supporters added ----------------------------------------------------------------------------------------


@pytest.fixture
def photos(issue: Issue, city: City, now: datetime) -> tuple[Photo, Photo]:
    """(the author's own, a supporter's)."""
    own, other = (
        keep_draft(community=city.community, file=upload(jpeg()), name=name, at=NOW) for name in ("моє.jpg", "чуже.jpg")
    )
    correct(issue=issue, to=corrected(issue, photos=[own]), at=NOW)
    voice = Voice(digest="a" * 64)
    join(issue=issue, voice=voice, at=now)
    add_by_supporter(issue=issue, voice=voice, photos=[other], at=NOW)
    return own, other


def test_correction_offers_only_the_authors_own_photos(
    client: Client, issue: Issue, photos: tuple[Photo, Photo]
) -> None:
    page = client.get(f"{author_page(issue)}correct/")
    assert [photo.pk for photo in page.context["own_photos"]] == [photos[0].pk]
    assert "чуже.jpg" not in page.content.decode()


def test_forged_correction_does_not_take_a_supporters_photo_away(
    client: Client, issue: Issue, photos: tuple[Photo, Photo]
) -> None:
    address, given = form_of(client, issue)
    assert client.post(address, given | {"remove_photo": [str(photo.pk) for photo in photos]}).status_code == 302
    assert [photo.name for photo in Photo.objects.filter(subject=issue.subject)] == ["чуже.jpg"]


def test_the_door_leaves_a_supporters_photo_too(issue: Issue, photos: tuple[Photo, Photo], later: datetime) -> None:
    correct(issue=issue, to=corrected(issue, removed=[photo.pk for photo in photos]), at=later)
    assert list(own_photos(issue)) == []
    assert Photo.objects.get(subject=issue.subject) == photos[1]


def test_supporters_photos_do_not_take_the_authors_room(
    client: Client, city: City, issue: Issue, photos: tuple[Photo, Photo]
) -> None:
    address, given = form_of(client, issue)
    four = [upload(jpeg(), name=f"{number}.jpg") for number in range(4)]
    assert client.post(address, given | {"photo": four}).status_code == 302
    assert Photo.objects.filter(subject=issue.subject).count() == 6


# The name ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def named(city: City, town: Town, now: datetime) -> Issue:
    """A report with a name that everybody reads."""
    new = hole(city, town["p"], name="Оля Тиха", shows_name=True)
    return report_issue(new=new, community=city.community, at=now)


@each_state
def test_author_hides_the_name_in_every_state_and_strangers_read_it_no_more(
    client: Client, named: Issue, state: State
) -> None:
    in_state(named, state)
    public, address = named.get_absolute_url(), author_page(named)
    assert "Оля Тиха" in Client().get(public).content.decode()
    own = client.get(address).content.decode()
    assert 'value="hide_name"' in own
    assert "“Оля Тиха”" in own or "«Оля Тиха»" in own
    assert client.post(address, {"do": "hide_name"}).status_code == 302
    named.refresh_from_db()
    assert (named.shows_name, named.reporter_name, named.state) == (False, "Оля Тиха", state)
    assert "Оля Тиха" not in Client().get(public).content.decode()
    assert 'value="hide_name"' not in client.get(address).content.decode()


def test_those_who_must_answer_keep_the_name(client: Client, named: Issue) -> None:
    client.post(author_page(named), {"do": "hide_name"})
    assert "Оля Тиха" in client.get(answer_page(holder(named))).content.decode()


def test_hidden_name_is_hidden_once_and_never_shown_again_by_the_button(client: Client, named: Issue) -> None:
    for status in (302, 422):
        assert client.post(author_page(named), {"do": "hide_name"}).status_code == status
    assert named.events.filter(kind="corrected", changed="name").count() == 1


def test_stranger_hides_no_name(client: Client, named: Issue) -> None:
    for address in (f"/yavoryn/mine/{'0' * 43}/", named.get_absolute_url(), answer_page(holder(named))):
        assert client.post(address, {"do": "hide_name"}).status_code in {404, 405, 422}
    named.refresh_from_db()
    assert named.shows_name


def test_report_without_a_shown_name_has_no_such_button(client: Client, issue: Issue) -> None:
    assert 'value="hide_name"' not in client.get(author_page(issue)).content.decode()
