"""Dataset `appeals`: annex 33 of decree 835, as its published table schema has it (appeals_schema.json).

The schema asks for what appeals on a telephone line have. Where a report has no such thing, or strangers may not know
it, an optional column says that there is nothing, and a required one says so in words.
"""

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from django.utils import translation
from django.utils.translation import gettext_lazy as _

from geodata.models import Community, Unit
from issues.models import Issue
from issues.states import State
from stats.opendata.depersonalise import depersonalised
from stats.opendata.reports import BLURRED, SOURCE
from stats.opendata.table_schema import read_schema
from stats.opendata.tables import Column, Dataset, Row, register
from stats.opendata.taken_back import is_taken_back

SCHEMA = read_schema("appeals")
# What the columns say, in the language that the decree is written in.
DANGER, PROBLEM = "Повідомлення про аварійну ситуацію", "Повідомлення про проблему"
CAME_BY = {Issue.Source.WEB: "Вебсайт", Issue.Source.IMPORT: "Перенесено з іншої системи"}
NOT_ENTERED = "не внесено"
RESULTS = {
    State.DONE: "Роботи виконано",
    State.CONFIRMED: "Роботи виконано, заявник підтвердив",
    State.REJECTED: "Відхилено з поясненням",
    State.WITHDRAWN: "Заявник відкликав заявку",
    State.DUPLICATE: "Розглядається разом з такою самою заявкою",
}
WAITS = "Розгляд триває"
_NUMBER = r"\d{1,4}(?:-?[^\W\d_])?(?!\w)"  # of a house: 12, 12а, 12-А; a word after it may tell a flat
_STREET = re.compile(
    r"(?!.*(?<![^\W\d_])(?:кв|квартир\w*|apt|flat)(?![^\W\d_]))(?P<street>\D[^,]*?)\s*,\s*(?:буд\.?\s*)?"
    rf"(?P<house>{_NUMBER}(?:/{_NUMBER})?)(?:\s*,?\s*корп\.?\s*(?P<block>{_NUMBER}|[^\W\d_]))?",
    re.IGNORECASE,
)
_LEVELS = {"O": ("l2", "{} область"), "P": ("l3", "{} район"), "H": ("l4", "{}"), "K": ("l2", "м. {}")}
_OBLAST = re.compile(r"[сцз]ьк[аи]$")

_PRIVATE = ("source", "name", "address", "danger", "blurred")


def place_of(community: Community) -> Mapping[str, Any]:
    """Names of the units that the community is part of, from the codifier: l2 oblast, l3 raion, l4 community."""
    names: dict[str, str | None] = {"l2": None, "l3": None, "l4": None}
    unit = Unit.objects.filter(code=community.katottg or "").first()
    while unit is not None:
        level, words = _LEVELS.get(unit.category, ("", "{}"))
        if level:
            plain = unit.category == "O" and not _OBLAST.search(unit.name)
            names[level] = unit.name if plain else words.format(unit.name)
        unit = unit.parent
    return names | {"katottg": community.katottg, "community_name": community.name}


@cache
def _in_ukrainian(state: State) -> str:
    """What the state is called, whatever language is spoken now."""
    with translation.override("uk"):
        return str(state.label)


def _as_published(row: Row) -> Row:
    """A row of the database as the schema wants it."""
    given = dict(zip(APPEALS.raw_names, row, strict=True))
    blurred, state = given["blurred"], State(given["status"])
    street = None if blurred else _STREET.fullmatch((given["address"] or "").strip())
    parts = street.groupdict() if street else {"street": None, "house": None, "block": None}
    told = given | {
        "type": DANGER if given["danger"] else PROBLEM,
        # Words about a place that is kept secret may tell it.
        "content": given["kind"] if blurred else depersonalised(given["content"], name=given["name"]),
        "accrualMethod": CAME_BY.get(Issue.Source(given["source"]), NOT_ENTERED),
        "addressThoroughfare": parts["street"],
        "addressLocatorDesignator": parts["house"],
        "addressLocatorBuilding": parts["block"],
        "status": _in_ukrainian(state),
        "organizationId": given["organizationId"] or NOT_ENTERED,
        "result": RESULTS.get(state, WAITS),
    }
    return tuple(told[column.name] for column in SCHEMA)


APPEALS = register(
    Dataset(
        name="appeals",
        title=_("Appeals (decree 835, annex 33)"),
        about=_(
            "The same problems in the table that the Cabinet's decree on open data gives to appeals: with their words, "
            "out of which names, telephones and flats are taken. Its headings are those of the decree."
        ),
        columns=tuple(
            Column(column.name, "text", column.about)
            for column in SCHEMA  # every column of the schema is text; moments are written as it asks
        ),
        selected=f"""
            i.number::text AS uid,
            to_char(i.created_at AT TIME ZONE %(zone)s, 'YYYY-MM-DD"T"HH24:MI') AS "receivedDateTime",
            NULL AS type, k.name AS kind,
            coalesce(nullif(btrim(i.text), ''), nullif(btrim(i.title), ''), k.name) AS content,
            NULL AS "accrualMethod", %(katottg)s::text AS "CATUTTC",
            NULL AS "addressPostCode", 'Україна' AS "addressAdminUnitL1", %(l2)s::text AS "addressAdminUnitL2",
            %(l3)s::text AS "addressAdminUnitL3", %(l4)s::text AS "addressAdminUnitL4", NULL AS "addressPostName",
            NULL AS "addressThoroughfare", NULL AS "addressLocatorDesignator", NULL AS "addressLocatorBuilding",
            i.state AS status, coalesce(o.name, %(community_name)s) AS "organizationName",
            o.edrpou AS "organizationId", NULL AS result,
            i.source, i.reporter_name AS name, i.address, k.danger_id IS NOT NULL AS danger, {BLURRED} AS blurred
        """,
        source=SOURCE,
        key="uid::integer",
        formats=("csv", "parquet"),
        version=2,
        month="s.opened",
        taken_back=is_taken_back,
        private=_PRIVATE,
        reshape=_as_published,
        more=place_of,
        missing="null",
    )
)
