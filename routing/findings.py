"""What is wrong with a set of rules: computed when it is saved, told before a resident meets it."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from geodata.problems import Place
from geodata.shapes import inner_point, polygons_in, square_metres
from routing.channels import organisations_reached_in
from routing.coverage import NOBODY, Contest, Coverage
from routing.models import Category, Rule
from routing.register_places import NOBODY as WITHOUT_KEEPER
from routing.rule_conditions import is_over
from routing.rule_places import Places
from routing.wording import RELATED, Wording

CONTRADICTION, OVERLAP, UNREACHABLE, GAP = "contradiction", "overlap", "unreachable", "gap"
NO_CHANNEL, NO_KEEPER = "no_channel", "no_keeper"
ORDER = (CONTRADICTION, OVERLAP, UNREACHABLE, GAP, NO_CHANNEL, NO_KEEPER)
MOST_PLACES = 20  # of one finding, the largest first
SMALLEST_KILOMETRES = 10_000  # m²; smaller ground is told in square metres


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that somebody should look at. `text` tells it in the language of the moment."""

    kind: str
    rules: tuple[int, ...] = ()  # ids; of two, the one that decides comes first
    category: int | None = None  # None: any
    square_metres: float = 0.0
    places: tuple[Place, ...] = ()  # (lon, lat)
    details: Mapping[str, Any] = field(default_factory=dict)  # reason, names, counts
    known: Mapping[int, str] = field(default_factory=dict, repr=False, compare=False)  # rules in words: `with_words`

    @property
    def place(self) -> Place | None:
        """Where it is worst; None when it has no place."""
        return self.places[0] if self.places else None

    @property
    def is_grave(self) -> bool:
        """A mistake in any case; a gap or a missing address may be meant."""
        return self.kind in (CONTRADICTION, OVERLAP, UNREACHABLE)

    @property
    def names_rules(self) -> bool:
        """Whether its text tells of its rules, the first and the last."""
        return self.is_grave

    @property
    def text(self) -> str:
        """What it is, in words."""
        words = {
            **self.details,
            "ground": ground_in_words(self.square_metres),
            "one": self.known.get(self.rules[0], "") if self.rules else "",
            "other": self.known.get(self.rules[-1], "") if self.rules else "",
        }
        count = int(self.details.get("count", 0))
        match self.kind:
            case "contradiction":
                return _("“%(one)s” and “%(other)s” rank the same and share %(ground)s. The first decides.") % words
            case "overlap":
                told = _("The areas of “%(one)s” and “%(other)s” overlap by %(ground)s. The first decides there.")
                return told % words
            case "gap" if "partly" in words:
                told = _(
                    "%(name)s: at some hours or with some answers nobody is named on %(ground)s; such reports go to "
                    "the duty queue."
                )
                return told % words
            case "gap":
                return _("%(name)s: nobody is named on %(ground)s; reports go to the duty queue.") % words
            case "no_channel" if "register" in words:
                told = ngettext(
                    "%(count)s keeper in “%(register)s” has no active channel: letters would wait.",
                    "%(count)s keepers in “%(register)s” have no active channel: letters would wait.",
                    count,
                )
                return told % words
            case "no_channel":
                return _("%(name)s has no active channel: letters would wait.") % words
            case "no_keeper":
                told = ngettext(
                    "%(count)s thing in “%(register)s” has no keeper: rules that ask for it name nobody there.",
                    "%(count)s things in “%(register)s” have no keeper: rules that ask for it name nobody there.",
                    count,
                )
                return told % words
        return f"“{words['one']}” {reason_in_words(str(self.details.get('reason')))}"

    def as_dict(self) -> dict[str, Any]:
        """Plain values, to be kept."""
        kept = asdict(replace(self, known={}))
        del kept["known"]
        return kept


def from_dict(kept: Mapping[str, Any]) -> Finding:
    """What `as_dict` gave."""
    places = tuple((float(lon), float(lat)) for lon, lat in kept["places"])
    return Finding(**{**kept, "places": places, "rules": tuple(kept["rules"])})


