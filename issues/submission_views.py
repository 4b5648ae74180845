"""One POST of the report form: what it asks for, in which order things are looked at, and the page that answers."""

from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from accounts.devices import device_of
from accounts.networks import network_of
from accounts.permissions import viewer_for
from core.tokens import secret_of
from geodata.boxes import Corner
from geodata.community import community_of
from geodata.models import Community
from issues import assets, kept_answers
from issues.actions import NewReport, author_token, report_issue, was_sent
from issues.answerer import Answerer, Reckoned, reckon
from issues.form_page_views import form_page
from issues.forms import PlaceForm, ReportForm
from issues.gate import NotAdmittedError, admission, sender_of
from issues.guessing import chosen_by_guess, guesses_for
from issues.hiding_views import hiding_asked, hiding_page
from issues.join_words import refusal_in_words
from issues.lookalikes import LookAlike
from issues.offline_views import with_key
from issues.place_choice import TAKE, address_for, pasted_in, place_sent
from issues.places import outside
from issues.preview import preview_of
from issues.similar import heard, similar_to, was_shown
from issues.support import JoinRefusedError
from issues.support_views import joined, voice_of
from issues.tapmap import number, place_tapped, tapped
from issues.uploads import kept_photos
from issues.warnings import Warned, warnings_for
from notifications.known import is_known


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
            return self._again(self.form, status=422, who=now)
        if now.outside:
            self.form.add_error("address", now.in_words().refusal)
            return self._again(self.form, status=422, who=now)
        if self.do == "preview":
            return self._again(self.form, status=200, who=now, preview=self._preview())
        if self.do == "check" or not _was_seen(given, now) or self.is_in_danger:
            return self._again(self.form, status=200, who=now)
        return self._look_once_more(now) or self._send(now)

    def _who(self) -> Reckoned | None:
        """Who will answer, as far as the form tells."""
        return reckoned_of(self.form, self.community, at=self.at)

    def _look_once_more(self, now: Reckoned) -> HttpResponse | None:
        """What is to be looked at before sending: another owner who is near, look-alikes that no page showed yet."""
        if now.sure and self.form.cleaned_data["sure"] != now.sure:
            self.form.add_error("sure", _("Look at the close view, and say that the pin stands on the problem."))
            return self._again(self.form, status=422, who=now)
        if not all(was_shown(one, self.data) for one in self._similar()):
            return self._again(self.form, status=200, who=now, is_stopped=True)
        return None

    def _similar(self) -> list[LookAlike]:
        voice = voice_of(self.request)
        return similar_to(self.form, self.data, community=self.community, at=self.at, voice=voice)

    def _join(self, number: str) -> HttpResponse:
        """Joins one of the look-alikes; a refusal brings the form back, with everything in it."""
        now = self._who()
        if "email" in self.form.errors:
            return self._again(self.form, status=422, who=now)
        try:
            email = self.form.cleaned_data.get("email", "")
            return joined(self.request, number, email=email, photos=self.photos, at=self.at)
        except JoinRefusedError as refusal:
            return self._again(self.form, status=422, who=now, similar_trouble=refusal_in_words(refusal.code))

    def previewed(self) -> HttpResponse:
        """What strangers would see, as a fragment of HTML; 422 with what is missing for that."""
        valid = self.form.is_valid()
        now = self._who()
        if now and now.outside:
            self.form.add_error("address", now.in_words().refusal)
        shown = self._preview() if valid and now and not now.outside else None
        context = {"preview": shown, "form": self.form, "photo_errors": self.refused}
        return render(self.request, "issues/page/preview.html", context, status=200 if shown else 422)

    def _preview(self) -> dict[str, Any]:
        return preview_of(self._report(), community=self.community, at=self.at)

    def _form(self, data: QueryDict | None = None, **more: Any) -> ReportForm:
        return ReportForm(data, community=self.community, on=self.community.day_of(self.at), **more)

    def _unchecked(self) -> ReportForm:
        return self._form(initial=self.data.dict())

    def _report(self, now: Reckoned | None = None) -> NewReport:
        """What is to be sent. `now`: who was just found to answer it; without a doubt that was not looked at."""
        given = self.form.cleaned_data
        return NewReport(
            category=given["category"],
            point=given["point"],
            text=given["text"],
            address=self._address,
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
            confirmed=bool(now and now.sure),
            request_key=given["key"],
            dangers=[one.danger.code for one in self.warnings],
            device=device_of(self.request),
            decided=(now.verdict, now.due_on) if now and now.verdict and now.due_on else None,
        )

    @cached_property
    def _address(self) -> str:
        given, on = self.form.cleaned_data, self.community.day_of(self.at)
        of_asset = assets.address_of(given.get("asset"))
        return address_for(given["address"], of_asset, given["point"], community=self.community, on=on)

    def _send(self, now: Reckoned | None = None) -> HttpResponse:
        user = self.request.user if self.request.user.is_authenticated else None
        sender = sender_of(self.form.cleaned_data, device=device_of(self.request), network=network_of(self.request))
        try:
            issue = report_issue(
                new=self._report(now),
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
        response = self._again(self.form, status=429, who=self._who())
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

    def _again(self, form: ReportForm, *, status: int, who: Reckoned | None = None, **more: Any) -> HttpResponse:
        """`more`: is_asking, preview, and what issues/similar.html shows."""
        more["answerer"] = who.in_words() if who else None
        more["warnings"], more["is_stopped_by_danger"] = self.warnings, self.is_in_danger
        more["guesses"] = guesses_for(form, self.data, community=self.community)
        if hasattr(self.form, "cleaned_data"):
            more["similar"] = self._similar()
        return form_page(
            self.request,
            form,
            photos=self.photos,
            status=status,
            template=self.template,
            photo_errors=self.refused,
            different=self.data.get("different", ""),
            **more,
        )


def answerer_of(form: PlaceForm, community: Community, *, at: datetime) -> Answerer | None:
    """Who will answer, in words, as far as the form tells: an error elsewhere does not take that away."""
    found = reckoned_of(form, community, at=at)
    return found.in_words() if found else None


def reckoned_of(form: PlaceForm, community: Community, *, at: datetime) -> Reckoned | None:
    """The same in codes."""
    given = form.cleaned_data
    if "category" not in given or "point" not in given:
        return None
    category, point = given["category"], given["point"]
    if form.has_open_questions:
        stray = outside(point, community)
        return Reckoned(category=category, point=point, community=community, outside=stray)
    return reckon(
        category=category,
        point=point,
        community=community,
        at=at,
        answers=given["answers"],
        asset=given.get("asset"),
    )


def _was_seen(given: dict[str, Any], now: Reckoned) -> bool:
    """Whether the sender knows who gets it, or agreed without a network that it goes to whoever that will be."""
    return given["seen"] == now.seen or (given["unseen"] and not given["seen"])
