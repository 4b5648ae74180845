"""“Who would answer here?” by a set of rules, also by a draft: the answer, why, and the rules that lost."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Organisation
from geodata.models import Area
from openmap.admin_maps import GeoMap, collection, feature, simplified
from openmap.forms_ask import AskForm
from routing.explain import Names, considered, why
from routing.models import Rule, RuleSet
from routing.responsibility import OutsideCommunityError, Verdict, decide
from routing.rulesets import SetState, set_in_force, state_of
from routing.wording import names_of


@dataclass(frozen=True, slots=True)
class Looked:
    """One rule that was looked at, in words, with its page; "" for one that is gone."""

    rule: str
    outcome: str
    matched: bool
    url: str


def rules_looked_at(trace: Mapping[str, Any], names: Names) -> list[Looked]:
    """Every rule in the trace, the winner first, each leading to its page in its set."""
    matched = [trace["matched"]] if trace["matched"] else []
    keys = [rule["rule"] for rule in [*matched, *trace["lost"]]]
    there = set(Rule.objects.filter(pk__in=keys).values_list("pk", flat=True))
    return [
        Looked(row.rule, row.outcome, row.matched, rule_address(key) if key in there else "")
        for key, row in zip(keys, considered(trace, names), strict=True)
    ]


def rule_address(key: int) -> str:
    """The page of a rule."""
    return reverse("admin:routing_rule_change", args=[key])


def ask_page(request: HttpRequest, ruleset: RuleSet) -> HttpResponse:
    """The form, and below it the answer. Everything stands in the address."""
    with timezone.override(ZoneInfo(ruleset.community.time_zone)):
        form = AskForm(ruleset, request.GET if "lat" in request.GET else None)
        answer = _answer(form, ruleset) if form.is_bound and form.is_valid() else None
        context = {
            **admin.site.each_context(request),
            "title": _("Who would answer here?"),
            "ruleset": ruleset,
            "form": form,
            "answer": answer,
            "geo_map": _map(ruleset, form, answer),
        }
        status = 422 if form.errors else 200
        return TemplateResponse(request, "admin/routing/ruleset/ask.html", context, status=status)


def _answer(form: AskForm, ruleset: RuleSet) -> dict[str, Any]:
    """The verdict in words; {"refusal": …} for a place outside."""
    try:
        verdict = _decided(form, ruleset)
    except OutsideCommunityError as elsewhere:
        outside = _("This place is outside the community.")
        return {"refusal": f"{outside} {elsewhere.name}".strip()}
    names = names_of(verdict.trace, ruleset.community_id)
    now = timezone.now()
    other = set_in_force(ruleset.community, at=now)
    return {
        "verdict": verdict,
        "organisation": _name(verdict.organisation),
        "informed": [_name(pk) for pk in verdict.informed],
        "why": why(verdict.trace, names),
        "looked_at": rules_looked_at(verdict.trace, names),
        "areas": [_area(row) for row in verdict.trace["areas"]],
        "other": other if other and other != ruleset and state_of(ruleset, at=now) != SetState.IN_FORCE else None,
        "by_other": _name(_decided(form, other).organisation) if other and other != ruleset else "",
    }


def _decided(form: AskForm, ruleset: RuleSet) -> Verdict:
    given = form.cleaned_data
    return decide(
        form.point,
        given["category"],
        community=ruleset.community,
        at=given["at"],
        answers=form.answers,
        asset=form.asset,
        ruleset=ruleset,
    )


def _name(organisation: int | None) -> str:
    found = Organisation.objects.filter(pk=organisation).first() if organisation else None
    return str(found) if found else _("nobody")


def _area(row: Mapping[str, Any]) -> dict[str, str]:
    return {"name": row["name"], "url": reverse("admin:geodata_area_change", args=[row["id"]])}


def _map(ruleset: RuleSet, form: AskForm, answer: Mapping[str, Any] | None) -> GeoMap:
    """The areas that cover the place and the place itself; before that, the community."""
    features = []
    if answer and "verdict" in answer:
        shapes = simplified("geodata_area", "boundary", answer["verdict"].areas)
        names = dict(Area.objects.filter(pk__in=shapes).values_list("pk", "name"))
        features = [feature(shape, label=names[pk]) for pk, shape in shapes.items()]
        point = {"type": "Point", "coordinates": [form.point.x, form.point.y]}
        features.append(feature(point, look="answered", label=answer["organisation"]))
    else:
        shapes = simplified("geodata_community", "boundary", [ruleset.community_id])
        features = [feature(shape, look="old", label="") for shape in shapes.values()]
    name = _("Map: click to choose the place")
    return GeoMap("ask-map", name, ruleset.community, collection(features), picks="id_lat,id_lon")
