"""The server asks public servers only, never follows, and never waits or reads without end."""

import ipaddress
import socket
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import Settings

from core.outward import OutwardFailedError, OutwardRefusedError, Reply, fetch, is_public, refusal_in_words, resolve

Answer = Callable[[BaseHTTPRequestHandler], None]


class Server(ThreadingHTTPServer):
    answer: Answer
    asked: list[str]


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        assert isinstance(self.server, Server)
        self.server.asked.append(f"{self.command} {self.path} {self.headers['Host']}")
        self.server.answer(self)

    do_POST = do_GET  # noqa: N815  the names are http.server's

    def log_message(self, *args: Any) -> None:
        """Says nothing."""


@pytest.fixture
def server(settings: Settings) -> Iterator[Server]:
    """A server on this machine, which the operator allows."""
    found = Server(("127.0.0.1", 0), Handler)
    found.asked = []
    found.answer = say(b"yes")
    settings.OUTWARD_ALLOWED = [f"127.0.0.1:{found.server_port}"]
    threading.Thread(target=found.serve_forever, daemon=True).start()
    yield found
    found.shutdown()
    found.server_close()


def say(body: bytes, status: int = 200, **headers: str) -> Answer:
    def answer(to: BaseHTTPRequestHandler) -> None:
        to.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            to.send_header(name.replace("_", "-"), value)
        to.end_headers()
        to.wfile.write(body)

    return answer


def at(server: Server, path: str = "/hook") -> str:
    return f"http://127.0.0.1:{server.server_port}{path}"


def refusal(url: str) -> str:
    with pytest.raises(OutwardRefusedError) as refused:
        fetch("GET", url)
    return refused.value.code


def named(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> None:
    """Every name has these addresses."""

    def found(_host: str, port: int, **_more: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses]

    monkeypatch.setattr(socket, "getaddrinfo", found)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.0.0.8", "172.16.3.4", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0",
        "224.0.0.1", "255.255.255.255", "192.0.2.1", "198.18.0.1", "::1", "::", "fe80::1", "fc00::1", "ff02::1",
        "::ffff:127.0.0.1", "::ffff:10.1.2.3", "64:ff9b::7f00:1", "64:ff9b::a00:1", "2002:7f00:1::", "2001:db8::1",
    ],
)  # fmt: skip
def test_addresses_that_are_not_of_the_public_internet_are_refused(
    monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    named(monkeypatch, address)
    assert refusal("http://innocent.example.org/") == "private"


def test_name_with_one_private_address_among_public_ones_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    named(monkeypatch, "93.184.216.34", "10.0.0.1")
    assert refusal("https://innocent.example.org/") == "private"


@pytest.mark.parametrize(
    "way", ["http://2130706433/", "http://0x7f000001/", "http://127.1/", "http://[::ffff:7f00:1]/"]
)
def test_other_ways_to_write_this_machine_are_refused(way: str) -> None:
    assert refusal(way) in {"private", "unknown"}


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("file:///etc/passwd", "scheme"),
        ("gopher://example.org/", "scheme"),
        ("ftp://example.org/", "scheme"),
        ("http://user:word@example.org/", "address"),
        ("http://", "address"),
        ("http://example.org:99999/", "address"),
        ("http://example.org:25/", "port"),
        ("http://example.org/\r\nX: y", "address"),
        ("http://example.org\\@evil.org/", "address"),
        ("http://" + "a" * 3000, "address"),
    ],
)
def test_what_is_no_plain_address_of_the_web_is_refused(url: str, code: str) -> None:
    assert refusal(url) == code
    assert refusal_in_words(code)


@given(st.ip_addresses(v=4))
def test_an_address_wrapped_into_another_is_as_public_as_it_is_itself(address: ipaddress.IPv4Address) -> None:
    mapped = ipaddress.IPv6Address(f"::ffff:{address}")
    translated = ipaddress.IPv6Address((0x64FF9B << 96) | int(address))
    assert is_public(mapped) == is_public(translated) == is_public(address)


