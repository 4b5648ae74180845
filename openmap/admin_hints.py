"""Hints in the administration: how often “not ours” was said to what a rule gave, with the reports."""

from django.urls import reverse
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import mark_safe
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from issues.models import Issue
from routing.hints import Hint, Reason

MOST_IN_SHORT = 2  # places in a row of a table


def hints_in_short(hints: list[Hint]) -> str:
    """For a row of a table: the most frequent places and the latest reason."""
    if not hints:
        return ""
    lines = [_in_words(hint) for hint in hints[:MOST_IN_SHORT]]
    if len(hints) > MOST_IN_SHORT:
        lines.append(_("and in other places"))
    reasons = sorted((reason for hint in hints for reason in hint.reasons), key=lambda one: one.at, reverse=True)
    lines += [f"«{reasons[0].text}»"] if reasons else []
    return format_html_join(mark_safe("<br>"), "{}", ((line,) for line in lines))


def hints_in_full(hints: list[Hint], *, community_id: int) -> str:
    """Every place with the latest reasons, each leading to its report."""
    if not hints:
        return _("Nobody said so of what this rule gave them.")
    subjects = [reason.subject for hint in hints for reason in hint.reasons]
    reports = {row.subject_id: row for row in Issue.objects.filter(community=community_id, subject__in=subjects)}
    items = ((_in_words(hint), _reasons(hint.reasons, reports)) for hint in hints)
    return format_html("<ul>{}</ul>", format_html_join("", "<li>{}{}</li>", items))


def _reasons(reasons: list[Reason], reports: dict[int, Issue]) -> str:
    rows = ((reason.text, _link(reports.get(reason.subject))) for reason in reasons)
    return format_html_join("", "<br>«{}» {}", rows)


def _link(issue: Issue | None) -> str:
    if issue is None:
        return ""
    return format_html('<a href="{}">№ {}</a>', reverse("admin:issues_issue_change", args=[issue.pk]), issue.number)


def _in_words(hint: Hint) -> str:
    """For example: rejected 7 times in Заріччя (last on 19 November 2026)."""
    last = date_format(localtime(hint.last_at), "DATE_FORMAT")
    return _("%(rejected)s (last on %(date)s)") % {"rejected": hint.words, "date": last}
