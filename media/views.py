"""Photos over HTTP: a draft comes in, cleaned sizes go out. No address leads to an original."""

from hashlib import sha256
from typing import Any
from uuid import UUID

from django.core.exceptions import BadRequest
from django.core.files.storage import default_storage
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.cache import get_conditional_response
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.devices import device_of
from accounts.networks import network_of
from accounts.permissions import viewer_for
from core.files import StorageAwayError
from core.idempotency import BadKeyError, key_in
from core.models import STRANGER, Viewer
from geodata.community import community_of
from geodata.models import Community
from media.actions import keep_draft
from media.allowance import count_upload
from media.boxes import Box, BoxesRefusedError, boxes_in_text
from media.drafts import as_kept, is_granted, photo_of, photo_to_hide, preview_url
from media.models import Photo
from media.redaction import HidingRefusedError, hide
from media.refusals import PhotoRefused, message_for

STATUSES = {"too_big": 413, "too_many": 429, "storage_away": 503}  # of refused photos, where it is not 422
RETRY_AFTER = 30  # seconds
# Kept by browsers and proxies, and asked about every time: a face that is hidden now is not shown from a cache.
FOR_EVERYBODY = "public, no-cache"
FOR_THIS_VIEWER = "private, no-cache"


@never_cache
@require_POST
def photo_upload(request: HttpRequest) -> HttpResponse:
    """Keeps one photo as a draft. 201 with {key, name, position [lon, lat] or null, preview_url}.

    `boxes` may say, as JSON, what was hidden on it before it left the device. The same `Idempotency-Key`
    again gets the same answer and makes no second draft.
    Refused: 422, or 413 past 20 MB, or 429 past what one may upload in an hour, or 503 while there is nowhere to keep
    it, with {error: words in the chosen language, code}.
    """
    community = community_of(request)
    file = request.FILES.get("photo")
    try:
        if file is None:
            raise PhotoRefused("empty")
        boxes = _boxes_of(request.POST.get("boxes", "[]"))
        key = key_in(request.headers.get("Idempotency-Key", ""))
        at = timezone.now()
        count_upload(community=community, device=device_of(request), network=network_of(request), at=at)
        photo = keep_draft(community=community, file=file, name=file.name or "", at=at, boxes=boxes, upload_key=key)
    except BadKeyError as bad:
        raise BadRequest("Idempotency-Key") from bad
    except (PhotoRefused, StorageAwayError) as fault:
        refused = fault if isinstance(fault, PhotoRefused) else PhotoRefused("storage_away")
        answer = {"error": refused.message, "code": refused.code}
        return JsonResponse(answer, status=STATUSES.get(refused.code, 422))
    kept = as_kept(photo, community=community)
    address = preview_url(kept.key, community=community)
    return JsonResponse(
        {"key": kept.key, "name": kept.name, "position": kept.position, "preview_url": address}, status=201
    )


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def photo_boxes(request: HttpRequest, key: str) -> HttpResponse:
    """Boxes over faces and plates, for the form that uploaded the photo: POST `boxes` as JSON.

    Answers {state, error, boxes, hidden, picture_url, preview_url}; 404 for a key that is no longer good, 422 with
    {error} for boxes that are not taken.
    """
    community, at = community_of(request), timezone.now()
    found = photo_to_hide(key, community=community, at=at)
    if found is None:
        raise Http404
    if request.method == "POST":
        try:
            found = hide(photo=found, boxes=_boxes_of(request.POST.get("boxes", "")), at=at)
        except (PhotoRefused, HidingRefusedError) as refused:
            return JsonResponse({"error": refused.message}, status=422)
    return JsonResponse(_as_told(found, key, community=community))


def _as_told(photo: Photo, key: str, *, community: Community) -> dict[str, Any]:
    version = f"v={photo.attempts}"  # browsers keep pictures of an address in mind, whatever the headers say
    return {
        "state": photo.state,
        "error": message_for(photo.failure) if photo.state == Photo.State.FAILED else "",
        "boxes": [] if photo.subject_id else photo.boxes,
        "hidden": len(photo.boxes),
        "picture_url": f"{preview_url(key, community=community, size='large')}&{version}",
        "preview_url": f"{preview_url(key, community=community)}?{version}",
    }


def _boxes_of(text: str) -> list[Box]:
    """Boxes from JSON. Raises PhotoRefused."""
    try:
        return boxes_in_text(text)
    except BoxesRefusedError as refused:
        raise PhotoRefused(f"boxes_{refused.code}") from refused


@require_safe
def photo(request: HttpRequest, photo: UUID, size: str) -> HttpResponseBase:
    """One size of a published photo, for those who see its subject or hold a grant; 404 for everybody else."""
    if size not in {"large", "small"}:
        raise Http404
    found = get_object_or_404(Photo.objects.published().select_related("subject"), pk=photo)
    if _is_visible(found, STRANGER):
        return _picture(request, found, size, cache=FOR_EVERYBODY)
    if is_granted(found, request.GET.get("k", ""), at=timezone.now()) or _is_visible(found, _viewer(request)):
        return _picture(request, found, size, cache=FOR_THIS_VIEWER)
    raise Http404


@require_safe
def photo_draft(request: HttpRequest, key: str) -> HttpResponseBase:
    """A size of a draft (`size`: small or large), for the form that uploaded it; 404 until it is cleaned, and once it
    is attached."""
    draft = photo_of(key, community=community_of(request), at=timezone.now())
    if draft is None or draft.state != Photo.State.CLEAN:
        raise Http404
    size = "large" if request.GET.get("size") == "large" else "small"
    return _picture(request, draft, size, cache="private, no-store")


def _viewer(request: HttpRequest) -> Viewer:
    return viewer_for(request.user if request.user.is_authenticated else None)


def _is_visible(photo: Photo, viewer: Viewer) -> bool:
    return photo.subject is not None and photo.subject.is_visible_to(viewer)


def not_now() -> HttpResponse:
    """The storage is away: browsers and programs ask again, and keep no such answer."""
    return HttpResponse(status=503, headers={"Retry-After": str(RETRY_AFTER), "Cache-Control": "no-store"})


def _picture(request: HttpRequest, photo: Photo, size: str, *, cache: str) -> HttpResponseBase:
    """The file, or 304 when the browser has it. A size never changes under its name, so the name is its version."""
    name = photo.large if size == "large" else photo.small
    etag = f'"{sha256(name.encode()).hexdigest()[:32]}"'
    response: HttpResponseBase | None = get_conditional_response(request, etag=etag)
    if response is None:
        try:
            file = default_storage.open(name)
        except FileNotFoundError as lost:
            raise Http404 from lost
        except StorageAwayError:
            return not_now()
        response = FileResponse(file, content_type="image/webp", filename=f"{photo.pk.hex[:8]}-{size}.webp")
    response.headers["Cache-Control"] = cache
    response.headers["ETag"] = etag
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response
