"""A correction that a program sends for the author: what it does not name stays as it is."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.contrib.gis.geos import Point
from django.utils.translation import gettext as _

from accounts.models import ApiClient
from geodata.models import WGS84
from issues import assets
from issues.corrections import DECIDES, Correction, changed_columns, is_elsewhere, own_photos
from issues.models import Issue
from issues.program_reports import ProgramReport, asset_called
from issues.uploads import MOST_PHOTOS
from media.models import Photo

OF_A_KIND = frozenset({"asset", "entrance", "flat", "answers"})  # of the category: another one asks anew
OF_A_PLACE = frozenset({"asset", "entrance", "flat", "address"})
OF_AN_ASSET = frozenset({"entrance", "flat", "address"})


def as_given(issue: Issue) -> dict[str, Any]:
    """The report by the names of members that ProgramReport takes."""
    return {
        "category": issue.category.code,
        "place": [issue.location.x, issue.location.y],
        "text": issue.text,
        "address": issue.address,
        "asset": issue.asset.key if issue.asset else assets.NONE if issue.category.register_id else "",
        "entrance": issue.entrance,
        "flat": issue.flat,
        "answers": dict(issue.answers),
        "name": issue.reporter_name,
        "shows_name": issue.shows_name,
    }


class ProgramCorrection:
    """The report as it should be. `given`: members by their names in the API; `removed`: ids of photos that go."""

    def __init__(
        self,
        issue: Issue,
        given: Mapping[str, Any],
        *,
        client: ApiClient,
        photos: Sequence[Photo],
        removed: Sequence[UUID],
        at: datetime,
    ) -> None:
        self.issue, self.photos = issue, photos
        own = set(own_photos(issue).values_list("pk", flat=True))
        self.removed = set(removed)
        self.has_unknown = not self.removed <= own
        self.has_too_many = len(own - self.removed) + len(photos) > MOST_PHOTOS
        on = issue.community.day_of(at)
        self.report = ProgramReport(_whole(issue, given, on=on), issue.community, client, photos, at)

    def errors(self) -> dict[str, list[tuple[str, str]]]:
        """What is wrong beside the report itself: member → (code, words)."""
        found = {}
        if self.has_unknown:
            found["remove_photos"] = [("unknown", _("You may take away only photos of your own report."))]
        if self.has_too_many:
            words = _("%(most)s photos at most: take another one away first.") % {"most": MOST_PHOTOS}
            found["photos"] = [("too_many", words)]
        return found

    @property
    def asks_anew(self) -> bool:
        """Whether something changes by which it is decided who must answer. For one without errors."""
        return bool(changed_columns(self.issue, self.correction().columns()) & DECIDES)

    def correction(self) -> Correction:
        """As the door takes it. For one without errors."""
        new = self.report.new()
        return Correction(
            category=new.category,
            point=new.point,
            text=new.text,
            address=new.address,
            asset=new.asset,
            entrance=new.entrance,
            flat=new.flat,
            answers=new.answers,
            name=new.name,
            shows_name=new.shows_name,
            photos=self.photos,
            removed=list(self.removed),
            dangers=new.dangers,
            confirmed=new.confirmed,
        )


def _whole(issue: Issue, given: Mapping[str, Any], *, on: date) -> dict[str, Any]:
    """The report with what is corrected: what belonged to a former kind, place or thing does not stay. Dangers that its
    author passed when it was sent are passed."""
    before = as_given(issue)
    whole = {name: value for name, value in before.items() if name not in _outdated(issue, before, given)} | dict(given)
    if place := _moved_with(issue, before, whole, given, on=on):
        whole["place"] = place
    if whole["category"] == before["category"]:
        whole["answers"] = before["answers"] | dict(given.get("answers", {}))
    return whole | {"dangers": [*issue.dangers, *given.get("dangers", ())]}


def _outdated(issue: Issue, before: Mapping[str, Any], given: Mapping[str, Any]) -> frozenset[str]:
    """Members that do not stay as they were."""
    gone: frozenset[str] = frozenset()
    if given.get("category", before["category"]) != before["category"]:
        gone |= OF_A_KIND
    if given.get("asset", before["asset"]) != before["asset"]:
        gone |= OF_AN_ASSET
    lon, lat = given.get("place", before["place"])
    if is_elsewhere(issue.location, Point(lon, lat, srid=WGS84)):
        gone |= {"address"} if "asset" in given else OF_A_PLACE
    return gone


def _moved_with(
    issue: Issue, before: Mapping[str, Any], whole: Mapping[str, Any], given: Mapping[str, Any], *, on: date
) -> tuple[float, float] | None:
    """Where the pin goes that stood on the former thing, when another was chosen and no place was named."""
    if "place" in given or issue.asset is None or whole.get("asset", "") == before["asset"]:
        return None
    old, pin = issue.asset, issue.location
    lon, lat = assets.point_on(old)
    stood = old.geometry.intersects(pin) or not is_elsewhere(pin, Point(lon, lat, srid=WGS84))
    new = asset_called(whole.get("asset", ""), whole["category"], community=issue.community, on=on)
    return assets.point_on(new) if stood and new else None
