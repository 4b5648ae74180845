"""The search of the map page: places, things, numbers and words of one text."""

import pytest
from django.test import Client

from core.models import Visibility
from geodata.things_by_number import number_in
from tests.conftest import City
from tests.geodata.conftest import pin
from tests.grid import Town


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("42", 42),
        ("№ 42", 42),
        ("№42", 42),
        ("#42", 42),
        ("No. 42", 42),
        ("вул. Миру, 42", None),
        ("4 2", None),
        ("", None),
    ],
)
def test_a_number_is_told_from_words(text: str, number: int | None) -> None:
    assert number_in(text) == number


def test_stranger_finds_a_report_by_its_number_and_no_hidden_one(client: Client, city: City, town: Town) -> None:
    seen = pin(city.community, town["p"], category=city.roads, title="Яма на переході")
    held = pin(city.community, town["p"], category=city.roads, visibility=Visibility.HELD)
    for path in ("search/", "search/options/"):
        response = client.get(f"/yavoryn/{path}", {"q": f"№ {seen.number}"})
        assert [row["title"] for row in response.context["answer"].things] == ["Яма на переході"]
        assert response.headers["Cache-Control"].startswith("max-age=0")
        hidden = client.get(f"/yavoryn/{path}", {"q": str(held.number)})
        assert hidden.context["answer"].things == []


def test_coordinates_are_a_place_and_no_words(client: Client, city: City, town: Town) -> None:
    answer = client.get("/yavoryn/search/options/", {"q": f"{town['p'].y}, {town['p'].x}"}).context["answer"]
    assert answer.is_pasted
    assert len(answer.places) == 1
    assert (answer.things, answer.words) == ([], "")


def test_the_page_leads_to_the_place_on_the_map(client: Client, city: City, town: Town) -> None:
    context = client.get("/yavoryn/search/", {"q": f"{town['p'].y}, {town['p'].x}"}).context
    [(_option, url)] = context["places"]
    assert url.startswith("/yavoryn/?box=")
    assert url.endswith("&zoom=17")


@pytest.mark.parametrize("text", ["", "\0", "x" * 3000, "<script>", "%"])
def test_any_text_gets_an_answer(client: Client, city: City, text: str) -> None:
    for path in ("search/", "search/options/"):
        response = client.get(f"/yavoryn/{path}", {"q": text})
        assert response.status_code == 200
        assert b"<script>\xc2\xbb" not in response.content
