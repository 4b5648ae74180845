"""`{% load modules %}{% module "geodata/map.js" %}`: a script and, announced at once, everything that it imports."""

import re
from functools import lru_cache
from pathlib import Path
from posixpath import dirname, join, normpath

from django import template
from django.conf import settings
from django.contrib.staticfiles import finders
from django.templatetags.static import static
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

register = template.Library()

_IMPORT = re.compile(r'^(?:import|export|\})[^"\n]*"(\.{1,2}/[^"]+\.js)";', re.MULTILINE)


@register.simple_tag
def module(name: str) -> SafeString:
    """The script element of an ES module. A browser learns of an import only when it has read the importing file:
    one journey for each step of the chain, on a slow network. These links tell it all names before."""
    links = format_html_join("\n", '<link rel="modulepreload" href="{}">', ((static(one),) for one in _imports(name)))
    return format_html('{}\n<script type="module" src="{}"></script>', links, static(name))


def _imports(name: str) -> tuple[str, ...]:
    """Static names of all that a module imports, through all steps, without itself. Read anew while developing."""
    return _walk(name) if settings.ENVIRONMENT == "development" else _remembered(name)


def _walk(name: str) -> tuple[str, ...]:
    found: dict[str, None] = {}
    waiting = [name]
    while waiting:
        importing = waiting.pop()
        for imported in _named_in(importing):
            if imported != name and imported not in found:
                found[imported] = None
                waiting.append(imported)
    return tuple(sorted(found))


def _named_in(name: str) -> list[str]:
    path = finders.find(name)
    if path is None:
        raise template.TemplateSyntaxError(f"There is no static file {name}.")
    text = Path(path).read_text(encoding="utf-8")
    return [normpath(join(dirname(name), relative)) for relative in _IMPORT.findall(text)]


_remembered = lru_cache(maxsize=None)(_walk)
