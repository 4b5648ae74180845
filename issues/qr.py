"""A secret link as a picture that another phone reads: drawn here and written into the page, so that nobody fetches it
from an address that could be logged or kept."""

import segno
from django.utils.safestring import SafeString, mark_safe

QUIET = 4  # modules of white around it, as ISO/IEC 18004 asks


def qr_of(link: str) -> SafeString:
    """The QR code (level M) as SVG without a size or a style of its own; black on white in every colour scheme."""
    drawn = segno.make(link, error="m", micro=False)
    svg = drawn.svg_inline(border=QUIET, dark="#000", light="#fff", svgclass="qr", lineclass=None, omitsize=True)
    return mark_safe(svg)  # noqa: S308  shapes only: no character of the link stands in it
