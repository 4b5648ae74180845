"""What an installation must not start with."""

import re
from collections.abc import Sequence
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

MIN_SECRET_LENGTH = 50
MIN_DIFFERENT_CHARACTERS = 5
ROOM_IN_ADDRESS = 64 - 46  # characters of a name before @ (RFC 5321), without what core.verp writes in place of {}
REPLY_ADDRESS = re.compile(
    rf"(?=[^@]{{1,{ROOM_IN_ADDRESS + 2}}}@)[a-z0-9._+=-]*\{{\}}[a-z0-9._+=-]*@[a-z0-9.-]+", re.IGNORECASE
)
AT_HOME = ("127.0.0.1", "::1", "localhost")


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


def refuse_bad_mailboxes(*, reply_address: str, inbox_url: str) -> None:
    """Raises ImproperlyConfigured when letters could not come back to such an address, or not be read from there. The
    message never repeats the password."""
    if reply_address and not REPLY_ADDRESS.fullmatch(reply_address):
        raise ImproperlyConfigured(
            "MISTO_REPLY_ADDRESS must be an address with {} once before its @, and at most "
            f"{ROOM_IN_ADDRESS} characters beside it: misto+{{}}@city.example."
        )
    where = urlsplit(inbox_url)
    is_folder = where.scheme == "maildir" and not where.netloc and len(where.path) > 1
    is_safe = where.scheme == "imaps" or (where.scheme == "imap" and where.hostname in AT_HOME)
    if inbox_url and not is_folder and not (is_safe and where.hostname and where.username):
        raise ImproperlyConfigured(
            "MISTO_INBOX_URL must be maildir:///folder or "
            "imaps://user:password@host/INBOX; imap:// on this machine only."
        )
