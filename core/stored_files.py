"""Which columns name files of the storage: a backup, an export and the removal of a community read them here.

File fields are found by themselves. A column that holds a bare name is told by its app, in AppConfig.ready(). What is
stored under a name never changes: a new content has a new name.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from django.apps import apps
from django.db.models import FileField, Model

_told: dict[str, tuple[str, ...]] = {}
_folders: set[str] = set()


@dataclass(frozen=True, slots=True)
class Naming:
    """Columns of a model that hold names of files; "" names none."""

    model: type[Model]
    columns: tuple[str, ...]


def names_files(label: str, *columns: str, below: Iterable[str]) -> None:
    """Tells that these text columns of the model, such as "media.Photo", hold names of stored files, and in which
    folders of the storage those lie."""
    _told[label] = columns
    _folders.update(below)


def namings() -> list[Naming]:
    """Every model that names files, in the order of the apps."""
    found = []
    for model in apps.get_models():
        own = [field.name for field in _file_fields(model)]
        columns = (*own, *_told.get(model._meta.label, ()))
        if columns:
            found.append(Naming(model, columns))
    return found


def named_in(row: dict[str, object], columns: Iterable[str]) -> Iterator[str]:
    """The names that one row holds."""
    for column in columns:
        if name := row.get(column):
            yield str(name)


def held(names: Collection[str]) -> set[str]:
    """Those of the names that rows hold now, whichever community's."""
    found: set[str] = set()
    for naming in namings():
        rows = naming.model._base_manager.all()
        for column in naming.columns:
            mine = rows.filter(**{f"{column}__in": names}).values_list(column, flat=True)
            found.update(str(name) for name in mine)
    return found


def folders() -> set[str]:
    """Folders of the storage, each the first part of a name, in which nothing lies but stored files."""
    own = {str(field.upload_to).partition("/")[0] for model in apps.get_models() for field in _file_fields(model)}
    return (own | _folders) - {""}


def _file_fields(model: type[Model]) -> list["FileField"]:
    return [field for field in model._meta.local_fields if isinstance(field, FileField)]
