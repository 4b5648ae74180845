"""An organisation's program reads what it must answer, and answers: nobody else's, and each answer once."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import ApiKey, Organisation
from core.models import Visibility
from geodata.models import Community
from issues.actions import report_issue
from issues.models import Issue, IssueEvent
from issues.moves import not_ours, pass_on, set_visibility
from issues.states import State
from media.actions import keep_draft
from media.drafts import key_for
from media.models import Photo
from routing.models import Answer, Delivery
from tests.conftest import City, hole
from tests.grid import Town
from tests.issues.conftest import holder, new_rule
from tests.photos import jpeg, upload
from tests.programs import Program, done_once, only_for, program_of, refusal, wrong_in

INBOX, ONE, ANSWERS, PASS = "inbox/", "inbox/1/", "inbox/1/answers/", "inbox/1/pass/"


def of(organisation: Organisation, city: City) -> Program:
    """The program of that organisation."""
    return program_of(organisation, city.community, ApiKey.Scope.ANSWERS)


@pytest.fixture
def program(issue: Issue, city: City) -> Program:
    """Яворинавтодор's, who have Оля's report."""
    return of(city.road_service, city)


def says(now: datetime, **changes: Any) -> dict[str, Any]:
    given = {"id": "a-1", "do": "finish", "text": "Залатали.", "happened_at": (now + timedelta(hours=1)).isoformat()}
    return given | changes


def taken(answer: Any) -> tuple[str, str, str | None]:
    assert answer.status_code == 200, answer.content.decode()
    told = answer.json()
    return told["outcome"], told["code"], told["state"]


def numbers(answer: Any) -> list[int]:
    assert answer.status_code == 200, answer.content.decode()
    return [row["number"] for row in answer.json()["results"]]


# Reading -----------------------------------------------------------------------------------------------------
def test_organisation_reads_its_own_page_by_page(program: Program, city: City, town: Town, now: datetime) -> None:
    for minute in range(1, 3):
        at = now + timedelta(minutes=minute)
        report_issue(new=hole(city, town["p"], text=f"Яма {minute}."), community=city.community, at=at)
    report_issue(new=hole(city, town["q"], category=city.manholes), community=city.community, at=now)
    first = program.get(f"{INBOX}?page_size=2")
    assert numbers(first) == [3, 2]
    assert numbers(program.get(f"{INBOX}?{first.json()['next'].partition('?')[2]}")) == [1]
    [row] = of(city.vodokanal, city).get(INBOX).json()["results"]
    assert (row["number"], row["category"], row["answered_at"]) == (4, "manholes", None)


def test_list_is_narrowed_to_what_waits(program: Program, now: datetime) -> None:
    assert numbers(program.get(f"{INBOX}?open=true&answered=false")) == [1]
    taken(program.post(ANSWERS, says(now)))
    assert numbers(program.get(f"{INBOX}?open=true")) == []
    assert numbers(program.get(f"{INBOX}?answered=true&open=false")) == [1]


def test_organisation_reads_what_its_page_shows(city: City, town: Town, now: datetime) -> None:
    city.roads.is_sensitive = True
    city.roads.save()
    new = hole(city, town["p"], flat="7", name="Оля", dangers=["gas"])
    report_issue(new=new, community=city.community, at=now)
    answer = of(city.road_service, city).get(ONE)
    told, text = answer.json()["properties"], answer.content.decode()
    assert answer.json()["geometry"]["coordinates"] == [round(town["p"].x, 6), round(town["p"].y, 6)]
    assert (told["name"], told["flat"], told["dangers"], told["hides_place"]) == ("Оля", "7", ["gas"], True)
    assert told["may"] == ["accept", "ask", "finish", "refuse", "reject", "reply", "start"]
    assert [event["kind"] for event in told["events"]] == ["sent", "reported"]
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert "olia@example.org" not in text  # the page does not show it either


def test_held_report_is_there_and_hidden_one_is_not(
    program: Program, issue: Issue, marta: Any, later: datetime
) -> None:
    set_visibility(issue=issue, visibility=Visibility.HELD, user=marta, at=later)
    assert program.get(ONE).json()["properties"]["visibility"] == "held"
    set_visibility(issue=issue, visibility=Visibility.HIDDEN, reason="Обличчя.", user=marta, at=later)
    assert numbers(program.get(INBOX)) == []
    refusal(program.get(ONE), 404)
    refusal(program.post(ANSWERS, says(later)), 404)


def test_long_list_asks_the_database_as_often_as_a_short_one_and_reads_no_boundary(
    program: Program, city: City, town: Town, now: datetime
) -> None:
    def asked() -> list[str]:
        with CaptureQueriesContext(connection) as queries:
            numbers(program.get(INBOX))
        return [query["sql"] for query in queries]

    numbers(program.get(INBOX))  # what is read once by a process is read
    short = asked()
    for minute in range(1, 4):
        at = now + timedelta(minutes=minute)
        report_issue(new=hole(city, town["p"], text=f"Яма {minute}."), community=city.community, at=at)
    assert len(asked()) == len(short)
    [rows] = [sql for sql in asked() if '"routing_delivery"' in sql and "LIMIT" in sql]
    assert "boundary" not in rows
    assert "map_words" not in rows


# Who may -----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("path", [INBOX, ONE, ANSWERS, PASS])
def test_strangers_and_other_keys_see_and_do_nothing(
    issue: Issue, city: City, elsewhere: Community, now: datetime, path: str
) -> None:
    body = {ANSWERS: says(now), PASS: {"organisation": city.council.pk, "text": "Ваше."}}.get(path)
    only_for(ApiKey.Scope.ANSWERS, path, city.road_service, city.community, elsewhere, body=body)
    reporting = program_of(city.road_service, city.community, ApiKey.Scope.REPORTS)
    refusal(reporting.get(path) if body is None else reporting.post(path, body), 403)
    assert not Answer.objects.exists()


def test_organisation_neither_sees_nor_answers_what_another_has(
    program: Program, city: City, now: datetime, delivery: Delivery
) -> None:
    other = of(city.vodokanal, city)
    assert numbers(other.get(INBOX)) == []
    for answer in (other.get(ONE), other.post(ANSWERS, says(now)), program.get("inbox/99/")):
        refusal(answer, 404)
    not_ours(delivery=delivery, reason="Не наша.", at=now)
    refusal(program.get(ONE), 404)
    assert numbers(of(city.council, city).get(INBOX)) == [1]
    assert taken(program.post(ANSWERS, says(now))) == ("refused", "too_late", None)


def test_organisation_that_is_only_informed_is_asked_nothing(city: City, town: Town, now: datetime) -> None:
    new_rule(city, role="informed", category=city.roads, organisation=city.vodokanal)
    report_issue(new=hole(city, town["p"]), community=city.community, at=now)
    informed = of(city.vodokanal, city)
    assert numbers(informed.get(INBOX)) == []
    refusal(informed.get(ONE), 404)
    assert taken(informed.post(ANSWERS, says(now))) == ("refused", "not_asked", None)
    assert Issue.objects.get().state == State.NEW


# Answering ---------------------------------------------------------------------------------------------------
def test_answer_is_applied_once_by_its_id_and_by_the_key_of_the_request(
    program: Program, issue: Issue, now: datetime
) -> None:
    given = says(now)
    assert taken(done_once(program, ANSWERS, given, given | {"id": "a-2"})) == ("applied", "", "done")
    assert taken(program.post(ANSWERS, given)) == ("applied", "", "done")
    assert refusal(program.post(ANSWERS, given | {"text": "Інше."}), 409)["errors"][0]["pointer"] == "/id"
    [kept] = Answer.objects.all()
    assert (kept.via, kept.external_id, kept.channel) == ("api", "a-1", None)
    assert IssueEvent.objects.filter(kind="moved").count() == 1


@pytest.mark.parametrize(
    ("do", "text", "outcome", "state"),
    [
        ("accept", "", "applied", "accepted"),
        ("start", "", "applied", "in_progress"),
        ("ask", "З якого боку?", "applied", "waiting"),
        ("reject", "Не можемо.", "applied", "rejected"),
        ("reply", "Скоро будемо.", "applied", "new"),
        ("refuse", "Не наша дорога.", "applied", None),
        ("finish", "", "refused", "new"),
    ],
)
def test_everything_that_the_page_offers_can_be_said(
    program: Program, issue: Issue, now: datetime, do: str, text: str, outcome: str, state: str | None
) -> None:
    found = taken(program.post(ANSWERS, says(now, do=do, text=text)))
    assert (found[0], found[2]) == (outcome, state)
    assert Issue.objects.get().state == (state or "new")


def test_photos_of_the_work_go_with_the_answer(program: Program, city: City, now: datetime) -> None:
    photo = keep_draft(community=city.community, file=upload(jpeg()), name="після.jpg", at=timezone.now())
    assert taken(program.post(ANSWERS, says(now, photos=[key_for(photo)])))[0] == "applied"
    assert Photo.objects.get().role == Photo.Role.ANSWER


def test_answer_with_photos_is_taken_again_by_its_id_alone(program: Program, city: City, now: datetime) -> None:
    photo = keep_draft(community=city.community, file=upload(jpeg()), name="після.jpg", at=timezone.now())
    given = says(now, photos=[key_for(photo)])
    assert [taken(program.post(ANSWERS, given)) for _turn in range(2)] == [("applied", "", "done")] * 2
    assert wrong_in(program.post(ANSWERS, given | {"id": "a-2"})) == {"/photos"}  # it went with the first
    assert Photo.objects.count() == 1


def test_answer_is_known_after_the_report_left_and_came_back(
    program: Program, issue: Issue, city: City, now: datetime, later: datetime
) -> None:
    given = says(now, do="reply", text="Скоро будемо.")
    assert taken(program.post(ANSWERS, given)) == ("applied", "", "new")
    not_ours(delivery=holder(issue), reason="Не наша.", at=later)
    pass_on(delivery=holder(issue), to=city.road_service, reason="Таки ваша.", at=later + timedelta(minutes=5))
    assert taken(program.post(ANSWERS, given)) == ("applied", "", "new")
    assert Answer.objects.count() == 1
    assert refusal(program.post(ANSWERS, given | {"text": "Інше."}), 409)["errors"][0]["code"] == "other"


def test_older_answer_moves_nothing_back(program: Program, now: datetime) -> None:
    taken(program.post(ANSWERS, says(now)))
    older = says(now, id="a-0", do="start", text="Їдемо.", happened_at=(now + timedelta(minutes=5)).isoformat())
    assert taken(program.post(ANSWERS, older)) == ("words_only", "older", "done")


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"do": "dance"}, "/do"),
        ({"id": " "}, "/id"),
        ({"id": "a\nb"}, "/id"),
        ({"id": "x" * 201}, "/id"),
        ({"text": "а" * 4001}, "/text"),
        ({"happened_at": "yesterday"}, "/happened_at"),
        ({"happened_at": "2026-11-19T12:30:00"}, "/happened_at"),  # by which clock?
        ({"photos": ["x"]}, "/photos"),
    ],
)
def test_wrong_answers_are_named_beside_the_member(
    program: Program, now: datetime, changes: dict[str, Any], where: str
) -> None:
    assert wrong_in(program.post(ANSWERS, says(now, **changes))) == {where}
    assert not Answer.objects.exists()


# Passing on --------------------------------------------------------------------------------------------------
def test_duty_queue_passes_a_report_on(city: City, town: Town, now: datetime) -> None:
    issue = report_issue(new=hole(city, town["q"]), community=city.community, at=now)
    queue = of(city.council, city)
    told = queue.get(ONE).json()["properties"]
    assert "pass" in told["may"]
    assert {one["name"] for one in told["pass_to"]} == {city.vodokanal.name, city.road_service.name}
    body = {"organisation": city.vodokanal.pk, "text": "Ваша дорога."}
    assert wrong_in(queue.post(PASS, {"organisation": city.vodokanal.pk})) == {"/text"}
    assert wrong_in(queue.post(PASS, body | {"organisation": city.council.pk})) == {"/organisation"}
    assert wrong_in(queue.post(PASS, body | {"organisation": "x"})) == {"/organisation"}
    done_once(queue, PASS, body, body | {"text": "Інше."})
    assert holder(issue).organisation == city.vodokanal
    refusal(queue.get(ONE), 404)
    assert Issue.objects.get().state == State.NEW


def test_only_the_duty_queue_passes_on(program: Program, city: City) -> None:
    body = {"organisation": city.vodokanal.pk, "text": "Ваша дорога."}
    assert wrong_in(program.post(PASS, body)) == {"/organisation"}
