"""SQL that adds up cases: what each table of counts should have of a set of them.

Each piece reads a relation with the columns core.counters.CASE and `sign` (1: add, -1: take away), and gives the rows
of its table without `source`; of tables of histograms it gives what each bucket has more, and `histograms` makes the
rows of that. Only `packed` reads cases that are written already. Cases are added up by all that tells them apart first,
and only then told to every place that counts them: areas, organisations, squares.
"""

from datetime import date

from core.counters import CASE, DAYS, MEASURES

LEVELS = (12, 14, 16)  # of the squares that are counted, as geodata.squares has them
PACKED = 18  # level of the squares whose cases are kept in one value …
FINER = 60 - 2 * PACKED  # … and bits of Morton codes that are finer
EVER = date.min  # stands for all months where there are sums of all time
MONTH, QUARTER, YEAR, ALL_TIME = 1, 3, 12, 0  # spans, by their lengths in months
ANSWER, FIX = 1, 2  # what a time was measured to
BUCKET = 1.1  # each bucket of times ends so much later than it begins
MONTHS_KEY = "community, kind, place, category, month"
DAYS_KEY = "community, kind, place, day"
TIMES_KEY = "community, kind, place, measure, span, month, category"
CELLS_KEY = "community, span, month, c, category"
SQUARES_KEY = "community, c, month"
PACKED_KEY = "community, c"
CELL_TIMES_KEY = "community, span, month, c"
COUNTS = ", ".join(MEASURES)
HISTOGRAM = "buckets, many"
COLUMNS = ", ".join(CASE)

_EVENTS = ", ".join([*(f"({n}, {day}, 1)" for n, day in enumerate(DAYS)), f"({len(DAYS)}, opened, supporters)"])
_SUMS = ", ".join(f"coalesce(sum(n) FILTER (WHERE measure = {n}), 0)::integer AS {m}" for n, m in enumerate(MEASURES))
_ADDED = ", ".join(f"sum({measure})::integer AS {measure}" for measure in MEASURES)
_TIMES = f"({ANSWER}, answered, answer_seconds), ({FIX}, closed, fix_seconds)"
_MONTH = "date_trunc('month', day)::date"
# Months are added up to quarters, years and all time where reading every month would cost too much.
_SPANS = (
    f"({MONTH}, month), ({QUARTER}, date_trunc('quarter', month)::date), "
    f"({YEAR}, date_trunc('year', month)::date), ({ALL_TIME}, '{EVER}')"
)
_LEVELS = ", ".join(f"({level})" for level in LEVELS)
# Who counts a case: the community, its areas, its organisation; months also both together.
_PLACES = """
    SELECT 0, 0::bigint UNION ALL SELECT 1, area::bigint FROM unnest(areas) area
    UNION ALL SELECT 2, coalesce(organisation, 0)::bigint
"""
_PAIRS = "SELECT 3, (area::bigint << 32) | coalesce(organisation, 0) FROM unnest(areas) area"


def months(cases: str) -> str:
    """Rows of stats_month."""
    together = f"""
        SELECT community, category, organisation, areas, {_MONTH} AS month, {_SUMS} FROM {_happened(cases)}
        GROUP BY 1, 2, 3, 4, 5"""
    return f"""
        SELECT community, kind, place, kinds.category, month, {_ADDED} FROM ({together}) told
        CROSS JOIN LATERAL ({_PLACES} UNION ALL {_PAIRS}) places(kind, place)
        CROSS JOIN LATERAL (VALUES (0), (told.category)) kinds(category)
        WHERE kind < 3 OR kinds.category = 0 GROUP BY 1, 2, 3, 4, 5"""


def days(cases: str) -> str:
    """Rows of stats_day."""
    together = f"""
        SELECT community, organisation, areas, day, {_SUMS} FROM {_happened(cases)} GROUP BY 1, 2, 3, 4"""
    return f"""
        SELECT community, kind, place, day, {_ADDED} FROM ({together}) told
        CROSS JOIN LATERAL ({_PLACES}) places(kind, place) GROUP BY 1, 2, 3, 4"""


