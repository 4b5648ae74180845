"""What a page says about photos before any is chosen."""

from typing import Final

from django import template

register = template.Library()

# Types for browsers that know them, endings for those that do not. What is inside decides, not these.
ACCEPTED: Final = (
    "image/jpeg,image/png,image/webp,image/avif,image/heic,image/heif,image/tiff,.avif,.heic,.heif,.tif,.tiff"
)


@register.simple_tag
def accepted_photos() -> str:
    """For `accept` of a file input."""
    return ACCEPTED
