"""Two web processes and three workers on sockets of their own, one database behind PgBouncer in transaction mode."""

import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pytest
from django.db import connection
from django_scopes import scope, scopes_disabled

from accounts.models import Membership, User
from core.models import Job, OutboxMessage
from issues.models import Issue, IssueSettings
from media.models import Photo
from stats.models import ExportFile
from tests.conftest import City
from tests.faults.service import eventually, process
from tests.faults.test_redis_stopped import redis
from tests.grid import Town
from tests.people import member
from tests.photos import jpeg
from tests.proofs import solved
from tests.scale.pooler import Pooler, pooler
from tests.scale.service import CSRF, Browser, Running, form, kill_whole, variables, wait_for, web, worker
from tests.smtp import MailServer, mail_server

pytestmark = pytest.mark.django_db(transaction=True)
CONNECTIONS = 3  # of PgBouncer to the server
CLIENTS = 12
PAGES = (
    "",
    "list/",
    "marks.geojson?layer=issues&zoom=12&box=28.4,49.1,28.6,49.4",
    "stats/",
    "stats/hot/",
    "data/",
    "feed.atom",
    "areas/",
    "ogc/collections",
)


@dataclass(frozen=True)
class Spread:
    """What runs: two web processes, the pooler, the mail server."""

    one: Running
    other: Running
    pool: Pooler
    post: MailServer
    logs: Path

    def said(self) -> str:
        """What the parts wrote, for whoever reads a failure."""
        return "\n".join(f"── {log.name}\n{log.read_text()[-3000:]}" for log in sorted(self.logs.glob("*.log")))


@contextmanager
def spread(folder: Path) -> Iterator[Spread]:
    """All of it, until the block ends."""
    with ExitStack() as parts:
        post = parts.enter_context(mail_server())
        pool = parts.enter_context(pooler(folder / "pool", connections=CONNECTIONS))
        parts.enter_context(redis(folder))
        env = variables(
            folder,
            DATABASE_URL=pool.url,
            MISTO_DB_POOLER="transaction",
            redis_url=f"unix://{folder}/redis.sock",
            email_url=post.url,
        )
        one = parts.enter_context(web(folder, "one", env))
        other = parts.enter_context(web(folder, "other", env))
        for kind in ("photos", "outbox", "jobs"):
            parts.enter_context(process(worker(folder, kind), env, folder / f"{kind}.log"))
        wait_for(one, other)
        yield Spread(one, other, pool, post, folder)


def test_two_web_processes_and_three_workers_are_one_service_behind_a_pooler(
    city: City, town: Town, folder: Path
) -> None:
    marta = member("marta", city.community, Membership.Role.MODERATOR)
    with spread(folder) as here:
        try:
            number = a_report_is_seen_by_both(here, town)
            what_is_kept_at_one_is_there_at_the_other(here, town)
            a_proof_holds_everywhere_and_once(here, city, town)
            staff_sign_in_once(here, marta)
            tasks_are_done_once(here)
            files_are_made_by_the_worker_of_jobs(here, city)
            many_clients_share_few_connections(here, number)
            the_pooler_comes_back(here, town)
            one_goes_on_when_the_other_is_killed(here, town)
        except AssertionError as failed:
            raise AssertionError(f"{failed}\n{here.said()}") from failed


def a_report_is_seen_by_both(here: Spread, town: Town) -> int:
    """At once on its page, and on the map and in the list when the answers that each keeps for two seconds are over."""
    olia, stranger = Browser("10.1.0.1"), Browser("10.1.0.2")
    east, north = town["p"].x + 0.01, town["p"].y + 0.01
    box = f"{east - 0.02:.5f},{north - 0.02:.5f},{east:.5f},{north:.5f}"
    marks = f"/yavoryn/marks.geojson?layer=issues&zoom=16&box={box}"
    stranger.get(here.other.socket, marks)
    sent = olia.post(
        here.one.socket, "/yavoryn/report/", form(town, "Яма перша", email="olia@example.org"), **as_script()
    )
    assert sent.status == 201, sent.text
    number, mine = int(sent.json()["number"]), str(sent.json()["url"])
    assert "Яма перша" in stranger.get(here.other.socket, f"/yavoryn/issues/{number}/").text
    assert olia.get(here.other.socket, mine).status == 200
    assert eventually(lambda: "Яма перша" in stranger.get(here.other.socket, "/yavoryn/list/").text, seconds=10)
    assert eventually(lambda: bool(stranger.get(here.other.socket, marks).json().get("features")), seconds=10)
    return number


