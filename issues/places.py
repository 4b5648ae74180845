"""What can be said of a place before anything else is known of a report."""

from typing import NamedTuple

from django.contrib.gis.geos import Point
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from geodata.models import Community, local_name
from routing.responsibility import OutsideCommunityError


class Refusal(NamedTuple):
    """Why a place is not taken. `elsewhere`: name and address of the form of the community that it is in, or None."""

    words: str
    elsewhere: dict[str, str] | None


def outside(point: Point, community: Community) -> OutsideCommunityError | None:
    """What a report at this point (SRID 4326) would be refused with, or None inside, and where there is no boundary."""
    is_inside = Q(boundary=None) | Q(boundary__covers=point)
    if Community.objects.filter(is_inside, pk=community.pk).exists():
        return None
    others = Community.objects.exclude(pk=community.pk).filter(boundary__covers=point).order_by("pk")
    other = others.defer("boundary").first()
    known = {"slug": other.slug, "name": other.name, "name_en": other.name_en} if other else None
    return OutsideCommunityError(known)


def refusal(found: OutsideCommunityError, community: Community) -> Refusal:
    """The same in words, in the reader's language."""
    language = get_language() or "uk"
    here = {"community": local_name(community, language)}
    if not found.slug:
        return Refusal(_("This place is outside %(community)s. Move the pin.") % here, None)
    other = local_name(found, language)
    words = _("This place is outside %(community)s: it belongs to %(other)s.") % (here | {"other": other})
    return Refusal(words, {"name": other, "url": reverse("report", args=[found.slug])})


def example(community: Community) -> str:
    """Coordinates of the middle of the community, “latitude, longitude”, as an example of what to type."""
    return f"{community.centre.y:.4f}, {community.centre.x:.4f}"
