"""An author acts by a program: the doors and rules are those of their page, and the token is asked every time."""

from datetime import datetime, timedelta
from threading import Event
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from django.db import transaction
from django.utils import timezone

from accounts.models import ApiKey
from core.models import OutboxMessage, Visibility
from core.tokens import revoke_token, secret_of
from geodata.models import Community
from issues.actions import AUTHOR_LIFETIME_YEARS, author_token, report_issue
from issues.assets import point_on
from issues.corrections import hide_name
from issues.models import Issue, Supporter
from issues.moves import move_by_organisation, reply_by_organisation, set_visibility
from issues.states import State
from media.actions import clean_waiting, keep_draft
from media.drafts import key_for
from media.models import Photo
from routing.models import Delivery, Question
from routing.usual_dangers import found_dangers
from tests.conftest import City, hole
from tests.core.conftest import until_somebody_waits
from tests.grid import Town, degrees_per_metre
from tests.issues.conftest import Houses, address_of_author, ask_where, holder, new_rule
from tests.parallel import at_once
from tests.photos import jpeg, upload
from tests.programs import Program, done_once, only_for, program_of, refusal, wrong_in

MINE = "issues/1/mine/"
BOX = [0.1, 0.1, 0.4, 0.4]


def of_author(issue: Issue, city: City) -> Program:
    """The program by which the author of this report acts."""
    secret = secret_of(author_token(issue))
    return program_of(city.vodokanal, city.community, ApiKey.Scope.REPORTS, **{"Author-Token": secret})


@pytest.fixture
def author(issue: Issue, city: City) -> Program:
    """Оля, by Водоканал's program."""
    return of_author(issue, city)


def facts(answer: Any) -> dict[str, Any]:
    """Properties of the report that was told."""
    assert answer.status_code == 200, answer.content.decode()
    found: dict[str, Any] = answer.json()["properties"]
    return found


def draft(city: City) -> Photo:
    return keep_draft(community=city.community, file=upload(jpeg()), name="яма.jpg", at=timezone.now())


def photo_of(issue: Issue, city: City, author: Program) -> Photo:
    """A photo that the author added."""
    body = {"do": "reply", "text": "Ось фото.", "photos": [key_for(draft(city))]}
    facts(author.post(f"{MINE}acts/", body))
    clean_waiting(at=timezone.now())
    return Photo.objects.get(subject=issue.subject)


# Reading -----------------------------------------------------------------------------------------------------
def test_author_reads_what_their_page_shows(issue: Issue, city: City, author: Program) -> None:
    answer = author.get(MINE)
    told = facts(answer)
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert "Author-Token" in answer.headers["Vary"]
    assert told["may"] == ["correct", "reply", "withdraw"]
    assert told["letters"] == {"address": "o***@example.org", "is_confirmed": True}
    assert [event["kind"] for event in told["events"]] == ["sent", "reported"]
    assert (told["visibility"], told["given"]["category"], told["given"]["shows_name"]) == ("public", "roads", False)


def test_author_reads_the_report_that_strangers_do_not_see(
    issue: Issue, author: Program, marta: Any, later: datetime
) -> None:
    for visibility in (Visibility.HELD, Visibility.HIDDEN):
        set_visibility(issue=issue, visibility=visibility, reason="Обличчя.", user=marta, at=later)
        assert author.get("issues/1/").status_code == 404
        assert facts(author.get(MINE))["visibility"] == visibility


def test_author_of_a_blurred_report_reads_its_exact_place(city: City, town: Town, now: datetime) -> None:
    city.roads.is_sensitive = True
    city.roads.save()
    issue = report_issue(new=hole(city, town["p"], flat="7", name="Оля"), community=city.community, at=now)
    told = of_author(issue, city).get(MINE).json()
    assert told["geometry"]["coordinates"] == [round(town["p"].x, 6), round(town["p"].y, 6)]
    assert (told["properties"]["is_blurred"], told["properties"]["name"]) == (False, "Оля")
    assert told["properties"]["given"]["flat"] == "7"


