"""Where the database answers, and what a pooler in front of it changes. docs/scaling.md tells operators when to."""

from typing import Any
from urllib.parse import urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

ENGINE = "django.contrib.gis.db.backends.postgis"
# Sessions answer short queries, so no jit, and what is prepared (geodata.prepared) is planned once.
START_UP = "-c jit=off -c plan_cache_mode=force_generic_plan"
POOLERS = {"", "transaction"}
PATIENCE = 1.5  # seconds for a line to the replica: then the primary is asked
# A machine that is gone says nothing: a line to it ends within four seconds. One that is frozen: openmap.replica_watch.
OF_A_LINE = {
    "connect_timeout": 2,
    "tcp_user_timeout": 3000,  # milliseconds
    "keepalives_idle": 2,
    "keepalives_interval": 1,
    "keepalives_count": 2,
}
BEHIND_NO_POOLER = {"migrate", "backup", "restore", "dbshell", "flush"}  # commands of manage.py


def databases(env: environ.Env, *, is_test: bool) -> dict[str, dict[str, Any]]:
    """DATABASES of Django: one pool per process, opened after fork. Raises ImproperlyConfigured."""
    pooler = env.str("MISTO_DB_POOLER", default="")
    if pooler not in POOLERS:
        raise ImproperlyConfigured("MISTO_DB_POOLER is empty or transaction.")
    pool = {"min_size": 1, "max_size": env.int("MISTO_DB_POOL", default=8), "timeout": 10}
    found = env.db_url("DATABASE_URL", default="postgis:///misto", engine=ENGINE)
    made = {"default": _database(found, pooler=pooler, pool=False if is_test else pool)}
    if env.str("DATABASE_REPLICA_URL", default=""):
        replica = env.db_url("DATABASE_REPLICA_URL", engine=ENGINE)
        from openmap.replica_lines import Line  # only where there is one

        of_replica = pool | {"min_size": 0, "timeout": PATIENCE, "connection_class": Line}
        made["replica"] = _database(replica, pooler=pooler, pool=False if is_test else of_replica)
        made["replica"]["OPTIONS"] |= OF_A_LINE
        made["replica"]["TEST"] = {"MIRROR": "default"}
    return made


def _database(found: dict[str, Any], *, pooler: str, pool: dict[str, Any] | bool) -> dict[str, Any]:
    """A pooler gives each transaction any of its connections: what a session would keep is not asked for.

    Prepared statements (psycopg prepares none by itself here; geodata.prepared then neither), cursors that outlive a
    transaction, and parameters at the start, which PgBouncer refuses: the role has them (docs/scaling.md).
    """
    options: dict[str, Any] = {"pool": pool} if pooler else {"pool": pool, "options": START_UP}
    return found | {
        "CONN_MAX_AGE": 0,
        "CONN_HEALTH_CHECKS": True,
        "DISABLE_SERVER_SIDE_CURSORS": bool(pooler),
        "OPTIONS": found.get("OPTIONS", {}) | options,
    }


def past_the_pooler(words: list[str], variables: dict[str, str]) -> dict[str, str]:
    """Variables that lead a command of manage.py to the database itself: they keep something in a session.

    Empty for other commands, and where MISTO_DB_DIRECT_URL names no address. `words` are those after manage.py.
    """
    direct = variables.get("MISTO_DB_DIRECT_URL", "")
    if not direct or not words or words[0] not in BEHIND_NO_POOLER:
        return {}
    if not urlsplit(direct).scheme:
        raise ImproperlyConfigured("MISTO_DB_DIRECT_URL is an address such as DATABASE_URL.")
    return {"DATABASE_URL": direct, "MISTO_DB_POOLER": ""}
