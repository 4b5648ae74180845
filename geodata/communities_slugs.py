"""Addresses on the site for the communities of the codifier: the same every time, one for each."""

import re
from collections import defaultdict
from collections.abc import Mapping

from translitua import translit

from geodata.communities_join import SELF_GOVERNING, Register
from geodata.models import Unit
from geodata.slugs import RESERVED_SLUGS

LONGEST = 60  # characters, as in geodata.models.Community
FORMS = 5  # from the shortest to the longest
CITIES = {Unit.Category.CITY, Unit.Category.SPECIAL_CITY}
SEATS = {"M": "misto", "T": "selyshche", "X": "selyshche", "C": "selo"}
_USABLE = re.compile(r"^[a-z][a-z0-9-]+$")


def slugged(text: str) -> str:
    """Latin letters by resolution 55 (2010) of the Cabinet of Ministers, small, with hyphens between words."""
    return re.sub(r"[^a-z0-9]+", "-", translit(text).lower()).strip("-")


class Slugs:
    """An address for every community of the codifier.

    It is the name of the seat («Вінниця» → vinnytsia). Where communities share it, the only city among them has it, and
    each of the others gets the oblast after it; where that is not enough the raion between them, then the kind of the
    seat, and at last the end of the code. Namesakes are counted in the whole codifier, so that a file of one oblast
    gives the same addresses as a file of the country.
    """

    def __init__(self, register: Register) -> None:
        units = [unit for unit in register.units.values() if unit.category in SELF_GOVERNING]
        self._forms = {unit.code: _forms(unit, register) for unit in units}
        self._at: dict[str, int] = {}
        cities = {unit.code for unit in units if register.seats.get(unit.code, unit).category in CITIES}
        taken: set[str] = set()
        for level in range(FORMS):
            wanted: dict[str, list[str]] = defaultdict(list)
            for code in self._forms.keys() - self._at.keys():
                wanted[self._forms[code][level]].append(code)
            for slug, codes in wanted.items():
                first = [code for code in codes if code in cities] if level == 0 and len(codes) > 1 else codes
                if len(first) == 1 and slug not in taken and _is_usable(slug):
                    self._at[first[0]] = level
            taken.update(wanted)

    def choose(self, code: str, others: Mapping[str, str | None]) -> str:
        """The address of a community; the next longer form when another one has it. `others`: codes by address."""
        forms = self._forms[code][self._at.get(code, FORMS - 1) :]
        return next((form for form in forms if form not in others and _is_usable(form)), self._forms[code][-1])


def _forms(unit: Unit, register: Register) -> list[str]:
    """Addresses from the shortest to the one that is unique in any case."""
    seat = register.seats.get(unit.code, unit)
    name = slugged(seat.name)
    above = [slugged(parent.name) for parent in register.above(unit)]  # raion, oblast
    kind = SEATS.get(seat.category, "")
    return [
        name,
        "-".join([name, *above[-1:]]),
        "-".join([name, *above]),
        "-".join(filter(None, [name, kind, *above])),
        f"{name[: LONGEST - 8] or 'hromada'}-{unit.code[-5:]}",
    ]


def _is_usable(slug: str) -> bool:
    return len(slug) <= LONGEST and bool(_USABLE.match(slug)) and slug not in RESERVED_SLUGS
