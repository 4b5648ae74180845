"""Where systems of organisations post their answers, signed by the secret of their channel."""

from datetime import datetime
from typing import Any

from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from core.signing import SignatureRefusedError, verify
from geodata.community import community_of
from routing.answers import BadAnswerError, OtherWordsError, UnknownReportError, receive_named
from routing.bodies import MOST_BYTES, NoAnswerError, answer_in, mistake_in_words
from routing.channel_secrets import secrets_of
from routing.models import Answer, Channel
from routing.webhooks import CHANNEL


@csrf_exempt
@never_cache
@require_POST
def answers(request: HttpRequest) -> JsonResponse:
    """Takes one answer {id, report, do, text, happened_at} with the headers Misto-Channel, Misto-Time and
    Misto-Signature. 200 with what became of it, also when the workflow refused it: sending it again changes nothing.

    Refused: 400 no JSON, 401 not signed by the channel's secret within five minutes, 404 no such report of theirs, 409
    another answer had this id, 413 too long, 422 a part is wrong; as application/problem+json with a `code`.
    """
    at = timezone.now()
    if len(request.body) > MOST_BYTES:  # past 2 MB Django itself refuses to read it
        return problem(413, "long", mistake_in_words("long"))
    try:
        channel = _sender(request, at=at)
    except SignatureRefusedError as refused:
        return problem(401, refused.code, _unsigned(refused.code))
    return _take(channel, request.body, at=at)


def _take(channel: Channel, body: bytes, *, at: datetime) -> JsonResponse:
    try:
        named = answer_in(body)
        answer = receive_named(channel=channel, number=named.report, incoming=named.incoming, at=at)
    except NoAnswerError:
        return problem(400, "json", mistake_in_words("json"))
    except BadAnswerError as bad:
        return problem(422, bad.code, mistake_in_words(bad.code))
    except UnknownReportError:
        return problem(404, "unknown", mistake_in_words("unknown"))
    except OtherWordsError:
        return problem(409, "other", mistake_in_words("other"))
    return JsonResponse(_told(answer, report=named.report))


def _sender(request: HttpRequest, *, at: datetime) -> Channel:
    """The channel by whose secret the request is signed. Raises SignatureRefusedError: whether there is such a channel
    is not told."""
    number = request.headers.get(CHANNEL, "")
    known = number.isascii() and number.isdigit() and len(number) < 19
    community = community_of(request)
    rows = Channel.objects.filter(community=community, kind=Channel.Kind.WEBHOOK, is_active=True)
    channel = rows.filter(pk=int(number)).first() if known else None
    verify(request.body, request.headers, secrets=secrets_of(channel) if channel else [], at=at)
    assert channel is not None  # nothing verifies without secrets
    return channel


def _told(answer: Answer, *, report: int) -> dict[str, Any]:
    return {"id": answer.external_id, "report": report, "outcome": answer.outcome, "code": answer.code}


def _unsigned(code: str) -> str:
    return {
        "missing": _("The headers Misto-Channel, Misto-Time and Misto-Signature are needed."),
        "malformed": _("Misto-Time is in whole seconds since 1970, Misto-Signature is v1= and 64 hexadecimal digits."),
        "stale": _("Misto-Time is more than five minutes from now: sign again, by a right clock."),
        "wrong": _("The signature is not by the secret of this channel, over the time, a dot and the body."),
    }[code]


def problem(status: int, code: str, detail: str) -> JsonResponse:
    """A mistake as RFC 9457 tells it."""
    told = {"type": "about:blank", "status": status, "code": code, "detail": detail}
    return JsonResponse(told, status=status, content_type="application/problem+json")
