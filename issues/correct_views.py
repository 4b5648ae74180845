"""The author's page for correcting a report: the report form, filled in with what was sent."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from geodata.community import community_of
from issues import answering, assets
from issues.actions import AUTHOR_PURPOSE
from issues.answerer import Answerer, Reckoned
from issues.corrections import Correction, changed_columns, may_correct, own_photos
from issues.corrections import correct as correct_issue
from issues.kept_answerer import answerer_of
from issues.lookalikes import LookAlike
from issues.models import Issue
from issues.moves import MoveRefusedError
from issues.questions import PREFIX
from issues.submission_views import Submission
from issues.uploads import MOST_PHOTOS
from issues.views import issue_of, link_ended, link_state_of, private, right_of
from media.drafts import granted
from media.models import Photo


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def correct(request: HttpRequest, token: str) -> HttpResponse:
    """The form with the report in it. Opening it changes nothing; a POST that changed who answers shows them first."""
    right, at = right_of(token, AUTHOR_PURPOSE), timezone.now()
    if not right.is_good(at):
        return link_ended(request, link_state=link_state_of(right))
    page = _Correction(request, issue_of(right), token, at=at)
    return private(page.answer() if request.method == "POST" else page.opened())


@dataclass(frozen=True, slots=True, kw_only=True)
class _Unmoved(Reckoned):
    """Whoever has the report keeps it, and the day of the promise stays."""

    issue: Issue

    @property
    def seen(self) -> str:
        return self.in_words().seen

    @property
    def sure(self) -> str:
        return ""

    def in_words(self) -> Answerer:
        return answerer_of(self.issue)


class _Correction(Submission):
    """What the author's form asks for. It differs from a new report in what is filled in, who answers, and the door."""

    template = "issues/correct.html"

    def __init__(self, request: HttpRequest, issue: Issue, token: str, *, at: Any) -> None:
        self.issue = issue
        self.back = reverse("mine", args=[community_of(request).slug, token])
        super().__init__(request, at=at)
        if request.method != "POST":
            self.data = _as_form_data(issue)
            self.form = self._form(self.data)

    def opened(self) -> HttpResponse:
        """The form as it was sent."""
        if not may_correct(self.issue):
            return self._too_late()
        self.form.is_valid()
        return self._again(self._unchecked(), status=200, who=self._who())

    def answer(self) -> HttpResponse:
        """The author's page after a correction; otherwise the form again, with everything in it."""
        if not may_correct(self.issue):
            return self._again(
                self._unchecked(), status=409, too_late=answering.refusal_in_words("too_late_to_correct")
            )
        if len(self.photos) + self._kept_photos() > MOST_PHOTOS:
            self.refused.append(_("%(most)s photos at most: take another one away first.") % {"most": MOST_PHOTOS})
        return super().answer()

    def _who(self) -> Reckoned | None:
        """Whoever has the report, while nothing is changed that this depends on."""
        given = self.form.cleaned_data
        if "category" in given and "point" in given and not self.form.has_open_questions:
            asset = given.get("asset")
            asked = {
                "category_id": given["category"].pk,
                "location": given["point"],
                "asset_id": asset.pk if asset else None,
                "answers": given["answers"],
            }
            if not changed_columns(self.issue, asked):
                return _Unmoved(
                    category=self.issue.category,
                    point=self.issue.location,
                    community=self.community,
                    issue=self.issue,
                )
        return super()._who()

    def _correction(self, now: Reckoned | None) -> Correction:
        given = self.form.cleaned_data
        new = self._report()
        return Correction(
            category=new.category,
            point=new.point,
            text=given["text"],
            address=new.address,
            asset=new.asset,
            entrance=new.entrance,
            flat=new.flat,
            answers=new.answers,
            name=new.name,
            shows_name=new.shows_name,
            photos=self.photos,
            removed=self._removed(),
            dangers=new.dangers,
            confirmed=bool(now and now.sure),
        )

    def _send(self, now: Reckoned | None = None) -> HttpResponse:
        try:
            correct_issue(issue=self.issue, to=self._correction(now), at=self.at)
        except MoveRefusedError as refusal:
            return self._again(self.form, status=409, too_late=answering.refusal_in_words(refusal.code))
        messages.success(self.request, _("Corrected. Those who must answer have it as it is now."))
        return HttpResponseRedirect(self.back)

    def _too_late(self) -> HttpResponse:
        messages.info(self.request, answering.refusal_in_words("too_late_to_correct"))
        return HttpResponseRedirect(self.back)

    def _similar(self) -> list[LookAlike]:
        """None: this report is among them."""
        return []

    def _removed(self) -> list[UUID]:
        own = {str(photo.pk): photo.pk for photo in self._own_photos()}
        return [own[key] for key in self.request.POST.getlist("remove_photo") if key in own]

    def _own_photos(self) -> list[Photo]:
        return list(own_photos(self.issue).select_related("community"))

    def _kept_photos(self) -> int:
        return len(self._own_photos()) - len(self._removed())

    def _again(self, form: Any, *, status: int, who: Reckoned | None = None, **more: Any) -> HttpResponse:
        """Who answers stays on the page after a photo was added or something on it hidden: nobody is asked twice."""
        if who is None and "too_late" not in more:
            self.form.is_valid()
            who = self._who()
        more |= {
            "issue": self.issue,
            "back": self.back,
            "own_photos": granted(self._own_photos(), at=self.at),
            "removed": {str(pk) for pk in self._removed()},
        }
        return super()._again(form, status=status, who=who, **more)


def _as_form_data(issue: Issue) -> QueryDict:
    """What the form would send for the report as it is."""
    data = QueryDict(mutable=True)
    answers = {PREFIX + code: answer for code, answer in issue.answers.items()}
    data.update(
        {
            "lon": f"{issue.location.x:.6f}",
            "lat": f"{issue.location.y:.6f}",
            "address": issue.address,
            "category": issue.category.code,
            "asset": str(issue.asset_id) if issue.asset_id else assets.NONE,
            "entrance": issue.entrance,
            "flat": issue.flat,
            "text": issue.text,
            "name": issue.reporter_name,
            "shows_name": "on" if issue.shows_name else "",
            "asked": issue.category.code,
            **answers,
        }
    )
    return data
