"""Runs the statements of the map as prepared ones: PostgreSQL plans each once for a connection.

They have many parts, of which one reading uses few; planning them anew each time cost more than running them. Their
texts are few: whatever differs between two views of the map is a parameter. The setting `plan_cache_mode` of the
connection says that such a plan is kept from the first time on.

Behind a pooler that gives each transaction another connection (MISTO_DB_POOLER) nothing is prepared: parameters travel
beside the text as before, and PostgreSQL plans each time.
"""

import re
from functools import lru_cache
from itertools import count
from typing import Any

import psycopg

from geodata.layer_sql import Sql
from geodata.replica import reading

MOST = 60  # statements that a connection keeps, each with its plan
_NEVER = 2**31 - 1  # uses after which a statement of an ordinary cursor is prepared


class _Prepared(psycopg.RawCursor[Any]):
    """Sends parameters beside the text, where Django's own cursors write them into it."""

    def execute(self, query: Any, params: Any = None, **_how: Any) -> "_Prepared":
        return super().execute(_numbered(query), params, prepare=True)


@lru_cache(maxsize=MOST)
def _numbered(text: str) -> str:
    """The text as PostgreSQL reads it: $1 for the first %s. psycopg would do that anew each time with texts so long."""
    numbers = count(1)
    return re.sub("%[s%]", lambda found: f"${next(numbers)}" if found[0] == "%s" else "%", text)


def fetch(sql: Sql, *, is_prepared: bool = True, is_binary: bool = False) -> list[tuple[Any, ...]]:
    """All rows. Not prepared: planned for just these parameters, such as words of which some are rare.

    Binary: numbers and bytes come as they are, not as text; only of what is prepared.
    """
    connection = reading()
    if not is_prepared:
        with connection.cursor() as cursor:
            cursor.execute(sql.text, sql.params)
            return list(cursor.fetchall())
    connection.close_if_health_check_failed()
    connection.ensure_connection()
    raw = connection.connection
    if not connection.settings_dict["DISABLE_SERVER_SIDE_CURSORS"]:  # psycopg prepares nothing without a threshold
        raw.prepare_threshold, raw.prepared_max = _NEVER, MOST
    wrap = connection.make_debug_cursor if connection.queries_logged else connection.make_cursor
    plain: Any = _Prepared(raw)
    plain.format = psycopg.pq.Format.BINARY if is_binary else psycopg.pq.Format.TEXT
    with connection.wrap_database_errors, wrap(plain) as cursor:
        cursor.execute(sql.text, sql.params)
        return list(cursor.fetchall())
