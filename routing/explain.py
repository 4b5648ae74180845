"""The decision in words, in the language of the moment; a trace holds none."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.dates import WEEKDAYS_ABBR
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from routing.judging import DOUBT


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
    if doubt := doubt_in_words(trace):
        sentences.append(doubt)
    return sentences


def doubt_in_words(trace: Mapping[str, Any]) -> str:
    """Who else is so near that the place should be checked; "" when nobody is."""
    other = trace["doubt"] if "doubt" in trace else _close(trace["nearest_other"])
    if not other:
        return ""
    words = {
        "metres": number_format(max(round(other["metres"]), 1)),
        "organisation": other["organisation_name"],
        "asset": other.get("asset") or "",
    }
    if words["asset"]:
        return _("%(metres)s m from here is “%(asset)s”, kept by %(organisation)s.") % words
    return _("%(metres)s m from here begins the area of %(organisation)s.") % words


def _close(other: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """For traces of the first version, which kept no doubt."""
    return other if other and other["metres"] <= DOUBT else None


def considered(trace: Mapping[str, Any], categories: Mapping[str, str]) -> list[Considered]:
    """Every rule in the trace, the winner first."""
    rows = []
    if trace["matched"]:
        rows.append(Considered(rule_in_words(trace["matched"], categories), _("Matched"), matched=True))
    rows += [Considered(rule_in_words(rule, categories), _outcome(rule), matched=False) for rule in trace["lost"]]
    return rows


def rule_in_words(rule: Mapping[str, Any], categories: Mapping[str, str], *, answers: Sequence[str] = ()) -> str:
    """For example: Manholes, Old Town, inside one of “houses” → OSBB 12. `answers`: those it asks for, in words."""
    category = categories.get(rule["category"], rule["category"]) if rule["category"] else _("Any problem")
    parts = [str(category), rule["area"] or rule["division"] or _("the whole community")]
    if rule.get("register"):
        parts.append(_asked(rule))
    parts += [*answers, *_times(rule)]
    return f"{', '.join(parts)} → {rule['organisation_name'] or _('its keeper')}"


def asset_in_words(asset: Mapping[str, Any]) -> str:
    """What people call it: “вул. Соборна, 12”."""
    return ", ".join(part for part in (asset["name"], asset["number"]) if part) or str(asset["key"])


def _reason(matched: Mapping[str, Any], categories: Mapping[str, str]) -> str:
    words = {
        "category": categories.get(matched["category"] or "", matched["category"] or ""),
        "area": matched["area"] or "",
        "organisation": matched["organisation_name"],
    }
    if matched.get("asset"):
        return _reason_of_asset(matched, words)
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


def _reason_of_asset(matched: Mapping[str, Any], words: Mapping[str, Any]) -> str:
    asset = matched["asset"]
    known = {**words, "asset": asset_in_words(asset), "metres": number_format(max(round(asset["metres"] or 0), 1))}
    if matched["asks"] == "this":
        return _("For “%(asset)s”, which was chosen, %(organisation)s answers.") % known
    if matched["asks"] == "inside":
        return _("The place is inside “%(asset)s”, for which %(organisation)s answers.") % known
    return _("The nearest is “%(asset)s”, %(metres)s m away, for which %(organisation)s answers.") % known


def _asked(rule: Mapping[str, Any]) -> str:
    """What the rule asks of its register."""
    words = {"register": rule["register"], "metres": number_format(rule["within"] or 0)}
    if rule["asks"] == "nearest":
        return _("the nearest of “%(register)s” within %(metres)s m") % words
    if rule["asks"] == "this":
        return _("chosen from “%(register)s”") % words
    return _("inside one of “%(register)s”") % words


def _times(rule: Mapping[str, Any]) -> list[str]:
    """Days, hours and dates of the rule, those that it has."""
    days = [str(WEEKDAYS_ABBR[day - 1]) for day in rule.get("weekdays") or []]
    found = [", ".join(days)] if days else []
    if rule.get("hours_from"):
        found.append(f"{rule['hours_from'][:5]}–{rule['hours_to'][:5]}")
    if rule.get("valid_from") or rule.get("valid_to"):
        found.append(f"{rule['valid_from'] or '…'} – {rule['valid_to'] or '…'}")
    return found


def _outcome(rule: Mapping[str, Any]) -> str:
    metres = number_format(max(round(rule["metres"]), 1))
    return {
        "outside_area": _("No: the point is %(metres)s m outside this area") % {"metres": metres},
        "answers": _("No: it asks for other answers"),
        "hours": _("No: not on this day or at this hour"),
        "dates": _("No: not on this date"),
        "no_asset": _("No: nothing of this register is here"),
        "no_keeper": _("No: the register names no keeper"),
        "organisation_inactive": _("No: this organisation works no longer"),
        "handed_back": _("No: the organisation said that it is not theirs"),
        "already_told": _("No: this organisation hears of it anyway"),
        "lower_priority": _("No: another rule has a higher priority"),
        "less_precise": _("No: another rule is more precise"),
        "newer": _("No: an older rule says the same"),
    }[rule["reason"]]
