"""Organisations that a file of another system names as those that answered: found by ЄДРПОУ or by name."""

import re
from collections.abc import Iterable

from accounts.models import Organisation
from issues.import_mapping import LEFT_OUT, FileMapping
from issues.import_reasons import RejectedRowError
from routing.register_keepers import make, same_name

MOST_NAME = 200  # characters, as in the table
UNSAVED = 0  # id of an organisation that is not made yet
_CODE = re.compile(r"\d{8}")
Known = tuple[int, str]  # id and name


class Organisations:
    """All organisations by code and by name without differences that nobody means; makes missing ones when asked."""

    def __init__(self, *, mapping: FileMapping, create: bool, dry_run: bool) -> None:
        self._mapping, self._create, self._dry_run = mapping, create, dry_run
        self._by_code: dict[str, Known] = {}
        self._by_name: dict[str, set[Known]] = {}
        self._with_code: set[Known] = set()
        self._wanted: dict[str, str] = {}  # not made yet: name and code
        self._kept: dict[str, int] = {}  # made: name and id
        self.created: list[str] = []
        for pk, name, edrpou in Organisation.objects.values_list("pk", "name", "edrpou"):
            self._remember(pk, name, edrpou or "")

    def find(self, name: str, code: str) -> Known:
        """Id and name of the organisation that the file means: by its code, else by its name.

        Raises RejectedRowError: organisation, organisations (several have the name), organisation_code, left_out. The
        number of a person, with ten digits, is kept nowhere. One that is missing has the id UNSAVED until it is kept.
        """
        mapped = self._mapping.organisations.get(name.casefold()) or self._mapping.organisations.get(code.casefold())
        if mapped == LEFT_OUT:
            raise RejectedRowError("left_out", said=(name or code)[:MOST_NAME])
        if mapped:
            name, code = ("", mapped) if _CODE.fullmatch(mapped) else (mapped, "")
        if code and not _CODE.fullmatch(code):
            raise RejectedRowError("organisation_code", said="…" if code.isdigit() else code[:20])
        if code in self._by_code:
            return self._by_code[code]
        found = self._by_name.get(same_name(name), set()) if name else set()
        if len(found) > 1:
            raise RejectedRowError("organisations", said=name[:MOST_NAME])
        if found and not (code and found <= self._with_code):
            return next(iter(found))
        if not (self._create and name):
            raise RejectedRowError("organisation", said=(name or code)[:MOST_NAME])
        return self._make(name[:MOST_NAME], code)

    def _make(self, name: str, code: str) -> Known:
        if same_name(name) in self._by_name:  # a namesake with another code: names are unique here
            name = f"{name[: MOST_NAME - 11]} ({code})"
        self._wanted[name] = code
        self._remember(UNSAVED, name, code)
        return UNSAVED, name

    def keep(self, used: Iterable[Known]) -> None:
        """Makes those of `used` that are missing, in the transaction of the reports that they answered."""
        for pk, name in used:
            if pk == UNSAVED and name in self._wanted:
                code = self._wanted.pop(name)
                self._kept[name] = UNSAVED if self._dry_run else make({name: code})[name]
                self.created.append(name)

    def kept(self, known: Known) -> Known:
        """The same with the id that it has now."""
        pk, name = known
        return (pk, name) if pk != UNSAVED else (self._kept.get(name, UNSAVED), name)

    def _remember(self, pk: int, name: str, edrpou: str) -> None:
        self._by_name.setdefault(same_name(name), set()).add((pk, name))
        if edrpou:
            self._by_code[edrpou] = pk, name
            self._with_code.add((pk, name))
