"""Webhooks by the API, for keys with the scope webhooks:manage: each sees those of its own client."""

from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import (
    BooleanField,
    CharField,
    ChoiceField,
    DateTimeField,
    IntegerField,
    ListField,
    Serializer,
    UUIDField,
)

from accounts.api import key_of, may
from accounts.api_once import done_once
from accounts.models import ApiClient, ApiKey
from api.problems import ProblemError, Wrong
from api.views import ApiView
from geodata.community import community_of
from notifications import hooks
from notifications.forms import WebhookForm
from notifications.models import MOST_WEBHOOKS, Webhook

SHOWN = 100  # deliveries


class WantedSerializer(Serializer[Any]):
    """What to tell, and where; a list that is empty or left out filters nothing."""

    url = CharField(max_length=2000)
    events = ListField(child=CharField(max_length=40), required=False, max_length=200)
    categories = ListField(child=CharField(max_length=60), required=False, max_length=200)
    areas = ListField(
        child=CharField(max_length=130), required=False, max_length=200, help_text=gettext_lazy("division.code")
    )
    language = ChoiceField(choices=["uk", "en"], required=False)


class WebhookSerializer(Serializer[Webhook]):
    """A webhook. Its secret is told when it is made, and never again."""

    id = UUIDField()
    url = CharField()
    events = ListField(child=CharField())
    categories = ListField(child=CharField())
    areas = ListField(child=CharField())
    language = CharField()
    state = ChoiceField(choices=Webhook.State.choices)
    is_failing = BooleanField()
    created_at = DateTimeField()
    confirmed_at = DateTimeField(allow_null=True)
    failing_since = DateTimeField(allow_null=True)
    last_delivered_at = DateTimeField(allow_null=True)


class WebhookListSerializer(Serializer[Any]):
    """At most twenty."""

    results = WebhookSerializer(many=True)


class MadeWebhookSerializer(WebhookSerializer):
    """With the secret."""

    secret = CharField()


class SecretSerializer(Serializer[Any]):
    """A new secret; the old one signs beside it for a day."""

    secret = CharField()


class DeliverySerializer(Serializer[Any]):
    """One message."""

    id = UUIDField(help_text=gettext_lazy("As in the header Misto-Id."))
    name = CharField()
    at = DateTimeField()
    state = ChoiceField(choices=["waiting", "sent", "failed"])
    attempts = IntegerField()
    error = CharField(allow_blank=True)


class DeliveriesSerializer(Serializer[Any]):
    """The newest first."""

    results = DeliverySerializer(many=True)


class HookView(ApiView):
    """What all of them share."""

    permission_classes = (may(ApiKey.Scope.WEBHOOKS),)
    model = Webhook

    def client_of(self) -> ApiClient:
        key = key_of(self.request)
        assert key  # the permission asked
        return key.client

    def rows(self) -> QuerySet[Webhook]:
        """Those of the client whose key it is."""
        return Webhook.objects.filter(client=self.client_of()).select_related("subject", "client")

    def hook(self, pk: Any) -> Webhook:
        """Raises Http404 for one of another client too."""
        found: Webhook = get_object_or_404(self.rows(), pk=pk)
        return found

    def wanted(self, given: Any) -> hooks.Wanted:
        """Raises ValidationError and ProblemError, which names the member."""
        shapes = WantedSerializer(data=given)
        shapes.is_valid(raise_exception=True)
        form = WebhookForm(shapes.validated_data, community=community_of(self.request._request))
        if form.is_valid():
            return form.wanted()
        wrong = [
            Wrong(f"/{name}", error.code or "invalid", words)
            for name, errors in form.errors.as_data().items()
            for error in errors
            for words in ValidationError(error).messages
        ]
        raise ProblemError("invalid", wrong[0].detail, errors=wrong)


class WebhookList(HookView):
    """GET and POST /api/v1/<community>/webhooks/."""

    @extend_schema(
        operation_id="webhooks_list",
        summary=gettext_lazy("Webhooks of the client"),
        responses=WebhookListSerializer,
    )
    def get(self, request: Request) -> Response:
        return Response({"results": [WebhookSerializer(hook).data for hook in self.rows()]})

    @extend_schema(
        operation_id="webhooks_create",
        summary=gettext_lazy("Subscribe: the address is asked to answer first"),
        request=WantedSerializer,
        responses={201: MadeWebhookSerializer},
    )
    @done_once
    def post(self, request: Request) -> Response:
        try:
            hook, secret = hooks.create(client=self.client_of(), wanted=self.wanted(request.data), at=timezone.now())
        except hooks.TooManyWebhooksError:
            words = _("A client has at most %(most)s webhooks.") % {"most": MOST_WEBHOOKS}
            raise ProblemError("refused", words) from None
        return Response({**WebhookSerializer(hook).data, "secret": secret}, status=201)