def what_is_kept_at_one_is_there_at_the_other(here: Spread, town: Town) -> None:
    """Uploads, forms that the server keeps for browsers without scripts, and answers to a key that came before."""
    bohdan = Browser("10.1.0.3")
    assert bohdan.get(here.one.socket, "/yavoryn/report/").status == 200
    photo = bohdan.upload(here.one.socket, "/yavoryn/photos/", "photo", jpeg())
    assert photo.status == 201, photo.text
    bohdan.post(here.one.socket, "/yavoryn/report/", form(town, "Ще не дописано", do="check"))
    assert "Ще не дописано" in bohdan.get(here.other.socket, "/yavoryn/report/?continue=1").text
    key = {"Idempotency-Key": str(uuid4())}
    given = form(town, "Яма з фото", photo_key=photo.json()["key"])
    first = bohdan.post(here.other.socket, "/yavoryn/report/", given, **as_script(), **key)
    again = bohdan.post(here.one.socket, "/yavoryn/report/", given, **as_script(), **key)
    assert (first.status, again.status) == (201, 201), first.text + again.text
    assert first.json()["number"] == again.json()["number"], "the key is known everywhere"
    path = f"/yavoryn/issues/{first.json()['number']}/"
    assert eventually(lambda: "/large/" in bohdan.get(here.one.socket, path).text, seconds=60), "cleaned by a worker"
    with scopes_disabled():
        shown = Photo.objects.get(subject__issue__number=first.json()["number"])
    for running in (here.one, here.other):
        answer = Browser().get(running.socket, f"/yavoryn/photos/{shown.pk}/large/")
        assert (answer.status, answer.headers["Content-Type"]) == (200, "image/webp")


def a_proof_holds_everywhere_and_once(here: Spread, city: City, town: Town) -> None:
    """A browser worked on what one process asked. Both count it, and the reports without work, by the same rows: one
    report by the proof, one by what the network has without, the third is held."""
    IssueSettings.objects.update_or_create(community=city.community, defaults={"unproved_hour": 1})
    browser = Browser("10.1.0.4")
    challenge = browser.get(here.one.socket, "/yavoryn/report/proof/").json()["challenge"]
    work = {"proof": challenge, "proof_work": solved(challenge)}
    for turn, running in enumerate((here.other, here.one, here.other)):
        sent = browser.post(running.socket, "/yavoryn/report/", form(town, f"Яма {turn}", **work), **as_script())
        assert sent.status == 201, sent.text
    visible = Issue.objects.filter(text__startswith="Яма ", text__regex="[0-9]$").order_by("number")
    assert list(visible.values_list("subject__visibility", flat=True)) == ["public", "public", "held"]


def staff_sign_in_once(here: Spread, marta: User) -> None:
    """A session begins at one and is known, and ended, at the other."""
    staff = Browser("10.1.0.5")
    staff.get(here.one.socket, "/admin/login/")
    given = {
        "username": marta.email,
        "password": "yavir-yavir-yavir",
        "csrfmiddlewaretoken": CSRF,
    }
    assert staff.post(here.one.socket, "/admin/login/?next=/admin/", given).status == 302
    assert staff.get(here.other.socket, "/admin/").status == 200
    staff.post(here.other.socket, "/admin/logout/", {})
    assert staff.get(here.one.socket, "/admin/").status == 302, "asked to sign in"


