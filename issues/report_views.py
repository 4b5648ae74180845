"""The report form, with JavaScript and without, and the fragments that it asks for."""

import uuid
from datetime import date, datetime
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.contrib.gis.geos import Point
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.devices import device_of, remember_device
from accounts.networks import network_of
from accounts.permissions import viewer_for
from core.tokens import secret_of
from geodata.boxes import MIN_ZOOM, Corner
from geodata.community import community_of
from geodata.map_config import base_config
from geodata.models import WGS84, Community, local_name
from issues import assets, kept_answers, kept_drafts
from issues.actions import NewReport, author_token, report_issue, was_sent
from issues.answerer import Answerer, answerer_for, refused
from issues.forms import PlaceForm, ReportForm, coordinates_in
from issues.gate import NotAdmittedError, admission, fresh_challenge, sender_of
from issues.guessing import chosen_by_guess, guesses_for
from issues.hiding_views import hiding_asked, hiding_page
from issues.lookalikes import LookAlike
from issues.models import ReportDraft
from issues.offline_views import NO_TOKEN, reachable, with_key
from issues.place_choice import TAKE, address_for, found_for, pasted_in, place_sent, words_near
from issues.places import example, outside, refusal
from issues.preview import preview_of
from issues.questions import PREFIX
from issues.script_views import as_json, asks_for_json
from issues.similar import heard, similar_to, was_shown
from issues.support import JoinRefusedError
from issues.support_views import joined, refusal_in_words, voice_of
from issues.tapmap import CLOSE_ZOOM, View, box_to_show, image_sizes, number, place_tapped, tapped
from issues.uploads import MOST_PHOTOS, kept_photos
from issues.warnings import Warned, warnings_for
from media import drafts
from media.models import Photo
from notifications.known import is_known
from routing.dangers import dangers_of
from routing.models import Category, Question


@never_cache
@require_safe
def answerer(request: HttpRequest) -> HttpResponse:
    """The preview as a fragment of HTML, for the place, the category and the answers in the query.

    A place alone is enough to say that it is outside.
    """
    form = PlaceForm(request.GET, community=community_of(request), on=_today(request))
    found, status = asked_answerer(form, community_of(request), at=timezone.now())
    return render(request, "issues/answerer.html", {"answerer": found}, status=status)


@never_cache
@require_safe
def details(request: HttpRequest) -> HttpResponse:
    """What the category in the query asks, as a fragment of HTML: its questions, and the choice of a house, lamp…"""
    form = ReportForm(initial=request.GET.dict(), community=community_of(request), on=_today(request))
    return render(request, "issues/report_details.html", {"form": form, "private": "public" not in request.GET})


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def report(request: HttpRequest) -> HttpResponse:
    """The form of a new report. Whatever goes wrong, what was typed and uploaded comes back."""
    at = timezone.now()
    if request.method == "HEAD":
        return reachable(request)
    if request.POST.get("do") == "anew":
        kept_drafts.forget(community=community_of(request), device=device_of(request))
        return HttpResponseRedirect(reverse("report", args=[community_of(request).slug]))
    response = _posted(request, at=at) if request.method == "POST" else _opened(request, at=at)
    remember_device(request, response)
    return response


@never_cache
@require_POST
def preview(request: HttpRequest) -> HttpResponse:
    """What strangers will see of the form that was sent, as a fragment of HTML. Nothing is kept but new photos."""
    return Submission(request, at=timezone.now()).previewed()


@never_cache
@require_safe
def proof(request: HttpRequest) -> JsonResponse:
    """What a browser computes while a person fills in the form: {challenge}; static/issues/proof.js solves it."""
    community = community_of(request)
    return JsonResponse({"challenge": fresh_challenge(network_of(request), community=community, at=timezone.now())})


