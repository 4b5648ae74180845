"""docs/openapi.json is the contract as it is served, byte for byte."""

import json
from pathlib import Path

import yaml
from django.conf import settings
from django.test import Client
from drf_spectacular.renderers import OpenApiJsonRenderer
from drf_spectacular.validation import validate_schema

from api.described import operations_of
from api.schema import contract

COMMITTED = Path(settings.BASE_DIR) / "docs" / "openapi.json"
COMMAND = "./misto manage spectacular --format openapi-json --lang en --file docs/openapi.json"


def test_committed_contract_is_the_one_that_is_served() -> None:
    made = OpenApiJsonRenderer().render(contract("en"), renderer_context={})
    assert made == COMMITTED.read_bytes(), f"The API has changed. Write it down: {COMMAND}"


def test_contract_is_valid_openapi() -> None:
    validate_schema(contract("uk"))  # type: ignore[no-untyped-call]


def test_contract_is_served_in_both_languages_as_json_and_yaml(client: Client, db: None) -> None:
    english = client.get("/api/v1/schema/?language=en").json()
    assert english == json.loads(COMMITTED.read_bytes())
    ukrainian = client.get("/api/v1/schema/")
    assert ukrainian.headers["Content-Type"].startswith("application/vnd.oai.openapi+json")
    assert "Відкрите місто" in ukrainian.json()["info"]["title"]
    assert yaml.safe_load(client.get("/api/v1/schema/?format=yaml&language=en").content) == english


def test_every_operation_has_a_name_and_words_in_both_languages() -> None:
    said: dict[str, set[str]] = {}
    for language in ("uk", "en"):
        for path, methods in contract(language)["paths"].items():
            for method, operation in methods.items():
                said.setdefault(f"{method} {path}", set()).add(operation["summary"])
                silent = [one["name"] for one in operation["parameters"] if not one.get("description")]
                assert silent == [], f"{method} {path}"
    assert {name for name, words in said.items() if len(words) != 2} == set()


def test_page_lists_every_operation(client: Client, db: None) -> None:
    page = client.get("/api/v1/docs/").content.decode()
    operations = [one for methods in contract("uk")["paths"].values() for one in methods.values()]
    assert all(f'id="{one["operationId"]}"' in page for one in operations)


def test_page_tells_what_bodies_hold() -> None:
    operations = {one.key: one for _tag, group in operations_of(contract("en")) for one in group}
    told = {one.name: one for one in operations["issues_mine_act"].parameters if one.place == "body"}
    assert (told["do"].kind, told["do"].is_required) == ("confirm | reopen | withdraw | reply | hide_name", True)
    assert (told["photos"].kind, told["photos"].about) == ("string[]", "Their keys.")
    sent = {one.name: one.kind for one in operations["issues_create"].parameters if one.place == "body"}
    assert (sent["location"], sent["confirmed"], sent["email"]) == ("Point", "boolean", "string")
    assert [one.place for one in operations["issues_list"].parameters if one.place == "body"] == []
