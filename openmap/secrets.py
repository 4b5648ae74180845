"""What a production installation must not start with."""

from collections.abc import Sequence

from django.core.exceptions import ImproperlyConfigured

MIN_SECRET_LENGTH = 50
MIN_DIFFERENT_CHARACTERS = 5


def refuse_weak_settings(*, secret_key: str, debug: bool, hosts: Sequence[str]) -> None:
    """Raises ImproperlyConfigured, naming everything that is wrong at once, unless all three settings are safe."""
    wrong = []
    short = len(secret_key) < MIN_SECRET_LENGTH or len(set(secret_key)) < MIN_DIFFERENT_CHARACTERS
    if short or secret_key.startswith(("django-insecure-", "dev-only-")):
        wrong.append(f"MISTO_SECRET_KEY must be a secret of at least {MIN_SECRET_LENGTH} random characters")
    if debug:
        wrong.append("MISTO_DEBUG must be off")
    if not hosts or "*" in hosts:
        wrong.append("MISTO_HOSTS must list the host names, separated by commas")
    if wrong:
        raise ImproperlyConfigured("Production refuses to start: " + "; ".join(wrong) + ".")
