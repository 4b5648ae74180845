"""The coverage map of a set of rules, category by category: on a map, as a table, and as GeoJSON to take away."""

import json
from collections.abc import Iterable, Iterator
from tempfile import SpooledTemporaryFile
from typing import Any

from django.contrib import admin, messages
from django.contrib.gis.db.models.functions import AsGeoJSON
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import (
    FileResponse,
    HttpRequest,
    HttpResponse,
    HttpResponseNotAllowed,
    HttpResponseRedirect,
    JsonResponse,
)
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Organisation
from geodata.import_report import place_text
from openmap.admin_jobs import error_in_words, show_jobs
from openmap.admin_maps import GeoMap, collection, feature, simplified
from openmap.admin_site import ScopedAdmin
from routing.findings import GAP, Finding, ground_in_words, with_words
from routing.models import Category, CoveragePiece, RuleCheck, RuleSet
from routing.rule_check import KIND, check_soon, day_of, is_being_checked, last_failure, stored_check, stored_maps
from routing.rulesets import SetState, state_of

MOST_LISTED = 100  # findings of one page, the gravest first; all are counted
MOST_TAGGED = 60  # pieces with their number on the map: more would hide it
HUES = 8  # colours of organisations; the number on the map tells those with one colour apart
DIGITS = 15  # of the coordinates in the download: as they are stored
IN_MEMORY = 4_000_000  # bytes of a download; what is longer waits in a file
OVERTAKEN = gettext_lazy("The rules were checked again just now. Open the page once more.")

Pieces = QuerySet[CoveragePiece]


class Shown:
    """What the page tells of one category: its pieces and the names of whom they speak of."""

    def __init__(self, check: RuleCheck, category: Category) -> None:
        layer = check.layers.get(str(category.pk), -1)  # a category made since has no map yet
        self.check, self.ground = check, check.square_metres
        self.pieces: Pieces = CoveragePiece.objects.filter(of_check=check, layer=layer).order_by("pk")
        self.rows = list(self.pieces.defer("geometry"))
        asked = {pk for row in self.rows for pk in row.organisations}
        self.names = dict(Organisation.objects.filter(pk__in=asked).values_list("pk", "name"))
        sizes: dict[tuple[str, tuple[int, ...]], float] = {}
        for row in self.rows:
            key = (row.kind, tuple(row.organisations))
            sizes[key] = sizes.get(key, 0) + row.square_metres
        order = ["two", "nobody", "answered", "sometimes"]
        self._sizes = dict(sorted(sizes.items(), key=lambda entry: (order.index(entry[0][0]), -entry[1])))
        self._tags = {key: number for number, key in enumerate(self._sizes, start=1)}

    @property
    def is_whole(self) -> bool:
        """False when another check replaced this one, so that what was read after that is missing."""
        return RuleCheck.objects.filter(pk=self.check.pk).exists()

    def who(self, row: CoveragePiece) -> str:
        """Who answers there, in words."""
        return self._who(row.kind, tuple(row.organisations))

    def _who(self, kind: str, organisations: tuple[int, ...]) -> str:
        if kind == CoveragePiece.Kind.NOBODY:
            return _("nobody (the duty queue)")
        if not organisations:
            return _("the keepers that the register names")
        return " / ".join(self.names.get(pk, "—") for pk in organisations)

    def table(self) -> list[dict[str, Any]]:
        """A row for each answer: who, how much ground, what share; ground of rules that hold only sometimes is shown
        by itself, for it lies over the rest."""
        kinds = dict(CoveragePiece.Kind.choices)
        return [
            {
                "tag": self._tags[kind, organisations],
                "look": self._look(kind, organisations),
                "kind": kinds[CoveragePiece.Kind(kind)],
                "who": self._who(kind, organisations),
                "ground": ground_in_words(size),
                "share": round(100 * size / self.ground, 1) if self.ground else 0,
            }
            for (kind, organisations), size in self._sizes.items()
        ]

    def features(self) -> Iterator[dict[str, Any]]:
        """The pieces as the map draws them, those of some hours at the bottom, mistakes on top."""
        order = ["sometimes", "answered", "nobody", "two"]
        shapes = simplified("routing_coveragepiece", "geometry", [row.pk for row in self.rows])
        kinds = dict(CoveragePiece.Kind.choices)
        found = [row for row in self.rows if row.pk in shapes]
        for row in sorted(found, key=lambda row: (order.index(row.kind), row.pk)):
            key = (row.kind, tuple(row.organisations))
            about = f"{kinds[CoveragePiece.Kind(row.kind)]} · {ground_in_words(row.square_metres)}"
            drawn = feature(shapes[row.pk], look=self._look(*key), label=self.who(row), about=about)
            if len(self.rows) <= MOST_TAGGED and row.kind != CoveragePiece.Kind.SOMETIMES:
                is_answered = row.kind == CoveragePiece.Kind.ANSWERED
                word = "" if is_answered else f" · {kinds[CoveragePiece.Kind(row.kind)]}"
                drawn["properties"]["tag"] = f"{self._tags[key]}{word}"
            yield drawn

    def _look(self, kind: str, organisations: tuple[int, ...]) -> str:
        return f"answered hue-{self._tags[kind, organisations] % HUES}" if kind == "answered" else kind


