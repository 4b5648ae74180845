"""Look-alikes near a place, for programs that are about to send a report."""

from typing import Any

from django.contrib.gis.geos import Point
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import (
    BooleanField,
    CharField,
    DateTimeField,
    FloatField,
    IntegerField,
    Serializer,
    URLField,
)

from api.query import place_parameters, text_in, wanted_place, wrong
from api.views import ApiView
from geodata.community import community_of
from geodata.models import WGS84
from issues.lookalikes import Draft, LookAlike, look_alikes
from issues.models import MAX_TEXT
from routing.models import Asset, Category

MOST_TEXT = 1000  # characters: an address is no place for more


class LookAlikeSerializer(Serializer[Any]):
    """One thing that is like the report."""

    key = CharField(help_text=gettext_lazy("Layer and id."))
    layer = CharField()
    number = IntegerField(allow_null=True, help_text=gettext_lazy("Of a report; none for works."))
    title = CharField()
    state = CharField()
    state_group = CharField()
    url = URLField()
    metres = IntegerField(allow_null=True, help_text=gettext_lazy("None for a blurred place."))
    likeness = FloatField(help_text=gettext_lazy("From 0 to 1."))
    people = IntegerField(help_text=gettext_lazy("The author and those who joined."))
    can_join = BooleanField()
    ends_at = DateTimeField(allow_null=True)


class LookAlikesSerializer(Serializer[Any]):
    """At most three, the best first."""

    results = LookAlikeSerializer(many=True)


class Similar(ApiView):
    """GET /api/v1/<community>/similar/?lat=&lon=&category=&text=: what is known already near a place."""

    @extend_schema(
        operation_id="similar_list",
        summary=gettext_lazy("What is like a report that somebody is about to send"),
        parameters=[
            *place_parameters(required=True),
            OpenApiParameter("category", str, required=True, description=gettext_lazy("Code of the category.")),
            OpenApiParameter(
                "text", {"type": "string", "maxLength": MOST_TEXT}, description=gettext_lazy("Words of the report.")
            ),
            OpenApiParameter(
                "asset", str, description=gettext_lazy("Key of a house, lamp… in the category's register.")
            ),
        ],
        responses=LookAlikesSerializer,
    )
    def get(self, request: Request) -> Response:
        community, given, at = community_of(request._request), request.query_params, timezone.now()
        category = _category(text_in(given, "category", most=60))
        draft = Draft(
            category=category,
            point=Point(*wanted_place(given), srid=WGS84),
            text=text_in(given, "text", most=MOST_TEXT)[:MAX_TEXT],
            asset=_asset(category, text_in(given, "asset", most=100), on=community.day_of(at)),
        )
        found = look_alikes(draft, community=community, at=at)
        return Response({"results": [_told(one, request) for one in found]})


def _category(code: str) -> Category:
    found: Category | None = Category.objects.filter(code=code, is_active=True).first()
    if found is None:
        raise wrong("category", _("There is no such category."))
    return found


def _asset(category: Category, key: str, *, on: Any) -> Asset | None:
    if not key:
        return None
    found: Asset | None = Asset.objects.on(on).filter(register=category.register_id, key=key).first()
    if found is None:
        raise wrong("asset", _("The register of this category holds nothing with this key."))
    return found


def _told(one: LookAlike, request: Request) -> dict[str, Any]:
    row = one.row
    return {
        "key": one.key,
        "layer": row["layer"],
        "number": one.number,
        "title": row["title"],
        "state": row["state"],
        "state_group": row["state_group"],
        "url": request.build_absolute_uri(row["url"]),
        "metres": one.metres,
        "likeness": round(one.likeness, 3),
        "people": one.people,
        "can_join": one.can_join,
        "ends_at": one.ends_at,
    }
