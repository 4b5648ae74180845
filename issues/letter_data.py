"""What a letter to an organisation says, as facts for programs: docs/channels.md describes each of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.conf import settings

from geodata.models import Area, local_name
from issues import assets, questions
from issues.models import Issue
from media.models import Photo

VERSION: Final = 1
KINDS: Final = frozenset({"new", "information", "taken_back", "reply", "added", "supporter", "corrected"})


@dataclass(frozen=True, slots=True)
class News:
    """What is new. `kind`: one of KINDS, anything else is told by the state that the report came to; `words`: of
    whoever made it; `note`: of whoever gave the report on; `answer_url`: with the placeholder of its secret, "" for who
    has nothing to answer."""

    kind: str
    words: str = ""
    note: str = ""
    answer_url: str = ""


def data_of(
    issue: Issue, news: News, *, areas: Sequence[Area], photos: Sequence[Photo], is_rough: bool
) -> dict[str, Any]:
    """The facts of one piece of news. `is_rough`: its reader may know as little of the place as strangers, and `areas`
    are those that strangers are told. Only who must answer gets the flat and the name.

    Moments are ISO 8601 with their zone, places degrees of WGS 84.
    """
    return {
        "version": VERSION,
        "news": news.kind if news.kind in KINDS else issue.state,
        "community": issue.community.slug,
        "report": issue.number,
        "url": settings.SITE_URL + issue.get_absolute_url(),
        "answer_url": news.answer_url,
        "state": issue.state,
        "category": {"code": issue.category.code, "name": local_name(issue.category, "uk")},
        "title": issue.title,
        "text": issue.text,
        "words": news.words,
        "note": news.note,
        "danger": list(issue.dangers),
        "areas": [{"code": area.code, "name": area.name} for area in areas],
        **({"address": "", "place": None, "asset": "", "answers": []} if is_rough else _place(issue)),
        **(_private(issue) if news.answer_url else {}),
        "photos": [_address(photo, issue) for photo in photos],
        "reported_at": issue.created_at.isoformat(),
        "due_on": issue.due_on.isoformat() if issue.is_open else None,
    }


def _place(issue: Issue) -> dict[str, Any]:
    return {
        "address": issue.address,
        "place": {"latitude": round(issue.location.y, 6), "longitude": round(issue.location.x, 6)},
        "asset": assets.in_words(issue),
        "answers": [{"question": asked, "answer": said} for asked, said in questions.in_words(issue, "uk")],
    }


def _private(issue: Issue) -> dict[str, str]:
    return {"entrance": issue.entrance, "flat": issue.flat, "reporter_name": issue.reporter_name}


def _address(photo: Photo, issue: Issue) -> str:
    """It opens once the photo is prepared, for whom may see the report."""
    photo.community = issue.community
    return f"{settings.SITE_URL}{photo.large_url}"
