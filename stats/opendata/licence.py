"""Under which licence the data are given, and how whoever uses them names their source."""

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from geodata.models import Community
from stats.opendata.tables import Dataset


@dataclass(frozen=True, slots=True)
class Terms:
    """What every file says of itself."""

    title: str
    licence: str
    licence_url: str
    attribution: str
    home: str  # address of the page about the data
    made_at: datetime | None = None

    @property
    def link_header(self) -> str:
        """Header Link of every answer with data."""
        return f'<{self.licence_url}>; rel="license", <{self.home}>; rel="describedby"; type="text/html"'


def home_of(community: Community) -> str:
    """Address of the page about the data of a community."""
    return f"{settings.SITE_URL}{reverse('open_data', args=[community.slug])}"


def attribution_of(community: Community) -> str:
    """The words that name the source, in Ukrainian: files are made once, for readers of every language."""
    with translation.override("uk"):
        return f"{community.name}, {_('Open City')}, {home_of(community)}"


def terms_of(dataset: Dataset, community: Community, *, made_at: datetime | None = None) -> Terms:
    """Those of one dataset."""
    with translation.override("uk"):
        title = f"{dataset.title}. {community.name}"
    return Terms(
        title=title,
        licence=settings.DATA_LICENCE,
        licence_url=settings.DATA_LICENCE_URL,
        attribution=attribution_of(community),
        home=home_of(community),
        made_at=made_at,
    )
