"""What a text is about, perhaps: three categories to choose from with one tap."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from django.utils.datastructures import MultiValueDict
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from geodata.models import Community, local_name
from issues.fitting import blended
from issues.forms import PlaceForm
from issues.learning import learnt_of
from issues.models import MAX_TEXT
from routing.keywords import points_of, words_for
from routing.models import Category
from routing.usual_words import MIXED_UP

MOST = 3
MOST_WORDS = 3  # told as the reason
LEAST_LIKELY = 0.1  # what the model gives less than that is no guess
FEWEST_LETTERS = 3  # of a text that anything is guessed from
PRESSED = "guess:"  # begins what a button of a guess sends

Form = MultiValueDict[str, str]  # what a form sent


@dataclass(frozen=True, slots=True)
class Guess:
    """One category to offer."""

    code: str
    name: str
    icon: str
    reason: str = ""  # of the first one: by which words it was guessed


def guesses_for(form: PlaceForm, data: Form, *, community: Community) -> list[Guess]:
    """At most MOST, best first; none when a category is chosen already. Must be called inside the community's scope."""
    text = data.get("text", "")[:MAX_TEXT].strip()
    if form.chosen_category or len(text) < FEWEST_LETTERS:
        return []
    language = get_language() or "uk"
    rows = list(Category.objects.filter(community=community, is_active=True))
    found = _guesses(text, rows, community=community)
    offered = [Guess(row.code, local_name(row, language), row.icon) for row in found]
    if offered:
        offered[0] = replace(offered[0], reason=reason_of(words_for(offered[0].code, text, rows)))
    return offered


def guesses(text: str, *, community: Community) -> list[Category]:
    """The same as rows, for a text alone."""
    return _guesses(text, list(Category.objects.filter(community=community, is_active=True)), community=community)


def reason_of(words: Sequence[str]) -> str:
    """By which words a guess was made; "" when only the community's experience speaks for it."""
    if not words:
        return ""
    *before, last = [_("“%(word)s”") % {"word": word} for word in words[:MOST_WORDS]]
    said = _("%(words)s and %(last)s") % {"words": ", ".join(before), "last": last} if before else last
    return ngettext("We guessed from the word %(words)s.", "We guessed from the words %(words)s.", len(before) + 1) % {
        "words": said
    }


def _guesses(text: str, rows: Sequence[Category], *, community: Community) -> list[Category]:
    """What people mix up with the first guess follows when the words say too little for MOST."""
    model = learnt_of(community)
    learnt = _likely(model.probabilities(text), rows) if model else {}
    named = ranked(blended(points_of(text, rows), learnt), rows)[:MOST]
    if not named:
        return []
    by_code = {row.code: row for row in rows}
    others = [by_code[code] for code in MIXED_UP.get(named[0].code, "").split() if code in by_code]
    return list(dict.fromkeys([*named, *others]))[:MOST]


def _likely(learnt: dict[str, float], rows: Sequence[Category]) -> dict[str, float]:
    """Without what is no guess, and without categories that can no longer be chosen."""
    codes = {row.code for row in rows}
    return {code: chance for code, chance in learnt.items() if chance >= LEAST_LIKELY and code in codes}


def ranked(points: dict[str, float], rows: Sequence[Category]) -> list[Category]:
    """Those that have points, best first; of equals the one that stands first in the form."""
    named = [row for row in rows if points.get(row.code, 0) > 0]
    return sorted(named, key=lambda row: -points[row.code])


def chosen_by_guess(data: Form, do: str) -> str:
    """What the pressed button asks for: a guess becomes the chosen category, and the form is checked with it."""
    if not do.startswith(PRESSED):
        return do
    data["category"] = do.removeprefix(PRESSED)
    return "check"
