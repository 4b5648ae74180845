"""The one door by which the server asks others: never private addresses, never a redirect, never without limits.

A name is resolved once, and the connection goes to the very address that was looked at, so that a name which changes
its mind in between (DNS rebinding) gains nothing. Proxies of the environment are not used: they would resolve anew.
"""

import ipaddress
import socket
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import SplitResult, urlsplit

import urllib3
from django.conf import settings
from django.utils.translation import gettext as _

SECONDS: Final = 10.0  # for a whole exchange
MOST_BYTES: Final = 1024 * 1024  # of an answer
LONGEST_ADDRESS: Final = 2000  # characters
PORTS: Final = {"http": 80, "https": 443}
LOW_PORTS: Final = 1024  # below it only the two of the web: others speak protocols that a request could be mistaken for
CHUNK: Final = 64 * 1024
NAT64: Final = ipaddress.ip_network("64:ff9b::/96")  # RFC 6052: an IPv4 address in its last 32 bits

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class OutwardRefusedError(ValueError):
    """The server does not ask there. `code`: “address”, “scheme”, “port”, “unknown” (no such name) or “private”."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class OutwardFailedError(OSError):
    """No whole answer came. `may_have_arrived`: the other side may have got the request, and done what it asks."""

    def __init__(self, reason: str, *, may_have_arrived: bool) -> None:
        super().__init__(reason)
        self.may_have_arrived = may_have_arrived


@dataclass(frozen=True, slots=True)
class Reply:
    """What the other server said; names of headers are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def fetch(
    method: str,
    url: str,
    *,
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
    seconds: float = SECONDS,
    most: int = MOST_BYTES,
) -> Reply:
    """Asks and returns the answer, whatever its status; a redirect is an answer too.

    Raises OutwardRefusedError, or OutwardFailedError: no connection, no answer in `seconds`, more than `most` bytes.
    """
    parts, port, address = resolve(url)
    deadline = time.monotonic() + seconds
    pool = _pool(parts, str(address), port, seconds=seconds)
    sent = {"Host": _host_header(parts, port), "Accept-Encoding": "identity", "User-Agent": "vidkryte-misto"}
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    try:
        answer = pool.urlopen(
            method, target, body=body, headers=sent | dict(headers or {}),
            retries=False, redirect=False, preload_content=False, decode_content=False,
        )  # fmt: skip
        try:
            read = _read(answer, most=most, deadline=deadline)
        finally:
            answer.close()
    except (urllib3.exceptions.NewConnectionError, urllib3.exceptions.ConnectTimeoutError) as error:
        raise OutwardFailedError(_said(error), may_have_arrived=False) from error
    except urllib3.exceptions.SSLError as error:
        raise OutwardFailedError(_said(error), may_have_arrived=False) from error
    except (urllib3.exceptions.HTTPError, OSError) as error:
        raise OutwardFailedError(_said(error), may_have_arrived=True) from error
    finally:
        pool.close()
    return Reply(answer.status, {name.lower(): value for name, value in answer.headers.items()}, read)


def resolve(url: str) -> tuple[SplitResult, int, Address]:
    """The parts of the address, the port, and the one IP address to connect to. Raises OutwardRefusedError.

    Every address that the name has must be public: one private among them refuses the name.
    """
    parts, port = _parts(url)
    return parts, port, resolve_host(parts.hostname or "", port)


