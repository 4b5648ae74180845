"""The decision in words, in the language of the moment; a trace holds none."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.utils.dates import WEEKDAYS_ABBR
from django.utils.formats import date_format, number_format
from django.utils.text import get_text_list
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from routing.judging import DOUBT, IMPORTED

EVERY_WEEK = (
    gettext_lazy("Mondays"), gettext_lazy("Tuesdays"), gettext_lazy("Wednesdays"), gettext_lazy("Thursdays"),
    gettext_lazy("Fridays"), gettext_lazy("Saturdays"), gettext_lazy("Sundays"),
)  # fmt: skip
MIDNIGHT = "00:00"


@dataclass(frozen=True, slots=True)
class Asked:
    """A question of a category; `answers`: code → text."""

    text: str
    answers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Names:
    """What the codes of rules are called in the reader's language: code → name. What is gone goes by its code.

    `questions`: those of the category that the rules are about.
    """

    categories: Mapping[str, str] = field(default_factory=dict)
    divisions: Mapping[str, str] = field(default_factory=dict)
    registers: Mapping[str, str] = field(default_factory=dict)
    questions: Mapping[str, Asked] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Considered:
    """One rule that was looked at: what it says, and how it went."""

    rule: str
    outcome: str
    matched: bool


def why(trace: Mapping[str, Any], names: Names) -> list[str]:
    """Sentences that tell a resident why this organisation."""
    matched = trace["matched"]
    sentences = []
    if matched:
        sentences.append(_reason(matched, names))
    elif trace.get("chosen_by") == IMPORTED:
        sentences.append(_("The system that this report was brought in from says who answered."))
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


def considered(trace: Mapping[str, Any], names: Names) -> list[Considered]:
    """Every rule in the trace, the winner first."""
    rows = []
    if trace["matched"]:
        rows.append(Considered(rule_in_words(trace["matched"], names), _("Matched"), matched=True))
    rows += [Considered(rule_in_words(rule, names), _outcome(rule), matched=False) for rule in trace["lost"]]
    return rows


def rule_in_words(rule: Mapping[str, Any], names: Names) -> str:
    """For example: Manholes, Old Town, inside one of “houses”, Where is it? — in the yard → OSBB 12."""
    category = names.categories.get(rule["category"], rule["category"]) if rule["category"] else _("Any problem")
    parts = [str(category), _place(rule, names)]
    if rule.get("register"):
        parts.append(_asked(rule, names))
    parts += [f"{question} — {answer}" for question, answer in _answers(rule, names)]
    days = ", ".join(str(WEEKDAYS_ABBR[day - 1]) for day in rule.get("weekdays") or [])
    parts += [part for part in (days, _hours(rule), *_dates(rule)) if part]
    answers = rule["organisation_name"] or _("its keeper")
    return f"{', '.join(parts)} → {answers}"


def is_any_area(rule: Mapping[str, Any]) -> bool:
    """Whether the rule holds in every area of its division. Traces of the first version know no such rules."""
    return bool(rule["division"]) and rule.get("area_code") == ""


def asset_in_words(asset: Mapping[str, Any]) -> str:
    """What people call it: “вул. Соборна, 12”."""
    return ", ".join(part for part in (asset["name"], asset["number"]) if part) or str(asset["key"])


def _reason(matched: Mapping[str, Any], names: Names) -> str:
    """Why the rule decided here, and on what else it depends."""
    words = {
        "category": names.categories.get(matched["category"] or "", matched["category"] or ""),
        "area": matched["area"] or "",
        "division": names.divisions.get(matched["division"] or "", matched["division"] or ""),
        "register": names.registers.get(matched.get("register") or "", matched.get("register") or ""),
        "organisation": matched["organisation_name"],
    }
    if matched.get("asset"):
        reason = _reason_of_asset(matched, words)
    elif words["register"]:  # a stranger does not learn which asset a blurred report is about
        reason = _("By the register “%(register)s”, %(organisation)s answers at this place.") % words
    else:
        reason = _reason_of_place(matched, words)
    conditions = ", ".join(_conditions(matched, names))
    if not conditions:
        return reason
    return _("%(reason)s This rule holds only %(conditions)s.") % {"reason": reason, "conditions": conditions}


def _reason_of_place(matched: Mapping[str, Any], words: Mapping[str, Any]) -> str:
    if is_any_area(matched):
        if matched["category"]:
            return (
                _(
                    "In every area of “%(division)s”, and so here in “%(area)s”, problems of the kind “%(category)s” "
                    "are the duty of %(organisation)s."
                )
                % words
            )
        return (
            _("In every area of “%(division)s”, and so here in “%(area)s”, problems are the duty of %(organisation)s.")
            % words
        )
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


def _asked(rule: Mapping[str, Any], names: Names) -> str:
    """What the rule asks of its register."""
    words = {
        "register": names.registers.get(rule["register"], rule["register"]),
        "metres": number_format(rule["within"] or 0),
    }
    if rule["asks"] == "nearest":
        return _("the nearest of “%(register)s” within %(metres)s m") % words
    if rule["asks"] == "this":
        return _("chosen from “%(register)s”") % words
    return _("inside one of “%(register)s”") % words


def _place(rule: Mapping[str, Any], names: Names) -> str:
    if is_any_area(rule):
        division = names.divisions.get(rule["division"], rule["division"])
        return _("any area of “%(division)s”") % {"division": division}
    return rule["area"] or _("the whole community")


def _answers(rule: Mapping[str, Any], names: Names) -> list[tuple[str, str]]:
    """(question, the answers that fit) of each question that the rule asks."""
    found = []
    for code, fits in (rule.get("answers") or {}).items():
        asked = names.questions.get(code, Asked(code, {}))
        found.append((asked.text, " / ".join(asked.answers.get(fit, str(fit)) for fit in fits)))
    return found


def _conditions(rule: Mapping[str, Any], names: Names) -> list[str]:
    """What the rule asks besides its place, as parts of one sentence."""
    when = _("when “%(question)s” is answered “%(answer)s”")
    found = [when % {"question": question, "answer": answer} for question, answer in _answers(rule, names)]
    if days := [str(EVERY_WEEK[day - 1]) for day in rule.get("weekdays") or []]:
        found.append(_("on %(days)s") % {"days": get_text_list(days, _("and"))})
    return [*found, *(part for part in (_hours(rule), *_dates(rule)) if part)]


def _hours(rule: Mapping[str, Any]) -> str:
    """The hours of the rule, or "". With days of the week, hours over midnight are both ends of those very days."""
    if not rule.get("hours_from"):
        return ""
    begins, ends = rule["hours_from"][:5], rule["hours_to"][:5]
    if ends == MIDNIGHT:
        return f"{begins}–24:00"
    if begins > ends and rule["weekdays"]:
        return get_text_list([f"{MIDNIGHT}–{ends}", f"{begins}–24:00"], _("and"))
    return f"{begins}–{ends}"


def _dates(rule: Mapping[str, Any]) -> list[str]:
    """From when and until when the rule holds."""
    found = []
    if rule.get("valid_from"):
        found.append(_("from %(day)s") % {"day": _day(rule["valid_from"])})
    if rule.get("valid_to"):
        found.append(_("before %(day)s") % {"day": _day(rule["valid_to"])})
    return found


def _day(text: str) -> str:
    return date_format(date.fromisoformat(text), _("j E Y"))


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
