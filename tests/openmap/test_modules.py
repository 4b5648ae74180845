"""Pages announce every module that their script imports, so that a slow network is crossed once."""

import re

import pytest
from django.template import Context, Template, TemplateSyntaxError
from django.templatetags.static import static
from django.test import Client

from issues.models import Issue


def rendered(name: str) -> str:
    return Template("{% load modules %}{% module name %}").render(Context({"name": name}))


def announced(html: str) -> list[str]:
    found: list[str] = re.findall(r'<link rel="modulepreload" href="([^"]+)">', html)
    return found


def test_module_announces_what_its_imports_import() -> None:
    found = announced(rendered("geodata/map.js"))
    assert static("geodata/basemap.js") in found
    assert static("geodata/labels.js") in found, "basemap.js imports it"
    assert static("geodata/map.js") not in found, "the script element names it"
    assert len(found) == len(set(found))


def test_imports_from_the_folder_of_another_app_are_found() -> None:
    assert static("geodata/page.js") in announced(rendered("issues/report.js"))


def test_module_that_imports_nothing_announces_nothing() -> None:
    html = rendered("issues/acts.js")
    assert announced(html) == []
    assert f'<script type="module" src="{static("issues/acts.js")}"></script>' in html


def test_module_that_is_not_there_is_an_error() -> None:
    with pytest.raises(TemplateSyntaxError, match="nowhere"):
        rendered("issues/nowhere.js")


@pytest.mark.parametrize("page", ["/yavoryn/", "/yavoryn/report/", "/yavoryn/who/"])
def test_pages_with_a_map_announce_their_modules(client: Client, issue: Issue, page: str) -> None:
    assert static("geodata/leaflet.js") in announced(client.get(page).content.decode())
