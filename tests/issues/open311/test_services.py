"""Discovery, services and their definitions, in XML and in JSON, as GeoReport v2 says it."""

from typing import Any
from urllib.parse import urlsplit

from django.test import Client

from routing.models import Category, Question
from tests.conftest import City
from tests.issues.conftest import Houses, ask_where
from tests.issues.open311 import schemas
from tests.issues.open311.conftest import API, ask, ask_xml, tree_of
from tests.issues.open311.schemas import fits

# Discovery -------------------------------------------------------------------------------------------------


def test_discovery_leads_to_the_endpoint(city: City, client: Client) -> None:
    told = fits(client.get("/yavoryn/open311/discovery.json").json(), schemas.DISCOVERY)
    endpoint = told["endpoints"][0]
    assert endpoint["url"] == "http://testserver/yavoryn/open311/v2"
    assert client.get(urlsplit(endpoint["url"]).path + "/services.xml").status_code == 200


def test_discovery_is_also_where_clients_look_that_know_the_endpoint_only(city: City, client: Client) -> None:
    first = client.get("/yavoryn/open311/discovery.xml")
    assert first.headers["Content-Type"] == "text/xml; charset=utf-8"
    assert client.get(f"{API}/discovery.xml").content == first.content == client.get(f"{API}/").content
    tree = tree_of(first)
    assert tree.tag == "discovery"
    assert [one.text for one in tree.findall("endpoints/endpoint/formats/format")] == ["text/xml", "application/json"]


# Services --------------------------------------------------------------------------------------------------


def test_services_are_the_categories_that_can_be_chosen(city: City, client: Client) -> None:
    Category.objects.filter(pk=city.manholes.pk).update(is_active=False)
    ask_where(city)
    told = fits(ask(client, "services"), schemas.SERVICES)
    assert [(one["service_code"], one["service_name"], one["metadata"]) for one in told] == [("roads", "Дороги", True)]
    assert told[0]["type"] == "realtime"
    assert "5 робочих днів" in told[0]["description"]


def test_names_come_in_the_language_that_is_asked(city: City, client: Client) -> None:
    by_header = client.get(f"{API}/services.json", headers={"Accept-Language": "en-GB,en;q=0.9"})
    by_name = client.get(f"{API}/services.json", {"locale": "en"})
    assert by_header.json() == by_name.json()
    assert {one["service_name"] for one in by_name.json()} == {"Roads", "Manholes"}
    assert by_header.headers["Content-Language"] == "en"
    assert "Accept-Language" in by_header.headers["Vary"]
    assert ask(client, "services", locale="fr")[0]["service_name"] in {"Дороги", "Люки"}


def test_keywords_are_plain_words_and_the_name_in_the_other_language(city: City, client: Client) -> None:
    Category.objects.filter(pk=city.roads.pk).update(keywords="асфальт*\n=яма\n- яма/могила\nяма/ями\n")
    roads = next(one for one in ask(client, "services") if one["service_code"] == "roads")
    assert roads["keywords"] == "Roads, асфальт, яма"


def test_xml_says_the_same_as_json(city: City, client: Client) -> None:
    told, tree = ask(client, "services"), ask_xml(client, "services")
    assert tree.tag == "services"
    as_told = [{field.tag: field.text or "" for field in service} for service in tree.findall("service")]
    said = [{name: {True: "true", False: "false"}.get(value, value) for name, value in one.items()} for one in told]
    assert as_told == said


# Definitions -----------------------------------------------------------------------------------------------


def every_kind(city: City, houses: Houses) -> None:
    ask_where(city)
    given: dict[str, Any] = {"community": city.community, "category": city.roads}
    Question.objects.create(
        code="deep", kind="number", text="Глибина", text_en="Depth", unit="см", unit_en="cm", least=1, most=200,
        position=2, is_required=False, **given,
    )  # fmt: skip
    Question.objects.create(code="seen", kind="date", text="Коли помітили?", position=3, is_required=False, **given)
    Question.objects.create(
        code="gate", kind="text", text="Яка брама?", position=4, longest=50, shown_if={"where": ["yard"]}, **given
    )
    Question.objects.create(
        code="house", kind="asset", text="Біля якого будинку?", register=houses.register, position=5,
        is_required=False, **given,
    )  # fmt: skip


def test_every_kind_of_question_is_an_attribute(city: City, houses: Houses, client: Client) -> None:
    every_kind(city, houses)
    told = fits(ask(client, "services/roads", locale="en"), schemas.DEFINITION)
    assert told["service_code"] == "roads"
    found = {one["code"]: one for one in told["attributes"]}
    assert [(code, one["datatype"], one["required"]) for code, one in found.items()] == [
        ("where", "singlevaluelist", True),
        ("deep", "number", False),
        ("seen", "datetime", False),
        ("gate", "text", False),
        ("house", "string", False),
    ]
    assert [one["order"] for one in told["attributes"]] == [1, 2, 3, 4, 5]
    assert found["where"]["values"] == [
        {"key": "street", "name": "On the street"}, {"key": "yard", "name": "In the yard"}
    ]  # fmt: skip
    assert found["deep"]["datatype_description"] == "From 1 to 200. cm"
    assert "where = yard" in found["gate"]["datatype_description"]


def test_house_that_a_category_asks_for_is_an_attribute_too(city: City, houses: Houses, client: Client) -> None:
    told = fits(ask(client, "services/houses"), schemas.DEFINITION)
    assert [(one["code"], one["required"]) for one in told["attributes"]] == [
        ("register.key", True), ("register.entrance", False), ("register.flat", False)
    ]  # fmt: skip
    tree = ask_xml(client, "services/houses")
    assert tree.tag == "service_definition"
    assert tree.findtext("attributes/attribute/code") == "register.key"


def test_unknown_service_is_told_in_the_shape_of_an_error(city: City, client: Client) -> None:
    for code in ("nothing", "..", "a%00b", "яма"):
        told = fits(ask(client, f"services/{code}", expect=404 if "%00" not in code else 400), schemas.ERRORS)
        assert told[0]["code"] in {400, 404}
