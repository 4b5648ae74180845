"""Letters that came back, in the administration: each community's staff see their own, and what nobody could apply."""

from datetime import datetime

import pytest
from django.test import Client
from django.urls import reverse
from django_scopes import scopes_disabled

from accounts.models import User
from core.incoming import keep, read_waiting
from core.incoming_models import IncomingLetter
from core.verp import reply_address
from issues.models import Issue
from routing.models import Delivery
from tests.issues.test_mail_answers import answer_to

LIST = reverse("admin:core_incomingletter_changelist")


@pytest.fixture
def refused(issue: Issue, now: datetime, settings: pytest.FixtureRequest) -> IncomingLetter:
    """A letter of Яворинавтодор that could not be applied: “done” needs words, and it has too many."""
    settings.REPLY_ADDRESS = "misto+{}@city.example"  # type: ignore[attr-defined]
    delivery = Delivery.objects.select_related("token").get(subject=issue.subject)
    assert delivery.token
    keep(answer_to(reply_address(delivery.token.pk), "Виконано\n" + "дуже довго " * 500, now).as_bytes(), at=now)
    keep(answer_to("misto@city.example", "Кому це?", now, number=2).as_bytes(), at=now)
    read_waiting(clock=lambda: now)
    with scopes_disabled():
        found: IncomingLetter = IncomingLetter.objects.get(community=issue.community)
        return found


def page_of(letter: IncomingLetter) -> str:
    return reverse("admin:core_incomingletter_change", args=[letter.pk])


def test_administrator_reads_what_could_not_be_applied(client: Client, taras: User, refused: IncomingLetter) -> None:
    client.force_login(taras)
    rows = client.get(LIST)
    assert [row.pk for row in rows.context["cl"].queryset] == [refused.pk]
    page = client.get(page_of(refused))
    assert "дуже довго" in page.text
    assert "bohdan@example.org" not in page.text


def test_staff_of_another_community_and_strangers_see_nothing(
    client: Client, lesia: User, serhii: User, refused: IncomingLetter
) -> None:
    client.force_login(lesia)
    assert list(client.get(LIST).context["cl"].queryset) == []
    assert client.get(page_of(refused)).status_code == 302
    for person in (serhii, None):
        client.logout()
        if person:
            client.force_login(person)
        assert client.get(LIST).status_code == 302


def test_operator_sees_that_letters_of_no_community_came_and_reads_none(
    client: Client, refused: IncomingLetter
) -> None:
    client.force_login(User.objects.create_superuser("olha@example.org"))
    with scopes_disabled():
        stray = IncomingLetter.objects.get(community=None)
    assert stray.pk in {row.pk for row in client.get(LIST).context["cl"].queryset}
    assert "Кому це" not in client.get(page_of(stray)).text
