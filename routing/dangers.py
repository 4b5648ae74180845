"""Does what somebody writes or chooses mean danger? Asked by forms before anything else."""

from collections.abc import Sequence
from functools import lru_cache

from geodata.lately import lately
from geodata.models import Community
from routing.models import Category, Danger
from routing.phrases import Lexicon, readable_lines_of
from routing.usual_dangers import DANGER_OF_CATEGORY, WORDS_OF, usual_dangers

KEPT = 64  # lexicons: most communities have the usual one


def dangers_in(text: str, category: Category | None, *, community: Community) -> list[Danger]:
    """What the words or the chosen category mean, in the community's order. Must be called inside its scope.

    A community without a row gets the usual set: nobody is left unwarned because nobody has set anything up.
    """
    known = dangers_of(community)
    topics = tuple((row.code, _words_of(row)) for row in known)
    found = set(_lexicon(topics).found_in(text)) if text.strip() else set()
    chosen = _danger_of(category)
    return [row for row in known if row.code in found or (chosen is not None and row.code == chosen)]


def dangers_of(community: Community) -> Sequence[Danger]:
    """Active ones, as they were two seconds ago at most; the usual set for a community that has no row at all."""
    rows = lately(f"dangers:{community.pk}", lambda: list(Danger.objects.filter(community=community)))
    return [row for row in rows if row.is_active] if rows else usual_dangers(community)


def _danger_of(category: Category | None) -> str | None:
    """Code of the danger that the category means, by its row or, when staff named none, by its usual code."""
    if category is None:
        return None
    return category.danger.code if category.danger else DANGER_OF_CATEGORY.get(category.code)


def _words_of(row: Danger) -> str:
    usual = WORDS_OF.get(row.code, "") if row.with_usual_words else ""
    return f"{usual}\n{row.words}"


@lru_cache(maxsize=KEPT)
def _lexicon(topics: tuple[tuple[str, str], ...]) -> Lexicon:
    return Lexicon({code: readable_lines_of(words) for code, words in topics}, heeds_not=True)
