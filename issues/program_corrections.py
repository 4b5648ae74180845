"""A correction that a program sends for the author: what it does not name stays as it is."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from accounts.models import ApiClient
from issues import assets
from issues.corrections import DECIDES, Correction, changed_columns, own_photos
from issues.models import Issue
from issues.program_reports import ProgramReport
from issues.uploads import MOST_PHOTOS
from media.models import Photo

OF_A_KIND = ("asset", "entrance", "flat", "answers")  # they belong to the category: another one asks anew


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
        self.report = ProgramReport(_whole(issue, given), issue.community, client, photos, at)

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


def _whole(issue: Issue, given: Mapping[str, Any]) -> dict[str, Any]:
    """The report with what is corrected: another place has another address, another kind is asked other things. Dangers
    that its author passed when it was sent are passed."""
    kept = as_given(issue)
    if "place" in given or "asset" in given:
        kept["address"] = ""
    if given.get("category", issue.category.code) != issue.category.code:
        kept = {name: value for name, value in kept.items() if name not in OF_A_KIND}
    return kept | dict(given) | {"dangers": [*issue.dangers, *given.get("dangers", ())]}
