"""What a text is about, perhaps: three categories to choose from with one tap."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.datastructures import MultiValueDict
from django.utils.translation import get_language

from geodata.models import Community, local_name
from issues.forms import PlaceForm
from issues.models import MAX_TEXT
from routing.keywords import points_of
from routing.models import Category

MOST = 3
FEWEST_LETTERS = 3  # of a text that anything is guessed from
PRESSED = "guess:"  # begins what a button of a guess sends

Form = MultiValueDict[str, str]  # what a form sent


@dataclass(frozen=True, slots=True)
class Guess:
    """One category to offer."""

    code: str
    name: str
    icon: str


def guesses_for(form: PlaceForm, data: Form, *, community: Community) -> list[Guess]:
    """At most MOST, best first; none when a category is chosen already. Must be called inside the community's scope."""
    text = data.get("text", "")[:MAX_TEXT].strip()
    if form.chosen_category or len(text) < FEWEST_LETTERS:
        return []
    language = get_language() or "uk"
    return [Guess(row.code, local_name(row, language), row.icon) for row in guesses(text, community=community)]


def guesses(text: str, *, community: Community) -> list[Category]:
    """The same as rows, for a text alone."""
    rows = list(Category.objects.filter(community=community, is_active=True))
    return ranked(points_of(text, rows), rows)[:MOST]


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
