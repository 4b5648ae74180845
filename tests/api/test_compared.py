"""A change that breaks a client of the last released contract fails, and says what it breaks."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from api.schema import contract
from tests.api.compared import breaking

RELEASED = Path(settings.BASE_DIR) / "docs" / "openapi" / "v1.json"


def test_nothing_that_was_released_is_broken() -> None:
    broken = breaking(json.loads(RELEASED.read_bytes()), contract("en"))
    told = "\n".join(broken)
    assert not broken, f"Clients of the released API would break (docs/api.md, “Changes”):\n{told}"


OLD: dict[str, Any] = {
    "paths": {
        "/things/": {
            "get": {
                "security": [{}, {"key": []}],
                "parameters": [
                    {"name": "q", "in": "query", "schema": {"type": "string", "maxLength": 100}},
                    {"name": "kind", "in": "query", "schema": {"type": "string", "enum": ["a", "b"]}},
                ],
                "responses": {
                    "200": {
                        "content": {
                            "application/json": {
                                "schema": {"type": "array", "items": {"$ref": "#/components/schemas/Thing"}}
                            }
                        }
                    }
                },
            },
            "post": {
                "security": [{}],
                "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/New"}}}},
                "responses": {"201": {}},
            },
        }
    },
    "components": {
        "schemas": {
            "Thing": {
                "type": "object",
                "required": ["id", "state"],
                "properties": {
                    "id": {"type": "integer"},
                    "state": {"type": "string", "enum": ["new", "done"]},
                    "inner": {"$ref": "#/components/schemas/Thing"},
                    "organisation": {"allOf": [{"$ref": "#/components/schemas/Body"}], "nullable": True},
                },
            },
            "Body": {"type": "object", "properties": {"name": {"type": "string"}}},
            "New": {
                "type": "object",
                "required": ["text"],
                "properties": {"text": {"type": "string"}, "note": {"type": "string", "nullable": True}},
            },
        }
    },
}
GET = ("paths", "/things/", "get")
POST = ("paths", "/things/", "post")
SCHEMAS = ("components", "schemas")


def changed(change: Callable[[Any], object], *path: str) -> list[str]:
    """What breaks when something of the contract is changed."""
    new = copy.deepcopy(OLD)
    found: Any = new
    for step in path:
        found = found[step]
    change(found)
    return breaking(OLD, new)


def put(name: str, value: object) -> Callable[[Any], object]:
    return lambda found: found.update({name: value})


def drop(name: str) -> Callable[[Any], object]:
    return lambda found: found.pop(name)


def test_the_same_breaks_nothing() -> None:
    assert breaking(OLD, OLD) == []


BREAKS = [
    (drop("/things/"), ("paths",), "/things/: the path is gone"),
    (drop("post"), ("paths", "/things/"), "POST /things/: the operation is gone"),
    (lambda found: found["parameters"].pop(0), GET, "query parameter “q” is gone"),
    (lambda found: found["parameters"][0].update(required=True), GET, "query parameter “q” must be there now"),
    (
        lambda found: found["parameters"].append({"name": "new", "in": "query", "required": True}),
        GET,
        "query parameter “new” is new and must be there",
    ),
    (lambda found: found["parameters"][1]["schema"]["enum"].pop(), GET, "“kind” takes no more: b"),
    (lambda found: found["parameters"][0]["schema"].update(maxLength=50), GET, "“q” has a narrower maxLength: 50"),
    (lambda found: found["parameters"][0]["schema"].update(type="integer"), GET, "“q” must be integer, was string"),
    (put("security", [{"key": []}]), POST, "a key is needed now"),
    (drop("201"), (*POST, "responses"), "the answer 201 is gone"),
    (drop("id"), (*SCHEMAS, "Thing", "properties"), "answer[].id is gone"),
    (put("id", {"type": "string"}), (*SCHEMAS, "Thing", "properties"), "answer[].id is string, was integer"),
    (put("required", ["id"]), (*SCHEMAS, "Thing"), "answer[].state is not always there any more"),
    (put("nullable", True), (*SCHEMAS, "Thing", "properties", "id"), "answer[].id may be null now"),
    (drop("name"), (*SCHEMAS, "Body", "properties"), "answer[].organisation.name is gone"),
    (put("required", ["text", "note"]), (*SCHEMAS, "New"), "body.note must be there now"),
    (drop("note"), (*SCHEMAS, "New", "properties"), "body.note is taken no more"),
    (put("note", {"type": "string"}), (*SCHEMAS, "New", "properties"), "body.note may not be null any more"),
    (drop("requestBody"), POST, "the body is gone"),
]


@pytest.mark.parametrize(("change", "path", "told"), BREAKS, ids=[told for _change, _path, told in BREAKS])
def test_what_breaks_a_client_is_named(change: Callable[[Any], object], path: tuple[str, ...], told: str) -> None:
    broken = changed(change, *path)
    assert any(one.endswith(told) for one in broken), broken


GOOD = [
    (put("/new/", {"get": {}}), ("paths",)),
    (put("delete", {"responses": {}}), ("paths", "/things/")),
    (lambda found: found["parameters"].append({"name": "new", "in": "query"}), GET),
    (lambda found: found["parameters"][1]["schema"]["enum"].append("c"), GET),
    (lambda found: found["parameters"][0]["schema"].update(maxLength=500), GET),
    (put("more", {"type": "string"}), (*SCHEMAS, "Thing", "properties")),
    (put("more", {"type": "string"}), (*SCHEMAS, "New", "properties")),
    (put("required", []), (*SCHEMAS, "New")),
    (put("enum", ["new", "done", "lost"]), (*SCHEMAS, "Thing", "properties", "state")),
    (put("required", ["id", "state", "inner"]), (*SCHEMAS, "Thing")),
]


@pytest.mark.parametrize(("change", "path"), GOOD)
def test_additions_break_nobody(change: Callable[[Any], object], path: tuple[str, ...]) -> None:
    assert changed(change, *path) == []