def with_words(findings: Sequence[Finding]) -> list[Finding]:
    """The same, with the rules that they tell of in words of the moment's language: for those that are shown."""
    told = {rule for finding in findings for rule in (finding.rules[:1] + finding.rules[-1:]) if finding.names_rules}
    rules = list(Rule.objects.filter(pk__in=told).select_related(*RELATED))
    wording = Wording(rules)
    known = {rule.pk: wording.words(rule) for rule in rules}
    return [replace(finding, known=known) for finding in findings]


def ground_in_words(size: float) -> str:
    """“350 m²” or “1.24 km²”."""
    if size < SMALLEST_KILOMETRES:
        return _("%(count)s m²") % {"count": number_format(round(size))}
    return _("%(count)s km²") % {"count": number_format(round(size / 1e6, 2))}


def reason_in_words(reason: str) -> str:
    """Why a rule can never win, after its name."""
    return {
        "category_inactive": _("never decides: its category cannot be chosen."),
        "dates_over": _("never decides any more: its dates are over."),
        "organisation_inactive": _("never decides: its organisation works no longer."),
        "no_area": _("never decides: its area is not in force."),
        "empty_register": _("never decides: nothing of its register lies in its place."),
        "nobody_keeps": _("never decides: the register names no keeper there."),
        "never_chosen": _("never decides: residents are not asked to choose from this register."),
        "never_answered": _("never decides: nobody is asked for these answers."),
        "covered": _("never decides: stronger rules stand before it everywhere."),
    }[reason]


def findings_of(places: Places, coverages: Mapping[int, Coverage]) -> list[Finding]:
    """Everything worth telling, the gravest first, rules by their ids. `coverages`: category id → its map, of every
    active category."""
    categories = {row.pk: row for row in Category.objects.filter(community=places.community).order_by("position", "pk")}
    found = [
        *_contradictions(coverages),
        *_unreachable(places, coverages, categories),
        *_gaps(coverages, categories),
        *_without_channel(places),
        *_without_keeper(places),
    ]
    return sorted(found, key=lambda finding: (ORDER.index(finding.kind), -finding.square_metres, finding.rules))


def _contradictions(coverages: Mapping[int, Coverage]) -> list[Finding]:
    """One for each pair of rules, where it shares the most. Rules for any category meet in every one."""
    worst: dict[tuple[int, int], Contest] = {}
    for coverage in coverages.values():
        for contest in coverage.contests:
            pair = (contest.one.pk, contest.other.pk)
            if pair not in worst or contest.square_metres > worst[pair].square_metres:
                worst[pair] = contest
    return [
        Finding(
            OVERLAP if _are_neighbours(contest.one, contest.other) else CONTRADICTION,
            rules=pair,
            category=contest.one.category_id,
            square_metres=contest.square_metres,
            places=_places(contest.shape),
        )
        for pair, contest in worst.items()
    ]


def _are_neighbours(one: Rule, other: Rule) -> bool:
    """Two areas of one division: not the rules but the boundaries contradict each other."""
    return bool(one.area_code and one.division_id == other.division_id and one.area_code != other.area_code)


def _gaps(coverages: Mapping[int, Coverage], categories: Mapping[int, Category]) -> Iterable[Finding]:
    """Where nobody is named at all, and where it depends on the hour or on the answers."""
    for category, coverage in coverages.items():
        name = categories[category].name
        bare = [(piece.shape, {"name": name}) for piece in coverage.pieces if piece.kind == NOBODY]
        partly = [(coverage.open, {"name": name, "partly": True})] if not coverage.open.is_empty else []
        for shape, details in bare + partly:
            size = square_metres(shape)
            yield Finding(GAP, category=category, square_metres=size, places=_places(shape), details=details)


def _unreachable(
    places: Places, coverages: Mapping[int, Coverage], categories: Mapping[int, Category]
) -> Iterable[Finding]:
    reached = {rule for coverage in coverages.values() for rule in coverage.reached}
    reached |= {contest.other.pk for coverage in coverages.values() for contest in coverage.contests}  # told already
    for rule in places.rules:
        reason = _why_dead(rule, places, categories)
        if not reason and rule.role == Rule.Role.RESPONSIBLE and rule.pk not in reached and coverages:
            reason = "covered"
        if reason:
            yield Finding(UNREACHABLE, rules=(rule.pk,), category=rule.category_id, details={"reason": reason})