@require_safe
def shell(request: HttpRequest, language: str) -> HttpResponse:
    """The empty form as anybody would get it, in that language, for a browser to keep: no token, name or cookie."""
    if language not in dict(settings.LANGUAGES):
        raise Http404
    request.user = AnonymousUser()
    form = ReportForm(community=community_of(request), on=_today(request))
    with translation.override(language):
        return _page(request, form, photos=[], csrf_token=NO_TOKEN)


def _posted(request: HttpRequest, *, at: datetime) -> HttpResponse:
    """What the form asks for. Without scripts the server keeps what is not sent yet."""
    submission = Submission(request, at=at)
    answer = submission.answer()
    community, device = community_of(request), device_of(request)
    if answer.status_code == 302:
        kept_drafts.forget(community=community, device=device)
    elif "script" not in submission.data:
        fields = dict(submission.data.lists())
        kept_drafts.keep(community=community, device=device, fields=fields, photos=submission.photos, at=at)
    return as_json(request, answer, submission.form, submission.refused) if asks_for_json(request) else answer


def asked_answerer(form: PlaceForm, community: Community, *, at: datetime) -> tuple[Answerer | None, int]:
    """(who would answer, as far as the form tells; the status of a page that says so)."""
    form.is_valid()
    given = form.cleaned_data
    if "point" not in given or (form["category"].value() and "category" not in given):
        return None, 422
    if "category" not in given:
        stray = outside(given["point"], community)
        return (refused(stray, community) if stray else None), 200
    return _answerer(form, community, at=at), 200


def place_context(
    form: PlaceForm, community: Community, *, given: QueryDict, view: View | None = None
) -> dict[str, Any]:
    """What the map and the categories of a form need. `given`: what the form sent; `view`: where to look first."""
    language, on = get_language() or "uk", community.day_of(timezone.now())
    address = str(form["address"].value() or "")
    rows = Category.objects.filter(community=community, is_active=True)
    asking = set(Question.objects.filter(community=community).values_list("category", flat=True))
    return {
        "form": form,
        "categories": [
            {
                "code": row.code,
                "name": local_name(row, language),
                "icon": row.icon,
                "asks": row.register_id is not None or row.pk in asking,
            }
            for row in rows
        ],
        "kept_answers": kept_answers.carried(form.data or form.initial, str(form["category"].value() or "")),
        "place_example": example(community),
        "place_near": words_near(form_place(form), community=community, on=on),
        "place_found": found_for(given, address, community=community, on=on, place=form_place(form)),
        "place_box": box_to_show(given, form_place(form), community, view),
        "place_images": image_sizes(),
        "map_config": base_config(community) | {"view": view._asdict() if view else None},
    }


def form_place(form: PlaceForm) -> Corner | None:
    """Longitude and latitude that the form would send."""
    lon, lat = number(form["lon"].value()), number(form["lat"].value())
    return (lon, lat) if (lon or lat) and abs(lon) <= 180 and abs(lat) <= 90 else None


def _answerer(form: PlaceForm, community: Community, *, at: datetime) -> Answerer | None:
    """Who will answer, as far as the form tells: an error elsewhere does not take that away."""
    given = form.cleaned_data
    if "category" not in given or "point" not in given:
        return None
    if form.has_open_questions:
        stray = outside(given["point"], community)
        return refused(stray, community) if stray else Answerer(asks_first=True)
    return answerer_for(
        category=given["category"],
        point=given["point"],
        community=community,
        at=at,
        answers=given["answers"],
        asset=given.get("asset"),
    )


def _today(request: HttpRequest) -> date:
    return community_of(request).day_of(timezone.now())


