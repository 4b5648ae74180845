"""Words that a person types to find things by what stands in them."""

import re

from django.contrib.postgres.search import SearchQuery

_WORD = re.compile(r"[^\W_]+(?:ʼ[^\W_]+)*")
_APOSTROPHES = str.maketrans("'’`", "ʼʼʼ")
MOST_WORDS = 8


def words_query(text: str) -> SearchQuery:
    """The query that finds all these words, each by how it begins; compared with what geodata_words made.

    A text without a word finds nothing.
    """
    return SearchQuery(raw_words(text), config="pg_catalog.simple", search_type="raw")


def raw_words(text: str) -> str:
    """The same as to_tsquery reads it."""
    words = _WORD.findall(text.lower().translate(_APOSTROPHES))[:MOST_WORDS]
    return " & ".join(f"'{word}':*" for word in words)
