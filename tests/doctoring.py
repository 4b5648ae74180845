"""Asking one check of the doctor, and TLS servers of this machine that show whatever certificate a test wants."""

import ipaddress
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from core.doctor import Asked, Finding, Level, all_checks

OK, WARN, BAD = Level.OK, Level.WARN, Level.BAD


def look(name: str, at: datetime | None = None, **asked: Any) -> list[Finding]:
    """What that check finds now, or at that moment."""
    (one,) = [found for found in all_checks() if found.name == name]
    return list(one.look(Asked(at or datetime.now(UTC), **asked)))


def worst(name: str, at: datetime | None = None, **asked: Any) -> Level:
    """How bad it is; whatever is not well says how to mend it."""
    found = look(name, at, **asked)
    assert all(bool(one.mend) == (one.level > OK) for one in found)
    return max((one.level for one in found), default=OK)


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(getattr(self.server, "status", 200))
        self.send_header("Content-Length", "0")
        self.end_headers()

    def date_time_string(self, timestamp: float | None = None) -> str:
        late: float = getattr(self.server, "late", 0.0)
        return super().date_time_string((timestamp or datetime.now(UTC).timestamp()) - late)

    def log_message(self, *_words: Any) -> None:
        """Says nothing."""


def certificate(folder: Path, *, ends: datetime, names: tuple[str, ...] = ("localhost", "127.0.0.1")) -> Path:
    """A certificate that signed itself, with its key, in one file; who trusts the file trusts the server."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(ends - timedelta(days=90))
        .not_valid_after(ends)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.SubjectAlternativeName([_named(one) for one in names]), critical=False)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = folder / f"{ends:%Y%m%d%H%M%S}-{names[0]}.pem"
    path.write_bytes(secret + made.public_bytes(serialization.Encoding.PEM))
    return path


def _named(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


@contextmanager
def serving(certificate: Path | None = None, *, late: float = 0.0, status: int = 200) -> Iterator[int]:
    """A server on this machine, with TLS when it has a certificate, whose clock is so many seconds late; its port."""
    server: Any = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.late, server.status = late, status
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        server.handle_error = lambda *_how: None  # whoever does not believe it hangs up
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
