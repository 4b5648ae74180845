"""Streets that may be meant, found by the database: by their letters, and where that is too little by their slips."""

from collections.abc import Sequence
from typing import Any

from geodata.models import Community, Street
from geodata.street_words import Sought

MOST, MOST_SLIPPED = 40, 60  # streets that are looked at closely
WAYS = 6  # to read what was typed
LONG_ENOUGH = 4  # letters of a word that may have slips
_SLIPS = ((5, 3), (0, 2))  # letters of a word: slips, one for a letter; changed places are two here

# `%%>`: three of five triples of letters of what was typed stand together in the names (pg_trgm's usual share). One
# part for each way to read it: no index serves a list of texts.
_ALIKE_ONE = """
SELECT id, word_similarity(%(text)s, search) + similarity(%(text)s, search) AS share
FROM geodata_street WHERE community_id = %(community)s AND search %%> %(text)s
"""
_ALIKE = """
SELECT id, name, locality, former_names, other_names, middle FROM geodata_street JOIN (
    SELECT id, max(share) AS share FROM ({parts}) AS each GROUP BY id ORDER BY share DESC, id LIMIT %(most)s
) AS chosen USING (id)
"""
_SLIPPED = """
SELECT id, name, locality, former_names, other_names, middle FROM geodata_street JOIN (
    SELECT id, min(levenshtein_less_equal(known, word, slips)) AS missed, max(similarity(whole, search)) AS share
    FROM geodata_street, unnest(%(words)s::text[], %(wholes)s::text[], %(slips)s::int[]) AS typed(word, whole, slips),
        unnest(string_to_array(translate(search, '-', ' '), ' ')) AS known
    WHERE community_id = %(community)s AND abs(length(known) - length(word)) <= 2
      AND levenshtein_less_equal(known, word, slips) <= slips
    GROUP BY id ORDER BY missed, share DESC, id LIMIT %(most)s
) AS chosen USING (id)
"""


def alike(ways: Sequence[Sought], community: Community) -> list[Street]:
    """By an index: names that have most of the triples of letters."""
    texts = {f"text{at}": text for at, text in enumerate(dict.fromkeys(way.text for way in ways if way.text))}
    named = list(texts)[:WAYS]
    if not named:
        return []
    parts = " UNION ALL ".join(_ALIKE_ONE.replace("(text)", f"({name})") for name in named)
    return _rows(_ALIKE.format(parts=parts), texts | {"community": community.pk, "most": MOST})


def slipped(ways: Sequence[Sought], community: Community) -> list[Street]:
    """By reading every name of the community: those with a word that a few slips make out of the longest typed."""
    typed: dict[str, str] = {}
    for way in ways:
        word = max((word for word in way.words if word.isalpha()), key=len, default="")
        if len(word) >= LONG_ENOUGH and len(typed) < WAYS:
            typed[word] = max(typed.get(word, ""), way.text, key=len)
    if not typed:
        return []
    slips = [next(most for letters, most in _SLIPS if len(word) >= letters) for word in typed]
    asked = {"words": list(typed), "wholes": list(typed.values()), "slips": slips}
    return _rows(_SLIPPED, asked | {"community": community.pk, "most": MOST_SLIPPED})


def _rows(query: str, given: dict[str, Any]) -> list[Street]:
    """Streets with what is needed to judge and to show them."""
    return list(Street.objects.raw(query, given))
