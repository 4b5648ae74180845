"""The first part of a community's address on the site: what it may be."""

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

# First path segments that belong to the service itself, on its pages and below /api/v1/.
RESERVED_SLUGS = frozenset(
    {
        "_parts",
        "_mail",
        "about",
        "accessibility",
        "account",
        "admin",
        "api",
        "communities",
        "data",
        "docs",
        "embed",
        "en",
        "feed",
        "health",
        "help",
        "i18n",
        "language",
        "login",
        "logout",
        "media",
        "metrics",
        "open311",
        "privacy",
        "schema",
        "search",
        "static",
        "stats",
        "tiles",
        "uk",
    }
)
LONGEST_SLUG = 60  # characters


def refuse_reserved(slug: str) -> None:
    """Raises ValidationError for a slug that would hide a page of the service."""
    if slug in RESERVED_SLUGS:
        raise ValidationError(_("“%(slug)s” is taken by a page of the service."), params={"slug": slug})
