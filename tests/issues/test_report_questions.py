"""What a category asks is answered in the form, decides who answers, and is read where the report is read."""

import uuid
from datetime import timedelta

import pytest
import time_machine
from django.conf import settings
from django.test import Client

from core.models import OutboxMessage
from issues.models import Issue
from routing.models import Rule
from tests.conftest import NOW, City
from tests.grid import Town
from tests.issues.conftest import ask_where, new_rule, new_rules

ADDRESS = "/yavoryn/report/"
pytestmark = pytest.mark.usefixtures("_morning")


@pytest.fixture
def _morning() -> object:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def filled(city: City, town: Town) -> dict[str, str]:
    """A hole at p, whoever answers in yards is another; where exactly is not said yet."""
    ask_where(city)
    new_rule(city, category=city.roads, answers={"where": ["yard"]}, priority=5, organisation=city.vodokanal)
    return {
        "lon": f"{town['p'].x:.6f}",
        "lat": f"{town['p'].y:.6f}",
        "category": "roads",
        "text": "Яма на переході.",
        "key": str(uuid.uuid4()),
        "asked": "roads",
        "do": "send",
    }


def send(client: Client, filled: dict[str, str]) -> Issue:
    seen = client.post(ADDRESS, filled).context["answerer"].seen
    assert client.post(ADDRESS, filled | {"seen": seen}).status_code == 302
    return Issue.objects.get()


@pytest.mark.parametrize(("where", "who"), [("yard", "КП «Яворинводоканал»"), ("street", "КП «Яворинавтодор»")])
def test_answer_decides_who_must_answer(client: Client, filled: dict[str, str], where: str, who: str) -> None:
    page = client.post(ADDRESS, filled | {"answer-where": where})
    assert page.context["answerer"].organisation.name == who
    issue = send(client, filled | {"answer-where": where})
    assert issue.answers == {"where": where}


def test_unanswered_question_is_an_error_beside_it(client: Client, filled: dict[str, str]) -> None:
    page = client.post(ADDRESS, filled)
    assert page.status_code == 422
    assert list(page.context["form"].errors) == ["answer-where"]
    assert 'id="answer-where-error"' in page.content.decode()
    assert page.context["form"]["text"].value() == filled["text"]


def test_answer_that_is_not_offered_is_refused(client: Client, filled: dict[str, str]) -> None:
    page = client.post(ADDRESS, filled | {"answer-where": "moon"})
    assert list(page.context["form"].errors) == ["answer-where"]


def test_questions_that_nobody_saw_are_shown_without_a_reproach(client: Client, filled: dict[str, str]) -> None:
    page = client.post(ADDRESS, filled | {"asked": "manholes", "do": "check"})
    assert page.status_code == 200
    assert page.context["form"].errors == {}
    assert "Де саме?" in page.content.decode()


def test_optional_question_may_stay_open(client: Client, filled: dict[str, str], city: City) -> None:
    city.roads.questions.update(is_required=False)
    issue = send(client, filled | {"answer-where": ""})
    assert issue.answers == {}


def test_another_category_keeps_what_still_fits(client: Client, filled: dict[str, str], city: City) -> None:
    question = city.roads.questions.get()
    question.pk, question.category = None, city.manholes
    question.save()
    page = client.post(ADDRESS, filled | {"answer-where": "yard", "category": "manholes", "do": "check"})
    assert page.context["form"]["answer-where"].value() == "yard"
    assert page.context["answerer"].organisation == city.vodokanal


def test_preview_waits_for_the_answers(client: Client, filled: dict[str, str], city: City) -> None:
    asked = {name: filled[name] for name in ("lon", "lat", "category")}
    assert client.get(f"{ADDRESS}answerer/", asked).context["answerer"].asks_first
    found = client.get(f"{ADDRESS}answerer/", asked | {"answer-where": "yard"}).context["answerer"]
    assert found.organisation == city.vodokanal


def test_answers_are_read_on_the_page_and_in_the_letter_in_each_ones_language(
    client: Client, filled: dict[str, str]
) -> None:
    issue = send(client, filled | {"answer-where": "yard"})
    letter = OutboxMessage.objects.get(recipient="water@example.org").payload["text"]
    assert "Де саме: У дворі" in letter
    assert "У дворі" in client.get(issue.get_absolute_url()).content.decode()
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "en"
    english = client.get(issue.get_absolute_url()).content.decode()
    assert "Where exactly?" in english
    assert "In the yard" in english


def test_answer_to_a_question_that_is_gone_is_shown_by_its_code(
    client: Client, filled: dict[str, str], city: City
) -> None:
    issue = send(client, filled | {"answer-where": "yard"})
    city.roads.questions.all().delete()
    assert "yard" in client.get(issue.get_absolute_url()).content.decode()


def test_rules_published_after_the_look_are_shown_before_anything_is_sent(
    client: Client, filled: dict[str, str], city: City
) -> None:
    filled |= {"answer-where": "street"}
    seen = client.post(ADDRESS, filled).context["answerer"].seen
    with new_rules(city, moment=NOW + timedelta(minutes=1)) as draft:
        Rule.objects.filter(ruleset=draft, category=city.roads).update(organisation=city.council)
    with time_machine.travel(NOW + timedelta(minutes=2), tick=False):
        page = client.post(ADDRESS, filled | {"seen": seen})
        assert page.status_code == 200
        assert Issue.objects.count() == 0
        assert page.context["answerer"].organisation == city.council
        assert client.post(ADDRESS, filled | {"seen": page.context["answerer"].seen}).status_code == 302
    assert Issue.objects.get().subject.deliveries.get().organisation == city.council
