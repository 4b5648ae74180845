"""Photos by the API: uploaded for what a program is about to send, with places that are hidden on them."""

from typing import Any, cast

from django.http import Http404, QueryDict
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import Throttled
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import (
    CharField,
    ChoiceField,
    FileField,
    FloatField,
    IntegerField,
    ListField,
    Serializer,
    URLField,
)

from accounts.api import client_of, may
from accounts.api_once import done_once
from accounts.devices import device_named
from accounts.models import ApiKey
from api.problems import ProblemError, Wrong
from api.views import ApiView
from core.files import StorageAwayError
from geodata.community import community_of
from media.actions import drop_unkept, keep_draft
from media.allowance import WINDOW, count_upload
from media.boxes import MOST_BOXES, Box, BoxesRefusedError, boxes_in, boxes_in_text
from media.drafts import as_kept, key_for, photo_to_hide, preview_url
from media.models import Photo
from media.redaction import HidingRefusedError, hide
from media.refusals import PhotoRefused, message_for

_KINDS = {"too_big": "too-large"}  # kinds of problems, where it is not “refused”
FOR_PHOTOS = may(ApiKey.Scope.REPORTS, ApiKey.Scope.ANSWERS)


class UploadSerializer(Serializer[Any]):
    """One photo, as multipart/form-data."""

    photo = FileField(
        allow_empty_file=True,
        max_length=1000,
        help_text=gettext_lazy("JPEG, PNG, WebP, AVIF, HEIC or TIFF, at most 20 MB and 60 megapixels."),
    )
    boxes = CharField(
        required=False,
        allow_blank=True,
        max_length=10_000,
        help_text=gettext_lazy(
            "What is hidden on it before anybody sees it: JSON, as the address of its boxes takes it."
        ),
    )
    device = CharField(
        required=False,
        allow_blank=True,
        max_length=200,
        help_text=gettext_lazy("Any word by which you tell the resident's device apart; only a digest of it is kept."),
    )


class BoxesSerializer(Serializer[Any]):
    """Places over faces and plates."""

    boxes = ListField(
        child=ListField(child=FloatField(), min_length=4, max_length=4),
        max_length=MOST_BOXES,
        help_text=gettext_lazy("Left, top, right and bottom of each, as parts of the upright photo, from 0 to 1."),
    )


class DraftSerializer(Serializer[Any]):
    """A photo that was uploaded. Nobody sees it before it is cleaned: of everything but its pixels."""

    key = CharField(help_text=gettext_lazy("What a report, an addition or an answer names it by, within 24 hours."))
    name = CharField()
    state = ChoiceField(choices=Photo.State.choices)
    error = CharField(allow_blank=True, help_text=gettext_lazy("Why nobody will ever see it; mostly empty."))
    position = ListField(
        child=FloatField(), allow_null=True, help_text=gettext_lazy("Where it was taken (lon, lat), when it says so.")
    )
    hidden = IntegerField(help_text=gettext_lazy("How many places are hidden on it."))
    width = IntegerField(help_text=gettext_lazy("Of the large size, px; 0 until it is cleaned."))
    height = IntegerField(help_text=gettext_lazy("Of the large size, px; 0 until it is cleaned."))
    small = URLField(help_text=gettext_lazy("400 px, WebP; 404 until it is cleaned, and once it is sent."))
    large = URLField(help_text=gettext_lazy("1600 px, WebP; 404 until it is cleaned, and once it is sent."))


