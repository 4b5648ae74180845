"""Production refuses to start with settings that are safe only on a desk."""

import os
import subprocess
import sys

import pytest
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from openmap.secrets import MIN_SECRET_LENGTH, refuse_weak_settings

GOOD_SECRET = "Zq3v-TfLw8_kR5yXh1NbG7cJpD0sMuA6eVoI2rEtYnWxCgHjKlQ"
GOOD = {"secret_key": GOOD_SECRET, "debug": False, "hosts": ["misto.example.org"]}
BY_ENVIRONMENT = {
    "MISTO_ENV": "production",
    "MISTO_SECRET_KEY": GOOD_SECRET,
    "MISTO_HOSTS": "misto.example.org",
    "MISTO_DEBUG": "0",
}


def start(**changes: str) -> subprocess.CompletedProcess[str]:
    """Starts Django in a process of its own, as gunicorn, a worker or a command does."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MISTO_")}
    return subprocess.run(
        [sys.executable, "-c", "import django; django.setup(); print('started')"],
        env=kept | BY_ENVIRONMENT | {"DJANGO_SETTINGS_MODULE": "openmap.settings"} | changes,
        cwd=settings.BASE_DIR,
        capture_output=True,
        text=True,
        check=False,
    )


def test_safe_settings_are_accepted() -> None:
    refuse_weak_settings(**GOOD)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"secret_key": ""}, "MISTO_SECRET_KEY"),
        ({"secret_key": GOOD_SECRET[: MIN_SECRET_LENGTH - 1]}, "MISTO_SECRET_KEY"),
        ({"secret_key": "a" * 80}, "MISTO_SECRET_KEY"),
        ({"secret_key": "django-insecure-" + GOOD_SECRET}, "MISTO_SECRET_KEY"),
        ({"secret_key": "dev-only-" + GOOD_SECRET}, "MISTO_SECRET_KEY"),
        ({"debug": True}, "MISTO_DEBUG"),
        ({"hosts": []}, "MISTO_HOSTS"),
        ({"hosts": ["misto.example.org", "*"]}, "MISTO_HOSTS"),
    ],
)
def test_each_weak_setting_is_refused_by_its_name(change: dict[str, object], named: str) -> None:
    with pytest.raises(ImproperlyConfigured) as refusal:
        refuse_weak_settings(**(GOOD | change))  # type: ignore[arg-type]
    names = {"MISTO_SECRET_KEY", "MISTO_DEBUG", "MISTO_HOSTS"}
    assert {name for name in names if name in str(refusal.value)} == {named}


def test_refusal_never_repeats_the_secret() -> None:
    with pytest.raises(ImproperlyConfigured) as refusal:
        refuse_weak_settings(secret_key="dev-only-hunter2", debug=False, hosts=["misto.example.org"])
    assert "hunter2" not in str(refusal.value)


def test_production_does_not_start_and_names_everything_that_is_wrong() -> None:
    done = start(MISTO_SECRET_KEY="short", MISTO_DEBUG="1", MISTO_HOSTS="")
    assert done.returncode != 0
    assert "started" not in done.stdout
    for name in ("MISTO_SECRET_KEY", "MISTO_DEBUG", "MISTO_HOSTS"):
        assert name in done.stderr


def test_without_a_word_about_it_the_installation_is_production() -> None:
    done = start(MISTO_ENV="production", MISTO_SECRET_KEY="")
    silent = subprocess.run(
        [sys.executable, "-c", "import django; django.setup()"],
        env={name: value for name, value in os.environ.items() if not name.startswith("MISTO_")},
        cwd=settings.BASE_DIR,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Production refuses to start" in done.stderr
    assert silent.returncode != 0
    assert "Production refuses to start" in silent.stderr


def test_production_starts_with_safe_settings() -> None:
    done = start()
    assert (done.returncode, done.stdout.strip()) == (0, "started"), done.stderr


def test_unknown_kind_of_installation_is_refused() -> None:
    done = start(MISTO_ENV="staging")
    assert done.returncode != 0
    assert "MISTO_ENV is production, development or test." in done.stderr


@pytest.mark.parametrize(("site", "secure"), [("https://misto.example.org", True), ("http://127.0.0.1:8000", False)])
def test_cookies_and_hsts_follow_the_address_of_the_site(site: str, secure: bool) -> None:
    names = ["SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE", "LANGUAGE_COOKIE_SECURE", "SECURE_SSL_REDIRECT"]
    code = f"from openmap import settings as s; print([s.SECURE_HSTS_SECONDS > 0, *[getattr(s, n) for n in {names}]])"
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MISTO_")}
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=kept | BY_ENVIRONMENT | {"MISTO_SITE_URL": site},
        cwd=settings.BASE_DIR,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == str([secure] * 5)


def test_new_passwords_are_hashed_with_argon2() -> None:
    assert settings.PASSWORD_HASHERS[0] == "django.contrib.auth.hashers.Argon2PasswordHasher"


def test_cookies_are_closed_to_scripts() -> None:
    assert settings.SESSION_COOKIE_HTTPONLY
    assert settings.CSRF_COOKIE_HTTPONLY
    assert settings.LANGUAGE_COOKIE_HTTPONLY
