"""A drawn city of Kyiv's size with any number of reports, in a database that is kept for the next time.

Reports stand along 6,000 streets around 40 centres, the busiest first, as in real cities: a few places have very
many. 60 kinds whose numbers fall off as Zipf says, five years one after another with more of them lately, one in eight
still open, one in 25 blurred or hidden.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit, urlunsplit

import numpy as np
import psycopg
from django.contrib.gis.geos import MultiPolygon, Point, Polygon
from django.db import connection
from django_scopes import scopes_disabled

from geodata.boxes import Box
from geodata.layers import Counted, layer_named
from geodata.models import Community
from geodata.recount import rebuild
from issues.states import State
from routing.models import Category

DRAWN = 3  # grows when the city is drawn otherwise: kept databases of before are not used then
CITY = Box(30.24, 50.21, 30.83, 50.59)
MIDDLE = (30.52, 50.45)
SLUG = "bench"
KINDS, STREETS, CENTRES, YEARS = 60, 6000, 40, 5
NOW = datetime(2026, 11, 19, 10, 0, tzinfo=UTC)
CHUNK = 50_000
STATES = {State.NEW: 3, State.ACCEPTED: 4, State.IN_PROGRESS: 4, State.WAITING: 2, State.DONE: 55,
          State.CONFIRMED: 22, State.REJECTED: 7, State.DUPLICATE: 3}  # fmt: skip
VISIBILITIES = {"public": 960, "coarse": 25, "held": 5, "hidden": 10}
WHAT = ("Яма", "Не горить ліхтар", "Сміття не вивозять", "Відкритий люк", "Тече вода", "Зламана лавка", "Сухе дерево",
        "Автомобіль на тротуарі", "Немає опалення", "Розбите скло на майданчику")  # fmt: skip
WHERE = ("біля школи", "у дворі", "на розі", "навпроти аптеки", "біля під’їзду", "коло церкви", "біля зупинки")
_STORES = ("core_subject", "issues_issue")


@dataclass(frozen=True, slots=True)
class Kept:
    """A database with a city: what Django and psycopg need to reach it."""

    name: str
    reports: int


def kept(reports: int) -> Kept:
    """The database with so many reports, filled unless it is there already, with all migrations of today."""
    name = f"city_{reports}_v{DRAWN}"
    with plain("misto") as control:
        for (old,) in control.execute("SELECT datname FROM pg_database WHERE datname LIKE 'city%%'").fetchall():
            if not old.endswith(f"_v{DRAWN}"):
                control.execute(f'DROP DATABASE "{old}"')
        is_there = control.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone()
        if not is_there:
            control.execute(f'DROP DATABASE IF EXISTS "{name}_draft"')
            control.execute(f'CREATE DATABASE "{name}_draft"')
    draft = name if is_there else f"{name}_draft"
    manage(draft, "migrate", "--verbosity=0")
    with plain(draft) as line:
        line.execute("VACUUM ANALYZE issues_issue")  # a migration may have written it anew
    if not is_there:
        manage(draft, "shell", "-c", f"from tests.bench._city import fill; fill({reports})")
        with plain("misto") as control:
            control.execute(f'ALTER DATABASE "{draft}" RENAME TO "{name}"')
    return Kept(name, reports)


def address_of(name: str) -> str:
    """DATABASE_URL of another database of the same cluster."""
    return urlunsplit(urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}"))


def fill(reports: int) -> None:
    """Draws the city into the connection's database, which must be migrated and empty."""
    with scopes_disabled():
        community = _community()
        kinds = [
            Category.objects.create(community=community, code=f"kind-{n}", name=f"Вид {n}", is_sensitive=n == KINDS - 1)
            for n in range(KINDS)
        ]
    with connection.cursor() as cursor:
        cursor.execute("SET maintenance_work_mem = '1GB'; SET synchronous_commit = off")
        put_back = [statement for table in _STORES for statement in laid_aside(table)]
        _copy(reports, community.pk, [kind.pk for kind in kinds])
        for statement in put_back:
            cursor.execute(statement)
        cursor.execute("VACUUM ANALYZE core_subject, issues_issue")
    counted = layer_named("issues").counted
    assert isinstance(counted, Counted)
    rebuild(counted, community.pk)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE geodata_cell, geodata_cell_month, geodata_cell_delta")


def _community() -> Community:
    return Community.objects.create(
        slug=SLUG,
        name="Bench",
        centre=Point(*MIDDLE, srid=4326),
        boundary=MultiPolygon(Polygon.from_bbox(CITY), srid=4326),
    )


