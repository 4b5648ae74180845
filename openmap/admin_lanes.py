"""The lanes of the outbox: what waits and since when, how fast it leaves; pausing, emptying; limits of providers."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.models import Lane, SendingLimit, Stop, StopEverywhere, Way
from core.outbox_figures import Figures, figures
from core.outbox_limits import used
from core.outbox_stops import is_empty, let_go, stop_lane
from core.ways import waiting_on
from geodata.models import Community
from openmap.admin_site import OnlyWhatTheFormShows, without_shapes

MOST_COMMUNITIES = 50  # of the table, those with most waiting first
CHOICES = [("paused", _("Pause")), ("draining", _("Empty, then pause")), ("go", _("Let it go on"))]


@dataclass(slots=True)
class LaneShown:
    """A lane as a row of the page; `community` None: everywhere."""

    lane: Lane
    figures: Figures
    community: Community | None = None
    stops: list[Stop | StopEverywhere] = field(default_factory=list)
    empty: bool = False  # of a lane that was stopped: it is safe to stop the service


class StopForm(forms.Form):
    """What is to become of a lane, where, and why."""

    lane = forms.ChoiceField(label=_("Lane"), choices=Lane.choices)
    community = forms.ModelChoiceField(label=_("Where"), queryset=Community.objects.none(), required=False)
    do = forms.ChoiceField(label=_("What to do"), choices=CHOICES)
    reason = forms.CharField(label=_("Why"), max_length=300, required=False)

    def __init__(self, *args: Any, communities: "Iterable[int] | None", **options: Any) -> None:
        """`communities`: those of an administrator; None for an operator, who may stop everything too."""
        super().__init__(*args, **options)
        rows = without_shapes(Community.objects.order_by("name"))
        where: Any = self.fields["community"]
        if communities is None:
            where.queryset, where.empty_label = rows, _("the whole installation")
        else:
            where.queryset, where.required = rows.filter(pk__in=communities), True
            where.initial = where.queryset.first()
            where.empty_label = None
            lanes: Any = self.fields["lane"]
            lanes.choices = [choice for choice in Lane.choices if choice[0] != Lane.URGENT]

    def clean(self) -> dict[str, Any]:
        """Whoever stops something says why; urgent letters are stopped for everybody or not at all."""
        given = super().clean() or {}
        if given.get("do") in {"paused", "draining"} and not given.get("reason"):
            self.add_error("reason", _("Say why: others will read it."))
        if given.get("lane") == Lane.URGENT and given.get("community"):
            self.add_error("community", _("Urgent letters are stopped for the whole installation only."))
        return given


class LanesPages:
    """Pages under the address of outgoing messages, for a ScopedAdmin of them."""

    change_list_template: Any = "admin/core/outboxmessage/change_list.html"

    def get_urls(self: Any) -> list[Any]:
        """The page of the lanes, before the addresses of single messages."""
        view = self.admin_site.admin_view
        mine = [path("lanes/", view(self.lanes_view), name="core_outboxmessage_lanes")]
        return [*mine, *super().get_urls()]  # type: ignore[misc]

    def lanes_view(self: Any, request: HttpRequest) -> HttpResponse:
        """What the lanes are doing, and the form that stops one or lets it go on."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        if request.method not in {"GET", "HEAD", "POST"}:
            return HttpResponseNotAllowed(["GET", "HEAD", "POST"])
        mine = self.mine(request)
        form = StopForm(request.POST or None, communities=mine)
        if request.method == "POST" and form.is_valid():
            _carry_out(form.cleaned_data, by=request.user)
            self.message_user(request, _("Done."), messages.SUCCESS)
            return HttpResponseRedirect(reverse("admin:core_outboxmessage_lanes"))
        now = timezone.now()
        lanes, communities, left_out = shown(mine, at=now)
        context = {
            **self.admin_site.each_context(request),
            "title": _("Lanes of outgoing messages"),
            "opts": self.opts,
            "lanes": lanes,
            "communities": communities,
            "left_out": left_out,
            "down": ways_down(mine, at=now),
            "form": form,
            "limits": limits_in_words(now) if mine is None else [],
            "is_operator": mine is None,
            "now": now,
        }
        return TemplateResponse(request, "admin/core/outboxmessage/lanes.html", context)


def shown(mine: frozenset[int] | None, *, at: datetime) -> tuple[list[LaneShown], list[LaneShown], int]:
    """The lanes of what somebody may see together; then by community, those with most waiting first; and how many
    communities are left out."""
    together = {lane: LaneShown(lane, Figures()) for lane in Lane}
    apart: dict[tuple[int, Lane], LaneShown] = {}
    for place, found in figures(at=at, communities=mine).items():
        together[place.lane].figures.add(found)
        row = apart.setdefault((place.community, place.lane), LaneShown(place.lane, Figures()))
        row.figures.add(found)
    for everywhere in StopEverywhere.objects.select_related("by"):
        lane = together[Lane(everywhere.lane)]
        lane.stops.append(everywhere)
        lane.empty = is_empty(everywhere, at=at)
    stops = Stop.objects.select_related("by")
    for stop in stops if mine is None else stops.filter(community__in=mine):
        row = apart.setdefault((stop.community_id, Lane(stop.lane)), LaneShown(Lane(stop.lane), Figures()))
        row.stops.append(stop)
        row.empty = is_empty(stop, at=at)
    return list(together.values()), *_by_community(apart)


def _by_community(apart: dict[tuple[int, Lane], LaneShown]) -> tuple[list[LaneShown], int]:
    waiting: dict[int, int] = defaultdict(int)
    for (community, _lane), row in apart.items():
        waiting[community] += row.figures.waiting + 1_000_000_000 * len(row.stops)
    chosen = sorted(waiting, key=lambda community: (-waiting[community], community))[:MOST_COMMUNITIES]
    names = without_shapes(Community.objects.filter(pk__in=chosen)).in_bulk()
    rows = []
    for community in chosen:
        for lane in Lane:
            if found := apart.get((community, lane)):
                found.community = names.get(community)
                rows.append(found)
    return rows, len(waiting) - len(chosen)


def ways_down(mine: frozenset[int] | None, *, at: datetime) -> list[dict[str, Any]]:
    """Ways out that are down, and how much waits there of the communities that somebody may see; to administrators
    only those for which something of theirs waits, without what the receiver's side said."""
    found = []
    for way in Way.objects.filter(failures__gte=Way.DOWN_AFTER):
        waiting = waiting_on(way, at=at)
        count = (waiting if mine is None else waiting.filter(community__in=mine)).count()
        if count or mine is None:
            found.append({"way": way, "waiting": count, "why": way.why if mine is None else ""})
    return found


def limits_in_words(at: datetime) -> list[dict[str, Any]]:
    """Limits of providers, and how much of each is used up."""
    return [{"limit": row, "used": used(row, at=at)} for row in SendingLimit.objects.all()]


def _carry_out(given: dict[str, Any], *, by: Any) -> None:
    lane = Lane(given["lane"])
    if given["do"] == "go":
        let_go(lane, community=given["community"])
    else:
        kind = Stop.Kind(given["do"])
        stop_lane(lane, kind=kind, community=given["community"], by=by, reason=given["reason"], at=timezone.now())


@admin.register(SendingLimit)
class SendingLimitAdmin(OnlyWhatTheFormShows, admin.ModelAdmin):  # type: ignore[type-arg]
    """Operators only: a provider's limit holds for all communities together."""

    list_display = ("channel", "host", "most", "window")
