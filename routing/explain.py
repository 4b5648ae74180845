"""The decision in words, in the language of the moment; a trace holds none."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.formats import number_format
from django.utils.translation import gettext as _

DOUBT = 30.0  # metres: nearer than this, another owner is worth a word


@dataclass(frozen=True, slots=True)
class Considered:
    """One rule that was looked at: what it says, and how it went."""

    rule: str
    outcome: str
    matched: bool


def why(trace: Mapping[str, Any], categories: Mapping[str, str]) -> list[str]:
    """Sentences that tell a resident why this organisation. `categories`: code → name in the reader's language."""
    matched = trace["matched"]
    sentences = []
    if matched:
        sentences.append(_reason(matched, categories))
    elif trace.get("chosen_by"):
        sentences.append(_("%(name)s chose who must answer.") % {"name": trace["chosen_by"]})
    elif trace["organisation"]:
        sentences.append(
            _("No rule names anybody for this place, so it goes to the community's duty queue, which passes it on.")
        )
    else:
        sentences.append(_("No rule names anybody for this place; the community's staff will find who must answer."))
    if any(rule["reason"] == "handed_back" for rule in trace["lost"]):
        sentences.append(_("The organisations asked before said that it is not theirs."))
    other = trace["nearest_other"]
    if other and other["metres"] <= DOUBT:
        sentences.append(
            _("%(metres)s m from here begins the area of %(organisation)s.")
            % {"metres": number_format(max(round(other["metres"]), 1)), "organisation": other["organisation_name"]}
        )
    return sentences


def considered(trace: Mapping[str, Any], categories: Mapping[str, str]) -> list[Considered]:
    """Every rule in the trace, the winner first."""
    rows = []
    if trace["matched"]:
        rows.append(Considered(rule_in_words(trace["matched"], categories), _("Matched"), matched=True))
    rows += [Considered(rule_in_words(rule, categories), _outcome(rule), matched=False) for rule in trace["lost"]]
    return rows


def rule_in_words(rule: Mapping[str, Any], categories: Mapping[str, str]) -> str:
    """For example: Manholes, Old Town → Vodokanal."""
    category = categories.get(rule["category"], rule["category"]) if rule["category"] else _("Any problem")
    place = rule["area"] or _("the whole community")
    return f"{category}, {place} → {rule['organisation_name']}"


def _reason(matched: Mapping[str, Any], categories: Mapping[str, str]) -> str:
    words = {
        "category": categories.get(matched["category"] or "", matched["category"] or ""),
        "area": matched["area"] or "",
        "organisation": matched["organisation_name"],
    }
    if matched["category"] and matched["area"]:
        return (
            _("In the area “%(area)s”, problems of the kind “%(category)s” are the duty of %(organisation)s.") % words
        )
    if matched["category"]:
        return (
            _("In the whole community, problems of the kind “%(category)s” are the duty of %(organisation)s.") % words
        )
    if matched["area"]:
        return _("In the area “%(area)s”, problems are the duty of %(organisation)s.") % words
    return _("In the whole community, problems are the duty of %(organisation)s.") % words


def _outcome(rule: Mapping[str, Any]) -> str:
    metres = number_format(max(round(rule["metres"]), 1))
    return {
        "outside_area": _("No: the point is %(metres)s m outside this area") % {"metres": metres},
        "organisation_inactive": _("No: this organisation works no longer"),
        "handed_back": _("No: the organisation said that it is not theirs"),
        "lower_priority": _("No: another rule has a higher priority"),
        "less_precise": _("No: another rule is more precise"),
        "newer": _("No: an older rule says the same"),
    }[rule["reason"]]
