"""Where a request comes from, as coarsely as a limit needs."""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from django.conf import settings
from django.http import HttpRequest

SUBNET = 64  # bits of an IPv6 address that a household or a phone has for itself


def network_of(request: HttpRequest) -> str:
    """The IPv4 address, or the /64 of the IPv6 address, that sent the request; "" when nobody says.

    Behind TRUSTED_PROXIES proxies it is what the outermost of them saw: what stands before that in X-Forwarded-For was
    written by the sender.
    """
    address = _address(request)
    if address is None:
        return ""
    if isinstance(address, IPv6Address):
        return str(ip_network((address, SUBNET), strict=False))
    return str(address)


def _address(request: HttpRequest) -> IPv4Address | IPv6Address | None:
    said = request.META.get("REMOTE_ADDR", "")
    if settings.TRUSTED_PROXIES:
        forwarded = [part.strip() for part in request.headers.get("X-Forwarded-For", "").split(",") if part.strip()]
        if len(forwarded) < settings.TRUSTED_PROXIES:
            return None
        said = forwarded[-settings.TRUSTED_PROXIES]
    try:
        address = ip_address(said)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