def _why_dead(rule: Rule, places: Places, categories: Mapping[int, Category]) -> str:
    """Why the rule would name nobody, even if it were the only one; "" when it can."""
    if rule.category_id and not categories[rule.category_id].is_active:
        return "category_inactive"
    if is_over(rule, places.on):
        return "dates_over"
    if rule.organisation_id and rule.organisation_id not in places.active:
        return "organisation_inactive"
    if _is_never_answered(rule, places):
        return "never_answered"
    if places.place(rule).is_empty and not places.ground.is_empty:
        return "no_area"
    return _why_finds_nothing(rule, places, categories) if rule.register_id else ""


def _why_finds_nothing(rule: Rule, places: Places, categories: Mapping[int, Category]) -> str:
    """Why its register gives a rule nobody; "" when it can."""
    assert rule.register_id is not None
    about = (
        [categories[rule.category_id]] if rule.category_id else [row for row in categories.values() if row.is_active]
    )
    things = places.things(rule.register_id)
    if not len(things.shapes):
        return "empty_register"
    if not rule.organisation_id and not (things.keepers != WITHOUT_KEEPER).any():
        return "nobody_keeps"
    if rule.asks == Rule.Asks.THIS:
        return "" if any(category.register_id == rule.register_id for category in about) else "never_chosen"
    return "" if places.claims(rule) else "empty_register"


def _is_never_answered(rule: Rule, places: Places) -> bool:
    questions = places.questions.get(rule.category_id or 0, {})
    return any(
        code not in questions or not set(questions[code].codes) & set(fits) for code, fits in rule.answers.items()
    )


def _without_channel(places: Places) -> Iterable[Finding]:
    """Organisations that rules name, one by one; keepers, counted for each register."""
    reached = set(organisations_reached_in(places.community.pk).values_list("pk", flat=True))
    named: dict[int, list[Rule]] = defaultdict(list)
    for rule in places.rules:
        if rule.organisation_id in places.active and rule.organisation_id not in reached:
            named[rule.organisation_id].append(rule)
    for organisation, rules in named.items():
        details = {"organisation": organisation, "name": str(rules[0].organisation)}
        yield Finding(NO_CHANNEL, rules=tuple(rule.pk for rule in rules), details=details)
    for rules in _asking_for_keepers(places):
        keepers = set(places.things(rules[0].register_id or 0).keepers.tolist()) - {WITHOUT_KEEPER} - reached
        if keepers:
            details = {"register": str(rules[0].register), "count": len(keepers)}
            yield Finding(NO_CHANNEL, rules=tuple(rule.pk for rule in rules), details=details)


def _without_keeper(places: Places) -> Iterable[Finding]:
    for rules in _asking_for_keepers(places):
        things = places.things(rules[0].register_id or 0)
        orphans = things.keepers == WITHOUT_KEEPER
        if orphans.any():
            worst = tuple(inner_point(shape) for shape in things.shapes[orphans][:MOST_PLACES])
            details = {"register": str(rules[0].register), "count": int(orphans.sum())}
            yield Finding(
                NO_KEEPER,
                rules=tuple(rule.pk for rule in rules),
                places=tuple(place for place in worst if place),
                details=details,
            )


def _asking_for_keepers(places: Places) -> Iterable[list[Rule]]:
    """Rules whose register names who answers, by register."""
    found: dict[int, list[Rule]] = defaultdict(list)
    for rule in places.rules:
        if rule.register_id and not rule.organisation_id:
            found[rule.register_id].append(rule)
    return found.values()


def _places(shape: Any) -> tuple[Place, ...]:
    """A place inside each part, the largest first."""
    largest = sorted(polygons_in(shape), key=square_metres, reverse=True)[:MOST_PLACES]
    return tuple(place for place in map(inner_point, largest) if place)
