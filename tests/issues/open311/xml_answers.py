"""An answer in XML as the JSON that would say the same, read strictly by its schema.

GeoReport v2 has no schema of its own for XML. So each element is turned into what the JSON Schema of the answer expects
there, and whatever could hide in between is refused: another root, another name of a thing in a list, an element twice,
an attribute, a text beside elements, a number or a truth value written otherwise.
"""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, Final
from xml.etree.ElementTree import Element

from defusedxml.ElementTree import fromstring

Schema = Mapping[str, Any]
Resolve = Callable[[str], Schema]
ITEMS: Final = {  # name of a list → name of each thing in it
    "services": "service",
    "service_requests": "request",
    "service_request_updates": "request_update",
    "errors": "error",
    "endpoints": "endpoint",
    "formats": "format",
    "attributes": "attribute",
    "values": "value",
    "answers": "answer",
    "photos": "photo",
}
NUMBER: Final = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?")


class NotStrictError(AssertionError):
    """The XML says something that its JSON could not."""


def nowhere(name: str) -> Schema:
    """For schemas that refer to no other."""
    raise LookupError(name)


def told_in(body: bytes, root: str, schema: Schema, *, resolve: Resolve = nowhere) -> Any:
    """What a whole answer says. Raises NotStrictError."""
    if not body.startswith(b"<?xml"):
        raise NotStrictError("it does not begin with an XML declaration")
    top = fromstring(body, forbid_dtd=True)
    if top.tag != root:
        raise NotStrictError(f"the root is {top.tag}, not {root}")
    return _value(top, schema, resolve)


def _value(element: Element, schema: Schema, resolve: Resolve) -> Any:
    if element.attrib:
        raise NotStrictError(f"{element.tag} has attributes")
    schema = _chosen(element, resolve(schema["$ref"]) if "$ref" in schema else schema)
    if len(element) and ((element.text or "").strip() or any((inner.tail or "").strip() for inner in element)):
        raise NotStrictError(f"{element.tag} has a text beside its elements")
    if schema.get("type") == "array" or (not schema and element.tag in ITEMS):
        return _list(element, schema, resolve)
    if "properties" in schema or len(element):
        return _thing(element, schema, resolve)
    return _plain(element.tag, element.text or "", _types(schema))


def _chosen(element: Element, schema: Schema) -> Schema:
    """Of several kinds of thing the one whose needed names are all there."""
    names = {inner.tag for inner in element}
    fitting = [one for one in schema.get("oneOf", ()) if set(one["required"]) <= names]
    return fitting[0] if fitting else schema


def _list(element: Element, schema: Schema, resolve: Resolve) -> list[Any]:
    name = ITEMS[element.tag]
    if any(inner.tag != name for inner in element):
        raise NotStrictError(f"{element.tag} holds something else than {name}")
    return [_value(inner, schema.get("items", {}), resolve) for inner in element]


def _thing(element: Element, schema: Schema, resolve: Resolve) -> dict[str, Any]:
    told: dict[str, Any] = {}
    for inner in element:
        if inner.tag in told:
            raise NotStrictError(f"{inner.tag} stands twice in {element.tag}")
        told[inner.tag] = _value(inner, schema.get("properties", {}).get(inner.tag, {}), resolve)
    return told


def _types(schema: Schema) -> set[str]:
    """Types that may stand there; of an enumeration those of its values."""
    given = schema.get("type", ())
    types = {given} if isinstance(given, str) else set(given)
    for one in schema.get("anyOf", ()):
        types |= _types(one)
    return types or {"string"}


def _plain(name: str, text: str, types: set[str]) -> Any:
    if not text and "null" in types:
        return None
    if "boolean" in types:
        if text not in ("true", "false"):
            raise NotStrictError(f"{name} is neither true nor false: {text}")
        return text == "true"
    if types & {"integer", "number"}:
        if not NUMBER.fullmatch(text):
            raise NotStrictError(f"{name} is no number: {text}")
        return json.loads(text)
    return text
