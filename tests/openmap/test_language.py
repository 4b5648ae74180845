"""Ukrainian is what opens, whatever the browser asks; English by an explicit choice."""

import pytest
from django.test import Client

from geodata.models import Community

PAGES = ["/", "/yavoryn/", "/yavoryn/report/", "/nowhere/"]


def language_of(client: Client, page: str, **headers: str) -> str:
    """The language that the page says it is in."""
    response = client.get(page, headers=headers)
    content = response.content.decode()
    assert response.headers["Content-Language"] in {"uk", "en"}
    assert f'<html lang="{response.headers["Content-Language"]}"' in content
    return response.headers["Content-Language"]


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("asked", ["en", "en-US,en;q=0.9", "ru-RU,ru;q=0.9,en;q=0.8", "de", ""])
def test_ukrainian_opens_whatever_the_browser_asks(client: Client, yavoryn: Community, page: str, asked: str) -> None:
    assert language_of(client, page, accept_language=asked) == "uk"


@pytest.mark.parametrize("page", PAGES)
def test_english_opens_after_it_was_chosen(client: Client, yavoryn: Community, page: str) -> None:
    response = client.post("/language/", {"language": "en", "next": "/yavoryn/"})
    assert (response.status_code, response.headers["Location"]) == (302, "/yavoryn/")
    assert language_of(client, page, accept_language="uk") == "en"


def test_choice_is_kept_for_a_year_in_a_closed_cookie(client: Client, db: None) -> None:
    cookie = client.post("/language/", {"language": "en"}).cookies["language"]
    assert (cookie.value, cookie["max-age"], cookie["samesite"]) == ("en", 365 * 24 * 3600, "Lax")
    assert cookie["httponly"]


def test_ukrainian_can_be_chosen_back(client: Client, yavoryn: Community) -> None:
    client.post("/language/", {"language": "en"})
    client.post("/language/", {"language": "uk"})
    assert language_of(client, "/yavoryn/", accept_language="en") == "uk"


@pytest.mark.parametrize("language", ["ru", "", "en; path=/", "EN", "../uk"])
def test_language_that_we_do_not_speak_is_not_kept(client: Client, db: None, language: str) -> None:
    response = client.post("/language/", {"language": language})
    assert response.status_code == 302
    assert "language" not in response.cookies


@pytest.mark.parametrize("cookie", ["ru", "xx", "<script>", "en-GB"])
def test_cookie_that_nobody_set_here_opens_ukrainian(client: Client, yavoryn: Community, cookie: str) -> None:
    client.cookies["language"] = cookie
    assert language_of(client, "/yavoryn/") == "uk"


@pytest.mark.parametrize(
    "elsewhere",
    [
        "https://evil.example/",
        "//evil.example/",
        "///evil.example",
        "http:evil.example",
        "javascript:alert(1)",
        "\\\\evil.example",
        "https:\\\\evil.example",
        "/\t/evil.example",
        "http://testserver@evil.example/",
    ],
)
def test_choice_of_language_leads_to_no_other_site(client: Client, db: None, elsewhere: str) -> None:
    response = client.post("/language/", {"language": "en", "next": elsewhere})
    assert (response.status_code, response.headers["Location"]) == (302, "/")


def test_opening_the_address_of_the_choice_chooses_nothing(client: Client, db: None) -> None:
    response = client.get("/language/?language=en")
    assert response.status_code == 405
    assert "language" not in response.cookies


def test_choice_needs_the_secret_of_the_form(db: None) -> None:
    response = Client(enforce_csrf_checks=True).post("/language/", {"language": "en"})
    assert response.status_code == 403
    assert "language" not in response.cookies
