"""Who would answer, and by when: the decision in words, before anything is sent."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Reckoned:
    """Who would answer a report here and now, in codes: enough to send it. `in_words` is what a page shows."""

    category: Category
    point: Point
    community: Community
    verdict: Verdict | None = None  # None outside the community, and where the category asks first
    due_on: date | None = None
    outside: OutsideCommunityError | None = None

    @property
    def seen(self) -> str:
        """What the form sends when its sender saw who answers and by when."""
        if self.verdict is None or self.due_on is None:
            return ""
        return f"{self.verdict.organisation or 0}:{self.due_on.isoformat()}"

    @property
    def sure(self) -> str:
        """What the form sends when the place was looked at closely; "" where there is no doubt."""
        return _sure(self.verdict, self.category, self.point) if self.verdict else ""

    def in_words(self) -> Answerer:
        """The same for a reader."""
        if self.outside:
            return refused(self.outside, self.community)
        if self.verdict is None or self.due_on is None:
            return Answerer(asks_first=True)
        return _in_words(self, self.verdict, self.due_on)


def reckon(
    *,
    category: Category,
    point: Point,
    community: Community,
    at: datetime,
    answers: Mapping[str, str] | None = None,
    asset: Asset | None = None,
) -> Reckoned:
    """The decision and the promise that a report here and now would get."""
    here = Reckoned(category=category, point=point, community=community)
    try:
        verdict = who_answers(category=category, point=point, community=community, at=at, answers=answers, asset=asset)
    except OutsideCommunityError as found:
        return replace(here, outside=found)
    due_on = promise(category=category, community=community, at=at).due_on
    return replace(here, verdict=verdict, due_on=due_on)


def answerer_for(
    *,
    category: Category,
    point: Point,
    community: Community,
    at: datetime,
    answers: Mapping[str, str] | None = None,
    asset: Asset | None = None,
) -> Answerer:
    """The same in words."""
    found = reckon(category=category, point=point, community=community, at=at, answers=answers, asset=asset)
    return found.in_words()


def _in_words(here: Reckoned, verdict: Verdict, due_on: date) -> Answerer:
    language = get_language() or "uk"
    names = names_of(verdict.trace, here.community.pk)
    bodies = Organisation.objects.in_bulk([*verdict.informed, verdict.organisation or 0])
    organisation = bodies.get(verdict.organisation or 0)
    doubt = doubt_in_words(verdict.trace)
    return Answerer(
        organisation=organisation,
        name=local_name(organisation or here.community, language),
        icon=organisation.icon if organisation else "building",
        is_fallback=verdict.is_fallback,
        informed=[local_name(bodies[told], language) for told in verdict.informed],
        due_on=due_on,
        working_days=here.category.working_days,
        why=[sentence for sentence in why(verdict.trace, names) if sentence != doubt],
        considered=considered(verdict.trace, names),
        seen=here.seen,
        is_sensitive=here.category.is_sensitive,
        doubt=doubt,
        sure=here.sure,
        close_view=close_view(here.community, here.point) if doubt else "",
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