def laid_aside(table: str) -> list[str]:
    """Drops the indexes and foreign keys of a table and switches its triggers off; how to put them back."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = %s AND indexname NOT IN "
            "(SELECT conname FROM pg_constraint WHERE conrelid = %s::regclass)",
            [table, table],
        )
        indexes = cursor.fetchall()
        cursor.execute(
            "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint "
            "WHERE conrelid = %s::regclass AND contype = 'f'",
            [table],
        )
        keys = cursor.fetchall()
        for name, _how in keys:
            cursor.execute(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"')
        for name, _how in indexes:
            cursor.execute(f'DROP INDEX "{name}"')
        cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
    back = [how for _name, how in indexes]
    back += [f'ALTER TABLE {table} ADD CONSTRAINT "{name}" {how} NOT VALID' for name, how in keys]
    return [*back, f"ALTER TABLE {table} ENABLE TRIGGER USER"]


def _copy(reports: int, community: int, kinds: list[int]) -> None:
    subjects = "id, community_id, kind, visibility, hidden_reason"
    columns = (
        "id, subject_id, community_id, number, category_id, location, address, entrance, flat, answers, title, text, "
        "state, source, language, created_at, due_on, changed_at, subject_visibility, place_is_sensitive"
    )
    for rows in _drawn(reports):
        with connection.cursor() as cursor:
            with cursor.copy(f"COPY core_subject ({subjects}) FROM STDIN") as copy:
                copy.write("".join(f"{n}\t{community}\tissue\t{v}\t{'x' if v == 'hidden' else ''}\n"
                                   for n, _k, _x, _y, _s, v, _at, _until in rows))  # fmt: skip
            with cursor.copy(f"COPY issues_issue ({columns}) FROM STDIN") as copy:
                copy.write("".join(
                    f"{n}\t{n}\t{community}\t{n}\t{kinds[k]}\tSRID=4326;POINT({x:.6f} {y:.6f})\tвул. Садова, {n % 90}"
                    f"\t\t\t{{}}\t{WHAT[k % 10]} {WHERE[n % 7]}\t{WHAT[n % 10]} {WHERE[k % 7]}, номер {n}"
                    f"\t{s}\tweb\tuk\t{at}\t{at[:10]}\t{until}\t{v}\t{k == KINDS - 1}\n"
                    for n, k, x, y, s, v, at, until in rows
                ))  # fmt: skip
    with connection.cursor() as cursor:
        for table in _STORES:
            cursor.execute(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), {max(reports, 1)})")


def _drawn(reports: int) -> Iterator[list[tuple[int, int, float, float, str, str, str, str]]]:
    """Number, kind, place, state, visibility, when it began and changed, in chunks: the same every time."""
    chance = np.random.default_rng(7)
    starts, ends, weights = streets(chance)
    kinds = 1 / np.arange(1, KINDS + 1)
    shares, seen = np.array(list(STATES.values())) / sum(STATES.values()), np.array(list(VISIBILITIES.values())) / 1000
    names, sights = np.array([str(state) for state in STATES]), np.array(list(VISIBILITIES))
    all_days = YEARS * 365 * np.sqrt(np.sort(chance.random(reports)))  # more of them lately
    for first in range(1, reports + 1, CHUNK):
        size = min(CHUNK, reports + 1 - first)
        street = chance.choice(STREETS, size, p=weights)
        along = chance.random((size, 1))
        places = starts[street] * (1 - along) + ends[street] * along + chance.normal(0, 0.00012, (size, 2))
        days = all_days[first - 1 : first - 1 + size]
        began = [NOW - timedelta(days=YEARS * 365) + timedelta(days=float(day)) for day in days]
        changed = [at + timedelta(days=float(day)) for at, day in zip(began, chance.exponential(9, size), strict=True)]
        yield list(zip(
            range(first, first + size),
            chance.choice(KINDS, size, p=kinds / kinds.sum()).tolist(),
            places[:, 0].clip(CITY.west, CITY.east).tolist(), places[:, 1].clip(CITY.south, CITY.north).tolist(),
            chance.choice(names, size, p=shares).tolist(), chance.choice(sights, size, p=seen).tolist(),
            [at.isoformat() for at in began], [at.isoformat() for at in changed], strict=True,
        ))  # fmt: skip


def streets(chance: np.random.Generator) -> "tuple[np.ndarray, np.ndarray, np.ndarray]":
    """Both ends of every street, and its share of the reports."""
    centres = np.array(MIDDLE) + chance.normal(0, (0.11, 0.07), (CENTRES, 2))
    size = chance.lognormal(0, 0.9, CENTRES)
    of_centre = chance.choice(CENTRES, STREETS, p=size / size.sum())
    starts = centres[of_centre] + chance.normal(0, (0.02, 0.013), (STREETS, 2))
    angle = chance.choice([0.3, 0.3 + np.pi / 2], STREETS) + chance.normal(0, 0.15, STREETS)
    length = chance.lognormal(-5.3, 0.6, STREETS)  # degrees: half of them longer than about 400 m
    ends = starts + np.stack([np.cos(angle), np.sin(angle) * 0.64], axis=1) * length[:, None]
    weights = chance.lognormal(0, 1.2, STREETS) * length
    return starts, ends, weights / weights.sum()


def plain(name: str) -> psycopg.Connection:
    url = address_of(name).replace("postgis://", "postgresql://")
    return psycopg.connect(url, autocommit=True)


def manage(database: str, *words: str) -> None:
    """A command of manage.py on another database."""
    subprocess.run(
        [sys.executable, "manage.py", *words], env=os.environ | {"DATABASE_URL": address_of(database)}, check=True
    )
