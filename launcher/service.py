"""The environment that the service and its commands run in.

Whatever is set already wins; what is missing gets a value that works on one machine.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from launcher import python_env, system
from launcher.places import Places
from launcher.ports import HOST

SECRET_BYTES = 48
OF_TESTS = {"MISTO_SCREENSHOTS", "MISTO_WRITE_SCREENSHOTS"}  # what tests/browser reads of whoever starts it


@dataclass(frozen=True, kw_only=True)
class Addresses:
    """DATABASE_URL and REDIS_URL: where the database and Redis answer."""

    database: str
    redis: str


def has_own_database(base: Mapping[str, str] = os.environ) -> bool:
    """Whether the operator brings a database, so that no private cluster is started."""
    return bool(base.get("DATABASE_URL"))


def has_own_redis(base: Mapping[str, str] = os.environ) -> bool:
    """Whether the operator brings a Redis, or another broker, so that no private one is started."""
    return bool(base.get("REDIS_URL") or base.get("MISTO_BROKER_URL"))


def environment(
    places: Places, *, port: int, addresses: Addresses, base: Mapping[str, str] = os.environ
) -> dict[str, str]:
    """Every variable for gunicorn, Celery and manage.py."""
    own = python_env.environment(base)
    if not has_own_database(base):  # PGPORT and its relatives would bend the address of the private cluster
        own = {name: value for name, value in own.items() if not name.startswith("PG")}
    defaults = {
        "DATABASE_URL": addresses.database,
        "REDIS_URL": addresses.redis,
        "MISTO_SITE_URL": f"http://{HOST}:{port}",
        "MISTO_HOSTS": "localhost,127.0.0.1,[::1]",
        "DJANGO_SETTINGS_MODULE": "openmap.settings",
        "MISTO_LOG_FORMAT": "text",
    }
    if not base.get("MISTO_SECRET_KEY"):
        defaults["MISTO_SECRET_KEY"] = secret_key(places)
    if places.demo_accounts.exists() and not has_own_database(base):
        defaults["MISTO_DEMO"] = "1"
    given = {name: value for name, value in own.items() if value or name not in defaults}
    return defaults | given | {"MISTO_VAR": str(places.var)}  # absolute: children start in another folder


def for_tests(*, folder: Path, addresses: Addresses) -> dict[str, str]:
    """The environment of tests: nothing of the operator's own settings, files in a throw-away folder."""
    kept = {
        name: value
        for name, value in python_env.environment().items()
        if name in OF_TESTS
        or (not name.startswith(("PG", "MISTO_", "DJANGO_")) and name not in {"DATABASE_URL", "REDIS_URL"})
    }
    chromium = system.chromium_binary()
    return kept | {
        "DATABASE_URL": addresses.database,
        "REDIS_URL": addresses.redis,
        "MISTO_ENV": "test",
        "MISTO_SECRET_KEY": "only-for-tests-" * 4,
        "MISTO_VAR": f"{folder}/var",
        "MISTO_STATIC_ROOT": f"{folder}/static",
        "DJANGO_SETTINGS_MODULE": "openmap.settings",
        **({"CHROMIUM": chromium} if chromium else {}),
    }


def secret_key(places: Places) -> str:
    """The installation's secret: made once, readable by its owner only."""
    path = places.var / "secret-key"
    if not path.exists():
        draft = path.with_suffix(".new")
        draft.unlink(missing_ok=True)
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(SECRET_BYTES))
        draft.replace(path)
    return path.read_text(encoding="ascii").strip()