class Photos(ApiView):
    """POST /api/v1/<community>/photos/."""

    permission_classes = (FOR_PHOTOS,)
    parser_classes = (MultiPartParser,)
    kept: Photo | None = None

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Counts before anything is undone: a bad file, and one that comes again, costs as much as a good one."""
        super().initial(request, *args, **kwargs)
        if request.method != "POST":
            return
        try:
            form = cast("QueryDict", request.data)  # of the only parser
            _count(request, form.get("device", ""), at=timezone.now())
        except PhotoRefused as refused:
            raise Throttled(wait=int(WINDOW.total_seconds())) from refused

    def handle_exception(self, exc: Exception) -> Any:
        """The transaction is over: what it kept in files goes with it."""
        if self.kept:
            drop_unkept(self.kept)
        return super().handle_exception(exc)

    @extend_schema(
        operation_id="photos_create",
        summary=gettext_lazy("Upload a photo, to be named in a report, an addition or an answer"),
        request=UploadSerializer,
        responses={201: DraftSerializer},
    )
    @done_once
    def post(self, request: Request) -> Response:
        shapes = UploadSerializer(data=request.data)
        shapes.is_valid(raise_exception=True)
        given, community, at = shapes.validated_data, community_of(request._request), timezone.now()
        try:
            boxes = boxes_in_text(given.get("boxes") or "[]")
            file = given["photo"]
            photo = self.kept = keep_draft(community=community, file=file, name=file.name or "", at=at, boxes=boxes)
        except BoxesRefusedError as refused:
            raise _refusal(f"boxes_{refused.code}", "/boxes") from refused
        except PhotoRefused as refused:
            raise _refusal(refused.code, "/photo", refused.message) from refused
        except StorageAwayError as away:
            raise ProblemError("unavailable", message_for("storage_away")) from away
        told = draft_told(photo, request)
        return Response(told, status=201, headers={"Location": _address(photo, request)})


class PhotoDetail(ApiView):
    """GET /api/v1/<community>/photos/<key>/: for whoever uploaded it, within 24 hours."""

    permission_classes = (FOR_PHOTOS,)

    @extend_schema(
        operation_id="photos_retrieve",
        summary=gettext_lazy("How far an uploaded photo is"),
        responses=DraftSerializer,
    )
    def get(self, request: Request, photo_key: str) -> Response:
        return Response(draft_told(_uploaded(request, photo_key), request), headers={"Cache-Control": "no-store"})


class PhotoBoxes(ApiView):
    """POST /api/v1/<community>/photos/<key>/boxes/."""

    permission_classes = (FOR_PHOTOS,)

    @extend_schema(
        operation_id="photos_hide",
        summary=gettext_lazy("Hide faces and plates on an uploaded photo"),
        request=BoxesSerializer,
        responses=DraftSerializer,
    )
    @done_once
    def post(self, request: Request, photo_key: str) -> Response:
        photo = _uploaded(request, photo_key)
        return Response(draft_told(hidden(photo, boxes_given(request), at=timezone.now()), request))


def boxes_given(request: Request) -> list[Box]:
    """What the body names. Raises ProblemError and ValidationError."""
    shapes = BoxesSerializer(data=request.data)
    shapes.is_valid(raise_exception=True)
    try:
        return boxes_in(shapes.validated_data["boxes"])
    except BoxesRefusedError as refused:
        raise _refusal(f"boxes_{refused.code}", "/boxes") from refused


def hidden(photo: Photo, boxes: list[Box], *, at: Any) -> Photo:
    """The photo, which nobody sees until these places are painted over. Raises ProblemError."""
    try:
        return hide(photo=photo, boxes=boxes, at=at)
    except HidingRefusedError as refused:
        raise _refusal(f"boxes_{refused.code}", "/boxes") from refused


def draft_told(photo: Photo, request: Request) -> dict[str, Any]:
    """As DraftSerializer says."""
    community = community_of(request._request)
    kept, key = as_kept(photo, community=community), key_for(photo)
    sizes = {size: preview_url(key, community=community, size=size) for size in ("small", "large")}
    return {
        "key": key,
        "name": photo.name,
        "state": photo.state,
        "error": message_for(photo.failure) if photo.state == Photo.State.FAILED else "",
        "position": kept.position,
        "hidden": kept.hidden,
        "width": photo.width,
        "height": photo.height,
        **{size: request.build_absolute_uri(address) for size, address in sizes.items()},
    }


def _uploaded(request: Request, key: str) -> Photo:
    """Raises Http404 for a key that is no longer good."""
    found = photo_to_hide(key, community=community_of(request._request), at=timezone.now())
    if found is None:
        raise Http404
    return found


def _count(request: Request, device: str, *, at: Any) -> None:
    """As for browsers: by the device that the program names, or else by the program, as if it were one network; and
    all devices of the program together. Raises PhotoRefused.
    """
    client = client_of(request)
    named, program = device_named(device, by=client.pk), f"client {client.pk}"
    network = "" if named else program
    count_upload(community=community_of(request._request), device=named, network=network, program=program, at=at)


def _refusal(code: str, where: str, words: str = "") -> ProblemError:
    words = words or message_for(code)
    return ProblemError(_KINDS.get(code, "refused"), words, errors=[Wrong(where, code, words)])


def _address(photo: Photo, request: Request) -> str:
    slug = community_of(request._request).slug
    return str(request.build_absolute_uri(reverse("api_photo", args=[slug, key_for(photo)])))
