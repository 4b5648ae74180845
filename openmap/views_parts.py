"""/_parts/: every part of the pages, shown with the invented town of Яворин. Needs no rows and nobody signed in."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from django.contrib.messages import ERROR, INFO, SUCCESS
from django.contrib.messages.storage.base import Message
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.templatetags.static import static
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from issues.forms import WordsForm
from issues.states import State
from openmap.icons import ICONS

TOKENS = {
    "surfaces": ["bg", "surface", "surface-2", "surface-3", "line", "line-strong", "ink", "ink-2", "ink-3"],
    "accent": ["accent", "accent-hover", "accent-soft", "accent-line"],
    "states": ["wait", "work", "done", "shut", "late"],
    "layers": ["petition", "consult", "budget", "works"],
    "map": ["map-land", "map-built", "map-house", "map-park", "map-water", "map-road"],
}
TYPE = ["text-3xl", "text-2xl", "text-xl", "text-l", "text-m", "text-s", "text-xs"]
SPACES = [("s1", 4), ("s2", 8), ("s3", 12), ("s4", 16), ("s5", 24), ("s6", 32), ("s7", 48), ("s8", 64)]
CORNERS = ["r-s", "r-m", "r-l", "r-xl", "r-full"]
SHADOWS = ["shadow-1", "shadow-2", "shadow-3"]
HUES = [(256, "Яворин"), (152, "Ліски"), (20, "Калинова"), (305, "Бузьке")]
MARKS_SHOWN = [
    ("wait", "road"), ("work", "lamp"), ("done", "tree"), ("shut", "bin"),
    ("petition", "petition"), ("consult", "consult"), ("budget", "swing"), ("works", "cone"),
]  # fmt: skip
CLUSTERS = [("cluster-s", 8, (60, 20, 20, 0)), ("cluster-m", 46, (30, 22, 40, 8)), ("cluster-l", 310, (45, 20, 30, 5))]
RING_GAP = 2  # per cent of the ring between two shares


@dataclass(frozen=True)
class Named:
    """Anything that a template asks for a name and an icon."""

    name: str
    name_en: str = ""
    icon: str = "building"
    code: str = ""


@dataclass(frozen=True)
class DemoCommunity(Named):
    slug: str = "yavoryn"
    accent_hue: int = 256

    def get_absolute_url(self) -> str:
        return reverse("map", args=[self.slug])


@dataclass(frozen=True)
class DemoIssue:
    number: int = 2377
    title: str = "Відкритий люк на тротуарі біля аптеки"
    text: str = "Люк стоїть відкритий просто посеред тротуару, ввечері його не видно."
    state: str = State.DONE
    language: str = "uk"
    address: str = "вул. Шкільна, 4"
    created_at: datetime = datetime(2026, 11, 13, 16, 40, tzinfo=UTC)
    category: Named = field(default_factory=lambda: Named("Люки й колодязі", "Manholes", "manhole", "manholes"))

    def get_absolute_url(self) -> str:
        return reverse("issue", args=["yavoryn", self.number])


VODOKANAL = Named("КП «Яворинводоканал»", "Yavoryn Water Utility", "drop")
TELECOM = Named("«Яворинтелеком»", "Yavoryn Telecom", "bolt")
GREENERY = Named("Управління благоустрою", "Department of Improvement", "tree")


@require_safe
def parts(request: HttpRequest) -> HttpResponse:
    """The page of parts: what designers and reviewers look at."""
    refused = WordsForm({"do": "reopen", "text": ""})
    refused.add_error("text", _("Write a few words: people will read them."))
    return render(request, "parts_page.html", _tokens() | _report() | {"form": refused})


def _tokens() -> dict[str, Any]:
    return {
        "tokens": TOKENS,
        "type_scale": TYPE,
        "spaces": SPACES,
        "corners": CORNERS,
        "shadows": SHADOWS,
        "hues": HUES,
        "icons": sorted(ICONS),
        "states": list(State),
        "marks": MARKS_SHOWN,
        "clusters": [(css, count, rings(shares)) for css, count, shares in CLUSTERS],
    }


def rings(shares: tuple[int, int, int, int]) -> list[tuple[str, str, int]]:
    """Family, `stroke-dasharray` and `stroke-dashoffset` of each share (per cent) of a cluster's ring."""
    drawn, start = [], 0
    for group, share in zip(("wait", "work", "done", "shut"), shares, strict=True):
        if share:
            length = max(share - RING_GAP, 1)
            drawn.append((group, f"{length} {100 - length}", -start))
        start += share
    return drawn


