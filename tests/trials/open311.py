"""Open311 against what others published: our answers by the JSON Schemas of the specification's authors, and recorded
answers of real cities by our own reading.

    ./misto bench open311 DATA/open311

The folder holds `schemas/` (services, service-definition, requests) and `recorded/` (answers of several
cities). The demo town is made first.
"""

import json
from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import django

if __name__ == "__main__":
    django.setup()

import jsonschema
from django.conf import settings
from django.core.management import call_command
from django.test import Client
from referencing import Registry, Resource

from routing.open311_reading import UnreadableError, receipt_of, rows_of, states_of
from tests.bench._report import Report, exactly, table

API = "/yavoryn/open311/v2"
SCHEMAS = ("services", "service-definition", "requests")


def main(arguments: list[str] | None = None) -> int:
    """Runs the trial; exits with 1 when an answer does not fit, or a recorded one cannot be read."""
    parser = ArgumentParser(description="Open311 against what others published.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    settings.ALLOWED_HOSTS = ["*"]
    call_command("load_demo", verbosity=0)
    checked = list(our_answers(options.folder / "schemas"))
    read = [(file.name, *read_recorded(file)) for file in sorted((options.folder / "recorded").iterdir())]
    report = report_of(checked, read)
    report.say(as_json=options.json)
    return report.exit_code


def our_answers(folder: Path) -> Iterator[tuple[str, str]]:
    """(call, what is wrong with it) of every call that reads; "" for nothing."""
    client = Client(headers={"Host": "localhost"})
    services = client.get(f"{API}/services.json").json()
    yield "services", trouble(services, folder, "services")
    for service in services:
        code = service["service_code"]
        yield (
            f"services/{code}",
            trouble(client.get(f"{API}/services/{code}.json").json(), folder, "service-definition"),
        )
    requests = client.get(f"{API}/requests.json").json()
    yield f"requests ({len(requests)})", trouble(requests, folder, "requests")
    for row in requests[:50]:
        number = row["service_request_id"]
        told = client.get(f"{API}/requests/{number}.json", {"extensions": "true"}).json()
        yield f"requests/{number}", trouble(told, folder, "requests")


def trouble(told: Any, folder: Path, name: str) -> str:
    """Why the schema refuses an answer; "" when it does not."""
    known = [
        (file.name, Resource.opaque(json.loads(file.read_text(encoding="utf-8")))) for file in folder.glob("*.json")
    ]
    schema = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
    try:
        jsonschema.Draft4Validator(schema, registry=Registry().with_resources(known)).validate(told)
    except jsonschema.ValidationError as error:
        return error.message
    return ""


def read_recorded(file: Path) -> tuple[str, str]:
    """(what was read, what is wrong) of a recorded answer."""
    body = file.read_bytes()
    try:
        rows = rows_of(body)
        if file.name.startswith(("service-request", "requests")):
            return f"{len(states_of(body, zone='UTC'))} requests", ""
        if "token" in file.name:
            return str(receipt_of(body)), ""
    except UnreadableError as error:
        return "", str(error)
    return f"{len(rows)} rows", "" if rows else "nothing"


def report_of(checked: list[tuple[str, str]], read: list[tuple[str, str, str]]) -> Report:
    """Both halves of the trial."""
    wrong = [(call, why) for call, why in checked if why]
    figures = {
        "answers that fit": len(checked) - len(wrong),
        "recorded answers read": sum(not why for *_f, why in read),
    }
    ratios = [
        exactly("answers that do not fit", len(wrong), 0),
        exactly("recorded answers that were not read", sum(bool(why) for *_found, why in read), 0),
    ]
    details = [table(["recorded answer", "read"], [[name, found or f"**{why}**"] for name, found, why in read])]
    details += [f"- {call}: {why}" for call, why in wrong]
    return Report("open311", len(checked) + len(read), figures, ratios, details)


if __name__ == "__main__":
    raise SystemExit(main())
