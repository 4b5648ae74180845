"""The whole installation in numbers, on the start page and as JSON."""

import json

from django.test import Client

from geodata.cells import fold_all
from issues.models import Issue
from stats.filling import fill_all
from tests.conftest import NOW, City
from tests.people import person


def told(client: Client) -> dict[str, object]:
    answer = client.get("/stats.json")
    assert answer["Access-Control-Allow-Origin"] == "*"
    found: dict[str, object] = json.loads(answer.content)
    return found


def test_communities_people_and_things_by_state_are_told(client: Client, city: City, issue: Issue) -> None:
    fill_all(at=NOW)
    found = told(client)
    assert (found["communities"], found["communities_with_reports"], found["reported"]) == (1, 1, 1)
    states = {"wait": 1, "work": 0, "done": 0, "shut": 0}
    assert found["things"] == {"issues": {"total": 1, "states": states}}
    fold_all()
    assert told(client) == found, "folded or not"


def test_few_people_are_not_counted_in_public(client: Client, db: None) -> None:
    for number in range(4):
        person(f"p{number}")
    assert told(client)["people"] is None
    person("p5")
    assert told(client)["people"] == 5


def test_the_start_page_tells_the_same(client: Client, city: City, issue: Issue) -> None:
    assert "stats.json" not in client.get("/").content.decode(), "nothing is counted yet"
    fill_all(at=NOW)
    said = client.get("/").content.decode()
    assert "stats.json" in said
    assert "Проблеми" in said