def times(cases: str) -> str:
    """The key of stats_time, with `bucket` and how many more are in it, `n`."""
    together = f"""
        SELECT community, category, organisation, areas, {_MONTH} AS month, measure, {bucket_of("seconds")} AS bucket,
            sum(sign)::integer AS n
        FROM ({cases}) cases CROSS JOIN LATERAL (VALUES {_TIMES}) happened(measure, day, seconds)
        WHERE seconds IS NOT NULL GROUP BY 1, 2, 3, 4, 5, 6, 7 HAVING sum(sign) <> 0"""
    by_month = f"""
        SELECT community, kind, place, measure, kinds.category, month, bucket, sum(n)::integer AS n
        FROM ({together}) told CROSS JOIN LATERAL ({_PLACES}) places(kind, place)
        CROSS JOIN LATERAL (VALUES (0), (told.category)) kinds(category) GROUP BY 1, 2, 3, 4, 5, 6, 7"""
    return f"""
        SELECT community, kind, place, measure, spans.span, spans.month, category, bucket, sum(n)::integer AS n
        FROM ({by_month}) told CROSS JOIN LATERAL (VALUES {_SPANS}) spans(span, month)
        GROUP BY 1, 2, 3, 4, 5, 6, 7, 8"""


def histograms(counts: str, key: str) -> str:
    """Rows of a key and its histogram, out of the key with buckets; a bucket may come several times."""
    together = f"SELECT {key}, bucket, sum(n)::integer AS n FROM ({counts}) counts GROUP BY {key}, bucket"
    values = ", ".join(
        f"coalesce(array_agg({value} ORDER BY bucket) FILTER (WHERE n <> 0), '{{}}') AS {name}"
        for value, name in (("bucket", "buckets"), ("n", "many"))
    )
    return f"SELECT {key}, {values} FROM ({together}) together GROUP BY {key}"


def cells(cases: str) -> str:
    """Rows of stats_cell: each kind."""
    by_month = f"""
        SELECT community, month, {_square("level")} AS c, category, {_ADDED}
        FROM ({_finest(cases)}) told, (VALUES {_LEVELS}) levels(level) GROUP BY 1, 2, 3, 4"""
    return f"""
        SELECT community, spans.span, spans.month, c, category, {_ADDED}
        FROM ({by_month}) told CROSS JOIN LATERAL (VALUES {_SPANS}) spans(span, month) GROUP BY 1, 2, 3, 4, 5"""


def squares(cases: str) -> str:
    """Rows of stats_square: all kinds together."""
    return f"""
        SELECT community, {_square("level")} AS c, month, {_ADDED}
        FROM ({_finest(cases)}) told, (VALUES {_LEVELS}) levels(level) GROUP BY 1, 2, 3"""


def cell_times(cases: str) -> str:
    """The key of stats_cell_time, with `bucket` and how many more are in it, `n`."""
    together = f"""
        SELECT community, date_trunc('month', closed)::date AS month, m >> {60 - 2 * LEVELS[-1]} AS square,
            {bucket_of("fix_seconds")} AS bucket, sum(sign)::integer AS n
        FROM ({cases}) cases WHERE fix_seconds IS NOT NULL GROUP BY 1, 2, 3, 4 HAVING sum(sign) <> 0"""
    return f"""
        SELECT community, spans.span, spans.month, {_square("level")} AS c, bucket, sum(n)::integer AS n
        FROM ({together}) told, (VALUES {_LEVELS}) levels(level)
        CROSS JOIN LATERAL (VALUES {_SPANS}) spans(span, month) GROUP BY 1, 2, 3, 4, 5"""


def packed(chosen: str) -> str:
    """Rows of stats_packed, of the cases that `chosen` says: those of a square in the order of their codes."""
    return f"""
        SELECT community, {packed_code(f"(m >> {FINER})")} AS c,
            string_agg(int8send(m) || packed, ''::bytea ORDER BY m, packed) AS cases
        FROM stats_case WHERE {chosen} GROUP BY 1, 2"""


def packed_code(square: str) -> str:
    """SQL: the code of one of the squares whose cases are packed, out of that without the leading 1."""
    return f"{square} | (1::bigint << {2 * PACKED})"


def bucket_of(seconds: str) -> str:
    """SQL: the bucket of a time."""
    return f"floor(ln(greatest({seconds}, 1)::float8) / ln({BUCKET}::float8))::smallint"


def _finest(cases: str) -> str:
    """SQL: sums by kind, month and square of the finest level."""
    return f"""
        SELECT community, category, {_MONTH} AS month, m >> {60 - 2 * LEVELS[-1]} AS square, {_SUMS}
        FROM {_happened(cases)} GROUP BY 1, 2, 3, 4"""


def _square(level: str) -> str:
    """SQL: the code of the square of a level that one of the finest lies in."""
    return f"(square >> 2 * ({LEVELS[-1]} - {level})) | (1::bigint << 2 * {level})"


def _happened(cases: str) -> str:
    """SQL: a row for everything that is counted of a case, with n of it."""
    return f"""(
        SELECT community, category, organisation, areas, m, measure, day, sign * weight AS n
        FROM ({cases}) cases CROSS JOIN LATERAL (VALUES {_EVENTS}) happened(measure, day, weight)
        WHERE day IS NOT NULL AND weight <> 0) happened"""