def _report() -> dict[str, Any]:
    demo = DemoCommunity("Яворинська громада", "Yavoryn community")
    issue = DemoIssue()
    return {
        "demo": demo,
        "issue": issue,
        "category_name": issue.category.name,
        "asset_name": _("House"),
        "asset": "вул. Шкільна, 4",
        "flat": "31",
        "answers": [("Де саме?", "На тротуарі")],
        "promise": {
            "due_on": date(2026, 11, 23), "working_days": 5, "is_late": False, "days_late": 0,
            "done_on": date(2026, 11, 18),
        },
        "late_promise": {
            "due_on": date(2026, 11, 17), "working_days": 3, "is_late": True, "days_late": 2, "done_on": None,
        },
        "deliveries": _deliveries(),
        "events": _events(),
        "why": [_("A manhole on city land is kept by the water utility.")],
        "considered": [
            {"rule": "Люки → КП «Яворинводоканал»", "outcome": _("Matched"), "matched": True},
            {"rule": "Двір → ОСББ «Ткацька, 11»", "outcome": _("No: the place is outside its area"), "matched": False},
        ],
        "photos_before": [_photo("manhole")],
        "photos_after": [_photo("manhole-fixed")],
        "photos_waiting": True,
        "place_image_url": static("openmap/demo/town.svg"),
        "map_url": demo.get_absolute_url(),
        "secret_url": "https://example.org/yavoryn/mine/mR4f-9qTz/",
        "shown_messages": [
            Message(SUCCESS, _("Saved.")), Message(ERROR, _("Not sent yet")), Message(INFO, _("Nothing was changed.")),
        ],
    }  # fmt: skip


def _photo(name: str) -> dict[str, Any]:
    address = static(f"openmap/demo/{name}.svg")
    return {"small_url": address, "large_url": address, "uploaded_at": datetime(2026, 11, 18, 9, 5, tzinfo=UTC)}


def _deliveries() -> list[dict[str, Any]]:
    at = datetime(2026, 11, 16, 7, 48, tzinfo=UTC)
    rows = [
        (VODOKANAL, "responsible", "answered", ""),
        (TELECOM, "responsible", "refused", "на кришці є знак водоканалу"),
        (GREENERY, "informed", "delivered", ""),
        (GREENERY, "informed", "queued", ""),
        (TELECOM, "informed", "failed", "їхній поштовий сервер не прийняв листа"),
        (TELECOM, "informed", "unreachable", ""),
    ]
    names = ("organisation", "role", "state", "reason")
    return [dict(zip(names, row, strict=True)) | {"at": at} for row in rows]


def _events() -> list[dict[str, Any]]:
    def event(day: int, hour: int, title: str, state: str, kind: str, who: str = "", text: str = "") -> dict[str, Any]:
        at = datetime(2026, 11, day, hour, 5, tzinfo=UTC)
        return {"at": at, "title": title, "state": state, "kind": kind, "who": who, "text": text}

    said = "Встановили нову кришку із замком, основу підлили бетоном."
    return [
        event(18, 9, str(State.DONE.label), State.DONE, "moved", VODOKANAL.name, said),
        event(17, 6, str(State.IN_PROGRESS.label), State.IN_PROGRESS, "moved", VODOKANAL.name),
        event(16, 8, _("Answer"), "", "answered", VODOKANAL.name, "Дякуємо за фото: знайшли за п’ять хвилин."),
        event(16, 7, _("Handed back: not theirs"), "", "handed_back", TELECOM.name),
        event(14, 7, _("Passed to %(organisation)s") % {"organisation": TELECOM.name}, "", "sent"),
        event(13, 16, _("Reported"), State.NEW, "reported", _("reporter")),
    ]