def _opened(request: HttpRequest, *, at: datetime) -> HttpResponse:
    """The empty form. The address may name a place: the middle of a map, taken only when that map (`zoom`) was close
    enough to point at something. From farther away, and outside the community, it is at most where to look. It may
    name a category and what that asks, too."""
    community = community_of(request)
    kept = kept_drafts.draft_of(community=community, device=device_of(request), at=at)
    if kept and "continue" in request.GET:
        return _continued(request, kept, at=at)
    named = {
        name: text for name, text in request.GET.items() if name in {"category", "asset"} or name.startswith(PREFIX)
    }
    initial: dict[str, Any] = named | {"key": uuid.uuid4()}
    view = None
    place = coordinates_in(f"{request.GET.get('lat', '')}, {request.GET.get('lon', '')}")
    if place and not outside(Point(*place, srid=WGS84), community):
        zoom = number(request.GET.get("zoom", CLOSE_ZOOM))
        if zoom >= CLOSE_ZOOM:
            initial |= {"lon": f"{place[0]:.6f}", "lat": f"{place[1]:.6f}"}
        else:
            view = View(place, max(zoom, MIN_ZOOM))
    form = ReportForm(initial=initial, community=community, on=community.day_of(at))
    return _page(request, form, photos=[], view=view, kept=kept)


def _continued(request: HttpRequest, kept: ReportDraft, *, at: datetime) -> HttpResponse:
    """The form with everything that the server kept for this browser."""
    data = QueryDict(mutable=True)
    for name, values in kept.fields.items():
        data.setlist(name, values)
    community = community_of(request)
    form = ReportForm(initial=data.dict(), community=community, on=community.day_of(at))
    return _page(request, form, photos=kept_drafts.photos_of(kept, at=at), is_again=True)