def tasks_are_done_once(here: Spread) -> None:
    """Every letter leaves once, whichever process asked for it."""
    assert eventually(delivered, seconds=60)
    assert set(Counter(here.post.keys()).values()) == {1}
    assert Counter(here.post.recipients)["roads@example.org"] == Issue.objects.count()


def files_are_made_by_the_worker_of_jobs(here: Spread, city: City) -> None:
    """Open data is asked for at one, made by the worker of jobs, and taken home from the other."""
    asked = Browser("10.1.0.6").post(here.one.socket, "/yavoryn/data/fresh/", {})
    assert asked.status == 302
    with scope(community=city.community):
        done = Job.objects.filter(kind="stats.exports", state=Job.State.DONE)
        assert eventually(done.exists, seconds=60), list(Job.objects.values("kind", "state", "error"))
        assert ExportFile.objects.filter(part="", dataset="reports").exists()
    file = Browser().get(here.other.socket, "/yavoryn/data/reports.csv")
    assert file.status == 200
    assert "roads" in file.text
    assert locks_of_sessions() == 0


def many_clients_share_few_connections(here: Spread, number: int) -> None:
    """Twelve at a time, of two processes with four threads each: the server never has more than three sessions."""
    paths = [f"/yavoryn/{page}" for page in (*PAGES, f"issues/{number}/")] * 4
    asked = [(path, (here.one, here.other)[turn % 2]) for turn, path in enumerate(paths)]
    most = 0
    with ThreadPoolExecutor(CLIENTS) as clients:
        found = [clients.submit(lambda pair: Browser().get(pair[1].socket, pair[0]).status, pair) for pair in asked]
        while not all(one.done() for one in found):
            most = max(most, sessions_of_the_service())
            time.sleep(0.05)
    assert {path: one.result() for (path, _running), one in zip(asked, found, strict=True) if one.result() != 200} == {}
    assert 0 < most <= CONNECTIONS


def the_pooler_comes_back(here: Spread, town: Town) -> None:
    """It dies and is started anew: web processes and workers find it again by themselves."""
    here.pool.kill()
    here.pool.start()
    for running in (here.one, here.other):
        healthy = lambda running=running: Browser().get(running.socket, "/yavoryn/list/").status == 200  # noqa: E731
        assert eventually(healthy, seconds=30)
    sent = Browser("10.1.0.7").post(here.one.socket, "/yavoryn/report/", form(town, "Яма після збою"), **as_script())
    assert sent.status == 201, sent.text
    assert eventually(delivered, seconds=60), "workers too"


def one_goes_on_when_the_other_is_killed(here: Spread, town: Town) -> None:
    """A proxy would ask the other one."""
    kill_whole(here.one.process)
    with pytest.raises(OSError, match=r"refused|reset|No such file"):
        Browser().get(here.one.socket, "/yavoryn/list/")
    sent = Browser("10.1.0.8").post(here.other.socket, "/yavoryn/report/", form(town, "Яма остання"), **as_script())
    assert sent.status == 201, sent.text
    assert eventually(delivered, seconds=60)
    assert set(Counter(here.post.keys()).values()) == {1}


def as_script() -> dict[str, str]:
    return {"Accept": "application/json"}


def delivered() -> bool:
    with scopes_disabled():
        return not OutboxMessage.objects.filter(sent_at=None).exists()


def sessions_of_the_service() -> int:
    """Server sessions on this database, besides those of the test itself."""
    with connection.cursor() as cursor:
        cursor.execute("""SELECT count(*) FROM pg_stat_activity
            WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()""")
        return int(cursor.fetchone()[0])


def locks_of_sessions() -> int:
    """Advisory locks that nobody's transaction holds: they would stay with the next client of that session."""
    with connection.cursor() as cursor:
        cursor.execute("""SELECT count(*) FROM pg_locks JOIN pg_stat_activity USING (pid)
            WHERE locktype = 'advisory' AND datname = current_database() AND xact_start IS NULL""")
        return int(cursor.fetchone()[0])