def test_question_is_told_while_it_waits(author: Program, delivery: Delivery, later: datetime) -> None:
    move_by_organisation(delivery=delivery, to=State.WAITING, text="З якого боку?", at=later)
    assert facts(author.get(MINE))["question"] == "З якого боку?"
    assert facts(author.post(f"{MINE}acts/", {"do": "reply", "text": "З правого."}))["state"] == "accepted"


# Who may -----------------------------------------------------------------------------------------------------
DOORS: list[tuple[str, Any]] = [
    (MINE, None),
    (f"{MINE}acts/", {"do": "withdraw"}),
    (f"{MINE}correction/", {"text": "Інша яма."}),
    (f"{MINE}correction/check/", {"text": "Інша яма."}),
    (f"{MINE}letters/", {"do": "stop"}),
    (f"{MINE}photos/0b1f6f0e-5a3c-4a52-9d1e-6f1f0a2c7d11/boxes/", {"boxes": []}),
]


@pytest.mark.parametrize(("path", "body"), DOORS, ids=[path for path, _body in DOORS])
def test_strangers_and_other_keys_do_nothing_even_with_the_token(
    issue: Issue, city: City, elsewhere: Community, path: str, body: Any
) -> None:
    token = {"Author-Token": secret_of(author_token(issue))}
    only_for(ApiKey.Scope.REPORTS, path, city.vodokanal, city.community, elsewhere, body=body, **token)
    assert Issue.objects.get().state == State.NEW


@pytest.mark.parametrize(("path", "body"), DOORS, ids=[path for path, _body in DOORS])
def test_nobody_acts_without_the_token_of_this_report(
    issue: Issue, another: Issue, city: City, author: Program, later: datetime, path: str, body: Any
) -> None:
    def code(token: str, number: int = 1) -> str:
        told = path.replace("issues/1/", f"issues/{number}/")
        ask = author.get(told, **{"Author-Token": token}) if body is None else author.post(
            told, body, **{"Author-Token": token}
        )  # fmt: skip
        [error] = refusal(ask, 403)["errors"]
        assert error["parameter"] == "Author-Token"
        return str(error["code"])

    mine = secret_of(author_token(issue))
    assert [code(""), code("x" * 43), code("ключ"), code(secret_of(author_token(another)))] == [
        "missing", "unknown", "unknown", "unknown",
    ]  # fmt: skip
    assert [code(mine, another.number), code(mine, 99)] == ["unknown", "unknown"]
    with time_machine.travel(later + timedelta(days=366 * AUTHOR_LIFETIME_YEARS), tick=False):
        assert code(mine) == "expired"
    revoke_token(author_token(issue), at=later)
    assert code(mine) == "revoked"


def test_token_is_asked_before_a_repetition_is_answered(issue: Issue, author: Program) -> None:
    given = {"do": "reply", "text": "Ще одне."}
    facts(author.post(f"{MINE}acts/", given, **{"Idempotency-Key": "k"}))
    refusal(author.post(f"{MINE}acts/", given, **{"Idempotency-Key": "k", "Author-Token": "x" * 43}), 403)


# Acts --------------------------------------------------------------------------------------------------------
def test_author_confirms_reopens_and_withdraws(
    issue: Issue, author: Program, delivery: Delivery, later: datetime
) -> None:
    move_by_organisation(delivery=delivery, to=State.DONE, text="Готово.", at=later)
    assert facts(author.get(MINE))["may"] == ["confirm", "reopen"]
    assert facts(author.post(f"{MINE}acts/", {"do": "confirm"}))["state"] == "confirmed"
    assert wrong_in(author.post(f"{MINE}acts/", {"do": "reopen", "text": " "})) == {"/text"}
    assert facts(author.post(f"{MINE}acts/", {"do": "reopen", "text": "Яма знову."}))["state"] == "reopened"
    told = facts(author.post(f"{MINE}acts/", {"do": "withdraw"}))
    assert (told["state"], told["letters"], told["may"]) == ("withdrawn", None, [])


