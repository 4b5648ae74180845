"""The contract to read: for programs as JSON or YAML, for people as a page."""

import hashlib
import json
from functools import lru_cache
from typing import Any

import yaml
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils.cache import get_conditional_response, patch_vary_headers
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from api.described import operations_of
from api.problems import KINDS
from api.schema import contract_in_hand

JSON, YAML = "application/vnd.oai.openapi+json", "application/vnd.oai.openapi"


@require_safe
def schema(request: HttpRequest) -> HttpResponseBase:
    """GET /api/v1/schema/: OpenAPI 3.0 in the reader's language; YAML by `?format=yaml` or the header Accept."""
    chosen = request.GET.get("format", "")
    is_yaml = chosen == "yaml" or (not chosen and "yaml" in request.headers.get("Accept", ""))
    body = _written(get_language() or "uk", is_yaml=is_yaml)
    etag = f'W/"{hashlib.sha256(body).hexdigest()[:32]}"'
    response = HttpResponse(body, content_type=YAML if is_yaml else JSON)
    response.headers["Cache-Control"] = "public, max-age=300"
    response.headers["ETag"] = etag
    response.headers["Access-Control-Allow-Origin"] = "*"
    patch_vary_headers(response, ["Accept", "Accept-Language"])
    return get_conditional_response(request, etag=etag, response=response) or response


@require_safe
def document(request: HttpRequest) -> HttpResponse:
    """GET /api/v1/docs/: the same for people, without scripts; and what each type of problem means."""
    found = contract_in_hand()
    context: dict[str, Any] = {"groups": operations_of(found), "problems": KINDS, "contract": found}
    response = render(request, "api/docs.html", context)
    patch_vary_headers(response, ["Accept-Language", "Cookie"])
    return response


@lru_cache(maxsize=8)
def _written(language: str, *, is_yaml: bool) -> bytes:
    found = contract_in_hand()
    if is_yaml:
        return yaml.safe_dump(found, allow_unicode=True, sort_keys=False).encode()
    return json.dumps(found, ensure_ascii=False, indent=2).encode()
