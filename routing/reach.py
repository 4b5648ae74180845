"""Organisations that rules name and letters cannot reach: the service would keep a report that nobody hears of."""

from dataclasses import dataclass
from datetime import date

from django.db.models import Count, QuerySet

from accounts.models import Organisation
from geodata.models import Community
from routing.channels import organisations_reached_in
from routing.models import Asset, Rule


@dataclass(frozen=True, slots=True)
class Unreached:
    """An organisation without an active channel in the community, or one that works no longer."""

    organisation: Organisation
    assets: int  # how many things of the registers it keeps; 0 when a rule names it


def unreached(rules: "QuerySet[Rule]", *, community: Community, on: date) -> list[Unreached]:
    """Whom these active rules name without being able to write to them: by name, then keepers by how much they keep."""
    reached = organisations_reached_in(community.pk).values("pk")
    active = rules.filter(is_active=True)
    named = Organisation.objects.filter(rule__in=active).exclude(pk__in=reached).distinct().order_by("name")
    asked = active.filter(organisation=None).values("register")
    today = Asset.objects.on(on).filter(community=community, register__in=asked, keeper__isnull=False)
    keepers = today.exclude(keeper__in=reached).order_by().values("keeper").annotate(assets=Count("pk"))
    counts = {row["keeper"]: row["assets"] for row in keepers}
    bodies = Organisation.objects.in_bulk(counts)
    found = [Unreached(organisation, 0) for organisation in named]
    found += [Unreached(bodies[pk], count) for pk, count in sorted(counts.items(), key=lambda row: (-row[1], row[0]))]
    return found
