"""A fingerprint of the whole database: what changed nothing leaves it as it was."""

from django.apps import apps
from django.db import connection


def fingerprint() -> dict[str, tuple[int, str]]:
    """Table → (number of rows, digest of all of them), for every table that Django knows."""
    models = apps.get_models(include_auto_created=True)
    found = {}
    with connection.cursor() as cursor:
        for table in sorted({model._meta.db_table for model in models}):
            cursor.execute(
                f"SELECT count(*), md5(coalesce(string_agg(t::text, chr(10) ORDER BY t::text), '')) FROM \"{table}\" t"
            )
            found[table] = cursor.fetchone()
    return found
