"""A browser is known again; nobody can pretend to be another one."""

from django.http import HttpResponse
from django.test import RequestFactory

from accounts.devices import COOKIE, device_of, remember_device


def cookie_of_a_new_browser() -> str:
    """What a browser gets at its first visit."""
    response = HttpResponse()
    remember_device(RequestFactory().get("/"), response)
    return response.cookies[COOKIE].value


def key_with(cookie: str) -> str:
    request = RequestFactory().get("/")
    request.COOKIES[COOKIE] = cookie
    return device_of(request)


def test_browser_is_known_again() -> None:
    cookie = cookie_of_a_new_browser()
    assert key_with(cookie) == key_with(cookie)
    assert len(key_with(cookie)) == 64


def test_two_browsers_are_two() -> None:
    assert key_with(cookie_of_a_new_browser()) != key_with(cookie_of_a_new_browser())


def test_browser_without_a_cookie_and_one_with_a_made_up_cookie_have_no_key() -> None:
    assert device_of(RequestFactory().get("/")) == ""
    assert key_with("made-up") == ""
    assert key_with(cookie_of_a_new_browser()[:-1]) == ""


def test_known_browser_gets_no_second_name() -> None:
    request = RequestFactory().get("/")
    request.COOKIES[COOKIE] = cookie_of_a_new_browser()
    response = HttpResponse()
    remember_device(request, response)
    assert COOKIE not in response.cookies


def test_cookie_is_out_of_reach_of_scripts_and_of_other_sites() -> None:
    response = HttpResponse()
    remember_device(RequestFactory().get("/"), response)
    assert response.cookies[COOKIE]["httponly"]
    assert response.cookies[COOKIE]["samesite"] == "Lax"