def test_what_the_operator_allows_is_asked(server: Server) -> None:
    assert fetch("POST", at(server, "/hook?a=1"), body=b"{}").body == b"yes"
    assert server.asked == [f"POST /hook?a=1 127.0.0.1:{server.server_port}"]


def test_another_port_of_an_allowed_server_is_not(server: Server) -> None:
    assert refusal(f"http://127.0.0.1:{server.server_port + 1}/") == "private"


def test_a_network_may_be_allowed(settings: Settings) -> None:
    settings.OUTWARD_ALLOWED = ["10.20.0.0/16"]
    assert str(resolve("http://10.20.3.4/")[2]) == "10.20.3.4"
    assert refusal("http://10.21.0.1/") == "private"


def test_the_connection_goes_to_the_address_that_was_looked_at(
    server: Server, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    """The name would lead elsewhere the second time."""
    settings.OUTWARD_ALLOWED = [f"changing.example.org:{server.server_port}"]
    real, asked = socket.getaddrinfo, []

    def changing(host: str, port: int, *args: Any, **more: Any) -> Any:
        if host == "changing.example.org":
            asked.append(host)
            host = "127.0.0.1"
        return real(host, port, *args, **more)

    monkeypatch.setattr(socket, "getaddrinfo", changing)
    assert fetch("GET", f"http://changing.example.org:{server.server_port}/").status == 200
    assert asked == ["changing.example.org"]
    assert server.asked[0].endswith(f"changing.example.org:{server.server_port}")


def test_redirect_is_an_answer_and_is_not_followed(server: Server) -> None:
    server.answer = say(b"", 302, Location="http://169.254.169.254/latest/meta-data/")
    reply = fetch("GET", at(server))
    assert (reply.status, len(server.asked)) == (302, 1)


def test_answer_that_is_too_long_is_cut_off(server: Server) -> None:
    server.answer = say(b"x" * 3000)
    with pytest.raises(OutwardFailedError, match="longer than 2000 bytes"):
        fetch("GET", at(server), most=2000)
    assert fetch("GET", at(server), most=3000).body == b"x" * 3000


def test_packed_answer_is_not_unpacked(server: Server) -> None:
    server.answer = say(b"bomb", Content_Encoding="gzip")
    with pytest.raises(OutwardFailedError, match="packed"):
        fetch("GET", at(server))


def test_server_that_drips_is_left_when_the_time_is_over(server: Server) -> None:
    def drip(to: BaseHTTPRequestHandler) -> None:
        to.send_response(200)
        to.send_header("Content-Length", "1000000")
        to.end_headers()
        for _turn in range(100):
            try:
                to.wfile.write(b"x" * 70_000)
                to.wfile.flush()
            except OSError:
                return
            time.sleep(0.05)

    server.answer = drip
    with pytest.raises(OutwardFailedError) as failed:
        fetch("GET", at(server), seconds=0.2, most=10_000_000)
    assert failed.value.may_have_arrived


def test_connection_that_is_refused_says_that_nothing_arrived(settings: Settings) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings.OUTWARD_ALLOWED = ["127.0.0.1"]
    with pytest.raises(OutwardFailedError) as failed:
        fetch("GET", f"http://127.0.0.1:{port}/")
    assert not failed.value.may_have_arrived


def test_line_that_breaks_after_the_request_says_that_it_may_have_arrived(server: Server) -> None:
    def hang_up(to: BaseHTTPRequestHandler) -> None:
        to.close_connection = True
        to.connection.shutdown(socket.SHUT_RDWR)

    server.answer = hang_up
    with pytest.raises(OutwardFailedError) as failed:
        fetch("POST", at(server), body=b"{}")
    assert failed.value.may_have_arrived


def test_reply_names_headers_in_lower_case(server: Server) -> None:
    server.answer = say(b"{}", 201, Content_Type="application/json")
    assert fetch("GET", at(server)) == Reply(201, fetch("GET", at(server)).headers, b"{}")
    assert fetch("GET", at(server)).headers["content-type"] == "application/json"
