"""The Open311 server as an OpenAPI document, made of the schemas by which answers are looked at.

python -m tests.issues.open311.contract > docs/open311-openapi.json
"""

import json
import sys
from collections.abc import Mapping
from typing import Any, Final

from tests.issues.open311 import schemas

Part = Mapping[str, Any]
Given = Mapping[str, tuple[Part, str]]
TEXT: Final = {"type": "string"}
MOMENT: Final = {"type": "string", "description": "2026-11-19T10:00:00+02:00, or a day"}
BOTH: Final = ("text/xml", "application/json")
FORMS: Final = ("application/x-www-form-urlencoded", "multipart/form-data")
OF_ALL: Final[Given] = {
    "jurisdiction_id": (TEXT, "Not needed; sent, it is the name of the community in the address."),
    "locale": ({"enum": ["uk", "en"]}, "Language of names; else by Accept-Language, else Ukrainian."),
}
OF_LISTS: Final[Given] = {
    "service_request_id": (TEXT, "A comma list of at most 1,000; everything else is then left out of account."),
    "start_date": (MOMENT, "From this moment on."),
    "end_date": (MOMENT, "Before this moment; at most 90 days after the other."),
    "page_size": ({"type": "integer", "minimum": 1, "maximum": 1000}, "1,000 by default."),
    "page": ({"type": "integer", "minimum": 1}, "Leaps over 100,000 at most; the header Link goes on without end."),
    "after": (TEXT, "From the header Link of the page before."),
    "extensions": ({"enum": ["true", "false"]}, "More than the specification tells."),
}
OF_REQUESTS: Final[Given] = {
    "service_code": (TEXT, "A comma list."),
    "status": (TEXT, "open, closed, or both with a comma."),
    "updated_after": (MOMENT, "By the last change instead of the sending."),
    "updated_before": (MOMENT, "By the last change."),
}
REPORT: Final = {
    "type": "object",
    "required": ["api_key", "service_code", "description"],
    "properties": {
        "api_key": TEXT,
        "service_code": TEXT,
        "description": {"type": "string", "maxLength": 4000},
        "lat": {"type": "number", "minimum": -90, "maximum": 90},
        "long": {"type": "number", "minimum": -180, "maximum": 180},
        "address_string": TEXT,
        "address_id": TEXT,
        "attribute[where]": {"type": "string", "description": "The answer to the question “where” of the service."},
        "email": TEXT,
        "first_name": TEXT,
        "last_name": TEXT,
        "phone": TEXT,
        "device_id": TEXT,
        "account_id": TEXT,
        "media_url": TEXT,
    },
}
UPDATE: Final = {
    "type": "object",
    "required": ["api_key", "service_request_id", "status"],
    "properties": {
        "api_key": TEXT,
        "service_request_id": TEXT,
        "update_id": TEXT,
        "status": {"type": "string", "description": "OPEN, CLOSED, or a word of FixMyStreet: docs/open311.md"},
        "description": {"type": "string", "maxLength": 4000},
        "updated_datetime": MOMENT,
    },
}


SCHEMAS: Final = {
    "Discovery": schemas.DISCOVERY,
    "Services": schemas.SERVICES,
    "Definition": schemas.DEFINITION,
    "Requests": schemas.REQUESTS,
    "Sent": schemas.SENT,
    "Token": schemas.TOKEN,
    "Updates": schemas.UPDATES,
    "SentUpdate": schemas.UPDATE_SENT,
    "Errors": schemas.ERRORS,
}


def document() -> dict[str, Any]:
    """OpenAPI 3.1."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Open311 GeoReport v2 of «Відкрите місто»",
            "version": "2",
            "description": "Explained, with examples, in docs/open311.md. Answers in XML say the same: a list is named "
            "by its call, each thing in it by itself.",
        },
        "paths": {
            "/{community}/open311/discovery.{form}": {"get": _reads("discovery", "Discovery")},
            "/{community}/open311/v2/services.{form}": {"get": _reads("services", "Services")},
            "/{community}/open311/v2/services/{code}.{form}": {
                "get": _reads("service_definition", "Definition", path=("code",))
            },
            "/{community}/open311/v2/requests.{form}": {
                "get": _reads("requests", "Requests", {**OF_LISTS, **OF_REQUESTS}),
                "post": _writes("send_request", "Sent", REPORT),
            },
            "/{community}/open311/v2/requests/{number}.{form}": {
                "get": _reads("request", "Requests", {"extensions": OF_LISTS["extensions"]}, path=("number",))
            },
            "/{community}/open311/v2/tokens/{token}.{form}": {
                "get": _reads("request_behind_token", "Token", path=("token",))
            },
            "/{community}/open311/v2/servicerequestupdates.{form}": {
                "get": _reads("updates", "Updates", OF_LISTS),
                "post": _writes("send_update", "SentUpdate", UPDATE),
            },
        },
        "components": {"schemas": SCHEMAS},
    }


def _reads(name: str, told: str, given: Given | None = None, path: tuple[str, ...] = ()) -> dict[str, Any]:
    asked = {**OF_ALL, **(given or {})}
    query = [
        {"name": key, "in": "query", "required": False, "schema": schema, "description": words}
        for key, (schema, words) in asked.items()
    ]
    errors = ("400", "404") if given or path else ("404",)
    return {"operationId": name, "parameters": [*_path(path), *query], "responses": _answers(told, errors)}


def _writes(name: str, told: str, body: Part) -> dict[str, Any]:
    return {
        "operationId": name,
        "parameters": _path(()),
        "requestBody": {"required": True, "content": {form: {"schema": body} for form in FORMS}},
        "responses": _answers(told, ("400", "403", "404", "429")),
    }


def _path(more: tuple[str, ...]) -> list[dict[str, Any]]:
    kinds: dict[str, Any] = {
        "community": {"type": "string", "pattern": "^[a-z][a-z0-9-]*$"},
        "form": {"enum": ["xml", "json"]},
    } | dict.fromkeys(more, TEXT)
    return [{"name": name, "in": "path", "required": True, "schema": schema} for name, schema in kinds.items()]


def _answers(told: str, errors: tuple[str, ...]) -> dict[str, Any]:
    refused = {"description": "What is wrong.", "content": _both("Errors")}
    return {"200": {"description": "What is told.", "content": _both(told)}} | dict.fromkeys(errors, refused)


def _both(name: str) -> dict[str, Any]:
    return {form: {"schema": {"$ref": f"#/components/schemas/{name}"}} for form in BOTH}


def written() -> str:
    """As it is committed."""
    return json.dumps(document(), ensure_ascii=False, indent=1) + "\n"


if __name__ == "__main__":
    sys.stdout.write(written())
