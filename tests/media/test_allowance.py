"""How many photos one may upload in an hour: the rest get a kind word, and what was kept stays."""

from datetime import timedelta

import pytest
import time_machine
from django.test import Client

from media import allowance
from media.models import Photo
from tests.conftest import NOW, City
from tests.photos import jpeg, upload

UPLOAD = "/yavoryn/photos/"


@pytest.fixture(autouse=True)
def _few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(allowance, "OF_A_DEVICE", 2)
    monkeypatch.setattr(allowance, "OF_A_NETWORK", 3)


def statuses(client: Client, many: int) -> list[int]:
    return [client.post(UPLOAD, {"photo": upload(jpeg())}).status_code for _time in range(many)]


def test_device_uploads_so_many_in_an_hour(client: Client, city: City) -> None:
    with time_machine.travel(NOW, tick=False):
        client.get("/yavoryn/report/")
        assert statuses(client, 3) == [201, 201, 429]
        refused = client.post(UPLOAD, {"photo": upload(jpeg())})
        assert refused.json()["code"] == "too_many"
    with time_machine.travel(NOW + timedelta(hours=1), tick=False):
        assert statuses(client, 1) == [201]
    assert Photo.objects.count() == 3


def test_browser_without_a_cookie_has_the_limit_of_its_network(client: Client, city: City) -> None:
    with time_machine.travel(NOW, tick=False):
        assert statuses(client, 4) == [201, 201, 201, 429]


def test_form_without_javascript_keeps_what_came_before_and_says_why_the_rest_did_not(
    client: Client, city: City
) -> None:
    with time_machine.travel(NOW, tick=False):
        files = [upload(jpeg(), name=f"{n}.jpg") for n in range(4)]
        page = client.post("/yavoryn/report/", {"photo": files, "text": "Яма.", "do": "check"})
    assert len(page.context["photos"]) == 3
    assert [words.partition(":")[0] for words in page.context["photo_errors"]] == ["3.jpg"]
    assert page.context["form"]["text"].value() == "Яма."
