"""The page on which faces and plates are hidden without JavaScript: on the way to sending, and afterwards by the author
and by moderators."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.models import Membership, User
from accounts.permissions import communities_of_staff
from core.tokens import UnknownTokenError, find_token
from geodata.community import community_of
from issues.actions import AUTHOR_PURPOSE
from issues.hiding import PREFIX, Drawing, drawing_after, drawing_in, is_tap, stages_for
from issues.models import Issue
from media import drafts
from media.models import Photo
from media.redaction import HidingRefusedError, hide, try_again
from media.refusals import message_for

STAFF = (Membership.Role.ADMINISTRATOR, Membership.Role.MODERATOR)
NOT_CARRIED = {"do", "csrfmiddlewaretoken", "photo_key"}


def hiding_asked(request: HttpRequest) -> bool:
    """Whether the report form was sent to hide something on one of its photos, or from the page that does it."""
    return request.POST.get("do", "").startswith("hide") or is_tap(request.POST)


def hiding_page(
    request: HttpRequest, photos: Sequence[Photo], refused: list[str], *, at: datetime
) -> HttpResponse | None:
    """The page over a photo of the form, with everything that the form holds; None when it is done, or the photo is not
    of this form. `refused`: sentences about other photos, shown here and added to."""
    do = request.POST.get("do", "")
    key = do.removeprefix("hide:") if do.startswith("hide:") else request.POST.get("hide_key", "")
    photo = next((one for one in photos if drafts.key_for(one) == key), None)
    if photo is None or do == "hide_cancel":
        return None
    if do == "hide_done":
        if (trouble := _kept(photo, drawing_in(request.POST), at=at)) is not None:
            refused.append(f"{photo.name}: {trouble}")
        return None
    begun = do.startswith("hide:")
    drawing = Drawing(tuple(map(tuple, photo.boxes))) if begun else _drawing(request, photo, do)
    carried = [
        (name, value)
        for name in request.POST
        if name not in NOT_CARRIED and not name.startswith(PREFIX)
        for value in request.POST.getlist(name)
    ]
    carried += [("photo_key", drafts.key_for(one)) for one in photos]
    context = {
        "carried": [*carried, ("hide_key", key)],
        "action": request.path,
        "picture": drafts.preview_url(key, community=community_of(request), size="large") + f"&v={photo.attempts}",
        "photo_errors": refused,
        "is_draft": True,
    }
    return _page(request, photo, drawing, context)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def hide_by_author(request: HttpRequest, token: str, photo: UUID) -> HttpResponse:
    """The same page for the author, after sending: who holds the secret link may hide more, and nothing less."""
    try:
        right = find_token(secret=token, purpose=AUTHOR_PURPOSE)
    except UnknownTokenError:
        raise Http404 from None
    if not right.is_good(timezone.now()):
        raise Http404
    back = reverse("mine", args=[community_of(request).slug, token])
    response = _after_sending(request, get_object_or_404(_photos(), pk=photo, subject=right.subject_id), back=back)
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    return response


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def hide_by_staff(request: HttpRequest, number: int, photo: UUID) -> HttpResponse:
    """The same page for moderators of the community; 404 for everybody else."""
    user = request.user
    community = community_of(request)
    if not isinstance(user, User) or community.pk not in communities_of_staff(user, roles=STAFF):
        raise Http404
    issue = get_object_or_404(Issue, community=community, number=number)
    found = get_object_or_404(_photos(), pk=photo, subject=issue.subject_id)
    before = len(found.boxes)
    response = _after_sending(request, found, back=reverse("admin:issues_issue_change", args=[issue.pk]))
    if len(found.boxes) > before:
        said = _("Places were hidden on a photo.")
        LogEntry.objects.log_actions(user.pk, [issue], CHANGE, said, single_object=True)
    return response


def _photos() -> Any:
    return Photo.objects.select_related("community")


def _after_sending(request: HttpRequest, photo: Photo, *, back: str) -> HttpResponse:
    at = timezone.now()
    do = request.POST.get("do", "")
    if do == "hide_cancel":
        return HttpResponseRedirect(back)
    drawing = _drawing(request, photo, do)
    trouble: str | None = None
    if do == "hide_retry":
        trouble = _tried_again(photo, at=at)
    elif do == "hide_done":
        trouble = _kept(photo, drawing, at=at) if drawing.boxes else None
    if do in {"hide_retry", "hide_done"}:
        if trouble is None and photo.state == Photo.State.WAITING:
            messages.success(request, _("The photo is being prepared anew. Until then nobody sees it."))
        if trouble is None:
            return HttpResponseRedirect(back)
        drawing = Drawing(drawing.boxes, drawing.corner, trouble)
    [shown] = drafts.granted([photo], at=at)
    context = {"carried": [], "action": request.path, "picture": shown.large_url, "is_draft": False}
    return _page(request, photo, drawing, context)


def _drawing(request: HttpRequest, photo: Photo, do: str) -> Drawing:
    return drawing_after(request.POST, do=do, stages=stages_for(photo.width, photo.height))


def _kept(photo: Photo, drawing: Drawing, *, at: datetime) -> str | None:
    """None when the boxes are kept; words for why they are not."""
    try:
        kept = hide(photo=photo, boxes=drawing.boxes, at=at)
    except HidingRefusedError as refusal:
        return refusal.message
    photo.state, photo.boxes = kept.state, kept.boxes
    return None


def _tried_again(photo: Photo, *, at: datetime) -> str | None:
    """None when a worker will try once more, or nobody needs to; words for why not."""
    try:
        kept = try_again(photo=photo, at=at)
    except HidingRefusedError as refusal:
        return refusal.message
    photo.state, photo.boxes = kept.state, kept.boxes
    return None


def _page(request: HttpRequest, photo: Photo, drawing: Drawing, context: dict[str, Any]) -> HttpResponse:
    ready = photo.state == Photo.State.CLEAN
    more = {
        "photo": photo,
        "drawing": drawing,
        "stages": stages_for(photo.width, photo.height) if ready else [],
        "failure": message_for(photo.failure) if photo.state == Photo.State.FAILED else "",
        "percents": [
            ("left", _("Left edge, %")),
            ("top", _("Top edge, %")),
            ("right", _("Right edge, %")),
            ("bottom", _("Bottom edge, %")),
        ],
    }
    return render(request, "issues/hide.html", context | more, status=422 if drawing.trouble else 200)
