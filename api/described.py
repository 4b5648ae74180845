"""The contract as a page shows it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of an address, or one member of a body."""

    name: str
    place: str  # path, query, header or body
    kind: str
    is_required: bool
    about: str


@dataclass(frozen=True, slots=True)
class Operation:
    """One thing that can be asked or done."""

    key: str
    method: str
    path: str
    summary: str
    about: str
    parameters: Sequence[Parameter]
    body: str  # name of what is sent
    answer: str  # name of what comes back
    needs_key: bool


def operations_of(contract: Mapping[str, Any]) -> list[tuple[str, list[Operation]]]:
    """(tag, its operations), in the order of their paths."""
    found: dict[str, list[Operation]] = {}
    schemas = contract["components"]["schemas"]
    for path, methods in contract["paths"].items():
        for method, told in methods.items():
            found.setdefault(told["tags"][0], []).append(_operation(path, method, told, schemas))
    return sorted(found.items())


def _operation(path: str, method: str, told: Mapping[str, Any], schemas: Mapping[str, Any]) -> Operation:
    good: Mapping[str, Any] = next(
        (answer for status, answer in told["responses"].items() if status.startswith("2")), {}
    )
    sent = list(told.get("requestBody", {}).get("content", {}).values())
    return Operation(
        key=told["operationId"],
        method=method.upper(),
        path=path,
        summary=told.get("summary", ""),
        about=told.get("description", ""),
        parameters=[*map(_parameter, told.get("parameters", ())), *_members(sent, schemas)],
        body=_named(sent),
        answer=_named(good.get("content", {}).values()),
        needs_key={} not in told.get("security", [{}]),
    )


def _parameter(told: Mapping[str, Any]) -> Parameter:
    kind = _kind(told.get("schema", {}), {})
    return Parameter(told["name"], told["in"], kind, told.get("required", False), told.get("description", ""))


def _members(sent: Sequence[Mapping[str, Any]], schemas: Mapping[str, Any]) -> list[Parameter]:
    """Of the body, one level deep."""
    whole = _resolved(sent[0].get("schema", {}), schemas) if sent else {}
    required = whole.get("required", ())
    return [
        Parameter(name, "body", _kind(schema, schemas), name in required, schema.get("description", ""))
        for name, schema in whole.get("properties", {}).items()
    ]


def _kind(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> str:
    whole = _resolved(schema, schemas)
    if "enum" in whole:
        return " | ".join(map(str, whole["enum"]))
    if whole.get("type") == "array":
        return f"{_kind(whole['items'], schemas)}[]"
    if "oneOf" in whole:  # with an empty text, or null
        return _kind(whole["oneOf"][0], schemas)
    name = _reference(schema)
    return name if name and whole.get("type") == "object" else str(whole.get("type", ""))


def _resolved(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> Mapping[str, Any]:
    found: Mapping[str, Any] = schemas.get(_reference(schema), schema)
    return found


def _reference(schema: Mapping[str, Any]) -> str:
    """Name of what it stands for; "" for one that says all itself."""
    inner = schema.get("allOf", ({},))[0]
    return str(schema.get("$ref") or inner.get("$ref", "")).rpartition("/")[2]


def _named(contents: Iterable[Mapping[str, Any]]) -> str:
    for content in contents:
        schema = content.get("schema", {})
        return _reference(schema) or _reference(schema.get("items", {}))
    return ""
