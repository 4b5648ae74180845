"""Photos over HTTP: a draft comes in, cleaned sizes go out. No address leads to an original."""

from hashlib import sha256
from uuid import UUID

from django.core.files.storage import default_storage
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.cache import get_conditional_response
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.devices import device_of
from accounts.networks import network_of
from accounts.permissions import viewer_for
from core.models import STRANGER, Viewer
from geodata.community import community_of
from media.actions import keep_draft
from media.allowance import count_upload
from media.drafts import as_kept, is_granted, photo_of, preview_url
from media.models import Photo
from media.refusals import PhotoRefused

STATUSES = {"too_big": 413, "too_many": 429}  # of refused photos, where it is not 422
FOR_EVERYBODY = "public, max-age=300"
FOR_THIS_VIEWER = "private, max-age=60"


@never_cache
@require_POST
def photo_upload(request: HttpRequest) -> HttpResponse:
    """Keeps one photo as a draft. 201 with {key, name, position [lon, lat] or null, preview_url}.

    Refused: 422, or 413 past 20 MB, or 429 past what one may upload in an hour, with {error: words in the chosen
    language, code}.
    """
    community = community_of(request)
    file = request.FILES.get("photo")
    try:
        if file is None:
            raise PhotoRefused("empty")
        count_upload(community=community, device=device_of(request), network=network_of(request), at=timezone.now())
        photo = keep_draft(community=community, file=file, name=file.name or "", at=timezone.now())
    except PhotoRefused as refused:
        answer = {"error": refused.message, "code": refused.code}
        return JsonResponse(answer, status=STATUSES.get(refused.code, 422))
    kept = as_kept(photo, community=community)
    address = preview_url(kept.key, community=community)
    return JsonResponse(
        {"key": kept.key, "name": kept.name, "position": kept.position, "preview_url": address}, status=201
    )


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
    """The small size of a draft, for the form that uploaded it; 404 until it is cleaned, and once it is attached."""
    draft = photo_of(key, community=community_of(request), at=timezone.now())
    if draft is None or draft.state != Photo.State.CLEAN:
        raise Http404
    return _picture(request, draft, "small", cache="private, no-store")


def _viewer(request: HttpRequest) -> Viewer:
    return viewer_for(request.user if request.user.is_authenticated else None)


def _is_visible(photo: Photo, viewer: Viewer) -> bool:
    return photo.subject is not None and photo.subject.is_visible_to(viewer)


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
        response = FileResponse(file, content_type="image/webp", filename=f"{photo.pk.hex[:8]}-{size}.webp")
    response.headers["Cache-Control"] = cache
    response.headers["ETag"] = etag
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response
