"""What belongs to a community: found in the registry of models, so that a new model cannot be forgotten.

A model with a `community` belongs to it, and so do the tables that join such models. Each of them moves with the
community, or is named in STAYS with the reason; a test asks every one.
"""

from dataclasses import dataclass
from graphlib import TopologicalSorter
from typing import Any, Final

from django.apps import apps
from django.contrib.gis.db.models.fields import BaseSpatialField
from django.db.models import Field, ForeignKey, Model

from geodata.models import Community

# Rows that are removed with their community and do not move with it.
STAYS: Final = {
    "accounts.KeptAnswer": "answers to repeated requests, sealed by this installation, for a day",
    "core.IncomingLetter": "letters as they came, forgotten after thirty days; what became of them moves",
    "core.Job": "work of this installation, with files of its own",
    "core.Outcome": "figures about the last hours of sending from here",
    "core.Stop": "a pause of the lanes of this installation",
    "core.Usage": "counters of limits, by keyed hashes of this installation",
    "geodata.CellCheck": "comparisons of this installation's counts",
    "issues.LearntCategories": "learnt anew from the reports, every night",
    "issues.RejectedRow": "lines of files that an import left out; they go with its job",
    "issues.ReportDraft": "unsent reports, kept for browsers that know this installation",
    "routing.CoveragePiece": "computed from the rules when they are checked",
    "routing.RuleCheck": "computed from the rules when they are checked",
    "stats.ClusterScan": "found anew every night",
    "stats.ExportFile": "made anew from the rows",
}
# Rows of a model that stay although the others move.
ONLY: Final = {"media.Photo": "t.subject_id IS NOT NULL"}  # drafts of forms that were not sent
SHARED: Final = ("accounts.Organisation", "accounts.User")  # global rows that the others name
COMMUNITY: Final = "geodata.Community"
GLOBAL: Final = (*SHARED, COMMUNITY)  # tables that are no community's own, of which a part moves
LAST: Final = {"notifications.Webhook"}  # after events: a webhook that is there hears of each


@dataclass(frozen=True, slots=True)
class Kind:
    """A table of the community. `owner` and `through`: for a joining table, whose it is and by which column."""

    model: type[Model]
    owner: type[Model] | None = None
    through: str = ""

    @property
    def label(self) -> str:
        return self.model._meta.label

    @property
    def table(self) -> str:
        return self.model._meta.db_table

    @property
    def key(self) -> "Field[Any, Any]":
        return self.model._meta.pk

    @property
    def columns(self) -> dict[str, bool]:
        """Columns that are written, and whether each is a geometry."""
        return {
            str(field.column): isinstance(field, BaseSpatialField)
            for field in self.model._meta.local_concrete_fields
            if not field.generated
        }

    @property
    def references(self) -> dict[str, str]:
        """Columns that name rows, with the label of what they name."""
        return {
            str(field.column): field.related_model._meta.label
            for field in self.model._meta.local_concrete_fields
            if isinstance(field, ForeignKey)
        }

    @property
    def where(self) -> str:
        """SQL that is true for the rows `t` of community %s."""
        if self.owner is None:
            return "t.community_id = %s"
        return f"t.{self.through} IN (SELECT id FROM {self.owner._meta.db_table} WHERE community_id = %s)"  # noqa: S608


def kinds() -> list[Kind]:
    """Every table of a community; those that are named come before those that name them."""
    found = {model._meta.label: Kind(model) for model in apps.get_models() if _has_community(model)}
    for kind in list(found.values()):
        for many in kind.model._meta.local_many_to_many:
            joining = many.remote_field.through
            if joining is not None and joining._meta.auto_created:
                found[joining._meta.label] = Kind(joining, kind.model, str(many.m2m_column_name()))
    order = TopologicalSorter[str]()
    for label, kind in sorted(found.items()):
        order.add(label, *(other for other in kind.references.values() if other in found and other != label))
    ordered = [found[label] for label in order.static_order()]
    return sorted(ordered, key=lambda kind: kind.label in LAST)


def travellers() -> list[Kind]:
    """Those that move."""
    return [
        kind for kind in kinds() if kind.label not in STAYS and not (kind.owner and kind.owner._meta.label in STAYS)
    ]


def _has_community(model: type[Model]) -> bool:
    return any(field.name == "community" and field.related_model is Community for field in model._meta.local_fields)
