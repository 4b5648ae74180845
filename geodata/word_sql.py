"""SQL of what has the words of a question, of a counted layer: the newest, found where that is least work."""

from dataclasses import replace

from geodata.counted_sql import Source, around, counts, rows, rows_by_time, view_of
from geodata.layer_sql import Question, Sql
from geodata.layers import Counted, Filters, Layer
from geodata.squares import STORED, squares_at
from geodata.words import raw_words

RARE = 5000  # things with the words, all of which are looked at
SAMPLE, FREQUENT = 1000, 10  # newest things that are asked how frequent words are, and those of them that say: they are
PASSED = 0.1  # of the work of a look at its words: to pass by a thing that is not in view


def searched(layer: Layer, counted: Counted, question: Question, most: int) -> Sql:
    """SELECT id, sg, x, y, starts_at of the newest rows, at most so many, that have the words of the question.

    They are looked for where that is least work: among what has the words, if they are rare; among what is in view; or
    from the newest on. PostgreSQL cannot know that when it plans, so all three ways are told, and one is taken. How
    frequent the words are is asked of the newest rows: to count all that have a frequent word takes longer than the
    rest.
    """
    words = raw_words(question.filters.text)
    has_words = f"{counted.words} @@ to_tsquery('pg_catalog.simple', %s)"
    view = view_of(replace(question, filters=Filters()))
    near = Sql("SELECT 1e9 AS n")
    if question.box:
        squares = view.squares if view.squares.level <= STORED[-1] else squares_at(question.box, STORED[-1])
        near = counts(layer, counted, question, replace(view, squares=squares, source=Source.CELLS))
        near = Sql(f"SELECT coalesce(sum(n), 0)::float8 AS n FROM ({near.text}) counted", near.params)
    everything = around(counted, question, view)
    newest = f"ORDER BY starts_at DESC, id DESC LIMIT {most}"
    sample = (
        f"SELECT count(*) FILTER (WHERE {has_words}) FROM (SELECT {counted.words} FROM {counted.table} "
        f"WHERE community_id = %s AND map_group IS NOT NULL ORDER BY {counted.starts_at} DESC LIMIT {SAMPLE}) newest"
    )
    rare = f"SELECT count(*) <= {RARE} FROM (SELECT 1 FROM {counted.table} WHERE {has_words} LIMIT {RARE + 1}) f"
    share = f"(greatest(hits, 1) / {SAMPLE}::float8)"
    by_time_costs = f"(least({most} / {share}, near) * (1 + {PASSED} * every / near))"
    known = f"""SELECT near.n AS near, everything.n AS every,
        CASE WHEN near.n <= {SAMPLE} THEN 0 ELSE ({sample}) END AS hits FROM near, everything"""
    way = f"""SELECT CASE
        WHEN near <= {SAMPLE} THEN 'place'
        WHEN hits < {FREQUENT} AND ({rare}) THEN 'words'
        WHEN hits >= {FREQUENT} AND {share} * every < least(near, {by_time_costs}) THEN 'words'
        WHEN near < {by_time_costs} THEN 'place' ELSE 'time' END AS name
        FROM known"""
    there = rows(layer, counted, question, replace(view, source=Source.ROWS))
    anywhere = rows_by_time(layer, counted, question, view)

    def those_with_words(found: str) -> str:
        return (
            f"SELECT found.* FROM ({found}) found CROSS JOIN LATERAL "
            f"(SELECT 1 FROM {counted.table} t WHERE t.id = found.id AND t.{has_words} OFFSET 0) has_words {newest}"
        )

    def if_taken(name: str) -> str:
        return f"AND (SELECT name FROM way) = '{name}'"

    by_place = those_with_words(f"{there.text} {if_taken('place')}")
    by_words = f"SELECT * FROM ({anywhere.text} AND {has_words} {if_taken('words')} OFFSET 0) f {newest}"
    by_time = those_with_words(f"{anywhere.text} {if_taken('time')} ORDER BY starts_at DESC, id DESC OFFSET 0")
    return Sql(
        f"WITH near AS MATERIALIZED ({near.text}), everything AS MATERIALIZED ({everything.text}), "
        f"known AS MATERIALIZED ({known}), way AS MATERIALIZED ({way}) "
        f"SELECT * FROM (({by_place}) UNION ALL ({by_words}) UNION ALL ({by_time})) f {newest}",
        (
            *near.params, *everything.params, words, question.community_id, words,
            *there.params, words, *anywhere.params, words, *anywhere.params, words,
        ),
    )  # fmt: skip