def coverage_page(request: HttpRequest, ruleset: RuleSet) -> HttpResponse:
    """One category on a map, and everything that was found."""
    categories = _categories(ruleset)
    category, now = _chosen(request, categories), timezone.now()
    checked = stored_check(ruleset, at=now)
    failed = last_failure(ruleset.community, since=checked.checked_at if checked else None)
    context: dict[str, Any] = {
        **admin.site.each_context(request),
        "title": _("Coverage: %(set)s") % {"set": ruleset},
        "ruleset": ruleset,
        "categories": categories,
        "category": category,
        "checked": checked,
        "begins": day_of(ruleset, at=now) if state_of(ruleset, at=now) == SetState.WAITING else None,
        "is_being_checked": is_being_checked(ruleset.community),
        "failed": failed,
        "failed_error": error_in_words(failed) if failed else "",
    }
    if checked and category:
        shown = Shown(checked.row, category)
        findings = [one for one in checked.findings if one.category in (None, category.pk)]
        address = reverse("admin:routing_ruleset_coverage_shapes", args=[ruleset.pk])
        name = _("Map: who answers for “%(category)s”") % {"category": category}
        context |= {
            "rows": shown.table(),
            "is_known": str(category.pk) in checked.row.layers,
            "findings": [_told(one) for one in with_words(findings[:MOST_LISTED])],
            "not_listed": max(len(findings) - MOST_LISTED, 0),
            "geo_map": GeoMap("coverage-map", name, ruleset.community, url=f"{address}?category={category.code}"),
        }
    return TemplateResponse(request, "admin/routing/coverage/page.html", context)


def _told(finding: Finding) -> dict[str, Any]:
    """A finding with its places, as text and as buttons lead to them."""
    places = [{"at": f"{lon:.6f},{lat:.6f}", "text": place_text((lon, lat))} for lon, lat in finding.places]
    return {"text": finding.text, "places": places, "is_grave": finding.is_grave, "is_gap": finding.kind == GAP}


def coverage_shapes(request: HttpRequest, ruleset: RuleSet) -> JsonResponse:
    """The pieces simplified for the screen; 409 when they were replaced while they were read."""
    shown = _shown(request, ruleset)
    found = collection(shown.features() if shown else ())
    if shown and not shown.is_whole:
        return JsonResponse({"detail": str(OVERTAKEN)}, status=409)
    return JsonResponse(found, headers={"Cache-Control": "no-store"})


