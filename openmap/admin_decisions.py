"""Decisions in the administration: the trace in words, and the rule that decided in its set."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.models import Subject
from openmap.admin_ask import rule_address, rules_looked_at
from openmap.admin_site import AboutAReport, ReadOnly
from routing.explain import why
from routing.models import Decision
from routing.wording import RELATED, names_of

RULE = tuple(f"rule__{name}" for name in RELATED)


def why_in_words(decision: Decision) -> str:
    """The sentences that residents read, too."""
    sentences = why(decision.trace, names_of(decision.trace, decision.community_id))
    return format_html_join("", "<p>{}</p>", ((sentence,) for sentence in sentences))


def rule_link(decision: Decision, *, with_set: bool = True) -> str:
    """The rule that decided and its set; — for a decision that no rule made."""
    if decision.rule is None:
        return "—"
    found: str = format_html('<a href="{}">{}</a>', rule_address(decision.rule_id or 0), decision.rule)
    if decision.ruleset is None or not with_set:
        return found
    address = reverse("admin:routing_ruleset_change", args=[decision.ruleset_id])
    return format_html('{} (<a href="{}">{}</a>)', found, address, decision.ruleset)


def decisions_in_words(subject: Subject, *, with_rules: bool) -> str:
    """For the page of a report: every decision about it, the latest first. Links are for who sees the rules."""
    found = Decision.objects.filter(subject=subject).select_related(*RULE, "organisation", "ruleset")
    rows = (
        (
            date_format(localtime(decision.decided_at), "DATETIME_FORMAT"),
            decision.organisation or _("nobody"),
            why_in_words(decision),
            format_html("<p>{}: {}</p>", _("Rule"), rule_link(decision)) if with_rules else "",
        )
        for decision in found.order_by("-decided_at", "-id")
    )
    return format_html_join("", "<div><strong>{} → {}</strong>{}{}</div>", rows)


@admin.register(Decision)
class DecisionAdmin(AboutAReport, ReadOnly):
    list_display = ("decided_at", "report", "organisation", "by_rule_alone", "is_fallback")
    list_filter = ("community", "is_fallback")
    list_select_related = (*RULE, "subject__issue", "community", "organisation")
    ordering = ("-decided_at", "-id")
    readonly_fields = ("report", "by_rule", "because", "looked_at", "areas")
    fields = (
        "report", "decided_at", "as_of", "organisation", "by_rule", "because", "looked_at", "areas", "is_fallback",
        "community",
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[Decision]:
        """The trace is for the page of one decision."""
        rows: QuerySet[Decision] = super().get_queryset(request)
        return rows.defer("trace")

    @admin.display(description=gettext_lazy("rule"))
    def by_rule(self, decision: Decision) -> str:
        return rule_link(decision)

    @admin.display(description=gettext_lazy("rule"))
    def by_rule_alone(self, decision: Decision) -> str:
        """For the list, where the name of the set would stand in every row."""
        return rule_link(decision, with_set=False)

    @admin.display(description=gettext_lazy("why"))
    def because(self, decision: Decision) -> str:
        return why_in_words(decision)

    @admin.display(description=gettext_lazy("rules that were looked at"))
    def looked_at(self, decision: Decision) -> str:
        found = rules_looked_at(decision.trace, names_of(decision.trace, decision.community_id))
        rows = ((_linked(row.rule, row.url), row.outcome) for row in found)
        return format_html("<ul>{}</ul>", format_html_join("", "<li>{}: {}</li>", rows)) if found else "—"

    @admin.display(description=gettext_lazy("areas"))
    def areas(self, decision: Decision) -> str:
        return ", ".join(area["name"] for area in decision.trace["areas"]) or "—"


def _linked(words: str, url: str) -> Any:
    return format_html('<a href="{}">{}</a>', url, words) if url else words
