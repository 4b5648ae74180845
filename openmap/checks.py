"""Checks of an installation, for `manage.py check --deploy`: each says how to mend what it finds."""

from typing import Any

from django.conf import settings
from django.core import checks


@checks.register(checks.Tags.security, deploy=True)
def letters_leave(app_configs: Any, **kwargs: Any) -> list[checks.CheckMessage]:
    """Letters that are only written into a folder reach nobody."""
    if settings.DEMO or not settings.EMAIL_URL.startswith("filemail:"):
        return []
    return [
        checks.Warning(
            "Letters are written into a folder and reach nobody.",
            hint="Set MISTO_EMAIL_URL to the mail server, for example smtp+tls://user:password@mail.example.org:587.",
            id="openmap.W001",
        )
    ]
