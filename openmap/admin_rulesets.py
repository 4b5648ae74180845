"""Sets of rules in the administration: drafts, what they change, publishing at a moment, and what was kept."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import admin, messages
from django.db import transaction
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from geodata.models import Community
from openmap import admin_coverage
from openmap.admin_ask import ask_page
from openmap.admin_rules import rules_address
from openmap.admin_site import OnlyWhatTheFormShows, ScopedAdmin
from openmap.forms_rules import PublishForm
from routing.differences import differences
from routing.findings import with_words
from routing.models import Rule, RuleSet
from routing.reach import Unreached, unreached
from routing.rule_check import check_soon, stored_check
from routing.rulesets import (
    PublishingError,
    SetState,
    as_seen,
    discard,
    last_published,
    new_draft,
    publish,
    restore,
    set_before,
    state_of,
    take_back,
    wait_for_turn,
)

CHANGE = "admin:routing_ruleset_change"
Act = Callable[[RuleSet, datetime], RuleSet]
MOST_FINDINGS = 20  # on the page of a set; its coverage page has more


def state_in_words(ruleset: RuleSet, *, at: datetime) -> str:
    """For example: in force since 19 November 2026, 10:00 (by the community's clock)."""
    zone = ZoneInfo(ruleset.community.time_zone)
    told = {
        name: date_format(moment.astimezone(zone), "DATETIME_FORMAT") if moment else ""
        for name, moment in (
            ("from", ruleset.in_force_from),
            ("to", ruleset.in_force_to),
            ("discarded", ruleset.discarded_at),
        )
    }
    state = state_of(ruleset, at=at)
    if state == SetState.IN_FORCE and ruleset.in_force_to:
        return _("in force since %(from)s, until %(to)s") % told
    return {
        SetState.DRAFT: _("draft"),
        SetState.WAITING: _("waits until %(from)s"),
        SetState.IN_FORCE: _("in force since %(from)s"),
        SetState.KEPT: _("kept, was in force from %(from)s to %(to)s"),
        SetState.DISCARDED: _("discarded, %(discarded)s"),
    }[state] % told


@admin.register(RuleSet)
class RuleSetAdmin(OnlyWhatTheFormShows, ScopedAdmin):
    """A set is never deleted: a draft is discarded, a published one is kept."""

    list_display = ("__str__", "how_far", "rule_count", "community")
    list_filter = ("community",)
    list_select_related = ("community",)
    search_fields = ("note", "number")
    change_form_template = "admin/routing/ruleset/change_form.html"
    readonly_fields = ("number", "how_far", "based_on", "created_at", "created_by")

    @admin.display(description=gettext_lazy("state"))
    def how_far(self, ruleset: RuleSet) -> str:
        return state_in_words(ruleset, at=timezone.now())

    @admin.display(description=gettext_lazy("rules"), ordering="rule_count")
    def rule_count(self, ruleset: Any) -> int:
        return int(ruleset.rule_count)

    def get_queryset(self, request: HttpRequest) -> QuerySet[RuleSet]:
        rows: QuerySet[RuleSet] = super().get_queryset(request)
        return rows.annotate(rule_count=Count("rules"))

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return (
            ("community", "note")
            if obj is None
            else ("how_far", "note", "based_on", "created_at", "created_by", "community")
        )

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return (obj is None or obj.is_draft) and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    # Pages --------------------------------------------------------------------------------------------------
    def get_urls(self) -> list[Any]:
        view, name = self.admin_site.admin_view, "routing_ruleset"
        return [
            *admin_coverage.addresses(self),
            path("<int:pk>/draft/", view(self.draft_view), name=f"{name}_draft"),
            path("<int:pk>/publish/", view(self.publish_view), name=f"{name}_publish"),
            path("<int:pk>/discard/", view(self.discard_view), name=f"{name}_discard"),
            path("<int:pk>/take-back/", view(self.take_back_view), name=f"{name}_take_back"),
            path("<int:pk>/ask/", view(self.ask_view), name=f"{name}_ask"),
            *super().get_urls(),
        ]

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """A new set is a draft with the rules that it would follow, under the next number."""
        if change:
            super().save_model(request, obj, form, change)
            return
        before = last_published(obj.community)
        made = new_draft(community=obj.community, at=timezone.now(), by=_user(request), based_on=before, note=obj.note)
        obj.pk = made.pk
        obj.refresh_from_db()
        check_soon(obj.community, at=timezone.now())

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        ruleset = self.get_object(request, object_id)
        more = self._about(ruleset) if ruleset else {}
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), **more})

    def response_add(self, request: HttpRequest, obj: RuleSet, post_url_continue: str | None = None) -> HttpResponse:
        """To the draft, where its rules are."""
        return HttpResponseRedirect(reverse(CHANGE, args=[obj.pk]))

    def response_post_save_change(self, request: HttpRequest, obj: RuleSet) -> HttpResponseRedirect:
        return HttpResponseRedirect(reverse(CHANGE, args=[obj.pk]))

    def draft_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """A draft with the rules of this set: to change those in force, or to restore kept ones."""
        user = _user(request)
        return self._do(
            request, pk, lambda row, at: restore(row, at=at, by=user), _("A draft is made: change its rules.")
        )

    def discard_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        return self._do(request, pk, lambda row, at: discard(row, at=at), _("The draft is discarded, and kept."))

    def take_back_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        said = _("It is a draft again, and does not come into force.")
        return self._do(request, pk, lambda row, at: take_back(row, at=at), said)

    def publish_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """What changes, then the moment. What a person saw is what is published, or they are told."""
        draft = self._found(request, pk)
        with timezone.override(ZoneInfo(draft.community.time_zone)):
            form = PublishForm(request.POST if request.method == "POST" else None)
            if request.method == "POST" and form.is_valid():
                row = self._publish(draft, form)
                if row:
                    self.message_user(request, _("Published: %(state)s.") % {"state": _told(row)}, messages.SUCCESS)
                    return HttpResponseRedirect(reverse(CHANGE, args=[row.pk]))
            return self._publishing(request, draft, form)

    def ask_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """“Who would answer here?” by this set."""
        return ask_page(request, self._found(request, pk))

    # Their parts --------------------------------------------------------------------------------------------
    def _found(self, request: HttpRequest, pk: int) -> RuleSet:
        found: RuleSet = get_object_or_404(self.get_queryset(request), pk=pk)
        return found

    def _do(self, request: HttpRequest, pk: int, act: Act, said: str) -> HttpResponse:
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        ruleset = self._found(request, pk)
        try:
            with transaction.atomic():
                wait_for_turn(ruleset.community)
                at = timezone.now()
                ruleset = act(ruleset, at)
                check_soon(ruleset.community, at=at)
        except PublishingError as error:
            self.message_user(request, in_words(error, ruleset), messages.ERROR)
        else:
            self.message_user(request, said, messages.SUCCESS)
        return HttpResponseRedirect(reverse(CHANGE, args=[ruleset.pk]))

    def _publish(self, draft: RuleSet, form: PublishForm) -> RuleSet | None:
        """The published set; None when it was refused, with the reason next to the moment."""
        given = form.cleaned_data
        try:
            with transaction.atomic():
                wait_for_turn(draft.community)
                at = timezone.now()
                moment = given["moment"] if given["when"] == PublishForm.LATER else at
                row = publish(draft, moment=moment, at=at, seen=given["seen"])
                check_soon(row.community, at=at)
            return row
        except PublishingError as error:
            is_about_moment = error.code in {"too_early", "scheduled"} and given["when"] == PublishForm.LATER
            form.add_error("moment" if is_about_moment else None, in_words(error, draft))
            return None

    def _publishing(self, request: HttpRequest, draft: RuleSet, form: PublishForm) -> HttpResponse:
        draft.refresh_from_db()
        form.initial["seen"] = as_seen(draft)
        if form.is_bound:  # what is sent next is what is shown now
            form.data = {**dict(form.data.items()), "seen": form.initial["seen"]}
        context = {
            **self.admin_site.each_context(request),
            **self._about(draft),
            "opts": self.opts,
            "title": _("Publish: %(draft)s") % {"draft": draft},
            "form": form,
        }
        status = 422 if form.errors else 200
        return TemplateResponse(request, "admin/routing/ruleset/publish.html", context, status=status)

    def _about(self, ruleset: RuleSet) -> dict[str, Any]:
        """What the pages of a set say of it."""
        at = timezone.now()
        state = state_of(ruleset, at=at)
        is_to_come = state in {SetState.DRAFT, SetState.WAITING}
        before, last = set_before(ruleset) if is_to_come else None, last_published(ruleset.community)
        return {
            "ruleset": ruleset,
            "state": state.value,
            "state_in_words": state_in_words(ruleset, at=at),
            "rules_address": rules_address(ruleset),
            "rule_count": Rule.objects.filter(ruleset=ruleset).count(),
            "is_last": ruleset == last,
            "last": _named(last, at),
            "before": _named(before, at),
            "differences": differences(before, ruleset) if is_to_come else None,
            "unreached": _unreached(ruleset, at) if state != SetState.KEPT else [],
            **_checked(ruleset, at),
        }


