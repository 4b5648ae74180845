"""Which categories the words of a text name: a count of what was said, no guess beyond it."""

from collections.abc import Mapping, Sequence
from functools import lru_cache

from routing.models import Category
from routing.phrases import SHORTEST_STEM, Lexicon, readable_lines_of, tokens_of
from routing.usual_words import USUAL_WORDS

KEPT = 64  # lexicons


def points_of(text: str, categories: Sequence[Category]) -> dict[str, float]:
    """Code → points, only of those that the text names. About a millisecond for a usual text."""
    return dict(_lexicon(_topics(categories)).found_in(text))


def words_for(code: str, text: str, categories: Sequence[Category]) -> list[str]:
    """The words of the text that name this one of the categories, as they were typed."""
    return _lexicon(_topics(categories)).words_of(text, code)


def _topics(categories: Sequence[Category]) -> tuple[tuple[str, str, str], ...]:
    return tuple((row.code, f"{USUAL_WORDS.get(row.code, '')}\n{row.keywords}", row.name) for row in categories)


@lru_cache(maxsize=KEPT)
def _lexicon(topics: tuple[tuple[str, str, str], ...]) -> Lexicon:
    lines: Mapping[str, list[str]] = {code: [words, *_words_of(name)] for code, words, name in topics}
    return Lexicon({code: readable_lines_of("\n".join(words)) for code, words in lines.items()})


def _words_of(name: str) -> list[str]:
    """A line for each word of a name that is long enough to mean something."""
    return [word for word in tokens_of(name) if len(word) > SHORTEST_STEM]
