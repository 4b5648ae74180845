"""What the page about open data shows: each dataset with its files, and whether a fresher one is on its way."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.urls import reverse

from core.models import Job
from geodata.models import Community
from stats.models import ExportFile
from stats.opendata.formats import format_named
from stats.opendata.jobs import is_fresh, unfinished
from stats.opendata.licence import attribution_of
from stats.opendata.tables import Dataset, all_datasets


@dataclass(frozen=True, slots=True)
class OfferedFile:
    """One file as the page offers it; `kept` is None while it was never made."""

    title: str
    url: str
    kept: ExportFile | None


@dataclass(frozen=True, slots=True)
class Offer:
    """One dataset with its files and, where it can be asked feature by feature, the address of that."""

    dataset: Dataset
    files: Sequence[OfferedFile]
    api_url: str

    @property
    def checked_at(self) -> datetime | None:
        """The moment as of which all its files are; None while one is missing."""
        moments = [file.kept.checked_at for file in self.files if file.kept]
        return min(moments) if len(moments) == len(self.files) else None

    @property
    def rows(self) -> int | None:
        """How many rows they hold."""
        return next((file.kept.rows for file in self.files if file.kept), None)


def file_url(community: Community, dataset: str, name: str) -> str:
    """Path of a file."""
    return reverse("open_data_file", args=[community.slug, dataset, name])


def offers(community: Community) -> list[Offer]:
    """All datasets, in their order."""
    kept = {(one.dataset, one.format): one for one in ExportFile.objects.filter(community=community, part="")}
    return [
        Offer(
            dataset,
            [
                OfferedFile(
                    format_named(name).title,
                    file_url(community, dataset.name, name),
                    kept.get((dataset.name, name)),
                )
                for name in dataset.formats
            ],
            reverse("ogc_collection", args=[community.slug, dataset.name]) if dataset.browsed else "",
        )
        for dataset in all_datasets()
    ]


def data_context(community: Community, *, at: datetime) -> dict[str, Any]:
    """Everything that the page shows."""
    found = offers(community)
    job: Job | None = unfinished(community)
    return {
        "offers": found,
        "is_complete": all(offer.checked_at for offer in found),
        "job": job,
        "is_fresh": is_fresh(community, at=at),
        "licence": settings.DATA_LICENCE,
        "licence_url": settings.DATA_LICENCE_URL,
        "attribution": attribution_of(community),
        "catalogue_url": reverse("open_data_catalogue", args=[community.slug]),
        "api_url": reverse("ogc", args=[community.slug]),
        "today": community.day_of(at),
    }
