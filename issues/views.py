"""Pages about one report: the public one, the author's and the organisation's by secret link."""

from datetime import datetime, timedelta
from typing import Any

from django.contrib import messages
from django.contrib.auth.models import AnonymousUser
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.devices import remember_device
from accounts.models import Membership, User
from accounts.permissions import communities_of_staff, viewer_for
from core.models import DELIVERED, ON_THE_MAP, Token, Visibility
from core.tokens import UnknownTokenError, find_token
from geodata.community import community_of
from issues import answering
from issues.actions import AUTHOR_PURPOSE
from issues.corrections import may_correct
from issues.following import author_follow
from issues.forms import WordsForm
from issues.models import Issue
from issues.moves import MoveRefusedError
from issues.pages import asked_of_author, issue_context, passed_on
from issues.qr import qr_of
from issues.support_views import Trouble, support_context, supported, visible_issue
from issues.uploads import kept_photos
from media.drafts import as_kept
from media.models import Photo
from routing.actions import ANSWER_PURPOSE, organisations_to_pass_to
from routing.models import Delivery

ADMINISTRATORS = (Membership.Role.ADMINISTRATOR,)
FRESH = timedelta(hours=1)  # so long the author's page opens with the receipt


@require_safe
def issue_page(request: HttpRequest, number: int) -> HttpResponse:
    """The public page; 404 for whoever may not see the report, so that nobody learns that it exists."""
    viewer = viewer_for(request.user if request.user.is_authenticated else None)
    visible = Issue.objects.visible_to(viewer).select_related("subject", "community", "category")
    return _public_page(request, get_object_or_404(visible, community=community_of(request), number=number))


@never_cache
@require_POST
def support(request: HttpRequest, number: int) -> HttpResponse:
    """“This concerns me too”, on the public page, and what belongs to it. 404 unless strangers see the report."""
    issue = visible_issue(request, number)
    trouble = supported(request, issue)
    if trouble:
        return _public_page(request, issue, trouble=trouble, status=422)
    return HttpResponseRedirect(issue.get_absolute_url())


def _public_page(
    request: HttpRequest, issue: Issue, *, trouble: Trouble | None = None, status: int = 200
) -> HttpResponse:
    context = issue_context(issue, at=timezone.now())
    for_staff = _where_staff_repair(request.user, issue, context["rule"])
    context["support"] = support_context(request, issue, trouble)
    response = render(request, "issues/issue.html", context | for_staff, status=status)
    remember_device(request, response)
    response.headers["Cache-Control"] = "private, no-store" if for_staff else "private, no-cache"
    return response


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def mine(request: HttpRequest, token: str) -> HttpResponse:
    """The author's page. Opening it changes nothing; confirm, reopen, withdraw and reply are POST."""
    right = right_of(token, AUTHOR_PURPOSE)
    at = timezone.now()
    issue = issue_of(right)
    if not right.is_good(at):
        return link_ended(request, link_state=link_state_of(right))
    hidden = issue.subject.visibility == Visibility.HIDDEN
    form, photos = _submitted(request, at=at)
    if form.is_bound:
        if form.is_valid() and _try(form, answering.by_reporter, issue=issue, photos=photos, at=at):
            told = answering.organisation_was_told(issue, at=at)
            messages.success(request, _("Done. Everybody concerned was told.") if told else _("Saved."))
            return HttpResponseRedirect(request.path)
        issue.refresh_from_db()
    secret_url = request.build_absolute_uri(reverse("mine", args=[community_of(request).slug, token]))
    context = issue_context(issue, at=at, exact=True) | {
        "may": answering.reporter_may(issue),
        "secret_url": secret_url,
        "qr": qr_of(secret_url),
        "public_url": request.build_absolute_uri(issue.get_absolute_url()),
        "is_new": "new" in request.GET and at - issue.created_at < FRESH and not hidden,
        "held": issue.subject.visibility == Visibility.HELD,
        "hidden": hidden,
        "question": asked_of_author(issue),
        "correct_url": reverse("correct", args=[community_of(request).slug, token]) if may_correct(issue) else "",
        "token": token,
        "letters_to": author_follow(issue),
        "photos_failed": Photo.objects.failed().filter(subject=issue.subject, role=Photo.Role.PROBLEM),
        "form": form,
        "kept_photos": [as_kept(photo, community=community_of(request)) for photo in photos],
    }
    return private(render(request, "issues/mine.html", context, status=422 if form.errors else 200))


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def answer(request: HttpRequest, token: str) -> HttpResponse:
    """The organisation's page, without an account. A program that opens every link of a letter changes nothing here:
    every move is a POST."""
    right = right_of(token, ANSWER_PURPOSE)
    at = timezone.now()
    delivery = Delivery.objects.select_related("organisation", "subject", "token").filter(token=right).first()
    if delivery is None:  # a newer letter brought another link
        return link_ended(request, link_state="revoked", is_organisation=True)
    hidden = delivery.subject.visibility not in DELIVERED
    if hidden or not right.is_good(at):
        link_state = "hidden" if hidden else link_state_of(right)
        return link_ended(request, link_state=link_state, is_organisation=True, **_how_it_ended(delivery))
    form, photos = _submitted(request, at=at)
    if form.is_valid() and _try(
        form,
        answering.by_organisation,
        delivery=delivery,
        photos=photos,
        chosen=request.POST.get("organisation", ""),
        at=at,
    ):
        public = delivery.subject.visibility in ON_THE_MAP
        seen = _("Saved. The reporter and everybody on the page see it now.")
        messages.success(request, seen if public else _("Saved. The reporter sees it now."))
        return HttpResponseRedirect(request.path)
    issue = issue_of(right)
    may = answering.organisation_may(issue, delivery)
    context = issue_context(issue, at=at, exact=True) | {
        "organisation": delivery.organisation,
        "delivery": delivery,
        "may": may,
        "pass_to": organisations_to_pass_to(delivery) if "pass" in may else [],
        "chosen": request.POST.get("organisation", ""),
        "form": form,
        "kept_photos": [as_kept(photo, community=community_of(request)) for photo in photos],
        "link_state": "good",
    }
    return private(render(request, "issues/answer.html", context, status=422 if form.errors else 200))


