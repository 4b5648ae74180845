"""Neighbours join, hear and add by a program: one voice of a device, within the limits of the site."""

from datetime import datetime
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import ApiKey
from core.models import OutboxMessage, Visibility
from geodata.models import Community
from issues import join_limits
from issues.models import Issue, IssueEvent, IssueSettings, Supporter
from issues.moves import move_by_organisation, set_visibility
from issues.states import State
from media.actions import keep_draft
from media.drafts import key_for
from media.models import Photo
from notifications.models import Follow
from routing.models import Delivery
from routing.usual_dangers import found_dangers
from tests.conftest import City
from tests.photos import jpeg, upload
from tests.programs import Program, done_once, only_for, program_of, refusal, wrong_in

SUPPORT, LEAVE, ADD = "issues/1/support/", "issues/1/support/leave/", "issues/1/additions/"
PHONE = {"device": "phone 1"}


@pytest.fixture
def program(issue: Issue, city: City) -> Program:
    """Водоканал's program; Оля's report is there."""
    return program_of(city.vodokanal, city.community, ApiKey.Scope.REPORTS)


def told(answer: Any) -> tuple[bool, int]:
    assert answer.status_code == 200, answer.content.decode()
    found = answer.json()
    return found["is_changed"], found["supporters"]


def code_of(answer: Any, status: int) -> Any:
    problem = refusal(answer, status)
    return problem.get("code") or problem["errors"][0]["code"]


def test_device_has_one_voice_and_takes_it_back(program: Program) -> None:
    assert [told(program.post(SUPPORT, PHONE)) for _turn in range(2)] == [(True, 1), (False, 1)]
    assert told(program.post(SUPPORT, {"device": "phone 2"})) == (True, 2)
    assert [told(program.post(LEAVE, PHONE)) for _turn in range(2)] == [(True, 1), (False, 1)]
    assert "phone" not in Supporter.objects.get().voice


def test_programs_name_no_devices_of_each_other(program: Program, city: City) -> None:
    told(program.post(SUPPORT, PHONE))
    other = program_of(city.council, city.community, ApiKey.Scope.REPORTS)
    assert told(other.post(LEAVE, PHONE)) == (False, 1)
    assert told(other.post(SUPPORT, PHONE)) == (True, 2)


def test_author_does_not_join_themselves(program: Program, city: City, town: Any) -> None:
    where = {"type": "Point", "coordinates": [town["p"].x, town["p"].y]}
    body = {"category": "roads", "location": where, "text": "Інша яма.", "device": "phone 1"}
    number = program.post("issues/", body).json()["number"]
    assert told(program.post(f"issues/{number}/support/", PHONE)) == (False, 0)


def test_news_come_once_the_address_is_confirmed_and_stop_with_the_voice(program: Program) -> None:
    body = PHONE | {"email": "petro@example.org", "language": "en"}
    assert told(done_once(program, SUPPORT, body, PHONE)) == (True, 1)
    follow = Follow.objects.get(email="petro@example.org")
    assert (follow.role, follow.language, follow.is_confirmed) == ("supporter", "en", False)
    assert OutboxMessage.objects.filter(recipient="petro@example.org").count() == 1
    assert told(done_once(program, LEAVE, PHONE, {"device": "phone 2"})) == (True, 0)
    follow.refresh_from_db()
    assert (follow.email, follow.ended_at is not None) == ("", True)


