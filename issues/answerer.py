"""Who would answer, and by when: the decision in words, before anything is sent."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from urllib.parse import urlencode

from django.contrib.gis.geos import Point
from django.urls import reverse
from django.utils.translation import get_language

from accounts.models import Organisation
from geodata.boxes import box_around
from geodata.models import Community, local_name
from geodata.picture import HEIGHT, WIDTH
from issues.actions import promise, who_answers
from issues.places import refusal
from routing.explain import Considered, considered, doubt_in_words, why
from routing.models import Asset, Category
from routing.responsibility import OutsideCommunityError, Verdict
from routing.wording import names_of

AT_THE_DOOR = 19  # zoom of the close view: about 150 m from side to side


@dataclass(frozen=True, slots=True)
class Answerer:
    """Who will answer a report at this place, and by when: shown before it is sent."""

    organisation: Organisation | None = None  # None: nobody is named, and the community's staff look for somebody
    name: str = ""
    icon: str = ""
    is_fallback: bool = False
    informed: list[str] = field(default_factory=list)  # names of those who hear of it
    due_on: date | None = None
    working_days: int = 0
    why: list[str] = field(default_factory=list)
    considered: list[Considered] = field(default_factory=list)
    seen: str = ""
    doubt: str = ""  # who else is so near that the place is to be looked at closely; "" when nobody is
    sure: str = ""  # what the form sends when that was done: it names the place, the category and the other owner
    close_view: str = ""  # address of a picture of the place
    refusal: str = ""
    elsewhere: dict[str, str] | None = None
    is_sensitive: bool = False  # strangers will not see the exact place
    asks_first: bool = False  # the category's questions are to be answered first


def answerer_for(
    *,
    category: Category,
    point: Point,
    community: Community,
    at: datetime,
    answers: Mapping[str, str] | None = None,
    asset: Asset | None = None,
) -> Answerer:
    """The decision and the promise that a report here and now would get, in words."""
    try:
        verdict = who_answers(category=category, point=point, community=community, at=at, answers=answers, asset=asset)
    except OutsideCommunityError as found:
        return refused(found, community)
    language = get_language() or "uk"
    names = names_of(verdict.trace, community.pk)
    due_on = promise(category=category, community=community, at=at).due_on
    bodies = Organisation.objects.in_bulk([*verdict.informed, verdict.organisation or 0])
    organisation = bodies.get(verdict.organisation or 0)
    doubt = doubt_in_words(verdict.trace)
    return Answerer(
        organisation=organisation,
        name=local_name(organisation or community, language),
        icon=organisation.icon if organisation else "building",
        is_fallback=verdict.is_fallback,
        informed=[local_name(bodies[told], language) for told in verdict.informed],
        due_on=due_on,
        working_days=category.working_days,
        why=[sentence for sentence in why(verdict.trace, names) if sentence != doubt],
        considered=considered(verdict.trace, names),
        seen=f"{verdict.organisation or 0}:{due_on.isoformat()}",
        is_sensitive=category.is_sensitive,
        doubt=doubt,
        sure=_sure(verdict, category, point),
        close_view=close_view(community, point) if doubt else "",
    )


def refused(found: OutsideCommunityError, community: Community) -> Answerer:
    """The place is not taken: why, and where to go."""
    words, elsewhere = refusal(found, community)
    return Answerer(refusal=words, elsewhere=elsewhere)


def close_view(community: Community, point: Point) -> str:
    """Address of a drawn picture of the houses and borders around a point, with a pin on it."""
    box = box_around((point.x, point.y), AT_THE_DOOR, WIDTH, HEIGHT)
    query = {"box": str(box), "pin": f"{point.x:.6f},{point.y:.6f}", "state": "wait", "small": 1}
    return f"{reverse('place_image', args=[community.slug])}?{urlencode(query)}"


def _sure(verdict: Verdict, category: Category, point: Point) -> str:
    """What was looked at: with another place, category or neighbour it must be looked at again."""
    doubt = verdict.doubt
    return f"{category.code}:{point.x:.6f},{point.y:.6f}:{doubt['organisation']}" if doubt else ""