class WebhookDetail(HookView):
    """GET, PUT and DELETE /api/v1/<community>/webhooks/<id>/."""

    @extend_schema(operation_id="webhooks_retrieve", summary=gettext_lazy("One webhook"), responses=WebhookSerializer)
    def get(self, request: Request, hook: Any) -> Response:
        return Response(WebhookSerializer(self.hook(hook)).data)

    @extend_schema(
        operation_id="webhooks_update",
        summary=gettext_lazy("Want something else: a new address is asked to answer first"),
        request=WantedSerializer,
        responses=WebhookSerializer,
    )
    def put(self, request: Request, hook: Any) -> Response:
        row = self.hook(hook)
        hooks.change(row, self.wanted(request.data), at=timezone.now())
        return Response(WebhookSerializer(row).data)

    @extend_schema(operation_id="webhooks_destroy", summary=gettext_lazy("Remove a webhook"), responses={204: None})
    def delete(self, request: Request, hook: Any) -> Response:
        hooks.remove(self.hook(hook))
        return Response(status=204)


class WebhookDo(HookView):
    """POST /api/v1/<community>/webhooks/<id>/ping/, pause/ and resume/."""

    do = ""

    def _done(self, pk: Any) -> Response:
        hook, at = self.hook(pk), timezone.now()
        if self.do == "ping":
            hooks.ping(hook, at=at)
        elif self.do == "pause":
            hooks.pause(hook)
        else:
            hooks.resume(hook, at=at)
        return Response(WebhookSerializer(hook).data)


class WebhookPing(WebhookDo):
    do = "ping"

    @extend_schema(
        operation_id="webhooks_ping",
        summary=gettext_lazy("Send a test message"),
        request=None,
        responses=WebhookSerializer,
    )
    @done_once
    def post(self, request: Request, hook: Any) -> Response:
        return self._done(hook)


class WebhookPause(WebhookDo):
    do = "pause"

    @extend_schema(
        operation_id="webhooks_pause", summary=gettext_lazy("Pause"), request=None, responses=WebhookSerializer
    )
    @done_once
    def post(self, request: Request, hook: Any) -> Response:
        return self._done(hook)


class WebhookResume(WebhookDo):
    do = "resume"

    @extend_schema(
        operation_id="webhooks_resume",
        summary=gettext_lazy("Resume: the address is asked to answer first"),
        request=None,
        responses=WebhookSerializer,
    )
    @done_once
    def post(self, request: Request, hook: Any) -> Response:
        return self._done(hook)


class WebhookSecret(HookView):
    """POST /api/v1/<community>/webhooks/<id>/secret/."""

    @extend_schema(
        operation_id="webhooks_rotate",
        summary=gettext_lazy("A new secret; the old one signs beside it for a day"),
        request=None,
        responses=SecretSerializer,
    )
    @done_once
    def post(self, request: Request, hook: Any) -> Response:
        return Response({"secret": hooks.rotate(self.hook(hook), at=timezone.now())})


class WebhookDeliveries(HookView):
    """GET /api/v1/<community>/webhooks/<id>/deliveries/."""

    @extend_schema(
        operation_id="webhooks_deliveries_list",
        summary=gettext_lazy("What was sent last, and how that went"),
        responses=DeliveriesSerializer,
    )
    def get(self, request: Request, hook: Any) -> Response:
        rows = hooks.deliveries(self.hook(hook))[:SHOWN]
        told = [
            {
                "id": row.key,
                "name": row.payload["name"],
                "at": row.payload["at"],
                "state": hooks.status_of(row),
                "attempts": row.attempts,
                "error": row.last_error,
            }
            for row in rows
        ]
        return Response({"results": told})


class WebhookSendAgain(HookView):
    """POST /api/v1/<community>/webhooks/<id>/deliveries/<message>/again/."""

    @extend_schema(
        operation_id="webhooks_send_again",
        summary=gettext_lazy("Send a message that was given up again, with the same id"),
        request=None,
        responses={204: None},
    )
    @done_once
    def post(self, request: Request, hook: Any, message: Any) -> Response:
        row = self.hook(hook)
        found = get_object_or_404(hooks.deliveries(row), key=message)
        if not hooks.send_again(row, found, at=timezone.now()):
            raise ProblemError("conflict", _("It was not given up, or the webhook is not active."))
        return Response(status=204)