def test_words_and_photos_are_added_once_and_reach_the_organisation(issue: Issue, city: City, author: Program) -> None:
    photo = key_for(draft(city))
    body = {"do": "reply", "text": "Яма росте.", "photos": [photo]}
    told = facts(done_once(author, f"{MINE}acts/", body, body | {"text": "Інше."}))
    assert [(one["state"], one["can_remove"], one["small"]) for one in told["own_photos"]] == [("waiting", True, None)]
    assert [event["text"] for event in told["events"] if event["kind"] == "added"] == ["Яма росте."]
    to_roads = OutboxMessage.objects.filter(recipient="roads@example.org")
    assert [message for message in to_roads if "Яма росте." in message.payload["text"]] != []
    assert wrong_in(author.post(f"{MINE}acts/", body)) == {"/photos"}  # it is sent already


def test_wrong_acts_are_named_beside_the_member(issue: Issue, author: Program) -> None:
    assert wrong_in(author.post(f"{MINE}acts/", {"do": "dance"})) == {"/do"}
    assert wrong_in(author.post(f"{MINE}acts/", {"do": "reply"})) == {"/text"}
    assert wrong_in(author.post(f"{MINE}acts/", {"do": "reply", "text": "а" * 4001})) == {"/text"}
    assert wrong_in(author.post(f"{MINE}acts/", {"do": "reply", "text": "Ось.", "photos": ["x"]})) == {"/photos"}
    assert refusal(author.post(f"{MINE}acts/", {"do": "confirm"}), 409)["code"] == "no_such_move"
    assert refusal(author.post(f"{MINE}acts/", {"do": "hide_name"}), 409)["code"] == "name_is_hidden"


def test_author_hides_their_name(city: City, town: Town, now: datetime) -> None:
    issue = report_issue(
        new=hole(city, town["p"], name="Оля", shows_name=True), community=city.community, at=now
    )  # fmt: skip
    author = of_author(issue, city)
    assert author.get("issues/1/").json()["properties"]["name"] == "Оля"
    told = facts(author.post(f"{MINE}acts/", {"do": "hide_name"}))
    assert (told["name"], told["given"]["shows_name"]) == ("Оля", False)
    assert author.get("issues/1/").json()["properties"]["name"] == ""


# Corrections -------------------------------------------------------------------------------------------------
def test_author_corrects_only_what_they_name(issue: Issue, city: City, author: Program) -> None:
    told = facts(done_once(author, f"{MINE}correction/", {"text": "Дві ями."}, {"text": "Три ями."}))
    now = Issue.objects.get()
    assert (now.text, now.category, now.location.x, now.address) == (
        "Дві ями.", issue.category, issue.location.x, issue.address,
    )  # fmt: skip
    assert [event["kind"] for event in told["events"]][:1] == ["corrected"]
    assert holder(issue).organisation == city.road_service


def test_another_place_and_kind_ask_anew_who_must_answer(issue: Issue, city: City, town: Town, author: Program) -> None:
    where = {"type": "Point", "coordinates": [town["q"].x, town["q"].y]}
    told = facts(author.post(f"{MINE}correction/", {"category": "manholes", "location": where}))
    assert (told["category"], told["organisation"]["name"]) == ("manholes", city.vodokanal.name)
    assert holder(issue).organisation == city.vodokanal


