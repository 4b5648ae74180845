"""docs/open311.md is true: every request in it is made, in its order, and answered as it says there."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote
from xml.etree.ElementTree import Element, indent, tostring

import pytest
from defusedxml.ElementTree import fromstring
from django.test import Client

from issues.models import Issue
from issues.moves import reply_by_organisation
from routing.models import Category
from tests.conftest import City
from tests.issues.conftest import ask_where, holder

DOC = Path(__file__).parents[3] / "docs" / "open311.md"
EXAMPLE = re.compile(r"```http\n(.*?)```\n+```(json|xml)\n(.*?)```", re.DOTALL)


class Example(NamedTuple):
    request: str
    form: str
    answer: str


def examples() -> list[Example]:
    return [Example(*found) for found in EXAMPLE.findall(DOC.read_text(encoding="utf-8"))]


def asked(client: Client, request: str, names: dict[str, str]) -> Any:
    """The answer to a request as the document writes it: a line, headers, and after an empty line the form."""
    for name, value in names.items():
        request = request.replace(name, value)
    head, _gap, body = request.strip().partition("\n\n")
    first, *lines = head.splitlines()
    method, address = first.split()
    headers = dict(line.split(": ", 1) for line in lines)
    if method == "GET":
        return client.get(address, headers=headers)
    form = quote(body, safe="=&+[]@.:/")
    return client.post(address, form, content_type="application/x-www-form-urlencoded", headers=headers)


def plainly(content: bytes, form: str, names: dict[str, str]) -> str:
    """As the document writes it: names instead of what is new each time."""
    if form == "json":
        said = json.dumps(json.loads(content), ensure_ascii=False, indent=2) + "\n"
    else:
        tree: Element = fromstring(content)
        indent(tree)
        said = tostring(tree, encoding="unicode") + "\n"
    for name, value in names.items():
        said = said.replace(value, name)
    return re.sub(r'("update_id": ")\d+', r"\g<1>812", said)


def in_order(client: Client, api_key: str, road_key: str) -> Iterator[tuple[Example, str]]:
    """Each example with the answer that there is now."""
    names = {"KEY": api_key, "SECRET": road_key}
    for example in examples():
        answer = asked(client, example.request, names)
        if b"<token>" in answer.content:
            names["TOKEN"] = fromstring(answer.content).findtext("request/token") or ""
        yield example, plainly(answer.content, example.form, names)
        if "A+hole+in" in example.request:
            issue = Issue.objects.get(number=1)
            reply_by_organisation(delivery=holder(issue), text="Приїдемо завтра.", at=issue.created_at)


@pytest.mark.usefixtures("city")
def test_every_call_is_answered_as_the_document_says(city: City, client: Client, api_key: str, road_key: str) -> None:
    ask_where(city)
    Category.objects.filter(pk=city.roads.pk).update(keywords="асфальт*\nяма/ями")
    found = list(in_order(client, api_key, road_key))
    assert len(found) >= 10
    for example, answer in found:
        assert example.answer == answer, example.request


def test_every_call_has_an_example() -> None:
    from issues.open311 import urls

    requests = "".join(example.request for example in examples())
    assert "POST /yavoryn/open311/v2/servicerequestupdates" in requests
    for call in ("discovery", "services", "services/", "requests", "requests/", "tokens/", "servicerequestupdates"):
        assert call in requests
    assert len(urls.urlpatterns) == 9
