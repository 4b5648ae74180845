"""What strangers read: places, kinds, registers, works, who answers, statistics; and how many questions it costs."""

from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client

from accounts.models import User
from core.models import Subject, Visibility
from geodata.models import Community
from issues.actions import report_issue
from issues.models import EventText, Issue, IssueEvent
from routing.models import Asset, Question, Register
from tests.conftest import NOW, City, hole
from tests.grid import Town
from works.actions import announce
from works.models import Work

API = "/api/v1/yavoryn/"


def get(client: Client, path: str, **query: Any) -> Any:
    answer = client.get(f"{API}{path}", query)
    assert answer.status_code == 200, answer.content.decode()
    return answer.json()


def test_communities_lead_to_everything(client: Client, city: City, elsewhere: Community) -> None:
    listed = client.get("/api/v1/communities/").json()["results"]
    assert [one["slug"] for one in listed] == ["sosnivka", "yavoryn"]
    whole = client.get("/api/v1/communities/yavoryn/").json()
    assert whole["boundary"]["type"] == "MultiPolygon"
    for address in whole["links"].values():
        path = address.removeprefix("http://testserver")
        if path.startswith("/api/") and not path.endswith(("/responsible/", "/similar/", "/places/")):
            assert client.get(path).status_code == 200, path


def test_areas_are_those_of_the_day(client: Client, city: City) -> None:
    assert {one["properties"]["code"] for one in get(client, "areas/")["features"]} == {"north", "south"}
    assert get(client, "areas/", on="2019-01-01")["features"] == []
    one = get(client, f"areas/{city.zarichchia.pk}/")
    assert (one["properties"]["division"], one["geometry"]["type"]) == ("districts", "MultiPolygon")


def test_categories_bring_their_questions(client: Client, city: City) -> None:
    options = [{"code": "yard", "text": "У дворі"}, {"code": "road", "text": "На дорозі", "text_en": "On the road"}]
    Question.objects.create(community=city.community, category=city.roads, code="where", text="Де?", options=options)
    city.manholes.is_active = False
    city.manholes.save()
    [roads] = get(client, "categories/")["results"]
    assert (roads["code"], roads["questions"][0]["code"]) == ("roads", "where")
    assert [one["code"] for one in roads["questions"][0]["options"]] == ["yard", "road"]
    assert not {"keywords", "hold_new"} & set(roads)


def test_only_registers_on_the_map_are_told(client: Client, city: City, town: Town, now: datetime) -> None:
    given = {"community": city.community, "kind": "lamps"}
    shown = Register.objects.create(code="lamps", name="Ліхтарі", is_on_map=True, map_day=now.date(), **given)
    kept = Register.objects.create(code="secret", name="Таємні", **given)
    for register in (shown, kept):
        Asset.objects.create(
            community=city.community,
            register=register,
            key="7",
            geometry=town["p"],
            attributes={"pin": "1234"},
            valid_from=now.date(),
        )
    assert [one["code"] for one in get(client, "registers/")["results"]] == ["lamps"]
    [lamp] = get(client, "registers/lamps/assets/")["features"]
    assert (lamp["properties"]["key"], "1234" in str(lamp)) == ("7", False)
    assert client.get(f"{API}registers/secret/assets/").status_code == 404


def test_organisations_are_those_of_the_rules_and_the_duty_queue(client: Client, city: City) -> None:
    told = {one["name"]: one for one in get(client, "organisations/")["results"]}
    assert told["КП «Яворинавтодор»"]["categories"] == ["roads"]
    assert told["КП «Яворинводоканал»"]["categories"] == ["manholes"]
    assert [name for name, one in told.items() if one["is_fallback"]] == ["Яворинська міська рада"]
    assert "@" not in str(told)


def test_works_of_moderators_are_seen_by_nobody(client: Client, city: City, town: Town, now: datetime) -> None:
    for is_shown in (True, False):
        work = Work(community=city.community, name=f"Ремонт {is_shown}", geometry=town["p"], starts_at=now)
        announce(work, is_shown=is_shown, at=now)
    [shown] = get(client, "works/")["features"]
    assert shown["properties"]["name"] == "Ремонт True"
    hidden = Work.objects.exclude(pk=shown["id"]).get()
    assert client.get(f"{API}works/{hidden.pk}/").status_code == 404


def test_report_tells_what_its_page_tells(client: Client, issue: Issue) -> None:
    told = get(client, "issues/1/")["properties"]
    assert told["organisation"]["name"] == "КП «Яворинавтодор»"
    assert [(one["organisation"]["name"], one["role"]) for one in told["recipients"]] == [
        ("КП «Яворинавтодор»", "responsible")
    ]
    assert told["areas"] == [{"division": "districts", "code": "north", "name": "Заріччя"}]
    assert "olia@example.org" not in str(told)