def _named(ruleset: RuleSet | None, at: datetime) -> dict[str, Any] | None:
    """Another set, as a page speaks of it: its name, its address, and whether it still waits and until when."""
    if ruleset is None:
        return None
    return {
        "name": str(ruleset),
        "address": reverse(CHANGE, args=[ruleset.pk]),
        "waits": state_of(ruleset, at=at) == SetState.WAITING,
        "state_in_words": state_in_words(ruleset, at=at),
    }


def _checked(ruleset: RuleSet, at: datetime) -> dict[str, Any]:
    """What the last check found wrong, and whether that may be out of date."""
    checked = stored_check(ruleset, at=at)
    return {
        "checked": checked,
        "findings": with_words(checked.findings[:MOST_FINDINGS]) if checked else [],
        "more_findings": max(len(checked.findings) - MOST_FINDINGS, 0) if checked else 0,
    }


def in_words(error: PublishingError, ruleset: RuleSet) -> str:
    """Why a set was not published, changed or discarded, and what to do."""
    return {
        "not_draft": _("This is no draft any more: somebody published or discarded it meanwhile."),
        "too_early": _("This moment has passed already: choose a later one, or publish now."),
        "empty": _("This draft has no active rule: everything would go to the duty queue. Add a rule first."),
        "scheduled": _scheduled(ruleset.community),
        "changed": _(
            "The draft, or the set that it follows, was changed since you looked at it. Below is what would change "
            "now: look once more, then publish."
        ),
        "decided": _("Reports were decided by this set already: it stays. Publish another one after it."),
        "in_force": _("This set does not wait for its moment: it is in force, or it is a draft already."),
    }[error.code]


def _scheduled(community: Community) -> str:
    """Another set begins at that moment or after it: which one, and since when."""
    other = last_published(community)
    assert other is not None
    told = {"other": other, "state": _told(other)}
    return (
        _("Another set stands in the way: %(other)s — %(state)s. Take it back first, or choose a later moment.") % told
    )


def _told(ruleset: RuleSet) -> str:
    return state_in_words(ruleset, at=timezone.now())


def _unreached(ruleset: RuleSet, at: datetime) -> list[Unreached]:
    day = at.astimezone(ZoneInfo(ruleset.community.time_zone)).date()
    return unreached(Rule.objects.filter(ruleset=ruleset), community=ruleset.community, on=day)


def _user(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user