def test_check_tells_what_would_come_of_it_and_corrects_nothing(
    issue: Issue, city: City, town: Town, author: Program
) -> None:
    path = f"{MINE}correction/check/"
    words = done_once(author, path, {"text": "Дві ями."}, {"text": "Три ями."}).json()
    assert (words["organisation"], words["due_on"]) == (city.road_service.name, issue.due_on.isoformat())
    where = {"type": "Point", "coordinates": [town["q"].x, town["q"].y]}
    told = author.post(path, {"category": "manholes", "location": where}).json()
    assert (told["organisation"], told["working_days"], told["similar"]) == (city.vodokanal.name, 2, [])
    found_dangers([city.community])
    assert len(author.post(path, {"text": "Пахне газом."}).json()["dangers"]) == 1
    assert wrong_in(author.post(path, {"text": " "})) == {"/text"}
    assert Issue.objects.get().text == issue.text


def test_wrong_corrections_are_named_beside_the_member(
    issue: Issue, city: City, town: Town, author: Program, delivery: Delivery, later: datetime
) -> None:
    def wrong(**given: Any) -> set[str]:
        return wrong_in(author.post(f"{MINE}correction/", given))

    outside = {"type": "Point", "coordinates": [town["o"].x, town["o"].y]}
    assert wrong(text=" ") == {"/text"}
    assert wrong(category="nothing") == {"/category"}
    assert wrong(photos=["x"]) == {"/photos"}
    assert wrong(remove_photos=[str(uuid4())]) == {"/remove_photos"}
    assert wrong(location={"type": "Point", "coordinates": [1]}) == {"/location/coordinates"}
    assert wrong_in(author.post(f"{MINE}correction/", {"location": outside}), 422) == {"/location"}
    ask_where(city)
    assert wrong(text="Без відповіді.") == {"/answers/where"}
    found_dangers([city.community])
    gas = {"text": "Пахне газом.", "answers": {"where": "yard"}}
    told = author.post(f"{MINE}correction/", gas)
    assert wrong_in(told, 422) == {"/dangers"}
    codes = [danger["code"] for danger in told.json()["dangers"]]
    assert facts(author.post(f"{MINE}correction/", gas | {"dangers": codes}))["text"] == "Пахне газом."
    move_by_organisation(delivery=holder(issue), to=State.ACCEPTED, at=later)
    assert refusal(author.post(f"{MINE}correction/", {"text": "Пізно."}), 409)["code"] == "too_late_to_correct"


def test_place_whose_owner_is_in_doubt_is_to_be_confirmed(
    issue: Issue, city: City, town: Town, author: Program
) -> None:
    new_rule(city, category=city.roads, division=city.division, area_code="south", organisation=city.vodokanal)
    near = [town["p"].x, town["C"].y + 12 * degrees_per_metre(town["C"].y)[1]]
    moved = {"location": {"type": "Point", "coordinates": near}}
    assert wrong_in(author.post(f"{MINE}correction/", moved), 422) == {"/confirmed"}
    assert facts(author.post(f"{MINE}correction/", moved | {"confirmed": True}))["state"] == "new"
    assert facts(author.post(f"{MINE}correction/", {"text": "Та сама яма."}))["text"] == "Та сама яма."


def test_house_stays_chosen_while_something_else_is_corrected(
    houses: Houses, city: City, town: Town, now: datetime
) -> None:
    new = hole(city, town["p"], category=houses.category, asset=houses.first, entrance="2", flat="7")
    issue = report_issue(new=new, community=city.community, at=now)
    author = of_author(issue, city)
    facts(author.post(f"{MINE}correction/", {"text": "Ліфт стоїть."}))
    now_is = Issue.objects.get()
    assert (now_is.asset, now_is.entrance, now_is.flat) == (houses.first, "2", "7")
    facts(author.post(f"{MINE}correction/", {"asset": "14", "entrance": ""}))
    assert holder(issue).organisation == houses.domkom
    assert wrong_in(author.post(f"{MINE}correction/", {"asset": "99"})) == {"/asset"}


