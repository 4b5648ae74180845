"""What the pages of a report offer to the public, to the author and to the organisation."""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
import time_machine
from django.test import Client

from core.models import Token
from core.tokens import secret_of
from issues import moves
from issues.actions import AUTHOR_PURPOSE
from issues.models import Issue
from issues.states import State
from routing.actions import ANSWER_PURPOSE
from routing.models import Delivery


@pytest.fixture(autouse=True)
def _clock(now: datetime) -> Iterator[None]:
    with time_machine.travel(now, tick=False):
        yield


def address(issue: Issue, purpose: str) -> str:
    """Where the holder of the secret link comes in."""
    right = Token.objects.get(subject=issue.subject, purpose=purpose)
    return f"/{issue.community.slug}/{'mine' if purpose == AUTHOR_PURPOSE else 'answer'}/{secret_of(right)}/"


def move_to(issue: Issue, to: State, at: datetime) -> None:
    """The organisation takes the report to that state."""
    moves.move_by_organisation(
        delivery=Delivery.objects.get(subject=issue.subject), to=to, text="Ось як справи.", photos=[], at=at
    )


def main_action(page: str) -> str:
    """The action of the first form inside the main part of the page."""
    found = re.search(r'name="do" value="(\w+)"', page)
    assert found
    return found[1]


def test_stranger_finds_no_action_and_no_secret(client: Client, issue: Issue) -> None:
    page = client.get(issue.get_absolute_url()).content.decode()
    assert set(re.findall(r'name="do" value="(\w+)"', page)) == {"join"}, "only what is for everybody"
    assert "/mine/" not in page
    assert "/answer/" not in page


def test_public_page_names_who_got_it_and_by_when(client: Client, issue: Issue) -> None:
    page = client.get(issue.get_absolute_url()).content.decode()
    assert "КП «Яворинавтодор»" in page
    assert "26 листопада" in page


def test_receipt_shows_the_secret_link_that_can_be_copied_by_hand(client: Client, issue: Issue) -> None:
    path = address(issue, AUTHOR_PURPOSE)
    page = client.get(f"{path}?new").content.decode()
    assert re.search(rf'<input[^>]*readonly value="http://testserver{path}"', page)
    assert page.count("<h1") == 1


def test_author_of_a_held_report_reads_that_strangers_do_not_see_it(client: Client, issue: Issue) -> None:
    issue.subject.visibility = "held"
    issue.subject.save()
    page = client.get(f"{address(issue, AUTHOR_PURPOSE)}?new").content.decode()
    assert 'class="notice beginning"' in page
    assert f'class="btn btn-primary" href="{issue.get_absolute_url()}"' not in page


def test_author_of_a_finished_report_is_asked_whether_it_is_fixed(client: Client, issue: Issue, now: datetime) -> None:
    move_to(issue, State.DONE, now)
    page = client.get(address(issue, AUTHOR_PURPOSE)).content.decode()
    assert main_action(page) == "confirm"
    assert 'value="reopen"' in page


def test_author_reads_the_question_beside_the_field_for_the_answer(client: Client, issue: Issue, now: datetime) -> None:
    move_to(issue, State.WAITING, now)
    page = client.get(address(issue, AUTHOR_PURPOSE)).content.decode()
    assert main_action(page) == "reply"
    assert "Ось як справи." in page[: page.index('id="text-reply"')]


@pytest.mark.parametrize(
    ("state", "action"), [(None, "accept"), (State.ACCEPTED, "start"), (State.IN_PROGRESS, "finish")]
)
def test_organisation_has_one_main_action_by_state(
    client: Client, issue: Issue, now: datetime, state: State | None, action: str
) -> None:
    if state:
        move_to(issue, state, now)
    page = client.get(address(issue, ANSWER_PURPOSE)).content.decode()
    assert main_action(page) == action
    assert page.count(f'value="{action}"') == 1


def test_each_form_has_fields_of_its_own(client: Client, issue: Issue) -> None:
    page = client.get(address(issue, ANSWER_PURPOSE)).content.decode()
    ids = re.findall(r'\sid="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    assert {"text-accept", "text-finish", "photo-finish", "text-refuse"} <= set(ids)
    assert set(re.findall(r'<label class="label" for="([^"]+)"', page)) <= set(ids)


def test_refused_form_says_why_beside_the_field_and_stays_open(client: Client, issue: Issue) -> None:
    page = client.post(address(issue, ANSWER_PURPOSE), {"do": "refuse", "text": " "}).content.decode()
    assert page.count('class="acc" open') == 1
    assert re.search(r'id="text-refuse"[^>]*aria-invalid="true" autofocus aria-describedby="error-refuse', page)
    assert 'href="#text-refuse"' in page


def test_words_of_a_refused_form_are_kept_and_escaped(client: Client, issue: Issue) -> None:
    long = "<b>" + "ґ" * 4000
    page = client.post(address(issue, ANSWER_PURPOSE), {"do": "finish", "text": long}).content.decode()
    assert f"&lt;b&gt;{'ґ' * 4000}</textarea>" in page
    assert page.count("ґ" * 4000) == 1


def test_expired_link_tells_the_organisation_how_to_go_on(client: Client, issue: Issue, now: datetime) -> None:
    path = address(issue, ANSWER_PURPOSE)
    with time_machine.travel(now + timedelta(days=4000), tick=False):
        response = client.get(path)
    page = response.content.decode()
    assert response.status_code == 410
    assert 'name="do"' not in page
    assert f'href="/{issue.community.slug}/"' in page
