"""Operators look a place up in the codifier and go up to what it is a part of; nobody changes it there."""

import pytest
from django.test import Client

from accounts.models import User
from geodata.models import Unit
from tests.accounts.conftest import address

OBLAST, RAION = "UA05000000000010236", "UA05020000000026686"


@pytest.fixture
def raion(db: None) -> Unit:
    """A raion in its oblast."""
    oblast = Unit.objects.create(code=OBLAST, category="O", name="Вінницька")
    return Unit.objects.create(code=RAION, category="P", name="Гайсинський", parent=oblast)


@pytest.mark.parametrize("words", ["Гайсинський", RAION])
def test_place_is_found_by_name_and_code_and_leads_upwards(client: Client, raion: Unit, words: str) -> None:
    client.force_login(User.objects.create_superuser("olha@example.org"))
    answer = client.get(address(Unit, "changelist"), {"q": words})
    assert list(answer.context["cl"].result_list) == [raion]
    assert f'href="{address(Unit, "change", OBLAST)}"' in answer.content.decode()
    assert f'href="{address(Unit, "change", OBLAST)}"' in client.get(address(Unit, "change", RAION)).content.decode()


def test_codifier_is_not_changed_by_hand(client: Client, raion: Unit) -> None:
    client.force_login(User.objects.create_superuser("olha@example.org"))
    assert client.post(address(Unit, "change", RAION), {"name": "Інший"}).status_code == 403
    assert client.post(address(Unit, "delete", RAION), {"post": "yes"}).status_code == 403
    assert client.get(address(Unit, "add")).status_code == 403


@pytest.mark.parametrize("who", ["serhii", "taras"])
def test_codifier_is_for_operators(client: Client, raion: Unit, request: pytest.FixtureRequest, who: str) -> None:
    client.force_login(request.getfixturevalue(who))
    assert client.get(address(Unit, "changelist")).status_code in {302, 403}