def test_another_house_takes_the_pin_along_and_leaves_the_entrance_behind(
    houses: Houses, city: City, town: Town, now: datetime
) -> None:
    new = hole(city, town["p"], category=houses.category, asset=houses.first, entrance="2", flat="7", address="Тут")
    issue = report_issue(new=new, community=city.community, at=now)
    author = of_author(issue, city)
    facts(author.post(f"{MINE}correction/", {"asset": "12"}))  # the same
    assert (Issue.objects.get().address, Issue.objects.get().flat) == ("Тут", "7")
    facts(author.post(f"{MINE}correction/", {"asset": "14", "flat": "9"}))
    now_is = Issue.objects.get()
    assert (now_is.asset, now_is.entrance, now_is.flat) == (houses.second, "", "9")
    assert (now_is.location.x, now_is.location.y) == point_on(houses.second)
    assert now_is.address == houses.second.label


def test_pin_that_did_not_stand_on_the_former_house_stays(
    houses: Houses, city: City, town: Town, now: datetime
) -> None:
    new = hole(city, town["q"], category=houses.category, asset=houses.first)
    issue = report_issue(new=new, community=city.community, at=now)
    facts(of_author(issue, city).post(f"{MINE}correction/", {"asset": "14"}))
    assert (Issue.objects.get().location.x, Issue.objects.get().asset) == (town["q"].x, houses.second)


def test_another_place_leaves_the_house_behind(houses: Houses, city: City, town: Town, now: datetime) -> None:
    new = hole(city, town["p"], category=houses.category, asset=houses.first, entrance="2", flat="7", address="Тут")
    issue = report_issue(new=new, community=city.community, at=now)
    author = of_author(issue, city)
    here, there = ({"location": {"type": "Point", "coordinates": [town[at].x, town[at].y]}} for at in "pq")
    facts(author.post(f"{MINE}correction/", here | {"text": "Тут само."}))
    assert (Issue.objects.get().asset, Issue.objects.get().address) == (houses.first, "Тут")
    assert wrong_in(author.post(f"{MINE}correction/", there)) == {"/asset"}  # which house now?
    facts(author.post(f"{MINE}correction/", there | {"asset": "none"}))
    now_is = Issue.objects.get()
    assert (now_is.asset, now_is.entrance, now_is.flat, now_is.address == "Тут") == (None, "", "", False)


def test_answers_that_are_not_named_stay_while_the_kind_is_the_same(city: City, town: Town, now: datetime) -> None:
    ask_where(city)
    options = [{"code": "deep", "text": "Глибока", "text_en": "Deep"}]
    Question.objects.create(
        community=city.community, category=city.roads, code="how", text="Яка?", text_en="How?", options=options
    )
    new = hole(city, town["p"], answers={"where": "street", "how": "deep"})
    issue = report_issue(new=new, community=city.community, at=now)
    facts(of_author(issue, city).post(f"{MINE}correction/", {"answers": {"where": "yard"}}))
    assert Issue.objects.get().answers == {"where": "yard", "how": "deep"}


def test_words_are_corrected_though_the_boundary_was_drawn_anew(
    issue: Issue, city: City, town: Town, author: Program
) -> None:
    city.community.boundary = town.area("CDFE")  # the report lies outside now
    city.community.save()
    check = author.post(f"{MINE}correction/check/", {"text": "Дві ями."})
    assert (check.status_code, check.json()["organisation"]) == (200, city.road_service.name)
    assert facts(author.post(f"{MINE}correction/", {"text": "Дві ями."}))["text"] == "Дві ями."


@pytest.mark.django_db(transaction=True)
def test_name_that_is_hidden_meanwhile_stays_hidden(city: City, town: Town, now: datetime) -> None:
    new = hole(city, town["p"], name="Оля", shows_name=True)
    issue = report_issue(new=new, community=city.community, at=now)
    author, is_held = of_author(issue, city), Event()

    def hide() -> None:
        with transaction.atomic():
            hide_name(issue=issue, at=now)
            is_held.set()
            until_somebody_waits()

    def correct() -> Any:
        is_held.wait(30)
        return author.post(f"{MINE}correction/", {"text": "Дві ями."})

    hidden, corrected = at_once([hide, correct], community=city.community)
    assert (hidden, corrected.status_code) == (None, 200)
    now_is = Issue.objects.get()
    assert (now_is.text, now_is.shows_name) == ("Дві ями.", False)


