"""Every page of a community reads the clock of that community."""

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.test import Client
from django.utils import timezone

from geodata.actions import create_community
from geodata.models import Community
from issues.models import Issue


def words_of_the_page(client: Client, issue: Issue) -> str:
    with time_machine.travel(issue.created_at, tick=False):
        return client.get("/yavoryn/issues/1/").content.decode()


def test_pages_show_hours_of_the_communitys_own_zone(client: Client, issue: Issue) -> None:
    assert "19 листопада, 10:00" in words_of_the_page(client, issue)
    Community.objects.filter(slug="yavoryn").update(time_zone="America/New_York")
    page = words_of_the_page(client, issue)
    assert "19 листопада, 3:00" in page
    assert "10:00" not in page


def test_zone_of_one_page_does_not_stay_for_the_next(client: Client, issue: Issue) -> None:
    Community.objects.filter(slug="yavoryn").update(time_zone="America/New_York")
    words_of_the_page(client, issue)
    assert timezone.get_current_timezone_name() == "Europe/Kyiv"


@pytest.mark.parametrize("zone", ["Kyiv", "", "Europe", "../../etc/passwd", "Europe/Kyiv\0", "/etc/localtime"])
def test_community_in_an_unknown_zone_is_refused_beside_the_field(yavoryn: Community, zone: str) -> None:
    yavoryn.time_zone = zone
    with pytest.raises(ValidationError) as refused:
        yavoryn.full_clean()
    assert refused.value.message_dict.keys() == {"time_zone"}
    with pytest.raises(ValidationError) as refused:
        create_community(slug="newtown", name="Нове", centre=(28.5, 49.2), time_zone=zone)
    assert refused.value.message_dict.keys() == {"time_zone"}
