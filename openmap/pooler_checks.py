"""Checks of a database behind a pooler, for `manage.py check --database default`."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core import checks
from django.db import connections


@checks.register(checks.Tags.database)
def short_queries_are_not_compiled(
    app_configs: Any, databases: Sequence[str] | None, **kwargs: Any
) -> list[checks.CheckMessage]:
    """A pooler passes no parameters at the start of a line: the role itself must turn off jit."""
    found: list[checks.CheckMessage] = []
    for alias in databases or []:
        if not settings.DATABASES[alias].get("DISABLE_SERVER_SIDE_CURSORS"):
            continue
        with connections[alias].cursor() as cursor:
            cursor.execute("SELECT current_setting('jit'), current_user, current_database()")
            jit, role, name = cursor.fetchone()
        if jit == "on":
            warning = checks.Warning(
                f"Behind the pooler PostgreSQL compiles short queries ({alias}), which takes longer than they do.",
                hint=f"Run: ALTER ROLE {role} IN DATABASE {name} SET jit = off;",
                id="openmap.W004",
            )
            found.append(warning)
    return found
