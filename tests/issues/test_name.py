"""The reporter's name: those who must answer see it; strangers only when the reporter lets them."""

from datetime import datetime

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from accounts.models import User
from core.models import OutboxMessage
from issues.actions import report_issue
from issues.models import Issue
from tests.conftest import City, hole
from tests.grid import Town
from tests.issues.conftest import answer_page, author_page, holder

NAME = "Олена Яворівська"


@pytest.fixture(params=[False, True], ids=["hidden", "shown"])
def shown(request: pytest.FixtureRequest) -> bool:
    found: bool = request.param
    return found


@pytest.fixture
def named(city: City, town: Town, now: datetime, serhii: User, shown: bool) -> Issue:
    """Sent by somebody with an account, who gave a name."""
    new = hole(city, town["p"], name=NAME, shows_name=shown)
    return report_issue(new=new, community=city.community, at=now, reporter=serhii)


@pytest.mark.parametrize("page", ["/yavoryn/issues/1/", "/yavoryn/", "/yavoryn/list/", "/api/v1/yavoryn/issues/"])
def test_strangers_read_the_name_only_on_the_page_and_only_when_they_may(
    client: Client, named: Issue, shown: bool, page: str
) -> None:
    told = client.get(page).content.decode()
    assert (NAME in told) is (shown and page.endswith("issues/1/") and "api" not in page)
    assert "serhii" not in told  # the name of the account, whatever was chosen


def test_those_who_must_answer_and_the_author_see_it(client: Client, named: Issue) -> None:
    assert NAME in client.get(answer_page(holder(named))).content.decode()
    assert NAME in client.get(author_page(named)).content.decode()
    to_organisation = OutboxMessage.objects.get(recipient="roads@example.org")
    assert NAME in to_organisation.payload["text"]


def test_receipt_holds_no_name(named: Issue) -> None:
    receipt = OutboxMessage.objects.get(recipient="olia@example.org")
    assert NAME not in receipt.payload["text"] + receipt.payload["html"]


def test_staff_see_it(client: Client, named: Issue, marta: User) -> None:
    client.force_login(marta)
    assert NAME in client.get(reverse("admin:issues_issue_change", args=[named.pk])).content.decode()


def test_staff_of_another_community_do_not(client: Client, named: Issue, lesia: User) -> None:
    client.force_login(lesia)
    assert client.get(reverse("admin:issues_issue_change", args=[named.pk])).status_code in {302, 403, 404}


def test_form_hides_the_name_unless_the_box_is_ticked(client: Client, city: City, town: Town, now: datetime) -> None:
    given = {
        "lon": f"{town['p'].x:.6f}", "lat": f"{town['p'].y:.6f}", "category": "roads", "text": "Яма.", "do": "send",
        "name": NAME,
    }  # fmt: skip
    page = client.post("/yavoryn/report/", given)
    assert "name" in page.context["form"].fields
    assert page.context["form"]["name"].value() == NAME
    seen = page.context["answerer"].seen
    client.post("/yavoryn/report/", given | {"seen": seen})
    client.post("/yavoryn/report/", given | {"seen": seen, "text": "Ще яма.", "shows_name": "on"})
    assert list(Issue.objects.order_by("number").values_list("reporter_name", "shows_name")) == [
        (NAME, False),
        (NAME, True),
    ]


def test_ticked_box_without_a_name_shows_nothing(city: City, town: Town, now: datetime) -> None:
    issue = report_issue(new=hole(city, town["p"], shows_name=True), community=city.community, at=now)
    assert issue.shows_name is False


def test_database_refuses_to_show_a_name_that_is_none(named: Issue) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Issue.objects.filter(pk=named.pk).update(shows_name=True, reporter_name="")
