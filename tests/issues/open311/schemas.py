"""What GeoReport v2 says of each answer in JSON, as schemas in our own words. `exact` names are all that there may be.

An empty value of an optional field may be null or "", as the specification shows both.
"""

from collections.abc import Mapping
from typing import Any

import jsonschema

MAYBE = {"type": ["string", "null"]}
MOMENT = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)$"}
WORD = {"type": "string", "minLength": 1}
DEGREES = {"type": ["number", "null"]}


def thing(needed: Mapping[str, Any], **optional: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "required": list(needed),
        "properties": dict(needed) | optional,
        "additionalProperties": False,
    }


def many(item: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": dict(item)}


ERRORS = many(thing({"code": {"type": "integer", "minimum": 400}, "description": WORD})) | {"minItems": 1}
DISCOVERY = thing(
    {
        "changeset": MOMENT,
        "contact": WORD,
        "key_service": WORD,
        "endpoints": many(
            thing(
                {
                    "specification": {"const": "http://wiki.open311.org/GeoReport_v2"},
                    "url": {"type": "string", "pattern": "^https?://.*[^/]$"},
                    "changeset": MOMENT,
                    "type": {"enum": ["production", "test", "acceptance"]},
                    "formats": {"type": "array", "items": {"enum": ["text/xml", "application/json"]}, "minItems": 1},
                }
            )
        ),
    }
)
SERVICES = many(
    thing(
        {
            "service_code": WORD,
            "service_name": WORD,
            "metadata": {"type": "boolean"},
            "type": {"enum": ["realtime", "batch", "blackbox"]},
        },
        description=MAYBE,
        keywords=MAYBE,
        group=MAYBE,
    )
)
DATATYPES = ["string", "number", "datetime", "text", "singlevaluelist", "multivaluelist"]
DEFINITION = thing(
    {
        "service_code": WORD,
        "attributes": many(
            thing(
                {
                    "variable": {"type": "boolean"},
                    "code": WORD,
                    "datatype": {"enum": DATATYPES},
                    "required": {"type": "boolean"},
                },
                datatype_description=MAYBE,
                order={"type": "integer", "minimum": 1},
                description=MAYBE,
                values=many(thing({"key": WORD, "name": WORD})),
            )
        ),
    }
)
EXTENDED = thing(
    {
        "title": WORD,
        "url": WORD,
        "state": WORD,
        "state_name": WORD,
        "supporters": {"type": "integer"},
        "photos": many({"type": "string"}),
        "answers": many(thing({"code": WORD, "question": WORD, "key": MAYBE, "name": MAYBE})),
    }
)
REQUESTS = many(
    thing(
        {
            "service_request_id": {"type": "string", "pattern": r"^\d+$"},
            "status": {"enum": ["open", "closed"]},
            "service_code": WORD,
            "requested_datetime": MOMENT,
        },
        status_notes=MAYBE,
        service_name=MAYBE,
        description={"type": ["string", "null"], "maxLength": 4000},
        agency_responsible=MAYBE,
        service_notice=MAYBE,
        updated_datetime=MOMENT,
        expected_datetime=MOMENT,
        address=MAYBE,
        address_id=MAYBE,
        zipcode=MAYBE,
        lat=DEGREES,
        long=DEGREES,
        media_url=MAYBE,
        extended_attributes=EXTENDED,
    )
)
SENT = many(
    {
        "oneOf": [
            thing({"service_request_id": WORD}, service_notice=MAYBE, account_id=MAYBE),
            thing({"token": WORD}),
        ]
    }
) | {"minItems": 1, "maxItems": 1}
TOKEN = many(thing({"token": WORD, "service_request_id": WORD})) | {"minItems": 1, "maxItems": 1}
UPDATES = many(
    thing(
        {
            "update_id": WORD,
            "service_request_id": WORD,
            "status": {"enum": ["open", "closed"]},
            "updated_datetime": MOMENT,
        },
        description=MAYBE,
        media_url=MAYBE,
        state=WORD,
        by=WORD,
    )
)


UPDATE_SENT = many(thing({"update_id": WORD})) | {"minItems": 1, "maxItems": 1}


def fits(told: Any, schema: Mapping[str, Any]) -> Any:
    """What was told, when the schema allows it."""
    jsonschema.validate(told, dict(schema))
    return told
