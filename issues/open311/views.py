"""Open311 over HTTP: which format and language, who may send, and errors as the specification writes them."""

import hashlib
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, Final

from django.core.exceptions import BadRequest, RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.cache import get_conditional_response, patch_vary_headers
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext as _
from django.utils.translation.trans_real import parse_accept_lang_header
from django.views.decorators.csrf import csrf_exempt

from accounts.api_keys import KeyRefusedError, TooManyError, count_use, key_for
from accounts.models import ApiKey
from core.idempotency import BadKeyError, key_in
from geodata.community import community_of, in_community
from issues.open311 import posted, posted_updates, requests, sending, services, updates
from issues.open311.asking import RefusedError, number_in, parse
from issues.open311.formats import Answer, Format, written
from issues.open311.requests import Found, Reader

View = Callable[..., Answer]
FORMS: Final = {"application/x-www-form-urlencoded", "multipart/form-data"}
LANGUAGES: Final = ("uk", "en")
LONGEST_TOKEN: Final = 200  # characters


def open311(*, write: View | None = None) -> Callable[[View], Callable[..., HttpResponseBase]]:
    """A view of this interface: it returns an Answer or raises RefusedError. `write`: the view that takes a POST."""

    def decorate(read: View) -> Callable[..., HttpResponseBase]:
        @csrf_exempt
        @wraps(read)
        def inner(request: HttpRequest, community: str, form: str = "", **named: Any) -> HttpResponseBase:
            chosen, language = _format(request, form), _language(request)
            with translation.override(language):
                answer = _answer(request, community, read, write, **named)
            return _response(request, answer, chosen, language)

        return inner

    return decorate


def _answer(request: HttpRequest, community: str, read: View, write: View | None, **named: Any) -> Answer:
    view = read if request.method in ("GET", "HEAD") else write if request.method == "POST" else None
    if view is None:
        methods = "GET, HEAD, POST" if write else "GET, HEAD"
        return _errors(RefusedError(405, _("Ask by %(methods)s.") % {"methods": methods}), Allow=methods)

    def within(request: HttpRequest) -> Any:
        return _checked(request, view, **named)

    try:
        answer: Any = in_community(within)(request, community)
    except RefusedError as refused:
        return _errors(refused)
    except Http404:
        return _errors(RefusedError(404, _("jurisdiction_id: there is no such community.")))
    found: Answer = answer
    return found


def _checked(request: HttpRequest, view: View, **named: Any) -> Answer:
    """What holds for every call: nothing that the database cannot hold, and the right community."""
    given = _given(request)
    texts = [*named.values(), *given, *(text for name in given for text in given.getlist(name))]
    if any("\0" in text for text in texts):
        raise RefusedError(400, _("A character with the code 0 is in no text."))
    jurisdiction = given.get("jurisdiction_id")
    if jurisdiction and jurisdiction != community_of(request).slug:
        raise RefusedError(404, _("jurisdiction_id: there is no such community."))
    return view(request, given, **named)


def _given(request: HttpRequest) -> MultiValueDict[str, str]:
    """Parameters of the address and of the body together. Raises RefusedError for a body that cannot be read."""
    if request.method != "POST":
        return request.GET
    if request.content_type not in FORMS:
        raise RefusedError(400, _("Send a form: application/x-www-form-urlencoded or multipart/form-data."))
    try:
        given = request.GET.copy()
        given.update(request.POST)
    except (RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent) as error:
        raise RefusedError(400, _("This is more than one request may hold.")) from error
    except (MultiPartParserError, BadRequest, UnreadablePostError) as error:
        raise RefusedError(400, _("The form cannot be read.")) from error
    return given


def discovery(request: HttpRequest, given: Mapping[str, str]) -> Answer:
    """Where the interface is, and of which kind."""
    community = community_of(request)
    home = request.build_absolute_uri(reverse("map", args=[community.slug]))
    endpoint = request.build_absolute_uri(reverse("open311_home", args=[community.slug]))
    told = services.discovery(community, language=_said(), home=home, endpoint=endpoint.rstrip("/"))
    return Answer("discovery", told)


def service_list(request: HttpRequest, given: Mapping[str, str]) -> Answer:
    """What can be asked for."""
    return Answer("services", services.services(community_of(request), language=_said()), item="service")


def service_definition(request: HttpRequest, given: Mapping[str, str], code: str) -> Answer:
    """What is asked beside the place and the words."""
    return Answer("service_definition", services.definition(community_of(request), code, language=_said()))


def request_list(request: HttpRequest, given: Mapping[str, str]) -> Answer:
    """Requests that everybody may see."""
    community = community_of(request)
    asked = parse(given, zone=community.time_zone, at=timezone.now())
    return _page(request, "service_requests", "request", requests.find(asked, _reader(request)))


def one_request(request: HttpRequest, given: Mapping[str, str], number: str) -> Answer:
    """One of them."""
    extended = given.get("extensions", "").lower() == "true"
    found = requests.request_with(number_in(number), _reader(request), extended=extended)
    return Answer("service_requests", found, item="request")


def update_list(request: HttpRequest, given: Mapping[str, str]) -> Answer:
    """What happened to them."""
    community = community_of(request)
    asked = parse(given, zone=community.time_zone, at=timezone.now())
    return _page(request, "service_request_updates", "request_update", updates.find_updates(asked, _reader(request)))


