"""“What if” in the administration: a draft is tried on the history as a job, and shown as a table and on a map."""

import json
from datetime import datetime, timedelta

import pytest
from django.core.files.base import ContentFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from core.jobs import enqueue_job, run_jobs
from core.models import Job
from geodata.models import Area, Community
from issues.actions import report_issue
from issues.models import Issue
from openmap.area_jobs import CHECK
from routing.models import Rule, RuleSet
from routing.rulesets import new_draft, set_in_force
from tests.conftest import City, hole
from tests.grid import Town


@pytest.fixture
def draft(city: City, now: datetime) -> RuleSet:
    """Roads of Заріччя go to the water utility."""
    found = new_draft(community=city.community, at=now, based_on=set_in_force(city.community, at=now))
    Rule.objects.filter(ruleset=found, category=city.roads).update(organisation=city.vodokanal)
    return found


@pytest.fixture
def recent(city: City, town: Town) -> Issue:
    """A hole in Заріччя, some days ago by the real clock: the pages have no other."""
    at = timezone.now() - timedelta(days=3)
    return report_issue(new=hole(city, town["p"]), community=city.community, at=at)


def trial(draft: RuleSet) -> str:
    return reverse("admin:routing_ruleset_try", args=[draft.pk])


def test_draft_is_tried_and_the_result_is_a_table_and_a_map(
    client: Client, taras: User, draft: RuleSet, recent: Issue
) -> None:
    client.force_login(taras)
    assert client.get(trial(draft)).status_code == 200
    answer = client.post(trial(draft), {"months": "3"})
    job = Job.objects.get()
    result = reverse("admin:core_job_whatif", args=[job.pk])
    assert (answer.status_code, answer["Location"]) == (302, result)
    assert "<progress" in client.get(result).content.decode()
    run_jobs()
    page = client.get(result)
    (row,) = page.context["rows"]
    assert (row["before"], row["after"], row["count"]) == ("КП «Яворинавтодор»", "КП «Яворинводоканал»", 1)
    words = page.content.decode()
    assert f"№ {recent.number}" in words
    assert reverse("admin:issues_issue_change", args=[recent.pk]) in words
    shapes = json.loads(words.split('id="whatif-map-shapes" type="application/json">')[1].split("</script>")[0])
    assert shapes["features"][0]["geometry"]["coordinates"] == pytest.approx(recent.location.coords, abs=1e-6)
    assert result in client.get(trial(draft)).content.decode()


def test_result_says_when_the_draft_was_changed_since(
    client: Client, taras: User, city: City, draft: RuleSet, recent: Issue
) -> None:
    client.force_login(taras)
    client.post(trial(draft), {"months": "3"})
    run_jobs()
    result = reverse("admin:core_job_whatif", args=[Job.objects.get().pk])
    assert not client.get(result).context["is_stale"]
    Rule.objects.filter(ruleset=draft, category=city.roads).update(organisation=city.council)
    assert client.get(result).context["is_stale"]


def test_only_a_draft_is_tried_and_only_for_known_times(
    client: Client, taras: User, city: City, draft: RuleSet, now: datetime
) -> None:
    client.force_login(taras)
    in_force = set_in_force(city.community, at=now)
    assert in_force
    assert client.post(trial(in_force), {"months": "3"}).status_code == 409
    assert client.post(trial(draft), {"months": "7000"}).status_code == 422
    assert not Job.objects.exists()


def test_nobody_else_tries_a_draft_or_sees_the_result(
    client: Client,
    taras: User,
    marta: User,
    serhii: User,
    lesia: User,
    draft: RuleSet,
    recent: Issue,
    elsewhere: Community,
) -> None:
    client.force_login(taras)
    client.post(trial(draft), {"months": "3"})
    run_jobs()
    pages = [trial(draft), reverse("admin:core_job_whatif", args=[Job.objects.get().pk])]
    client.logout()
    for user in (None, serhii, marta, lesia):
        if user:
            client.force_login(user)
        for page in pages:
            assert client.get(page).status_code in (302, 403, 404)
            assert client.post(page, {"months": "3"}).status_code in (302, 403, 404)
    assert Job.objects.count() == 1


@pytest.fixture
def checked(city: City, town: Town, now: datetime) -> Job:
    """A file in which Слобідка takes the whole town, checked and not carried out."""
    feature = {
        "type": "Feature",
        "properties": {"code": "south", "name": "Слобідка"},
        "geometry": json.loads(town.area("ABFE").geojson),
    }
    text = json.dumps({"type": "FeatureCollection", "features": [feature]}, ensure_ascii=False)
    answers = {
        "division": "districts",
        "division_name": "",
        "code": "code",
        "name": "name",
        "only_polygons": False,
        "valid_from": "2026-12-01",
        "close_missing": True,
        "set_boundary": False,
    }
    job = enqueue_job(
        community=city.community,
        kind=CHECK,
        parameters={"crs": "", "layer": "", "answers": answers},
        at=now,
        file=ContentFile(text.encode(), name="межі.geojson"),
    )
    run_jobs()
    return Job.objects.get(pk=job.pk)


def test_checked_boundaries_are_tried_and_stay_as_they_were(
    client: Client, taras: User, city: City, recent: Issue, checked: Job
) -> None:
    before = list(Area.objects.order_by("pk").values())
    client.force_login(taras)
    asking = reverse("admin:geodata_area_try", args=[checked.pk])
    assert "межі.geojson" in client.get(asking).content.decode()
    result = client.post(asking, {"months": "1"})["Location"]
    run_jobs()
    page = client.get(result)
    (row,) = page.context["rows"]
    assert (row["before"], row["after"], row["count"]) == ("КП «Яворинавтодор»", "Яворинська міська рада", 1)
    assert list(Area.objects.order_by("pk").values()) == before


def test_boundaries_of_another_community_are_not_tried(
    client: Client, lesia: User, marta: User, checked: Job, elsewhere: Community
) -> None:
    asking = reverse("admin:geodata_area_try", args=[checked.pk])
    for user in (lesia, marta):
        client.force_login(user)
        assert client.post(asking, {"months": "1"}).status_code in (302, 403, 404)
    assert Job.objects.count() == 1