def coverage_geojson(request: HttpRequest, ruleset: RuleSet) -> HttpResponseBase:
    """The whole map of one category with its full geometry, to take away; 409 when there is none, or when it was
    replaced while it was read."""
    category, shown = _chosen(request, _categories(ruleset)), _shown(request, ruleset)
    if category is None or shown is None:
        return HttpResponse(_("This set of rules was not checked yet."), status=409, content_type="text/plain")
    about = {"category": category.code, "ruleset": ruleset.number}
    rows = shown.pieces.defer("geometry").annotate(shape=AsGeoJSON("geometry", precision=DIGITS))
    file = SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115  the answer closes it
    for told in _collection_in_parts(_as_feature(row, shown, about) for row in rows.iterator(chunk_size=50)):
        file.write(told.encode())
    if not shown.is_whole:
        file.close()
        return HttpResponse(OVERTAKEN, status=409, content_type="text/plain")
    file.seek(0)
    name = f"coverage-{ruleset.community.slug}-{ruleset.number}-{category.code}.geojson"
    return FileResponse(file, as_attachment=True, filename=name, content_type="application/geo+json")


def _as_feature(row: Any, shown: Shown, about: dict[str, Any]) -> str:
    properties = {
        "kind": row.kind,
        "organisation": None if row.kind == CoveragePiece.Kind.NOBODY else shown.who(row),
        "organisations": [shown.names.get(pk, "") for pk in row.organisations],
        "rules": row.rules,
        "square_metres": round(row.square_metres, 1),
        **about,
    }
    told = json.dumps(properties, ensure_ascii=False)
    return f'{{"type": "Feature", "geometry": {row.shape}, "properties": {told}}}'


def _collection_in_parts(features: Iterable[str]) -> Iterator[str]:
    """One feature at a time: the shapes of a city need not be in memory together."""
    yield '{"type": "FeatureCollection", "features": ['
    before = "\n"
    for told in features:
        yield before + told
        before = ",\n"
    yield "\n]}\n"


def check_again(request: HttpRequest, ruleset: RuleSet) -> HttpResponse:
    """Asks for a check; the page shows the last one until it is done."""
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    check_soon(ruleset.community, at=timezone.now())
    messages.success(request, _("The rules are being checked. Open this page again in a moment."))
    return HttpResponseRedirect(reverse("admin:routing_ruleset_coverage", args=[ruleset.pk]))


def _shown(request: HttpRequest, ruleset: RuleSet) -> Shown | None:
    category, check = _chosen(request, _categories(ruleset)), stored_maps(ruleset)
    return Shown(check, category) if category and check else None


def _categories(ruleset: RuleSet) -> list[Category]:
    return list(Category.objects.filter(community=ruleset.community, is_active=True).order_by("position", "name"))


def _chosen(request: HttpRequest, categories: list[Category]) -> Category | None:
    """The category that the address names; the first one when it names none of ours."""
    asked = request.GET.get("category", "")
    return next((one for one in categories if one.code == asked), categories[0] if categories else None)


def addresses(page: ScopedAdmin) -> list[Any]:
    """The pages of coverage, for the sets of rules that this person may see."""

    def of_mine(view: Any) -> Any:
        def inner(request: HttpRequest, pk: int) -> Any:
            mine = page.mine(request)
            if mine is not None and not mine:
                raise PermissionDenied
            sets = RuleSet.objects.select_related("community")
            return view(request, get_object_or_404(sets if mine is None else sets.filter(community__in=mine), pk=pk))

        return page.admin_site.admin_view(inner)

    return [
        path("<int:pk>/coverage/", of_mine(coverage_page), name="routing_ruleset_coverage"),
        path("<int:pk>/coverage/shapes/", of_mine(coverage_shapes), name="routing_ruleset_coverage_shapes"),
        path("<int:pk>/coverage.geojson", of_mine(coverage_geojson), name="routing_ruleset_coverage_geojson"),
        path("<int:pk>/check/", of_mine(check_again), name="routing_ruleset_check"),
    ]


def _page_of(job: Any) -> str:
    """The coverage of the last set that the job checked."""
    checked = (job.result or {}).get("sets") or []
    return reverse("admin:routing_ruleset_coverage", args=[checked[-1]]) if checked else ""


show_jobs(KIND, name=gettext_lazy("Check of rules"), page=_page_of)
