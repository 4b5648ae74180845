"""Vector tiles for whoever draws a map of their own, and what tells where they are."""

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from geodata.answers import asked_of, kept
from geodata.community import community_of
from geodata.layers import Layer, all_layers
from geodata.tiles import DEEPEST, tile, tiles_version

MVT = "application/vnd.mapbox-vector-tile"
SHORT, LONG = 5, 24 * 60 * 60  # seconds that a tile may be kept: of another version, and of the one that is named
FIELDS = {
    "title": "String", "category": "String", "icon": "String", "state": "String", "state_group": "String",
    "starts_at": "String", "url": "String", "cluster": "Boolean", "count": "Number",
}  # fmt: skip


@require_safe
def vector_tile(request: HttpRequest, version: str, names: str, z: int, x: int, y: int) -> HttpResponseBase:
    """The tile of the layers named (with “+” between them), filtered as the map is: 204 when nothing is in it."""
    community = community_of(request)
    layers = _layers(names)
    wanted, _menu = asked_of(request, community)
    today = community.day_of(timezone.now())
    try:
        data = tile(layers, wanted.question(community, today), z, x, y)
    except ValueError as mistake:
        raise Http404(str(mistake)) from None
    is_current = version == tiles_version(layers, community.pk) != "now"
    answer = HttpResponse(data, content_type=MVT) if data else HttpResponse(status=204)
    answer.headers["Access-Control-Allow-Origin"] = "*"
    return kept(request, answer, seconds=LONG if is_current else SHORT)


@require_safe
def tile_json(request: HttpRequest) -> HttpResponse:
    """TileJSON 3.0: the addresses of the tiles as they are now, for the layers and filters of this address."""
    community = community_of(request)
    wanted, _menu = asked_of(request, community)
    version = tiles_version(wanted.layers, community.pk)
    names = "+".join(layer.name for layer in wanted.layers)
    path = reverse("vector_tile", args=[community.slug, version, names, 0, 0, 0]).removesuffix("0/0/0.mvt")
    query = f"?{wanted.query()}" if wanted.pairs else ""
    answer = JsonResponse(
        {
            "tilejson": "3.0.0",
            "name": str(community),
            "tiles": [request.build_absolute_uri(path) + "{z}/{x}/{y}.mvt" + query],
            "minzoom": 0,
            "maxzoom": DEEPEST,
            "bounds": community.bounds() or [-180, -85.0511, 180, 85.0511],
            "vector_layers": [{"id": layer.name, "description": str(layer.title), "fields": FIELDS}
                              for layer in wanted.layers],
        }
    )  # fmt: skip
    answer.headers["Access-Control-Allow-Origin"] = "*"
    answer.headers["Cache-Control"] = f"public, max-age={SHORT}"
    return answer


def _layers(names: str) -> list[Layer]:
    """Raises Http404 for a layer that is none."""
    known = {layer.name: layer for layer in all_layers()}
    wanted = list(dict.fromkeys(names.split("+")))
    if unknown := [name for name in wanted if name not in known]:
        raise Http404(f"There is no layer {unknown[0]!r}.")
    return [known[name] for name in wanted]