def request_behind_token(request: HttpRequest, given: Mapping[str, str], token: str) -> Answer:
    """The number behind a token."""
    number = sending.number_behind(token, community_of(request)) if len(token) <= LONGEST_TOKEN else None
    if number is None:
        raise RefusedError(404, _("token: there is no such token."))
    return Answer("service_requests", [{"token": token, "service_request_id": str(number)}], item="request")


def send_request(request: HttpRequest, given: MultiValueDict[str, str]) -> Answer:
    """A report that a program sends."""
    at, community = timezone.now(), community_of(request)
    key = key_allowed(request, given, ApiKey.Scope.REPORTS)
    report = posted.read(given, community=community, on=community.day_of(at))
    taken = sending.take(
        report,
        client=key.client,
        community=community,
        files=[file for _name, files in request.FILES.lists() for file in files],
        key=_same_again(request),
        language=_said(),
        at=at,
    )
    number = str(taken.issue.number)
    told = {"service_request_id": number, "service_notice": taken.notice, "account_id": given.get("account_id", "")}
    if "respond-async" in request.headers.get("Prefer", "").lower():
        told = {"token": sending.token_for(taken.issue.number, community)}
    return Answer("service_requests", [told], item="request")


def send_update(request: HttpRequest, given: MultiValueDict[str, str]) -> Answer:
    """What the system of an organisation says of a report that it has."""
    at, community = timezone.now(), community_of(request)
    key = key_allowed(request, given, ApiKey.Scope.ANSWERS)
    organisation = key.client.organisation
    taken = posted_updates.take_update(given, organisation=organisation, community=community, at=at)
    return Answer("service_request_updates", [{"update_id": taken.update_id}], item="request_update")


def key_allowed(request: HttpRequest, given: Mapping[str, str], scope: str) -> ApiKey:
    """The key that was sent, when it may do that, counted. Raises RefusedError."""
    at, community = timezone.now(), community_of(request)
    try:
        with transaction.atomic():
            key = key_for(given.get("api_key", ""), scope=scope, at=at)
            count_use(key, community=community, at=at)
    except KeyRefusedError as refused:
        raise RefusedError(403, _key_in_words(refused.code)) from refused
    except TooManyError as refused:
        words = _("Too many requests: ask again in %(seconds)s seconds.") % {"seconds": refused.seconds}
        raise RefusedError(429, words, retry_after=refused.seconds) from refused
    return key


def _key_in_words(code: str) -> str:
    return {
        "missing": _("api_key: a key is needed to send."),
        "scope": _("api_key: this key may not do that."),
    }.get(code, _("api_key: this key is not known here, or no longer good."))


def _same_again(request: HttpRequest) -> Any:
    try:
        return key_in(request.headers.get("Idempotency-Key", ""))
    except BadKeyError as mistake:
        raise RefusedError(400, _("Idempotency-Key: at most 255 printable ASCII characters.")) from mistake


def _page(request: HttpRequest, root: str, item: str, found: Found) -> Answer:
    """A page, with the address of the next one in its header."""
    headers = {}
    if found.next:
        query = request.GET.copy()
        query.pop("page", None)
        query["after"] = str(found.next)
        headers["Link"] = f'<{request.build_absolute_uri(request.path)}?{query.urlencode()}>; rel="next"'
    return Answer(root, found.rows, item=item, headers=headers)


def _reader(request: HttpRequest) -> Reader:
    return Reader(community_of(request), _said(), request.build_absolute_uri("/").rstrip("/"))


def _said() -> str:
    return (translation.get_language() or "uk")[:2]


def _format(request: HttpRequest, form: str) -> Format:
    """What the end of the address says; without one what is accepted first, and XML otherwise."""
    if form:
        return Format(form.lstrip("."))
    accepted = request.get_preferred_type(["text/xml", "application/xml", "application/json"])
    return Format.JSON if accepted == "application/json" else Format.XML


def _language(request: HttpRequest) -> str:
    """`locale`, or else the first language of Accept-Language that is spoken here, or else Ukrainian."""
    asked = [request.GET.get("locale", "")]
    asked += [language for language, _weight in parse_accept_lang_header(request.headers.get("Accept-Language", ""))]
    return next((language[:2] for language in asked if language[:2] in LANGUAGES), LANGUAGES[0])


def _errors(refused: RefusedError, **headers: str) -> Answer:
    told = [{"code": refused.status, "description": words} for words in refused.descriptions]
    if refused.retry_after:
        headers["Retry-After"] = str(refused.retry_after)
    return Answer("errors", told, item="error", status=refused.status, headers=headers)


def _response(request: HttpRequest, answer: Answer, form: Format, language: str) -> HttpResponseBase:
    body = written(answer, form)
    response = HttpResponse(body, content_type=form.content_type, status=answer.status, headers=dict(answer.headers))
    is_read = request.method in ("GET", "HEAD") and answer.status == 200
    response.headers["Content-Language"] = language
    response.headers["Cache-Control"] = "public, no-cache" if is_read else "no-store"
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["Access-Control-Expose-Headers"] = "Link, Retry-After"
    patch_vary_headers(response, ["Accept", "Accept-Language"])
    if is_read:
        etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
        response.headers["ETag"] = etag
        return get_conditional_response(request, etag=etag, response=response) or response
    return response
