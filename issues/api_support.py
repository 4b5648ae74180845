"""“This concerns me too” by a program: joining a report for a resident, hearing of it, adding to it.

One voice of a device for a report: the database says so, as for browsers.
"""

from collections.abc import Mapping
from typing import Any

from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.datastructures import MultiValueDict
from django.utils.translation import get_language, gettext_lazy
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import (
    BooleanField,
    ChoiceField,
    EmailField,
    IntegerField,
    Serializer,
)

from accounts.api import client_of, may
from accounts.api_once import done_once
from accounts.devices import device_named
from accounts.models import ApiKey
from api.views import ApiView
from core.models import STRANGER
from geodata.community import community_of
from issues.api_author_shapes import LONGEST_EMAIL
from issues.api_writes import (
    dangers_field,
    device_field,
    join_problem,
    photos_field,
    photos_named,
    refuse_open_dangers,
    words_field,
    words_given,
)
from issues.joining import Joiner, add_as, hear_as, join_as
from issues.models import Issue
from issues.support import JoinRefusedError, Voice, leave, supporters_of
from issues.warnings import warnings_of


class VoiceSerializer(Serializer[Any]):
    """Whose voice it is."""

    device = device_field(required=True)


class JoinSerializer(VoiceSerializer):
    """With an address news of the report go there, once its owner has opened the link of a letter."""

    email = EmailField(max_length=LONGEST_EMAIL, required=False, allow_blank=True)
    language = ChoiceField(choices=["uk", "en"], required=False, help_text=gettext_lazy("Of the letters."))


class SupportSerializer(Serializer[Any]):
    """What came of it."""

    is_changed = BooleanField(help_text=gettext_lazy("False when it was so before."))
    supporters = IntegerField(help_text=gettext_lazy("People who said that it concerns them too."))


class AdditionSerializer(VoiceSerializer):
    """Words or photos of somebody who joined; everybody reads them, and those who must answer get them."""

    text = words_field()
    photos = photos_field()
    dangers = dangers_field()


class OfSupporter(ApiView):
    """What all of them share."""

    permission_classes = (may(ApiKey.Scope.REPORTS),)

    def joiner(self, request: Request, given: Mapping[str, Any]) -> Joiner:
        """The device that the program names: its network is the program's own, and says nothing of residents."""
        client = client_of(request).pk
        device = device_named(given["device"], by=client)
        return Joiner(Voice.of(device=device), device, program=f"client {client}")


class Support(OfSupporter):
    """POST /api/v1/<community>/issues/<number>/support/."""

    @extend_schema(
        operation_id="issues_support",
        summary=gettext_lazy("Join a report for a resident whom it concerns too, and hear of it by e-mail"),
        request=JoinSerializer,
        responses=SupportSerializer,
    )
    @done_once
    def post(self, request: Request, number: int) -> Response:
        given, issue, at = _shaped(JoinSerializer, request), _seen(request, number), timezone.now()
        who, email = self.joiner(request, given), given.get("email", "")
        try:
            is_new = join_as(who, issue, at=at)
            if email:
                language = given.get("language") or (get_language() or "uk")[:2]
                hear_as(who, issue, email=email, language=language, at=at)
        except JoinRefusedError as refusal:
            raise join_problem(refusal) from refusal
        return Response({"is_changed": is_new, "supporters": supporters_of(issue)})


class Leave(OfSupporter):
    """POST /api/v1/<community>/issues/<number>/support/leave/."""

    @extend_schema(
        operation_id="issues_support_leave",
        summary=gettext_lazy("Take a voice back, and with it the letters that began with it"),
        request=VoiceSerializer,
        responses=SupportSerializer,
    )
    @done_once
    def post(self, request: Request, number: int) -> Response:
        given, issue = _shaped(VoiceSerializer, request), _seen(request, number)
        has_left = leave(issue=issue, voice=self.joiner(request, given).voice, at=timezone.now())
        return Response({"is_changed": has_left, "supporters": supporters_of(issue)})


class Additions(OfSupporter):
    """POST /api/v1/<community>/issues/<number>/additions/."""

    @extend_schema(
        operation_id="issues_additions_create",
        summary=gettext_lazy("Add words or photos to a report that the resident joined"),
        request=AdditionSerializer,
        responses=SupportSerializer,
    )
    @done_once
    def post(self, request: Request, number: int) -> Response:
        given, issue, at = _shaped(AdditionSerializer, request), _seen(request, number), timezone.now()
        photos = photos_named(given.get("photos", ()), community=issue.community, at=at)
        text = words_given(given)
        refuse_open_dangers(warnings_of(_as_form(text, given), None, community=issue.community))
        try:
            is_new = add_as(self.joiner(request, given), issue, text=text, photos=photos, at=at)
        except JoinRefusedError as refusal:
            raise join_problem(refusal) from refusal
        return Response({"is_changed": is_new, "supporters": supporters_of(issue)})


def _shaped(shapes: type[Serializer[Any]], request: Request) -> dict[str, Any]:
    """Raises ValidationError."""
    found = shapes(data=request.data)
    found.is_valid(raise_exception=True)
    return dict(found.validated_data)


def _seen(request: Request, number: int) -> Issue:
    """The report of that number, if strangers see it. Raises Http404."""
    rows = Issue.objects.visible_to(STRANGER).select_related("subject", "community", "category")
    found: Issue = get_object_or_404(rows, community=community_of(request._request), number=number)
    return found


def _as_form(text: str, given: Mapping[str, Any]) -> MultiValueDict[str, str]:
    return MultiValueDict({"text": [text], "danger": list(given.get("dangers", ()))})
