"""What a TLS server shows: for how long, for which names, and whether others would believe it."""

import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from cryptography import x509
from django.utils.translation import gettext as _

from core.doctor import Finding, bad, ok, warn

SECONDS: Final = 5.0
SOON, VERY_SOON = 21, 7  # days


@dataclass(frozen=True, slots=True)
class Shown:
    """`distrust`: why a browser would refuse it, in OpenSSL's words; "" when it would not."""

    ends: datetime
    distrust: str


def shown_by(host: str, port: int, *, address: str = "", seconds: float = SECONDS) -> Shown:
    """What the server there shows whoever asks for `host`. `address`: where to connect, if known. Raises OSError."""
    try:
        return Shown(_ends(host, port, address or host, seconds, ssl.create_default_context()), "")
    except ssl.SSLCertVerificationError as error:
        anything = ssl.create_default_context()
        anything.check_hostname, anything.verify_mode = False, ssl.CERT_NONE
        return Shown(_ends(host, port, address or host, seconds, anything), str(error.verify_message))


def _ends(host: str, port: int, address: str, seconds: float, context: ssl.SSLContext) -> datetime:
    with (
        socket.create_connection((address, port), timeout=seconds) as line,
        context.wrap_socket(line, server_hostname=host) as tls,
    ):
        found = tls.getpeercert(binary_form=True)
    if not found:
        raise OSError("no certificate")
    return x509.load_der_x509_certificate(found).not_valid_after_utc


def judged(shown: Shown, *, at: datetime, where: str, mend: str) -> Iterator[Finding]:
    """What that means for people who come; `mend`: what to do about it."""
    days = int((shown.ends - at).total_seconds() // 86400)
    if days < 0:
        yield bad(_("The certificate ended %(days)d days ago.") % {"days": -days}, mend, where)
    elif shown.distrust:
        yield bad(_("The certificate is not believed: %(why)s.") % {"why": shown.distrust}, mend, where)
    elif days <= VERY_SOON:
        yield bad(_("The certificate ends in %(days)d days.") % {"days": days}, mend, where)
    elif days <= SOON:
        yield warn(_("The certificate ends in %(days)d days.") % {"days": days}, mend, where)
    else:
        yield ok(_("The certificate is good for %(days)d days.") % {"days": days}, where)
