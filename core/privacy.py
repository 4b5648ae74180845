"""Small counts of people: what may be told of them in sums, and to everybody who takes the data home.

A count of reports is no count of people. How many people said that one report concerns them is: where it is added up or
given away, fewer than FEWEST of them are as good as none. Sums are made of what may be told, never of what is kept
back, so that no difference between two published numbers says anything of a small one
(docs/decisions/0034-open-data.md).
"""

FEWEST = 5  # people: the k of k-anonymity


def counted_sql(people: str) -> str:
    """An SQL expression, a number of people, as it is added up: 0 for fewer than FEWEST."""
    return f"CASE WHEN {people} >= {FEWEST} THEN {people} ELSE 0 END"
