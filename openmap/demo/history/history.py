"""The history of Яворин as a whole: what happened, where, who answered; then written down."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from accounts.models import Organisation
from geodata.models import Community
from openmap.demo.history.days import Occasion, occasions
from openmap.demo.history.habits import keys_by_name
from openmap.demo.history.lives import Life, Town, joins
from openmap.demo.history.places import Places
from openmap.demo.history.tale import Act, Shot, Tale
from openmap.demo.history.words import Phrase, Teller, phrases, scene_for
from openmap.demo.keepers import COMPANY_OF
from routing.bulk import decide_many
from routing.channels import organisations_reached_in
from routing.models import Category, CommunityRouting, Question
from routing.responsibility import Asked, Verdict, chosen_by_hand, decide

PHOTOGRAPHED: Final = 0.45  # share of reports with a photo, where there is something to photograph
REPEATED: Final = 0.025  # somebody tells it again
ANSWERED: Final = 0.7  # questions that need not be answered
NAMED: Final = 0.05  # let everybody see a name
HIDDEN: Final = 0.004
NAMES: Final = (
    "Олена",
    "Петро",
    "Ірина",
    "Андрій",
    "Надія",
    "Юрій",
    "Софія",
    "Василь",
    "Галина",
    "Роман",
    "Дарина",
    "Мешканці під’їзду",
    "Тарас з третього поверху",
    "Мама двох школярів",
    "Сусідка",
    "Степан Петрович",
)
WHY_HIDDEN: Final = (
    "Особисті дані сторонньої людини",
    "Образи сусідів, які неможливо відділити від суті",
    "У тексті номер чужої квартири",
)
CHOOSES: Final = {
    "roads": "roads", "sidewalks": "roads", "snow": "roads", "signs": "roads", "lamps": "light", "waste": "waste",
    "cleaning": "waste", "dumps": "order", "parking": "order", "kiosks": "order", "building": "order", "water": "water",
    "sewage": "water", "manholes": "water", "heating": "heat", "hot-water": "heat", "power": "power", "gas": "gas",
    "trees": "green", "benches": "green", "playgrounds": "green", "transport": "transport", "animals": "animals",
    "lifts": "lift", "access": "order",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Plan:
    """What is known of a report before anything is founded: when, how it begins, what is photographed."""

    order: int
    occasion: Occasion
    opening: Phrase
    shot: Shot | None

    @property
    def seed(self) -> str:
        """Its own, so that a change of one report changes no other."""
        return f"{self.occasion.at:%Y-%m-%d} {self.order}"


def plans(*, at: datetime, zone: ZoneInfo) -> list[Plan]:
    """Every report that is to be told, in order."""
    found = []
    for order, occasion in enumerate(occasions(at=at, zone=zone)):
        chance = random.Random(f"plan {order} {occasion.kind}")  # noqa: S311
        opening = chance.choice(phrases(occasion.kind, "say"))
        scene = scene_for(occasion.kind, "scenes", opening, chance) if chance.random() < PHOTOGRAPHED else ""
        shot = Shot(scene, f"{occasion.at:%Y-%m-%d} {order}") if scene else None
        found.append(Plan(order, occasion, opening, shot))
    return found


@dataclass(frozen=True, slots=True)
class _Asked:
    """The first question of a kind."""

    code: str
    codes: tuple[str, ...]  # of its answers
    is_required: bool


def _first_questions(community: Community) -> dict[str, _Asked]:
    rows = Question.objects.filter(community=community, kind=Question.Kind.CHOICE).select_related("category")
    return {
        row.category.code: _Asked(row.code, tuple(option["code"] for option in row.options), row.is_required)
        for row in reversed(rows.order_by("position", "pk"))
    }


class History:
    """Puts tales together, ready to be written. Must be used inside the community's scope."""

    def __init__(self, community: Community, *, at: datetime) -> None:
        self._community, self._at = community, at
        self._zone = ZoneInfo(community.time_zone)
        self._categories = {row.code: row for row in Category.objects.filter(community=community)}
        self._teller, self._places = Teller(), Places(community)
        self._questions = _first_questions(community)
        bodies = {row.pk: row for row in Organisation.objects.all()}
        names = keys_by_name()
        self._by_key = {names[row.name]: row for row in bodies.values() if row.name in names}
        routing = CommunityRouting.objects.select_related("fallback").get(community=community)
        self._queue = routing.fallback
        reached = frozenset(organisations_reached_in(community.pk).values_list("pk", flat=True))
        keys = {row.pk: key for key, row in self._by_key.items()}
        self._town = Town(self._zone, at, keys, reached, routing.fallback_id, self._hand_on)

    def tales(self, planned: Sequence[Plan]) -> list[Tale]:
        """Every report of the three years with what became of it, in the order in which they came."""
        drafts = [(plan, self._draft(plan)) for plan in planned if plan.occasion.kind in self._categories]
        drafts += self._repeated(drafts)
        drafts.sort(key=lambda one: one[1].at)
        self._decide([tale for _plan, tale in drafts])
        alive = [(plan, tale) for plan, tale in drafts if tale.verdict and tale.verdict.organisation]
        for plan, tale in alive:
            self._live(plan, tale)
        return [tale for _plan, tale in alive]

    def _draft(self, plan: Plan) -> Tale:
        chance = random.Random(f"tale {plan.seed}")  # noqa: S311
        kind, spot = plan.occasion.kind, plan.occasion.spot
        place = self._places.of(plan.occasion, chance)
        is_again = spot is not None and chance.random() < 0.5
        words = self._teller.report(kind, plan.opening, street=place.street, chance=chance, is_again=is_again)
        return Tale(
            kind,
            plan.occasion.at.astimezone(UTC),
            place,
            words,
            opening=plan.opening,
            shot=plan.shot,
            answers=self._answers(kind, plan.opening, chance),
            name=chance.choice(NAMES) if chance.random() < NAMED else "",
        )

    def _answers(self, kind: str, opening: Phrase, chance: random.Random) -> dict[str, str]:
        """To the first question of the kind, as the words say; what is not asked for is left out now and then."""
        question = self._questions.get(kind)
        if question is None:
            return {}
        fits = [code for code in opening.about if code in question.codes]
        if question.is_required:
            return {question.code: (fits or list(question.codes))[0]}
        return {question.code: fits[0]} if fits and chance.random() < ANSWERED else {}

    def _repeated(self, drafts: Sequence[tuple[Plan, Tale]]) -> list[tuple[Plan, Tale]]:
        """The same again, by somebody who did not look."""
        found = []
        for plan, tale in drafts:
            chance = random.Random(f"again {plan.seed}")  # noqa: S311
            at = tale.at + timedelta(hours=chance.uniform(1, 40))
            often = REPEATED * (3 if plan.occasion.spot else 1)
            if chance.random() >= often or at >= self._at - timedelta(days=1) or self._categories[tale.kind].hold_new:
                continue
            place = self._places.near(tale.place, chance)
            words = self._teller.report(tale.kind, tale.opening, street=place.street, chance=chance)
            again = Tale(tale.kind, at, place, words, opening=tale.opening, answers=tale.answers, repeats=tale)
            found.append((plan, again))
        return found

    def _decide(self, tales: Sequence[Tale]) -> None:
        asked = [self._asked(tale) for tale in tales]
        for tale, verdict in zip(tales, decide_many(asked, community=self._community), strict=True):
            tale.verdict = verdict

    def _asked(self, tale: Tale) -> Asked:
        category, point = self._categories[tale.kind], tale.place.point
        asset = tale.place.asset.pk if tale.place.asset else None
        return Asked(point.x, point.y, category.pk, category.code, tale.at, tale.answers, asset)

    def _live(self, plan: Plan, tale: Tale) -> None:
        chance = random.Random(f"life {plan.seed} {tale.repeats is None}")  # noqa: S311
        if tale.repeats is not None:
            at = self._in_the_morning(tale.at, chance)
            if at < self._at:
                words = self._teller.common("duplicate", street=tale.place.street, chance=chance)
                tale.acts = [Act(at, "duplicate", words)]
            return
        Life(tale, self._town, self._teller, chance, seed=plan.seed).live()
        if self._categories[tale.kind].hold_new:
            tale.acts = [Act(tale.at + timedelta(minutes=chance.randint(9, 40)), "publish"), *tale.acts]
            tale.acts.sort(key=lambda act: act.at)
        elif chance.random() < HIDDEN and tale.acts:
            last = tale.acts[-1].at + timedelta(hours=2)
            if last < self._at:
                tale.acts.append(Act(last, "hide", chance.choice(WHY_HIDDEN)))
        tale.joined = joins(tale, chance, now=self._at, is_spot=plan.occasion.spot is not None)

    def _in_the_morning(self, at: datetime, chance: random.Random) -> datetime:
        return (at.astimezone(self._zone) + timedelta(days=1)).replace(hour=9, minute=chance.randrange(60))

    def _keeper_near(self, tale: Tale) -> str:
        """Key of the company that keeps most houses of the district."""
        areas = tale.verdict.trace["areas"] if tale.verdict else []
        return next((COMPANY_OF[area["code"]] for area in areas if area["code"] in COMPANY_OF), "")

    def _hand_on(self, tale: Tale, refused: frozenset[int], at: datetime, by_choice: bool) -> Verdict | None:
        category = self._categories[tale.kind]
        if not by_choice:
            return decide(
                tale.place.point, category, community=self._community, at=tale.at, rules_at=at, answers=tale.answers,
                asset=tale.place.asset, excluding=refused, anywhere=True,
            )  # fmt: skip
        to = self._by_key.get(CHOOSES.get(tale.kind) or self._keeper_near(tale))
        if to is None or to == self._queue or to.pk in refused or to.pk not in self._town.reached:
            return None
        return chosen_by_hand(
            to, chosen_by=self._queue.name, point=tale.place.point, category=category, community=self._community,
            at=tale.at,
        )  # fmt: skip
