"""Open311 against what others published: our answers by the JSON Schemas of the specification's authors, and recorded
answers of real cities by our own reading.

    ./misto bench open311 DATA/open311

The folder holds `schemas/` (services, service-definition, requests, swagger) and `recorded/` (answers of several
cities). The demo town is made first.
"""

import json
from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path

import django

if __name__ == "__main__":
    django.setup()

import jsonschema
from django.conf import settings
from django.core.management import call_command
from django.test import Client
from django.utils import timezone
from django_scopes import scope
from referencing import Registry, Resource

from accounts.api_keys import make_key
from accounts.models import ApiClient, ApiKey
from geodata.models import Community
from routing.models import Delivery
from routing.open311_reading import UnreadableError, receipt_of, rows_of, states_of
from tests.bench._report import Report, exactly, table
from tests.issues.open311.schemas import ERRORS, UPDATE_SENT, UPDATES
from tests.issues.open311.xml_answers import NotStrictError, Schema, told_in

API = "/yavoryn/open311/v2"
# Of updates and errors nobody published a schema: ours is used (tests.issues.open311.schemas).


def main(arguments: list[str] | None = None) -> int:
    """Runs the trial; exits with 1 when an answer does not fit, or a recorded one cannot be read."""
    parser = ArgumentParser(description="Open311 against what others published.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    settings.ALLOWED_HOSTS = ["*"]
    call_command("load_demo", "--small", verbosity=0)
    checked = list(our_answers(options.folder / "schemas"))
    read = [(file.name, *read_recorded(file)) for file in sorted((options.folder / "recorded").iterdir())]
    report = report_of(checked, read)
    report.say(as_json=options.json)
    return report.exit_code


def our_answers(folder: Path) -> Iterator[tuple[str, str]]:
    """(call, what is wrong with it) of calls that read and calls that send, in both formats; "" for nothing."""
    client, shared = Client(headers={"Host": "localhost"}), Shared(folder)
    for form in ("json", "xml"):
        yield from reading(client, shared, form)
    yield from sending(client, shared)


def reading(client: Client, shared: "Shared", form: str) -> Iterator[tuple[str, str]]:
    """Services, definitions, requests and updates."""

    def ask(call: str, root: str, schema: Schema, **given: str) -> tuple[str, str]:
        answer = client.get(f"{API}/{call}.{form}", given)
        return f"{call}.{form}", shared.trouble(answer.content, root, schema, form)

    yield ask("services", "services", shared["services"])
    for service in client.get(f"{API}/services.json").json():
        yield ask(f"services/{service['service_code']}", "service_definition", shared["service-definition"])
    yield ask("requests", "service_requests", shared["requests"])
    for row in client.get(f"{API}/requests.json").json()[:50]:
        yield ask(f"requests/{row['service_request_id']}", "service_requests", shared["requests"], extensions="true")
    yield ask("servicerequestupdates", "service_request_updates", UPDATES)
    yield ask("servicerequestupdates", "service_request_updates", UPDATES, extensions="true")


def sending(client: Client, shared: "Shared") -> Iterator[tuple[str, str]]:
    """A report and an update of it in each format; what is sent is told as the schemas say, mistakes too."""
    community = Community.objects.get(slug="yavoryn")
    place = client.get(f"{API}/requests.json").json()[0]
    with scope(community=community):
        held = Delivery.objects.standing().responsible().select_related("subject__issue", "organisation").latest("id")
        its_client = ApiClient.objects.create(community=community, organisation=held.organisation)
        scopes = [ApiKey.Scope.REPORTS, ApiKey.Scope.ANSWERS]
        _key, secret = make_key(client=its_client, name="trial", scopes=scopes, by=None, at=timezone.now())
        number = str(held.subject.issue.number)
    report = {"api_key": secret, "service_code": plain_service(client), "lat": place["lat"], "long": place["long"]}
    update = {"api_key": secret, "service_request_id": number, "status": "OPEN"}
    for form in ("json", "xml"):
        for call, given, root, schema in (
            ("requests", report, "service_requests", shared.sent()),
            ("servicerequestupdates", update, "service_request_updates", UPDATE_SENT),
        ):
            good = client.post(f"{API}/{call}.{form}", given | {"description": f"Trial in {form}."})
            bad = client.post(f"{API}/{call}.{form}", given | {"description": ""})
            assert (good.status_code, bad.status_code) == (200, 400), good.content.decode()
            yield f"POST {call}.{form}", shared.trouble(good.content, root, schema, form)
            yield f"POST {call}.{form}, wrong", shared.trouble(bad.content, "errors", ERRORS, form)


def plain_service(client: Client) -> str:
    """The code of a service that asks nothing besides."""
    services = client.get(f"{API}/services.json").json()
    return str(next(one["service_code"] for one in services if not one["metadata"]))


class Shared:
    """The schemas that were published: of JSON Schema draft 4, and one of Swagger for what is told to a POST."""

    def __init__(self, folder: Path) -> None:
        self.files = {file.name: json.loads(file.read_text(encoding="utf-8")) for file in folder.glob("*.json")}
        self.registry = Registry().with_resources([(name, Resource.opaque(one)) for name, one in self.files.items()])

    def __getitem__(self, name: str) -> Schema:
        found: Schema = self.files[f"{name}.json"]
        return found

    def sent(self) -> Schema:
        """What is told to a request that was sent; an empty value is as good as none there."""
        return {"type": "array", "minItems": 1, "items": self.files["swagger.json"]["definitions"]["RequestResponse"]}

    def trouble(self, body: bytes, root: str, schema: Schema, form: str) -> str:
        """Why the schema refuses an answer; "" when it does not."""
        try:
            told = json.loads(body) if form == "json" else told_in(body, root, schema, resolve=self.files.__getitem__)
            jsonschema.Draft4Validator(schema, registry=self.registry).validate(told)
        except (jsonschema.ValidationError, NotStrictError, ValueError) as error:
            return getattr(error, "message", "") or str(error)
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
