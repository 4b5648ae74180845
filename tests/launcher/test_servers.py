"""The private database and Redis: addresses, the environment, and what a killed server leaves."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from launcher import claim, cluster, processes, servers, service
from launcher.cluster import Cluster
from launcher.places import Places
from launcher.redis import Redis
from launcher.service import Addresses

ADDRESSES = Addresses(database="postgis://misto@/misto?host=/run/x", redis="unix:///run/x/redis.sock")


def draw_cluster(tmp_path: Path) -> Cluster:
    """A cluster that was never started, in folders with spaces."""
    data, sockets = tmp_path / "the data", tmp_path / "the sockets"
    data.mkdir()
    sockets.mkdir()
    return Cluster(data=data, sockets=sockets, account=None, log=tmp_path / "log")


def test_database_url_survives_spaces(tmp_path: Path) -> None:
    url = draw_cluster(tmp_path).url
    assert " " not in url
    assert parse_qs(urlsplit(url).query)["host"] == [str(tmp_path / "the sockets")]


def test_redis_url_survives_spaces() -> None:
    url = Redis(sockets=Path("/run/two words"), account=None, log=Path("/log")).url
    assert url == "unix:///run/two%20words/redis.sock"
    assert unquote(urlsplit(url).path) == "/run/two words/redis.sock"


def test_redis_listens_on_no_network_port_and_keeps_nothing() -> None:
    words = Redis(sockets=Path("/run/x"), account=None, log=Path("/log")).command()
    options = dict(zip(words[1::2], words[2::2], strict=True))
    assert options["--port"] == "0"
    assert options["--save"] == ""
    assert options["--appendonly"] == "no"


def test_database_listens_on_no_network_address(tmp_path: Path) -> None:
    words = draw_cluster(tmp_path).command()
    assert "listen_addresses=" in words
    assert "fsync=off" not in words


def test_lock_files_of_a_dead_server_are_removed(tmp_path: Path) -> None:
    server = draw_cluster(tmp_path)
    lock, socket = server.sockets / f"{cluster.SOCKET}.lock", server.sockets / cluster.SOCKET
    for file in (server.data / "postmaster.pid", lock, socket):
        file.write_text(f"{os.getpid()}\n{server.data}\n", encoding="utf-8")  # the id has a new owner: us
    server.forget_the_dead()
    assert not any(file.exists() for file in (server.data / "postmaster.pid", lock, socket))


@contextlib.contextmanager
def pretender(tmp_path: Path, data: Path) -> Iterator[int]:
    """A process that looks like a PostgreSQL server on the data folder; yields its id."""
    binary = tmp_path / "postgres"
    binary.symlink_to(sys.executable)
    with subprocess.Popen([str(binary), "-c", "import time; time.sleep(60)", "-D", str(data)]) as process:
        try:
            assert processes.wait_until(lambda: str(data) in processes.command_line(process.pid), seconds=30)
            yield process.pid
        finally:
            process.kill()


def test_lock_files_of_a_living_server_stay(tmp_path: Path) -> None:
    server = draw_cluster(tmp_path)
    with pretender(tmp_path, server.data) as pid:
        lock = server.data / "postmaster.pid"
        lock.write_text(f"{pid}\n", encoding="utf-8")
        server.forget_the_dead()
        assert lock.exists()
        assert server.running_server() == pid


def test_a_server_on_other_data_is_not_ours(tmp_path: Path) -> None:
    server = draw_cluster(tmp_path)
    with pretender(tmp_path, Path("/srv/other")) as pid:
        (server.data / "postmaster.pid").write_text(f"{pid}\n", encoding="utf-8")
        assert server.running_server() is None


def test_programs_of_the_database_see_no_redirecting_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGHOST", "production.example.org")
    monkeypatch.setenv("LC_ALL", "xx_XX.UTF-8")
    assert "PGHOST" not in cluster.environment()
    assert cluster.environment()["LC_ALL"] == "C.UTF-8"


def test_what_is_set_already_wins(checkout: Places) -> None:
    base = {"MISTO_SECRET_KEY": "mine", "MISTO_HOSTS": "misto.example.org", "REDIS_URL": "redis://mine"}
    env = service.environment(checkout, port=8123, addresses=ADDRESSES, base=base)
    assert env["MISTO_SECRET_KEY"] == "mine"
    assert env["MISTO_HOSTS"] == "misto.example.org"
    assert env["REDIS_URL"] == "redis://mine"
    assert env["DATABASE_URL"] == ADDRESSES.database
    assert env["MISTO_SITE_URL"] == "http://127.0.0.1:8123"


def test_an_empty_variable_does_not_count_as_set(checkout: Places) -> None:
    env = service.environment(checkout, port=8000, addresses=ADDRESSES, base={"DATABASE_URL": "", "MISTO_HOSTS": ""})
    assert env["DATABASE_URL"] == ADDRESSES.database
    assert env["MISTO_HOSTS"].startswith("localhost")


def test_the_secret_is_made_once_and_for_its_owner_only(checkout: Places) -> None:
    first = service.environment(checkout, port=8000, addresses=ADDRESSES, base={})
    second = service.environment(checkout, port=8000, addresses=ADDRESSES, base={})
    assert first["MISTO_SECRET_KEY"] == second["MISTO_SECRET_KEY"]
    assert len(first["MISTO_SECRET_KEY"]) >= 50
    assert (checkout.var / "secret-key").stat().st_mode & 0o777 == 0o600


def test_a_stray_pgport_does_not_bend_the_private_address(checkout: Places) -> None:
    assert "PGPORT" not in service.environment(checkout, port=8000, addresses=ADDRESSES, base={"PGPORT": "6000"})


def test_an_operators_own_database_keeps_its_pg_variables(checkout: Places) -> None:
    base = {"PGSSLROOTCERT": "/etc/ca.pem", "DATABASE_URL": "postgis://db.example.org/misto"}
    assert service.environment(checkout, port=8000, addresses=ADDRESSES, base=base)["PGSSLROOTCERT"]


def test_demo_is_switched_on_only_where_it_was_loaded(checkout: Places) -> None:
    assert "MISTO_DEMO" not in service.environment(checkout, port=8000, addresses=ADDRESSES, base={})
    checkout.demo_accounts.write_text("olia@example.org", encoding="utf-8")
    assert service.environment(checkout, port=8000, addresses=ADDRESSES, base={})["MISTO_DEMO"] == "1"
    own = {"DATABASE_URL": "postgis://db.example.org/misto"}
    assert "MISTO_DEMO" not in service.environment(checkout, port=8000, addresses=ADDRESSES, base=own)


def test_tests_see_nothing_of_the_operators_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MISTO_EMAIL_URL", "smtp://mail.example.org")
    monkeypatch.setenv("DATABASE_URL", "postgis://db.example.org/misto")
    monkeypatch.setenv("MISTO_WRITE_SCREENSHOTS", "1")
    env = service.for_tests(folder=tmp_path, addresses=ADDRESSES)
    assert "MISTO_EMAIL_URL" not in env
    assert env["MISTO_WRITE_SCREENSHOTS"] == "1"
    assert env["DATABASE_URL"] == ADDRESSES.database
    assert env["MISTO_ENV"] == "test"
    assert Path(env["MISTO_VAR"]).is_relative_to(tmp_path)


def test_one_checkout_is_claimed_once(checkout: Places) -> None:
    with claim.hold(checkout.run, role=claim.SERVICE):
        claim.describe(checkout.run, role=claim.SERVICE, url="http://127.0.0.1:8000")
        with pytest.raises(claim.TakenError) as refusal, claim.hold(checkout.run, role=claim.COMMAND):
            pytest.fail("the claim was given twice")
    holder = refusal.value.holder
    assert holder is not None
    assert (holder.role, holder.process.pid, holder.url) == (claim.SERVICE, os.getpid(), "http://127.0.0.1:8000")


def test_a_claim_ends_with_its_holder(checkout: Places) -> None:
    holder = (
        "import os, sys; from pathlib import Path; from launcher import claim\n"
        "with claim.hold(Path(sys.argv[1]), role=claim.SERVICE): os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", holder, str(checkout.run)], check=False)
    assert (checkout.run / "holder.json").exists()
    assert claim.holder(checkout.run) is None
    with claim.hold(checkout.run, role=claim.COMMAND):
        found = claim.holder(checkout.run)
        assert found is not None
        assert found.role == claim.COMMAND


def test_throw_away_servers_answer_and_are_gone_afterwards(checkout: Places) -> None:
    with servers.throw_away(checkout) as (folder, addresses):
        question = "SELECT count(*) FROM pg_extension WHERE extname IN ('postgis', 'btree_gist', 'pg_trgm')"
        where = parse_qs(urlsplit(addresses.database).query)["host"][0]
        done = subprocess.run(
            ["psql", "-h", where, "-U", cluster.ROLE, "-XAt", "-c", question, cluster.DATABASE],
            capture_output=True,
            text=True,
            check=True,
            env=cluster.environment(),
        )
        assert done.stdout.strip() == "3"
        assert Redis(sockets=folder / "run", account=None, log=folder / "log").is_ready()
    assert not folder.exists()