def resolve_host(host: str, port: int) -> Address:
    """The one IP address of a server to connect to, by the same rule, for protocols besides HTTP. Raises
    OutwardRefusedError: “unknown” or “private”."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise OutwardRefusedError("unknown") from error
    addresses = [ipaddress.ip_address(str(entry[4][0]).partition("%")[0]) for entry in found]
    if not addresses:
        raise OutwardRefusedError("unknown")
    if not all(is_allowed(address, host=host, port=port) for address in addresses):
        raise OutwardRefusedError("private")
    return addresses[0]


def is_allowed(address: Address, *, host: str, port: int) -> bool:
    """Whether the server may connect there: a public address, or one that the operator names in
    MISTO_OUTWARD_ALLOWED ("host:port", an address or a network)."""
    return is_public(address) or any(_names(entry, address, host, port) for entry in settings.OUTWARD_ALLOWED)


def is_public(address: Address) -> bool:
    """Whether the address is one of the public internet; what is wrapped into an IPv6 address is looked at too."""
    if isinstance(address, ipaddress.IPv6Address):
        wrapped = address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)
        if address in NAT64:
            wrapped = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if wrapped is not None:
            return is_public(wrapped)
    return address.is_global and not address.is_multicast and not address.is_reserved


def refusal_in_words(code: str) -> str:
    """Why an address is not asked, for the person who typed it."""
    return {
        "address": _("This is no address of a server. Example: https://example.org/hook"),
        "scheme": _("The address begins with https:// or http://."),
        "port": _("Use port 80, 443 or one from 1024 on."),
        "unknown": _("No server has this name."),
        "private": _("This address is inside a private network: only servers on the public internet are asked."),
    }[code]


def _parts(url: str) -> tuple[SplitResult, int]:
    """The parts and the port. Raises OutwardRefusedError for what is no plain address of the web."""
    if len(url) > LONGEST_ADDRESS or not url.isprintable() or not url.isascii() or " " in url or "\\" in url:
        raise OutwardRefusedError("address")
    try:
        parts = urlsplit(url)
        port = parts.port or PORTS.get(parts.scheme, 0)
    except ValueError as error:
        raise OutwardRefusedError("address") from error
    if parts.scheme not in PORTS:
        raise OutwardRefusedError("scheme")
    if not parts.hostname or parts.username is not None or parts.password is not None:
        raise OutwardRefusedError("address")
    if port < LOW_PORTS and port not in PORTS.values():
        raise OutwardRefusedError("port")
    return parts, port


def _names(entry: str, address: Address, host: str, port: int) -> bool:
    """Whether an entry of the operator's list names this address."""
    if entry in {host, f"{host}:{port}"}:
        return True
    try:
        return address in ipaddress.ip_network(entry, strict=False)
    except (ValueError, TypeError):
        return False


def _pool(parts: SplitResult, address: str, port: int, *, seconds: float) -> urllib3.HTTPConnectionPool:
    timeout = urllib3.Timeout(total=seconds)
    if parts.scheme == "http":
        return urllib3.HTTPConnectionPool(address, port, timeout=timeout, maxsize=1)
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return urllib3.HTTPSConnectionPool(
        address, port, timeout=timeout, maxsize=1, ssl_context=context,
        server_hostname=parts.hostname, assert_hostname=parts.hostname,
    )  # fmt: skip


def _host_header(parts: SplitResult, port: int) -> str:
    host = parts.hostname or ""
    host = f"[{host}]" if ":" in host else host
    return host if port == PORTS[parts.scheme] else f"{host}:{port}"


def _read(answer: urllib3.BaseHTTPResponse, *, most: int, deadline: float) -> bytes:
    """The body. Raises OSError when it is packed, too long or too late."""
    if answer.headers.get("Content-Encoding", "identity").lower() not in {"", "identity"}:
        raise OSError("the answer is packed, though nobody asked for it")
    read = b""
    for chunk in answer.stream(CHUNK, decode_content=False):
        read += chunk
        if len(read) > most:
            raise OSError(f"the answer is longer than {most} bytes")
        if time.monotonic() > deadline:
            raise OSError("the answer took too long")
    return read


def _said(error: Exception) -> str:
    """What is kept of it: the kind of error and its words, without the connection's address in memory."""
    words = str(getattr(error, "reason", None) or error)
    return f"{type(error).__name__}: {words.rpartition('>: ')[2]}"[:300]
