"""A message to an organisation as the fields of a service request, by the settings of its channel.

Settings: `services` (code of a category → their service_code, "*" for every other), `attributes` (their attribute → a
name of our data, or “=text”), `jurisdiction_id`, `format`, `sends_name`, `takes_updates`, `reads_updates`.
"""

import uuid
from collections.abc import Mapping
from typing import Any, Final

from core.mail import SendingFailedError

LONGEST: Final = 4000  # characters of a description
LONGEST_VALUE: Final = 1000
# Parts of our data that may fill an attribute of theirs. The name of the reporter has a setting of its own, and the
# page for answers is for e-mail and webhooks.
SOURCES: Final = (
    "report", "url", "community", "category.code", "category.name", "title", "text", "words", "note", "address",
    "place.latitude", "place.longitude", "asset", "entrance", "flat", "reported_at", "due_on", "state", "news", "role",
)  # fmt: skip
Data = Mapping[str, Any]
Settings = Mapping[str, Any]


def request_fields(data: Data, settings: Settings, *, key: uuid.UUID) -> list[tuple[str, str]]:
    """What is posted. Raises SendingFailedError when the channel has no service for the category, or there is no
    place: a blurred report goes to nobody who is only informed."""
    place = data.get("place") or {}
    given = [("service_code", service_of(data, settings)), ("description", description_of(data, key))]
    if place:
        given += [("lat", f"{place['latitude']:.6f}"), ("long", f"{place['longitude']:.6f}")]
    if data.get("address"):
        given.append(("address_string", str(data["address"])))
    if not place and not data.get("address"):
        raise SendingFailedError("its place is not for them to know", permanent=True)
    given += [("media_url", str(url)) for url in data.get("photos", ())]
    return [*given, *_attributes(data, settings), *_name(data, settings)]


def service_of(data: Data, settings: Settings) -> str:
    """Their code for the category. Raises SendingFailedError."""
    services = settings.get("services")
    known: Mapping[str, Any] = services if isinstance(services, dict) else {}
    code = str(data.get("category", {}).get("code", ""))
    found = known.get(code) or known.get("*")
    if not found:
        raise SendingFailedError(f"the channel names no service for {code}", permanent=True)
    return str(found)


def description_of(data: Data, key: uuid.UUID) -> str:
    """What happened, the answers, and last where it is here and the mark by which we know it again."""
    answers = [f"{one['question']} {one['answer']}" for one in data.get("answers", ())]
    parts = [data.get("asset"), *answers, data.get("note")]
    more = "\n".join(str(part) for part in parts if part)
    end = f"{data.get('url', '')}\n{mark_of(key)}"
    room = LONGEST - len(end) - 4
    body = "\n\n".join(filter(None, [str(data.get("text", "")), more]))
    return f"{body if len(body) <= room else body[: room - 1] + '…'}\n\n{end}"


def mark_of(key: uuid.UUID) -> str:
    """What is in the description of this very message, and in no other."""
    return f"[{key.hex}]"


def _attributes(data: Data, settings: Settings) -> list[tuple[str, str]]:
    """Attributes of theirs that the channel fills: “url”, “report”, “category.code”, or a text after “=”."""
    wanted = settings.get("attributes")
    pairs = wanted.items() if isinstance(wanted, dict) else ()
    filled = [(str(name), _value(str(source), data)) for name, source in pairs]
    return [(f"attribute[{name}]", value[:LONGEST_VALUE]) for name, value in filled if value]


def _value(source: str, data: Data) -> str:
    if source.startswith("="):
        return source[1:]
    found: Any = data
    for part in source.split("."):
        found = found.get(part, "") if isinstance(found, Mapping) else ""
    return str(found) if isinstance(found, str | int | float) else ""


def _name(data: Data, settings: Settings) -> list[tuple[str, str]]:
    """The reporter's name, for a channel that is set to send it."""
    name = str(data.get("reporter_name") or "").strip() if settings.get("sends_name") is True else ""
    first, _space, last = name.partition(" ")
    return [(field, part) for field, part in (("first_name", first), ("last_name", last)) if part]