class Submission:
    """One POST of the form: what it asks for, and the page that answers."""

    template = "issues/report.html"

    def __init__(self, request: HttpRequest, *, at: datetime) -> None:
        self.request, self.at = request, at
        self.community = community_of(request)
        self.do = request.POST.get("do", "send")
        keys = [key for key in request.POST.getlist("photo_key") if self.do != f"drop:{key}"]
        self.photos, self.refused = kept_photos(keys, request, at=at)
        data = with_key(request)
        self.do = chosen_by_guess(data, heard(data, self.do))
        kept_answers.apply_to(data)
        self.data = self._with_place(data)
        self.form = self._form(self.data)
        self.warnings: list[Warned] = warnings_for(self.form, self.data, community=self.community)
        self.is_in_danger = not all(one.is_passed for one in self.warnings)

    def answer(self) -> HttpResponse:
        """The receipt after sending; otherwise the form again, with everything in it."""
        if hiding_asked(self.request):
            page = hiding_page(self.request, self.photos, self.refused, at=self.at)
            return page or self._again(self._unchecked(), status=200)
        if tapped(self.data) or self.do.startswith(("drop:", "zoom", "add", "find", TAKE)):
            return self._again(self._unchecked(), status=200)
        valid, given = self.form.is_valid(), self.form.cleaned_data
        if self.do.startswith("join:") and not self.is_in_danger:
            return self._join(self.do.removeprefix("join:"))
        if valid and self.do == "send" and was_sent(self._report(), community=self.community):
            return self._send()
        if self.form.has_unseen_questions:
            return self._again(self._unchecked(), status=200, is_asking=True)  # nobody saw the questions yet
        now = self._who()
        if not valid or self.refused or now is None:
            return self._again(self.form, status=422, answerer=now)
        if now.refusal:
            self.form.add_error("address", now.refusal)
            return self._again(self.form, status=422, answerer=now)
        if self.do == "preview":
            return self._again(self.form, status=200, answerer=now, preview=self._preview())
        if self.do == "check" or not _was_seen(given, now) or self.is_in_danger:
            return self._again(self.form, status=200, answerer=now)
        return self._look_once_more(now) or self._send(confirmed=bool(now.doubt))

    def _who(self) -> Answerer | None:
        """Who will answer, as far as the form tells."""
        return _answerer(self.form, self.community, at=self.at)

    def _look_once_more(self, now: Answerer) -> HttpResponse | None:
        """What is to be looked at before sending: another owner who is near, look-alikes that no page showed yet."""
        if self.form.cleaned_data["sure"] != now.sure and now.doubt:
            self.form.add_error("sure", _("Look at the close view, and say that the pin stands on the problem."))
            return self._again(self.form, status=422, answerer=now)
        if not all(was_shown(one, self.data) for one in self._similar()):
            return self._again(self.form, status=200, answerer=now, is_stopped=True)
        return None

    def _similar(self) -> list[LookAlike]:
        voice = voice_of(self.request)
        return similar_to(self.form, self.data, community=self.community, at=self.at, voice=voice)

    def _join(self, number: str) -> HttpResponse:
        """Joins one of the look-alikes; a refusal brings the form back, with everything in it."""
        now = self._who()
        if "email" in self.form.errors:
            return self._again(self.form, status=422, answerer=now)
        try:
            email = self.form.cleaned_data.get("email", "")
            return joined(self.request, number, email=email, photos=self.photos, at=self.at)
        except JoinRefusedError as refusal:
            return self._again(self.form, status=422, answerer=now, similar_trouble=refusal_in_words(refusal.code))

    def previewed(self) -> HttpResponse:
        """What strangers would see, as a fragment of HTML; 422 with what is missing for that."""
        valid = self.form.is_valid()
        now = self._who()
        if now and now.refusal:
            self.form.add_error("address", now.refusal)
        shown = self._preview() if valid and now and not now.refusal else None
        context = {"preview": shown, "form": self.form, "photo_errors": self.refused}
        return render(self.request, "issues/page/preview.html", context, status=200 if shown else 422)

    def _preview(self) -> dict[str, Any]:
        return preview_of(self._report(), community=self.community, at=self.at)

    def _form(self, data: QueryDict | None = None, **more: Any) -> ReportForm:
        return ReportForm(data, community=self.community, on=self.community.day_of(self.at), **more)

    def _unchecked(self) -> ReportForm:
        return self._form(initial=self.data.dict())

    def _report(self, *, confirmed: bool = False) -> NewReport:
        given = self.form.cleaned_data
        on = self.community.day_of(self.at)
        of_asset = assets.address_of(given.get("asset"))
        return NewReport(
            category=given["category"],
            point=given["point"],
            text=given["text"],
            address=address_for(given["address"], of_asset, given["point"], community=self.community, on=on),
            email=given["email"],
            email_is_known=is_known(self.request, given["email"]),
            name=given["name"],
            shows_name=given["shows_name"],
            language=(get_language() or "uk")[:2],
            photos=self.photos,
            asset=given.get("asset"),
            entrance=given.get("entrance", ""),
            flat=given.get("flat", ""),
            answers=given["answers"],
            confirmed=confirmed,
            request_key=given["key"],
            dangers=[one.danger.code for one in self.warnings],
            device=device_of(self.request),
        )

    def _send(self, *, confirmed: bool = False) -> HttpResponse:
        user = self.request.user if self.request.user.is_authenticated else None
        sender = sender_of(self.form.cleaned_data, device=device_of(self.request), network=network_of(self.request))
        try:
            issue = report_issue(
                new=self._report(confirmed=confirmed),
                community=self.community,
                at=self.at,
                reporter=user,
                admit=admission(sender, viewer_for(user), community=self.community, at=self.at),
            )
        except NotAdmittedError as refusal:
            return self._not_now(refusal)
        secret = secret_of(author_token(issue))
        return HttpResponseRedirect(reverse("mine", args=[self.community.slug, secret]) + "?new")

    def _not_now(self, refusal: NotAdmittedError) -> HttpResponse:
        """The form once more, with everything in it, and when it may be sent."""
        self.form.add_error(None, refusal.words)
        now = self._who()
        response = self._again(self.form, status=429, answerer=now)
        response.headers["Retry-After"] = str(refusal.seconds)
        return response

    def _with_place(self, data: QueryDict) -> QueryDict:
        """A tap on the drawn map, or else the place of a photo or of the chosen house, becomes lon and lat."""
        place: tuple[float, ...] | None = place_tapped(data, self.community) or place_sent(data, self.community)
        if place:
            data["pinned"] = ""
        elif data.get("lon") or pasted_in(data.get("address", ""), self.community):
            place = self._followed(data)
        else:
            taken = [photo.taken_at for photo in self.photos if photo.taken_at]
            place = next((point.coords for point in taken if not outside(point, self.community)), None)
            place = place or self._place_of_asset(data, data.get("asset", ""))
        if place:
            data["lon"], data["lat"] = (f"{part:.6f}" for part in place)
        return data

    def _followed(self, data: QueryDict) -> Corner | None:
        """Where the pin goes that a house had set, when another house is chosen; None when it was moved since."""
        pinned, choice = data.get("pinned", ""), data.get("asset", "")
        if not pinned or pinned == choice:
            return None
        was = self._place_of_asset(data.copy(), pinned)
        stands = (round(number(data.get("lon")), 6), round(number(data.get("lat")), 6))
        return self._place_of_asset(data, choice) if was == stands else None

    def _place_of_asset(self, data: QueryDict, choice: str) -> Corner | None:
        """A point on the chosen one of the register; `data` keeps that the pin stands there because of it."""
        place = self._form(initial=data.dict()).place_of(choice)
        if place:
            data["pinned"] = choice
        return place

    def _again(self, form: ReportForm, *, status: int, **more: Any) -> HttpResponse:
        """`more`: answerer, is_asking, preview, and what issues/similar.html shows."""
        more["warnings"], more["is_stopped_by_danger"] = self.warnings, self.is_in_danger
        more["guesses"] = guesses_for(form, self.data, community=self.community)
        if hasattr(self.form, "cleaned_data"):
            more["similar"] = self._similar()
        return _page(
            self.request,
            form,
            photos=self.photos,
            status=status,
            template=self.template,
            photo_errors=self.refused,
            different=self.data.get("different", ""),
            **more,
        )


