"""What an export may say. Whoever gives one may have written it: nobody becomes an operator by it, no path leads out of
a folder, and no row names a file that is another community's.
"""

import re
from collections.abc import Iterable
from typing import Any, Final

from django.contrib.auth.hashers import make_password
from django.core.exceptions import ValidationError
from django.core.files.storage import default_storage
from django.utils.translation import gettext as _

from core.stored_files import named_in, namings
from geodata.models import Community
from openmap.backup.layout import BASEMAP, FILES
from openmap.moving.belongings import Kind
from openmap.moving.bundle import MovingError

BASEMAP_NAME: Final = re.compile(r"[0-9a-f]{16}\.pmtiles")


def refuse_bad_address(slug: Any) -> None:
    """Raises MovingError for an address that a community cannot have."""
    try:
        Community._meta.get_field("slug").clean(slug, None)
    except ValidationError as mistake:
        raise MovingError(
            _("%(slug)s cannot be the address of a community: %(reason)s")
            % {"slug": repr(slug), "reason": " ".join(mistake.messages)}
        ) from None


def modest(person: dict[str, Any], staff: Iterable[int]) -> dict[str, Any]:
    """The account as it moves: no operator, and whoever is not staff of the community brings no rights or password."""
    person = person | {"is_superuser": False, "last_login": None}
    if person["id"] not in staff:
        person |= {"is_staff": False, "password": make_password(None)}
    return person


class Named:
    """Files that rows of the export may name: those in it. What it says to be missing must be missing here too."""

    def __init__(self, inside: Iterable[str], missing: Iterable[str]) -> None:
        self._held = {name.removeprefix(f"{FILES}/") for name in inside if name.startswith(f"{FILES}/")}
        self._missing = set(missing)
        self._columns = {naming.model: naming.columns for naming in namings()}

    def refuse_foreign(self, kind: Kind, row: dict[str, Any]) -> None:
        """Raises MovingError for a row that names another file."""
        for name in named_in(row, self._columns.get(kind.model, ())):
            if name in self._held or (name in self._missing and not default_storage.exists(name)):
                continue
            raise MovingError(
                _("A row of %(kind)s names a file that is not in the export: %(name)s.")
                % {"kind": kind.label, "name": name}
            )


def basemaps(inside: Iterable[str], slug: str) -> dict[str, str]:
    """Names of base maps in the export, and what each is called in the folder of its community."""
    names = [name for name in inside if name.startswith(f"{BASEMAP}/{slug}/")]
    found = {name: name.removeprefix(f"{BASEMAP}/{slug}/") for name in names}
    return {name: short for name, short in found.items() if BASEMAP_NAME.fullmatch(short)}
