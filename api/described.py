"""The contract as a page shows it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of an address."""

    name: str
    place: str  # path, query or header
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
    for path, methods in contract["paths"].items():
        for method, told in methods.items():
            found.setdefault(told["tags"][0], []).append(_operation(path, method, told))
    return sorted(found.items())


def _operation(path: str, method: str, told: Mapping[str, Any]) -> Operation:
    good: Mapping[str, Any] = next(
        (answer for status, answer in told["responses"].items() if status.startswith("2")), {}
    )
    return Operation(
        key=told["operationId"],
        method=method.upper(),
        path=path,
        summary=told.get("summary", ""),
        about=told.get("description", ""),
        parameters=[_parameter(one) for one in told.get("parameters", ())],
        body=_named(told.get("requestBody", {}).get("content", {}).values()),
        answer=_named(good.get("content", {}).values()),
        needs_key={} not in told.get("security", [{}]),
    )


def _parameter(told: Mapping[str, Any]) -> Parameter:
    schema = told.get("schema", {})
    kind = schema.get("type", "")
    if kind == "array":
        kind = f"{schema['items'].get('type', '')}[]"
    if "enum" in schema:
        kind = " | ".join(map(str, schema["enum"]))
    return Parameter(told["name"], told["in"], kind, told.get("required", False), told.get("description", ""))


def _named(contents: Iterable[Mapping[str, Any]]) -> str:
    for content in contents:
        schema = content.get("schema", {})
        reference = schema.get("$ref") or schema.get("items", {}).get("$ref", "")
        return str(reference).rpartition("/")[2]
    return ""