def test_author_takes_a_photo_away_and_adds_no_more_than_five(issue: Issue, city: City, author: Program) -> None:
    photo = photo_of(issue, city, author)
    many = [key_for(draft(city)) for _number in range(5)]
    assert wrong_in(author.post(f"{MINE}correction/", {"photos": many})) == {"/photos"}
    body = {"photos": many, "remove_photos": [str(photo.pk)]}
    assert len(facts(author.post(f"{MINE}correction/", body))["own_photos"]) == 5
    assert not Photo.objects.filter(pk=photo.pk, subject=issue.subject).exists()


# Letters and photos --------------------------------------------------------------------------------------------
def test_author_stops_letters_and_gives_another_address(issue: Issue, author: Program) -> None:
    assert facts(author.post(f"{MINE}letters/", {"do": "stop"}))["letters"] is None
    assert address_of_author(issue) == ""
    refusal(author.post(f"{MINE}letters/", {"do": "stop"}), 409)
    body = {"do": "write", "email": "olia@example.com", "language": "en"}
    told = facts(done_once(author, f"{MINE}letters/", body, body | {"email": "other@example.com"}))
    assert told["letters"] == {"address": "o***@example.com", "is_confirmed": False}
    assert address_of_author(issue) == "olia@example.com"
    assert OutboxMessage.objects.filter(recipient="olia@example.com").count() == 1
    for _turn in range(2):
        assert facts(author.post(f"{MINE}letters/", {"do": "ask"}))["letters"]["is_confirmed"] is False
    assert author.post(f"{MINE}letters/", {"do": "ask"}).status_code == 429
    assert wrong_in(author.post(f"{MINE}letters/", {"do": "write"})) == {"/email"}
    assert wrong_in(author.post(f"{MINE}letters/", {"do": "write", "email": "olia"})) == {"/email"}


def test_author_has_strangers_written_to_only_so_often(issue: Issue, author: Program) -> None:
    answers = [
        author.post(f"{MINE}letters/", {"do": "write", "email": f"a{number}@example.com"}).status_code
        for number in range(11)
    ]
    assert answers == [200] * 10 + [429]


def test_author_hides_a_face_and_nothing_is_shown_again(issue: Issue, city: City, author: Program) -> None:
    photo = photo_of(issue, city, author)
    path = f"{MINE}photos/{photo.pk}/boxes/"
    [shown] = facts(author.get(MINE))["own_photos"]
    assert author.client.get(shown["small"]).status_code == 200
    told = facts(done_once(author, path, {"boxes": [BOX]}, {"boxes": []}))
    assert [(one["state"], one["hidden"]) for one in told["own_photos"]] == [("waiting", 1)]
    assert facts(author.post(path, {"boxes": []}))["own_photos"][0]["hidden"] == 1
    assert wrong_in(author.post(path, {"boxes": [[0.1] * 4] * 51})) == {"/boxes"}
    other = keep_draft(community=city.community, file=upload(jpeg()), name="x", at=timezone.now())
    refusal(author.post(f"{MINE}photos/{other.pk}/boxes/", {"boxes": []}), 404)


def test_answers_of_the_organisation_are_told_with_their_words(
    issue: Issue, author: Program, delivery: Delivery, later: datetime
) -> None:
    reply_by_organisation(delivery=delivery, text="Чекайте на бригаду.", at=later)
    first = facts(author.get(MINE))["events"][0]
    assert (first["kind"], first["text"]) == ("answered", "Чекайте на бригаду.")
    assert Supporter.objects.count() == 0
