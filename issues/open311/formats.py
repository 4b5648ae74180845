"""How an answer is written: XML as the specification draws it, or the same as JSON without names of lists (Spark)."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Final
from xml.etree import ElementTree as ET
from zoneinfo import ZoneInfo

ITEMS: Final = {  # name of a list → name of each thing in it, in XML
    "endpoints": "endpoint",
    "formats": "format",
    "attributes": "attribute",
    "values": "value",
    "answers": "answer",
    "photos": "photo",
}
# What XML 1.0 does not hold, however it is escaped.
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Format(StrEnum):
    XML = "xml"
    JSON = "json"

    @property
    def content_type(self) -> str:
        """As the specification names it."""
        return {"xml": "text/xml; charset=utf-8", "json": "application/json; charset=utf-8"}[self]


@dataclass(frozen=True, slots=True)
class Answer:
    """What is told. A list is told as a list, whatever is in it; `root` and `item` name it in XML."""

    root: str
    told: Mapping[str, Any] | Sequence[Mapping[str, Any]]
    item: str = ""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


def written(answer: Answer, form: Format) -> bytes:
    """The body."""
    if form is Format.JSON:
        return json.dumps(answer.told, ensure_ascii=False, separators=(",", ":")).encode()
    top = ET.Element(answer.root)
    _put(top, answer.told, item=answer.item)
    body: bytes = ET.tostring(top, encoding="utf-8", xml_declaration=True)
    return body


def moment(at: datetime, zone: str) -> str:
    """By the community's clock, with its distance from UTC: 2026-11-19T10:00:00+02:00."""
    return at.astimezone(ZoneInfo(zone)).isoformat(timespec="seconds")


def _put(into: ET.Element, value: Any, *, item: str = "") -> None:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            _put(ET.SubElement(into, name), inner, item=ITEMS.get(name, ""))
    elif isinstance(value, list | tuple):
        for inner in value:
            _put(ET.SubElement(into, item), inner)
    else:
        into.text = _text(value)


def _text(value: object) -> str | None:
    if value is None or value == "":
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    return _NOT_XML.sub("", str(value))
