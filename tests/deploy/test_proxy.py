"""The reverse proxy before two web processes of the real service: TLS, one of them gone, both gone."""

import base64
import hashlib
import http.client
import json
import re
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import pytest
from django.core.management import call_command
from django.test import override_settings

from media.uploads import largest
from tests.conftest import City
from tests.deploy.parts import DEPLOY
from tests.faults.service import environment, eventually, process

pytestmark = pytest.mark.django_db(transaction=True)
CADDYFILE = DEPLOY / "proxy" / "Caddyfile"
READS = 5  # a minute, of one network that shows no key
PATIENCE = 60.0  # seconds for a process to start beside other tests


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


class Site:
    """The service behind its proxy, as a browser sees it."""

    def __init__(self, folder: Path, static: Path) -> None:
        self.folder, self.static = folder, static
        self.http, self.https, self.first, self.second = (free_port() for _ in range(4))
        self.authority = folder / "data" / "caddy" / "pki" / "authorities" / "local" / "root.crt"

    def get(self, path: str, **headers: str) -> http.client.HTTPResponse:
        trust = ssl.create_default_context(cafile=str(self.authority))
        browser = http.client.HTTPSConnection("localhost", self.https, timeout=20, context=trust)
        browser.request("GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()})
        return browser.getresponse()

    def answers(self) -> bool:
        try:
            return self.authority.exists() and self.get("/").status == 200
        except OSError:
            return False

    @contextmanager
    def web(self, port: int) -> Iterator[subprocess.Popen[str]]:
        variables = environment(
            MISTO_SITE_URL=f"https://localhost:{self.https}",
            MISTO_HOSTS="localhost",
            MISTO_BEHIND_PROXY="1",
            MISTO_API_READS=str(READS),
            MISTO_METRICS_TOKEN="let-me-see",
            MISTO_STATIC_ROOT=str(self.static),
        )
        words = ["openmap.wsgi:application", "--worker-class=gthread", "--workers=1", f"--bind=127.0.0.1:{port}"]
        command = [sys.executable, "-m", "gunicorn", *words, "--limit-request-line=8190", "--no-control-socket"]
        with process(command, variables, self.folder / f"web-{port}.log") as running:
            yield running

    @contextmanager
    def proxy(self) -> Iterator[None]:
        variables = environment(
            HOME=str(self.folder),
            XDG_DATA_HOME=str(self.folder / "data"),
            XDG_CONFIG_HOME=str(self.folder / "config"),
            MISTO_DOMAIN="localhost",
            MISTO_TLS="internal",
            MISTO_UPSTREAMS=f"127.0.0.1:{self.first} 127.0.0.1:{self.second}",
            MISTO_HTTP_PORT=str(self.http),
            MISTO_HTTPS_PORT=str(self.https),
            MISTO_PROXY_FILES=str(DEPLOY / "proxy"),
        )
        command = ["caddy", "run", "--config", str(CADDYFILE), "--adapter", "caddyfile"]
        with process(command, variables, self.folder / "proxy.log"):
            yield


@pytest.fixture(scope="module")
def static(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Static files as a server has them, with what they hold in their names."""
    folder = tmp_path_factory.mktemp("static")
    with override_settings(STATIC_ROOT=str(folder)):
        call_command("collectstatic", interactive=False, verbosity=0)
    return folder


@pytest.fixture
def site(tmp_path: Path, static: Path) -> Iterator[Site]:
    made = Site(tmp_path, static)
    with made.proxy():
        yield made


def test_browsers_get_pages_by_https_and_cannot_pretend_to_be_others(site: Site, city: City) -> None:
    with site.web(site.first):
        assert eventually(site.answers, seconds=PATIENCE)
        page = site.get(city.community.get_absolute_url(), X_Forwarded_Proto="http")
        assert page.status == 200, "the proxy says https, whatever the browser claims"
        assert page.headers["Strict-Transport-Security"]

        plain = http.client.HTTPConnection("localhost", site.http, timeout=20)
        plain.request("GET", "/who?a=b")
        led = plain.getresponse()
        assert led.status == 308
        assert led.headers["Location"] == f"https://localhost:{site.https}/who?a=b".replace(f":{site.https}", "")

        long = site.get(f"{city.community.get_absolute_url()}?shape={quote('x' * 7000)}")
        assert long.status != 414, "drawn shapes stand in addresses"
        assert site.get("/metrics").status == 404
        assert site.get("/metrics", Authorization="Bearer let-me-see").status == 200

        script = re.search(r'src="(/static/[^"]+\.js)"', page.read().decode())
        assert script
        part = site.get(script[1], Range="bytes=0-9")
        assert (part.status, len(part.read())) == (206, 10), "base maps are read in parts"

        asked = [site.get("/api/v1/communities/", X_Forwarded_For=f"203.0.113.{n}").status for n in range(READS + 2)]
        assert asked[0] == 200
        assert asked[-1] == 429, "who asks is who connects, not who a header names"


def test_web_process_that_ends_is_not_noticed_and_none_at_all_is_told_in_words(site: Site, city: City) -> None:
    with site.web(site.second) as second:
        with site.web(site.first) as first:
            assert eventually(site.answers, seconds=PATIENCE)
            first.terminate()
            first.wait(timeout=30)
            assert [site.get("/").status for _ in range(6)] == [200] * 6
        second.terminate()
        second.wait(timeout=30)
        away = site.get(city.community.get_absolute_url())
        assert away.status == 503
        assert away.headers["Retry-After"] == "10"
        assert "Зачекайте хвилину" in away.read().decode()
    with site.web(site.first):
        assert eventually(site.answers, seconds=PATIENCE)


def test_proxies_let_pass_what_the_largest_upload_needs() -> None:
    caddy = re.search(r"max_size (\d+)MiB", CADDYFILE.read_text(encoding="utf-8"))
    ingress = re.search(r"proxy-body-size: (\d+)m", (DEPLOY / "kubernetes" / "network.yaml").read_text("utf-8"))
    for limit in (caddy, ingress):
        assert limit
        assert int(limit[1]) * 1024**2 > largest()


def test_collected_files_can_be_read_by_the_account_of_the_service(static: Path) -> None:
    files = [path for path in static.rglob("*") if path.is_file()]
    assert (static / "staticfiles.json") in files
    assert [path for path in files if not path.stat().st_mode & 0o004] == []


def test_page_that_says_so_has_only_the_style_that_its_policy_names() -> None:
    page = (DEPLOY / "proxy" / "away.html").read_text(encoding="utf-8")
    (style,) = re.findall(r"<style>(.*?)</style>", page, re.DOTALL)
    named = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"style-src 'sha256-{named}'" in CADDYFILE.read_text(encoding="utf-8")
    assert "<script" not in page


@pytest.mark.parametrize("tls", ["internal", "admin@city.example", "/tls/fullchain.pem /tls/privkey.pem"])
def test_each_way_to_a_certificate_is_understood(tls: str, tmp_path: Path) -> None:
    given = environment(MISTO_DOMAIN="city.example", MISTO_TLS=tls, MISTO_UPSTREAMS="web-a:8000 web-b:8000")
    done = subprocess.run(
        ["caddy", "adapt", "--config", str(CADDYFILE), "--adapter", "caddyfile"],
        env=given | {"HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    read = json.loads(done.stdout)
    assert "city.example" in json.dumps(read["apps"]["http"])
    if tls != "internal":
        assert tls.split(maxsplit=1)[0] in json.dumps(read["apps"]["tls"])