def _where_staff_repair(user: User | AnonymousUser, issue: Issue, rule: int | None) -> dict[str, str]:
    """Administrators of the community are led to the rule that decided, its other staff to the report; nobody else."""
    if not (user.is_authenticated and user.is_active and user.is_staff):
        return {}
    if rule and (user.is_superuser or issue.community_id in communities_of_staff(user, roles=ADMINISTRATORS)):
        return {"rule_url": reverse("admin:routing_rule_change", args=[rule])}
    if user.is_superuser or issue.community_id in communities_of_staff(user):
        return {"record_url": reverse("admin:issues_issue_change", args=[issue.pk])}
    return {}


def _submitted(request: HttpRequest, *, at: datetime) -> tuple[WordsForm, list[Photo]]:
    """(the form as it was sent, with a word for each refused photo; the photos that were kept). Unbound for a GET."""
    if request.method != "POST":
        return WordsForm(), []
    form = WordsForm(request.POST)
    photos, refused = kept_photos(request.POST.getlist("photo_key"), request, at=at)
    for refusal in refused:
        form.add_error("text", refusal)
    return form, photos


def link_ended(request: HttpRequest, **context: Any) -> HttpResponse:
    """The page of a link that works no longer; what was typed into its form comes back to be copied."""
    page = context | {"typed": request.POST.get("text", "").strip()}
    return private(render(request, "issues/link_ended.html", page, status=410))


def _how_it_ended(delivery: Delivery) -> dict[str, Any]:
    """For an organisation that let the report go by this link: that it worked, and which report it was."""
    issue = Issue.objects.get(subject=delivery.subject_id)
    was_passed_on = (delivery.organisation_id, delivery.refused_at) in passed_on(issue)
    if delivery.was_taken_back:
        words = _("Report No. %(number)s was corrected: it is not yours any more")
        return {"delivery": delivery, "ended": words % {"number": issue.number}}
    words = _("You passed report No. %(number)s on") if was_passed_on else _("You handed report No. %(number)s back")
    return {"delivery": delivery, "was_passed_on": was_passed_on, "ended": words % {"number": issue.number}}


def _try(form: WordsForm, act: Any, *, at: datetime, **row: Any) -> bool:
    """Makes the move that the form asks for; a refusal becomes an error beside the words."""
    try:
        act(do=form.cleaned_data["do"], text=form.cleaned_data["text"], at=at, **row)
    except MoveRefusedError as refusal:
        form.add_error("text", answering.refusal_in_words(refusal.code))
        return False
    return True


def right_of(secret: str, purpose: str) -> Token:
    try:
        return find_token(secret=secret, purpose=purpose)
    except UnknownTokenError:
        raise Http404 from None


def issue_of(right: Token) -> Issue:
    rows = Issue.objects.select_related("subject", "community", "category")
    return get_object_or_404(rows, subject=right.subject_id)


def link_state_of(right: Token) -> str:
    return "revoked" if right.revoked_at else "expired"


def private(response: HttpResponse) -> HttpResponse:
    """A page behind a secret link: no search engine keeps it. Its address leaves for no other site, as everywhere
    here (Referrer-Policy same-origin; with no-referrer browsers would send the forms from origin “null”)."""
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    return response