def test_report_that_strangers_do_not_see_is_not_there_even_for_staff(
    client: Client, issue: Issue, marta: User
) -> None:
    client.force_login(marta)
    Subject.objects.update(visibility=Visibility.HELD)
    for path in ("issues/1/", "issues/1/events/"):
        assert client.get(f"{API}{path}").status_code == 404


def test_blurred_report_tells_neither_place_nor_area(client: Client, issue: Issue) -> None:
    Issue.objects.update(address="вул. Соборна, 12")
    Subject.objects.update(visibility=Visibility.COARSE)
    told = get(client, "issues/1/")
    assert "Соборна" not in str(told)
    assert (told["properties"]["areas"], told["properties"]["is_blurred"]) == ([], True)
    lon, lat = told["geometry"]["coordinates"]
    assert (round(lon % 0.01, 6), round(lat % 0.01, 6)) == (0.005, 0.005)


def test_filters_ask_of_the_place_that_strangers_see(client: Client, issue: Issue, town: Town) -> None:
    near = f"{town['p'].x - 1e-4},{town['p'].y - 1e-4},{town['p'].x + 1e-4},{town['p'].y + 1e-4}"
    assert len(get(client, "issues/", bbox=near)["features"]) == 1
    assert len(get(client, "issues/", area="districts.north")["features"]) == 1
    assert get(client, "issues/", area="districts.south")["features"] == []
    Subject.objects.update(visibility=Visibility.COARSE)
    assert get(client, "issues/", bbox=near)["features"] == []


def test_list_is_narrowed_by_words_states_and_days(client: Client, issue: Issue) -> None:
    day = f"{NOW:%Y-%m-%d}"
    for query in ({"q": "яма"}, {"status": "new"}, {"reported_from": day}, {"reported_to": day}):
        assert len(get(client, "issues/", **query)["features"]) == 1, query
    for query in ({"q": "дерево"}, {"status": "done"}, {"reported_to": "2026-10"}, {"reported_from": "2026-12"}):
        assert get(client, "issues/", **query)["features"] == [], query


def test_redacted_words_are_in_no_timeline(client: Client, issue: Issue) -> None:
    words = EventText.objects.create(community=issue.community, text="лайка")
    event = {"community": issue.community, "issue": issue, "at": NOW, "by": "organisation"}
    IssueEvent.objects.create(kind="answered", words=words, **event)
    assert get(client, "issues/1/events/")["results"][0]["text"] == "лайка"
    EventText.objects.update(redacted_at=NOW)
    IssueEvent.objects.create(kind="redacted", **event)
    told = get(client, "issues/1/events/")["results"]
    assert ("лайка" in str(told), "redacted" in {one["kind"] for one in told}) == (False, False)


def test_address_search_and_look_alikes(client: Client, issue: Issue, town: Town) -> None:
    place = {"lat": town["p"].y, "lon": town["p"].x}
    assert get(client, "places/", q=f"{town['p'].y}, {town['p'].x}")["is_pasted"] is True
    assert set(get(client, "places/near/", **place)) == {"address", "words", "metres"}
    with time_machine.travel(NOW + timedelta(hours=1), tick=False):
        found = get(client, "similar/", category="roads", text="Яма на переході", **place)["results"]
    assert [one["number"] for one in found] == [1]


def test_statistics_are_the_rows_of_the_tables(client: Client, issue: Issue) -> None:
    asked = get(client, "statistics/")
    for table in asked["tables"]:
        told = get(client, f"statistics/{table}/")
        assert all(len(row) == len(told["columns"]) for row in told["rows"])
    assert client.get(f"{API}statistics/nothing/").status_code == 404
    assert client.get(f"{API}statistics/days/?category=roads").status_code == 404


LISTS = ["issues/", "categories/", "works/", "organisations/", "issues/1/events/", "areas/", "layers/"]


@pytest.mark.parametrize("path", LISTS)
def test_more_things_cost_no_more_questions(
    client: Client, issue: Issue, city: City, town: Town, path: str, django_assert_max_num_queries: Any
) -> None:
    for n in range(12):
        report_issue(new=hole(city, town["p"]), community=city.community, at=NOW)
        announce(Work(community=city.community, name=str(n), geometry=town["p"], starts_at=NOW), is_shown=True, at=NOW)
        IssueEvent.objects.create(
            community=city.community, issue=issue, at=NOW, kind="answered", by="organisation",
            organisation=city.vodokanal, words=EventText.objects.create(community=city.community, text="x"),
        )  # fmt: skip
    with django_assert_max_num_queries(5):
        get(client, path)


def test_one_report_costs_a_bounded_number_of_questions(
    client: Client, issue: Issue, django_assert_max_num_queries: Any
) -> None:
    with django_assert_max_num_queries(20):
        get(client, "issues/1/")