def _was_seen(given: dict[str, Any], now: Answerer) -> bool:
    """Whether the sender knows who gets it, or agreed without a network that it goes to whoever that will be."""
    return given["seen"] == now.seen or (given["unseen"] and not given["seen"])


def _page(
    request: HttpRequest,
    form: ReportForm,
    *,
    photos: list[Photo],
    status: int = 200,
    view: View | None = None,
    template: str = "issues/report.html",
    **more: Any,
) -> HttpResponse:
    """The page of the form. `more`: photo_errors, answerer, is_asking, is_again, kept, preview, and what
    issues/similar.html shows."""
    community = community_of(request)
    context = place_context(form, community, given=request.POST, view=view) | {
        "photos": [drafts.as_kept(photo, community=community) for photo in photos],
        "stray_photos": {drafts.key_for(photo) for photo in photos if _is_stray(photo, community)},
        "photo_errors": [],
        "most_photos": MOST_PHOTOS,
        "place_trouble": _place_trouble(form, photos, community),
        "private": True,
        "service_worker": settings.SERVICE_WORKER,
        "dangers_here": dangers_of(community),
    }
    return render(request, template, context | more, status=status)


def _place_trouble(form: ReportForm, photos: list[Photo], community: Community) -> str:
    """Why the place that the form has is none, or why that of its photos was not taken; "" when all is well."""
    place = form_place(form)
    if place:
        stray = outside(Point(*place, srid=WGS84), community)
        return refusal(stray, community).words if stray and not form.errors else ""
    if any(_is_stray(photo, community) for photo in photos):
        here = {"name": local_name(community, get_language() or "uk")}
        return _("The photo was taken outside %(name)s. Show the place on the map.") % here
    return ""


def _is_stray(photo: Photo, community: Community) -> bool:
    """True for a photo that was taken outside the community."""
    return photo.taken_at is not None and outside(photo.taken_at, community) is not None
