"""Checks of an installation, for `manage.py check --deploy`: each says how to mend what it finds."""

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core import checks


@checks.register(checks.Tags.security, deploy=True)
def letters_leave(app_configs: Any, **kwargs: Any) -> list[checks.CheckMessage]:
    """Letters that are only written into a folder reach nobody."""
    if settings.DEMO or not settings.EMAIL_URL.startswith("filemail:"):
        return []
    return [
        checks.Warning(
            "Letters are written into a folder and reach nobody.",
            hint="Set MISTO_EMAIL_URL to the mail server, for example smtp+tls://user:password@mail.example.org:587.",
            id="openmap.W001",
        )
    ]


@checks.register(checks.Tags.security, deploy=True)
def maps_burden_no_public_server(app_configs: Any, **kwargs: Any) -> list[checks.CheckMessage]:
    """The servers of the OpenStreetMap project are for its mappers, and see every visitor."""
    host = urlsplit(settings.BASEMAP_URL).netloc.rpartition("@")[2].partition(":")[0].lower()
    if not f".{host}".endswith(".openstreetmap.org"):
        return []
    return [
        checks.Warning(
            "The map takes its tiles from the public server of OpenStreetMap, which is not meant for services.",
            hint="Build a map of your own with: manage.py build_basemap COMMUNITY, or set MISTO_BASEMAP_URL to tiles "
            "that you are allowed to use.",
            id="openmap.W002",
        )
    ]


@checks.register(checks.Tags.files, deploy=True)
def base_map_file_can_be_read(app_configs: Any, **kwargs: Any) -> list[checks.CheckMessage]:
    """A file that is not there is silently not drawn."""
    if not settings.BASEMAP_PMTILES:
        return []
    try:
        with Path(settings.BASEMAP_PMTILES).open("rb") as file:
            if file.read(8) == b"PMTiles\x03":
                return []
            reason = "it is not a PMTiles file of version 3"
    except OSError as mistake:
        reason = str(mistake.strerror)
    return [
        checks.Warning(
            f"The base map {settings.BASEMAP_PMTILES} cannot be drawn: {reason}.",
            hint="Set MISTO_BASEMAP_PMTILES to a file that the service may read, or leave it out.",
            id="openmap.W003",
        )
    ]
