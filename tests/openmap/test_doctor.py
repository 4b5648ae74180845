"""`manage.py doctor`: what it says in both languages, its checks of settings, the site, backups and daily things."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.utils.translation import gettext as _
from django_scopes import scope
from pytest_django import Settings

from accounts.models import Membership, User
from core import doctor
from core.doctor import Asked, Check, Finding, all_checks, bad, ok, warn
from core.models import Job
from media.models import Photo
from notifications.models import Webhook
from stats.opendata.jobs import KIND
from tests.conftest import NOW, City
from tests.doctoring import BAD, OK, WARN, certificate, look, serving, worst
from tests.people import person


@pytest.fixture
def trial(monkeypatch: pytest.MonkeyPatch) -> dict[str, Check]:
    """Only checks of this test are there, and they need no database."""
    found: dict[str, Check] = {}
    monkeypatch.setattr(doctor, "_checks", found)
    return found


def add(trial: dict[str, Check], name: str, *findings: Finding) -> None:
    trial[name] = Check(name, name.title(), lambda _asked: iter(findings), 5, needs_database=False)


def told(*words: str) -> tuple[str, int]:
    out = StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("doctor", *words, stdout=out)
    return out.getvalue(), int(str(ended.value.code))


def test_exit_code_is_the_worst_that_was_found(trial: dict[str, Check]) -> None:
    add(trial, "a.well", ok("All right", "here"))
    assert told()[1] == 0
    add(trial, "b.so", warn("Look", "Do this"))
    assert told()[1] == 1
    add(trial, "c.broken", bad("Broken", "Do that", "there"))
    text, code = told("--language", "en")
    assert code == 2
    assert "✗ there: Broken\n      → Do that" in text
    assert "1 thing does not work; 1 should be looked at." in text
    assert "All right" in text
    assert "All right" not in told("--quiet")[0]
    assert told("--only", "a.")[1] == 0


def test_programs_get_objects(trial: dict[str, Check]) -> None:
    add(trial, "c.broken", ok("Well"), bad("Broken", "Do that", "there"))
    text, code = told("--json")
    assert code == 2
    assert json.loads(text) == [
        {"check": "c.broken", "level": "ok", "what": "Well", "where": "", "mend": ""},
        {"check": "c.broken", "level": "bad", "what": "Broken", "where": "there", "mend": "Do that"},
    ]


@pytest.mark.parametrize(("language", "words"), [("uk", "Відповідає."), ("en", "It answers.")])
def test_it_speaks_the_language_that_is_asked_for(trial: dict[str, Check], language: str, words: str) -> None:
    def look_at(_asked: Asked) -> Iterator[Finding]:
        yield ok(_("It answers."))

    trial["x.speaks"] = Check("x.speaks", "Speaks", look_at, 5, needs_database=False)
    assert words in told("--language", language)[0]


def test_unknown_check_is_refused_with_the_names_of_those_that_are(trial: dict[str, Check]) -> None:
    add(trial, "a.well", ok("x"))
    with pytest.raises(CommandError, match=r"a\.well"):
        call_command("doctor", "--only", "nothing")


def test_community_that_is_not_there_is_refused_with_those_that_are(city: City, trial: dict[str, Check]) -> None:
    add(trial, "a.well", ok("x"))
    assert told("--community", "yavoryn")[1] == 0
    with pytest.raises(CommandError, match="yavoryn"):
        call_command("doctor", "--community", "yavorin")


def test_replica_is_asked_for_only_where_there_is_one() -> None:
    assert worst("openmap.replica") == OK  # tests/scale/test_replica.py asks about real ones


def test_every_app_with_something_to_look_at_is_asked() -> None:
    names = {one.name for one in all_checks()}
    apps = {"core", "geodata", "routing", "notifications", "media", "stats", "accounts", "openmap"}
    assert {name.partition(".")[0] for name in names} == apps
    text = Path("docs/monitoring.md").read_text(encoding="utf-8")
    assert {name for name in names if f"`{name}`" not in text} == set()


# Settings, the site, backups ----------------------------------------------------------------------------------------
def public(settings: Settings) -> None:
    secret = "Zq3v-TfLw8_kR5yXh1NbG7cJpD0sMuA6eVoI2rEtYnWxCgHjKlQ"
    settings.SECRET_KEY, settings.ALLOWED_HOSTS, settings.ENVIRONMENT = secret, [".example.org"], "production"
    settings.SITE_URL, settings.HTTPS, settings.METRICS_TOKEN = "https://misto.example.org", True, "x" * 30
    settings.EMAIL_URL, settings.DEFAULT_FROM_EMAIL = "smtp://mail.example.org", "Місто <misto@example.org>"
    settings.SECURE_SSL_REDIRECT = settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = True
    settings.SECURE_HSTS_SECONDS, settings.SECURE_HSTS_PRELOAD = 31536000, True
    settings.SECURE_HSTS_INCLUDE_SUBDOMAINS = True


def test_settings_of_a_public_installation_are_well(settings: Settings) -> None:
    public(settings)
    assert [one for one in look("openmap.settings") if one.level > OK] == []


@pytest.mark.parametrize(
    ("name", "value", "level"),
    [
        ("DEBUG", True, BAD),
        ("ALLOWED_HOSTS", ["other.example.org"], BAD),
        ("DEFAULT_FROM_EMAIL", "x <misto@localhost>", BAD),
        ("METRICS_TOKEN", "", WARN),
        ("ENVIRONMENT", "development", WARN),
        ("SECURE_HSTS_SECONDS", 0, WARN),
        ("HTTPS", False, WARN),
    ],
)
def test_setting_that_is_wrong_is_told(settings: Settings, name: str, value: Any, level: object) -> None:
    public(settings)
    setattr(settings, name, value)
    assert worst("openmap.settings") == level


def test_site_that_answers_and_one_that_does_not(settings: Settings) -> None:
    with serving() as port:
        settings.SITE_URL = f"http://127.0.0.1:{port}"
        assert worst("openmap.site") == OK
    assert worst("openmap.site") == BAD
    assert worst("openmap.site", online=False) == OK


@pytest.mark.parametrize(("late", "status", "level"), [(10.0, 200, WARN), (600.0, 200, BAD), (0.0, 503, BAD)])
def test_clock_that_browsers_see_is_compared(settings: Settings, late: float, status: int, level: object) -> None:
    with serving(late=late, status=status) as port:
        settings.SITE_URL = f"http://127.0.0.1:{port}"
        assert worst("openmap.site") == level


@pytest.mark.parametrize(
    ("days", "names", "level"),
    [
        (60, ("localhost",), OK),
        (10, ("localhost",), WARN),
        (-1, ("localhost",), BAD),
        (60, ("other.example.org",), BAD),
    ],
)
def test_certificate_of_the_site_is_looked_at(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, days: int, names: tuple[str], level: object
) -> None:
    file = certificate(tmp_path, ends=datetime.now(UTC) + timedelta(days=days, hours=1), names=names)
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    with serving(file) as port:
        settings.SITE_URL = f"https://localhost:{port}"
        assert worst("openmap.site") == level


def test_age_of_the_newest_backup_is_told(settings: Settings, tmp_path: Path) -> None:
    settings.BACKUP_PLACE = str(tmp_path)
    assert worst("openmap.backups", NOW) == BAD, "there is none"
    for days, level in ((10, BAD), (2, WARN), (0, OK)):
        made = tmp_path / f"{NOW - timedelta(days=days):%Y-%m-%dT%H-%M-%SZ}"
        made.mkdir()
        assert worst("openmap.backups", NOW) > OK or days == 0, "a folder without a manifest is no backup"
        (made / "manifest.json").write_text("{}")
        assert worst("openmap.backups", NOW) == level


# What people use --------------------------------------------------------------------------------------------------
def test_community_that_nobody_administers_is_told(city: City) -> None:
    assert len([one for one in look("accounts.staff") if one.level == WARN]) == 2
    operator = person("olha", staff=True)
    User.objects.filter(pk=operator.pk).update(is_superuser=True)
    Membership.objects.create(community=city.community, user=operator, role=Membership.Role.ADMINISTRATOR)
    assert worst("accounts.staff") == OK


def test_photos_that_wait_are_told(city: City) -> None:
    assert worst("media.photos", NOW) == OK
    with scope(community=city.community):
        Photo.objects.create(community=city.community, name="x.jpg", original="x", uploaded_at=NOW - timedelta(hours=1))
    assert worst("media.photos", NOW) == BAD


def test_storage_that_does_not_write_is_told(settings: Settings, tmp_path: Path) -> None:
    assert worst("media.storage") == OK
    (tmp_path / "file").write_text("")
    nowhere = {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": str(tmp_path / "file")},
    }
    settings.STORAGES = settings.STORAGES | {"default": nowhere}
    assert worst("media.storage") == BAD


def test_files_of_open_data_that_are_old_are_told(city: City) -> None:
    assert worst("stats.open-data", NOW) == WARN
    with scope(community=city.community):
        given = {"kind": KIND, "state": Job.State.DONE, "created_at": NOW, "finished_at": NOW - timedelta(hours=8)}
        Job.objects.create(community=city.community, **given)
    assert worst("stats.open-data", NOW) == OK


def test_webhook_that_was_given_up_is_told(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    from accounts.models import ApiClient
    from core.models import Subject

    with scope(community=city.community):
        client = ApiClient.objects.create(community=city.community, organisation=city.vodokanal)
        subject = Subject.objects.create(community=city.community, kind="webhook")
        given = {"slot": 1, "url": "http://127.0.0.1:1/", "secret": "x", "created_at": NOW}
        hook = Webhook.objects.create(community=city.community, subject=subject, client=client, **given)
        assert worst("notifications.webhooks", NOW) == OK
        Webhook.objects.filter(pk=hook.pk).update(state=Webhook.State.FAILED, failing_since=NOW)
    assert worst("notifications.webhooks", NOW) == WARN
