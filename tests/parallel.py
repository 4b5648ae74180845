"""Doing things at the same moment, each on a database connection of its own."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

from django.db import connection
from django_scopes import scope

from geodata.models import Community


def at_once(calls: Sequence[Callable[[], Any]], *, community: Community | None = None) -> list[Any]:
    """What each call returned, or the exception that it raised, in their order. All start together.

    Needs a test with `transaction=True`. The scope of `community` is open in every thread.
    """
    start = Barrier(len(calls))

    def run(call: Callable[[], Any]) -> Any:
        try:
            connection.ensure_connection()
            start.wait(timeout=30)
            with scope(community=community):
                return call()
        except Exception as error:  # noqa: BLE001  the caller judges it
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))
