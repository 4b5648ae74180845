"""What every page of the shell needs."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest


def shell(request: HttpRequest) -> dict[str, Any]:
    """`community` of the page, or None on pages of the whole service, and what the footer tells."""
    return {
        "community": getattr(request, "community", None),
        "site_url": settings.SITE_URL,
        "is_demo": settings.DEMO and settings.EMAIL_URL.startswith("filemail:"),
        "source_url": settings.SOURCE_URL,
    }
