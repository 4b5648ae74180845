"""Things that people call by a number: “№ 42”."""

import re
from collections.abc import Sequence

from geodata.layer_sql import Question, union
from geodata.layers import Layer
from geodata.lists import Key
from geodata.replica import reading

_NUMBER = re.compile(r"^\s*(?:№|#|N|no\.?)?\s*(\d{1,9})\s*$", re.IGNORECASE)
PROPERTY = "number"  # of a layer whose things have numbers


def number_in(text: str) -> int | None:
    """The number that “№ 42”, “#42” or “42” is; None for anything else."""
    found = _NUMBER.match(text)
    return int(found[1]) if found else None


def keys_of_number(layers: Sequence[Layer], question: Question, number: int) -> list[Key]:
    """The things that strangers may see with that number, of all layers whose things have numbers.

    Must be called inside the community's scope.
    """
    asked = [question.ask(layer) for layer in layers if PROPERTY in layer.properties]
    if not asked:
        return []
    rows = union([one.select(("id",), extra=f'rows."{PROPERTY}" AS number') for one in asked])
    with reading().cursor() as cursor:
        cursor.execute(f"SELECT layer, id FROM ({rows.text}) found WHERE number = %s", (*rows.params, number))  # noqa: S608
        return [(str(layer), int(key)) for layer, key in cursor.fetchall()]