def test_very_many_voices_and_letters_wait(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(join_limits, "LETTERS_OF_A_DEVICE", 0)
    refused = program.post(SUPPORT, PHONE | {"email": "petro@example.org"})
    assert (refused.status_code, int(refused.headers["Retry-After"])) == (429, 3600)
    assert not Supporter.objects.filter(is_author=False).exists()  # what was refused was not done
    monkeypatch.setattr(join_limits, "OF_A_DEVICE", 0)
    assert program.post(SUPPORT, PHONE).status_code == 429


def test_program_has_strangers_written_to_only_so_often_whatever_devices_it_names(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(join_limits, "LETTERS_OF_A_PROGRAM", 3)
    answers = [
        program.post(SUPPORT, {"device": f"phone {number}", "email": f"a{number}@example.com"}).status_code
        for number in range(5)
    ]
    assert answers == [200] * 3 + [429] * 2
    assert told(program.post(SUPPORT, {"device": "phone 9"})) == (True, 4)  # a voice without a letter


def test_who_joined_adds_words_and_photos_once(program: Program, city: City, issue: Issue) -> None:
    refused = program.post(ADD, PHONE | {"text": "Учора впав велосипедист."})
    assert (code_of(refused, 422), "…/support/" in refused.json()["detail"]) == ("not_joined", True)
    told(program.post(SUPPORT, PHONE))
    photo = keep_draft(community=city.community, file=upload(jpeg()), name="яма.jpg", at=timezone.now())
    body = PHONE | {"text": "Учора впав велосипедист.", "photos": [key_for(photo)]}
    assert told(done_once(program, ADD, body, PHONE | {"text": "Інше."})) == (True, 1)
    event = IssueEvent.objects.get(kind="added", by="supporter")
    assert (event.words and event.words.text, [one.pk for one in event.photos.all()]) == (body["text"], [photo.pk])
    assert told(program.post(ADD, PHONE | {"text": "Учора впав велосипедист."})) == (False, 1)
    assert Photo.objects.get().subject == issue.subject


def test_addition_with_photos_that_comes_again_is_told_that_they_were_sent(program: Program, city: City) -> None:
    told(program.post(SUPPORT, PHONE))
    photo = keep_draft(community=city.community, file=upload(jpeg()), name="яма.jpg", at=timezone.now())
    body = PHONE | {"text": "Учора впав велосипедист.", "photos": [key_for(photo)]}
    told(program.post(ADD, body))
    again = refusal(program.post(ADD, body), 400)
    assert "was sent already" in again["detail"]
    assert IssueEvent.objects.filter(kind="added").count() == 1


def test_wrong_additions_are_named_beside_the_member(program: Program, city: City) -> None:
    told(program.post(SUPPORT, PHONE))
    assert wrong_in(program.post(ADD, {"text": "Ось."})) == {"/device"}
    assert wrong_in(program.post(ADD, PHONE)) == {"/text"}
    assert wrong_in(program.post(ADD, PHONE | {"text": "а" * 4001})) == {"/text"}
    assert wrong_in(program.post(ADD, PHONE | {"text": "Ось.", "photos": ["x"]})) == {"/photos"}
    assert wrong_in(program.post(SUPPORT, PHONE | {"email": "petro"})) == {"/email"}
    assert wrong_in(program.post(SUPPORT)) == {"/device"}
    assert wrong_in(program.post(LEAVE, {"device": [1]})) == {"/device"}
    found_dangers([city.community])
    gas = program.post(ADD, PHONE | {"text": "Пахне газом."})
    assert wrong_in(gas, 422) == {"/dangers"}
    codes = [danger["code"] for danger in gas.json()["dangers"]]
    assert told(program.post(ADD, PHONE | {"text": "Пахне газом.", "dangers": codes})) == (True, 1)


def test_nothing_is_added_where_moderators_look_first(program: Program, city: City) -> None:
    told(program.post(SUPPORT, PHONE))
    IssueSettings.objects.update_or_create(community=city.community, defaults={"hold_new": True})
    assert code_of(program.post(ADD, PHONE | {"text": "Ось."}), 422) == "looked_at_first"


def test_closed_and_unseen_reports_are_joined_by_nobody(
    program: Program, issue: Issue, delivery: Delivery, marta: Any, later: datetime
) -> None:
    move_by_organisation(delivery=delivery, to=State.DONE, text="Готово.", at=later)
    assert code_of(program.post(SUPPORT, PHONE), 409) == "closed"
    set_visibility(issue=issue, visibility=Visibility.HELD, user=marta, at=later)
    for path in (SUPPORT, LEAVE, ADD):
        refusal(program.post(path, PHONE), 404)


@pytest.mark.parametrize("path", [SUPPORT, LEAVE, ADD])
def test_strangers_and_other_keys_do_nothing(issue: Issue, city: City, elsewhere: Community, path: str) -> None:
    body = PHONE | {"text": "Ось."}
    only_for(ApiKey.Scope.REPORTS, path, city.vodokanal, city.community, elsewhere, body=body)
    assert not Supporter.objects.exists()
