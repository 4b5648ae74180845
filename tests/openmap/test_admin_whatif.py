"""“What if” in the administration: a draft is tried on the history as a job, and shown as a table and on a map."""

import html
import json
import re
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.gis.geos import MultiPolygon
from django.core.files.base import ContentFile
from django.test import Client
from django.urls import reverse

from accounts.models import User
from core.jobs import enqueue_job, run_jobs
from core.models import Job
from geodata.models import Area, Community
from issues.actions import report_issue
from issues.models import Issue
from openmap.area_jobs import CHECK
from routing.models import Asset, CommunityRouting, Register, Rule, RuleSet
from routing.rulesets import discard, new_draft, publish, restore, set_before, set_in_force, take_back
from tests.conftest import City, hole
from tests.grid import Town


@pytest.fixture(autouse=True)
def _morning(now: datetime, client: Client) -> Iterator[None]:
    client.cookies["language"] = "en"
    with time_machine.travel(now, tick=False):
        yield


@pytest.fixture
def first(city: City, now: datetime) -> RuleSet:
    """The set in force."""
    found = set_in_force(city.community, at=now)
    assert found is not None
    return found


@pytest.fixture
def draft(city: City, first: RuleSet, now: datetime) -> RuleSet:
    """Roads of Заріччя go to the water utility."""
    found = new_draft(community=city.community, at=now, based_on=first)
    Rule.objects.filter(ruleset=found, category=city.roads).update(organisation=city.vodokanal)
    return found


@pytest.fixture
def recent(city: City, town: Town, now: datetime) -> Issue:
    """A hole in Заріччя, some days ago."""
    return report_issue(new=hole(city, town["p"]), community=city.community, at=now - timedelta(days=3))


def trial(draft: RuleSet) -> str:
    return reverse("admin:routing_ruleset_try", args=[draft.pk])


def tried(client: Client, draft: RuleSet, **form: str) -> str:
    """Address of the result, when the worker has done it."""
    answer = client.post(trial(draft), {"months": "3", **form})
    assert answer.status_code == 302, answer.context["form"].errors
    run_jobs()
    return answer["Location"]


def shown(client: Client, address: str) -> str:
    """What the page says, without the marks of HTML."""
    answer = client.get(address)
    assert answer.status_code == 200
    return html.unescape(" ".join(re.sub("<[^>]+>", " ", answer.content.decode()).split()))


def test_draft_is_tried_and_the_result_is_a_table_and_a_map(
    client: Client, taras: User, draft: RuleSet, first: RuleSet, recent: Issue
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
    shapes = reverse("admin:core_job_whatif_shapes", args=[job.pk])
    assert f'data-url="{shapes}"' in words
    (drawn,) = client.get(shapes).json()["features"]
    assert drawn["geometry"]["coordinates"] == pytest.approx(recent.location.coords, abs=1e-6)
    assert drawn["properties"]["label"] == f"№ {recent.number}"
    said = shown(client, result)
    assert f"Compared with: Rules № {first.number} ." in said
    assert "Areas, registers and dates are those of 19 November 2026" in said
    assert "Now With the draft" in said
    assert result in client.get(trial(draft)).content.decode()


def test_each_place_is_told_in_words_and_its_button_has_a_name_of_its_own(
    client: Client, taras: User, city: City, town: Town, draft: RuleSet, recent: Issue, now: datetime
) -> None:
    report_issue(new=hole(city, town["p"]), community=city.community, at=now - timedelta(days=2))
    client.force_login(taras)
    result = tried(client, draft)
    assert shown(client, result).count(f"{town['p'].x:.5f}, {town['p'].y:.5f}") == 2
    buttons = re.findall(r"<button[^>]*data-fly=[^>]*>(.*?)</button>", client.get(result).content.decode())
    assert len(set(buttons)) == 2
    assert all("№" in button for button in buttons)


def test_page_says_that_the_map_shows_only_the_latest(
    client: Client, taras: User, city: City, town: Town, draft: RuleSet, recent: Issue, now: datetime,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr("routing.whatif.MOST_PLACES", 1)
    report_issue(new=hole(city, town["p"]), community=city.community, at=now - timedelta(days=2))
    client.force_login(taras)
    assert "The latest 1 are on the map; the table counts all." in shown(client, tried(client, draft))


# As of which day, against which set -------------------------------------------------------------------------------
def test_draft_is_tried_against_the_set_that_waits_as_of_its_day(
    client: Client, taras: User, city: City, draft: RuleSet, first: RuleSet, recent: Issue, now: datetime
) -> None:
    waiting = new_draft(community=city.community, at=now, based_on=first, note="Зима")
    Rule.objects.filter(ruleset=waiting, category=city.roads).update(organisation=city.council)
    publish(waiting, moment=now + timedelta(days=40), at=now)
    client.force_login(taras)
    result = tried(client, draft)
    (row,) = client.get(result).context["rows"]
    assert row["before"] == city.council.name
    said = shown(client, result)
    assert f"Rules № {waiting.number}: Зима With the draft" in said
    assert "those of 29 December 2026" in said


def test_day_is_chosen_and_is_not_before_the_draft_could_come_into_force(
    client: Client, taras: User, draft: RuleSet, recent: Issue
) -> None:
    client.force_login(taras)
    assert 'value="2026-11-19"' in client.get(trial(draft)).content.decode()
    early = client.post(trial(draft), {"months": "3", "on": "2026-11-18"})
    assert early.status_code == 422
    assert "The draft cannot come into force before 19 November 2026." in early.content.decode()
    assert client.post(trial(draft), {"months": "3", "on": "колись"}).status_code == 422
    assert "those of 1 January 2027" in shown(client, tried(client, draft, on="2027-01-01"))
    assert "those of 19 November 2026" in shown(client, tried(client, draft, on=""))


# A result that is no longer true ------------------------------------------------------------------------------------
def publish_the_draft(city: City, draft: RuleSet, now: datetime) -> None:
    publish(draft, moment=now, at=now)


def discard_the_draft(city: City, draft: RuleSet, now: datetime) -> None:
    discard(draft, at=now)


def change_the_draft(city: City, draft: RuleSet, now: datetime) -> None:
    Rule.objects.filter(ruleset=draft, category=city.roads).update(organisation=city.council)


def publish_another(city: City, draft: RuleSet, now: datetime) -> None:
    publish(restore(set_before(draft) or draft, at=now), moment=now + timedelta(days=9), at=now)


def import_areas(city: City, draft: RuleSet, now: datetime) -> None:
    Area.objects.filter(code="south").update(valid_to=now.date())


def import_things(city: City, draft: RuleSet, now: datetime) -> None:
    register = Register.objects.get(community=city.community)
    Asset.objects.create(
        community=city.community, register=register, key="2", geometry=city.community.centre, valid_from=now.date()
    )


def change_the_duty_queue(city: City, draft: RuleSet, now: datetime) -> None:
    CommunityRouting.objects.filter(community=city.community).update(fallback=city.vodokanal)


def nothing(city: City, draft: RuleSet, now: datetime) -> None:
    """Nothing happens."""


@pytest.mark.parametrize(
    ("happens", "words"),
    [
        (nothing, ""),
        (publish_the_draft, "The draft was published since"),
        (discard_the_draft, "The draft was discarded since"),
        (change_the_draft, "The draft was changed since"),
        (publish_another, "Another set of rules was published since"),
        (import_areas, "Areas, registers, questions or organisations were changed since"),
        (import_things, "Areas, registers, questions or organisations were changed since"),
        (change_the_duty_queue, "Areas, registers, questions or organisations were changed since"),
    ],
)
def test_result_says_what_was_changed_since(
    client: Client, taras: User, city: City, draft: RuleSet, recent: Issue, now: datetime, happens: Any, words: str
) -> None:
    register = Register.objects.create(community=city.community, code="lamps", name="Ліхтарі")
    given = {"community": city.community, "ruleset": draft, "register": register, "asks": "this"}
    Rule.objects.create(organisation=city.council, **given)
    client.force_login(taras)
    result = tried(client, draft)
    happens(city, draft, now)
    assert words in shown(client, result)
    assert bool(client.get(result).context["stale"]) == bool(words)


def test_draft_that_was_changed_before_the_worker_came_is_tried_as_it_is(
    client: Client, taras: User, city: City, draft: RuleSet, recent: Issue, now: datetime
) -> None:
    client.force_login(taras)
    result = client.post(trial(draft), {"months": "3"})["Location"]
    change_the_draft(city, draft, now)
    run_jobs()
    page = client.get(result)
    assert (page.context["rows"][0]["after"], page.context["stale"]) == (city.council.name, "")


def test_result_is_still_true_on_the_next_day(
    client: Client, taras: User, draft: RuleSet, recent: Issue, now: datetime
) -> None:
    client.force_login(taras)
    result = tried(client, draft)
    with time_machine.travel(now + timedelta(days=1), tick=False):
        assert client.get(result).context["stale"] == ""


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
    job = Job.objects.get().pk
    pages = [trial(draft), *(reverse(f"admin:core_job_whatif{part}", args=[job]) for part in ("", "_shapes"))]
    client.logout()
    for user in (None, serhii, marta, lesia):
        if user:
            client.force_login(user)
        for page in pages:
            assert client.get(page).status_code in (302, 403, 404)
            assert client.post(page, {"months": "3"}).status_code in (302, 403, 404)
    assert Job.objects.count() == 1


# Boundaries ---------------------------------------------------------------------------------------------------------
@pytest.fixture
def checked(city: City, town: Town, now: datetime) -> Job:
    """A file in which Слобідка takes the whole town, checked and not carried out."""
    return check_of(city, town.area("ABFE"), at=now)


def check_of(
    city: City, slobidka: MultiPolygon, *, at: datetime, first_day: str = "2026-12-01", set_boundary: bool = False
) -> Job:
    """A file with Слобідка alone, from that day on, checked and not carried out."""
    feature = {
        "type": "Feature",
        "properties": {"code": "south", "name": "Слобідка"},
        "geometry": json.loads(slobidka.geojson),
    }
    text = json.dumps({"type": "FeatureCollection", "features": [feature]}, ensure_ascii=False)
    answers = {
        "division": "districts",
        "division_name": "",
        "code": "code",
        "name": "name",
        "only_polygons": False,
        "valid_from": first_day,
        "close_missing": True,
        "set_boundary": set_boundary,
    }
    job = enqueue_job(
        community=city.community,
        kind=CHECK,
        parameters={"crs": "", "layer": "", "answers": answers},
        at=at,
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
    said = shown(client, result)
    assert "Now With the new boundaries" in said
    assert "those of 1 December 2026" in said
    assert (page.context["stale"], page.context["draft"]) == ("", None)


def test_trial_of_boundaries_says_when_others_were_imported_or_rules_published_since(
    client: Client, taras: User, city: City, first: RuleSet, recent: Issue, checked: Job, now: datetime
) -> None:
    client.force_login(taras)
    asking = reverse("admin:geodata_area_try", args=[checked.pk])
    result = client.post(asking, {"months": "1"})["Location"]
    run_jobs()
    waiting = new_draft(community=city.community, at=now, based_on=first)
    publish(waiting, moment=now + timedelta(days=40), at=now)
    assert client.get(result).context["stale"] == "", "it comes into force after the boundaries"
    take_back(waiting, at=now)
    publish(waiting, moment=now + timedelta(days=1), at=now)
    assert "Another set of rules" in shown(client, result)
    take_back(waiting, at=now)
    Area.objects.filter(code="north").update(valid_to=date(2026, 12, 1))
    assert "Areas, registers" in shown(client, result)


def test_report_that_the_new_boundary_leaves_out_is_in_the_table_and_on_the_map(
    client: Client, taras: User, city: City, town: Town, recent: Issue, now: datetime
) -> None:
    checked = check_of(city, town.area("CDFE"), at=now, first_day=now.date().isoformat(), set_boundary=True)
    client.force_login(taras)
    result = client.post(reverse("admin:geodata_area_try", args=[checked.pk]), {"months": "1"})["Location"]
    run_jobs()
    page = client.get(result)
    (row,) = page.context["rows"]
    assert (row["before"], row["after"]) == (city.road_service.name, "outside the community")
    assert f"{city.road_service.name} → outside the community" in shown(client, result)
    (drawn,) = client.get(f"{result}shapes/").json()["features"]
    assert drawn["properties"]["about"].endswith("→ outside the community")
    assert page.context["found"]["outside"] == 0


def test_file_that_was_not_answered_is_not_tried(client: Client, taras: User, checked: Job) -> None:
    Job.objects.filter(pk=checked.pk).update(
        parameters={"crs": "", "layer": "", "answers": None}, result={"step": "choose"}
    )
    client.force_login(taras)
    assert client.get(reverse("admin:geodata_area_try", args=[checked.pk])).status_code == 404


def test_boundaries_of_another_community_are_not_tried(
    client: Client, lesia: User, marta: User, checked: Job, elsewhere: Community
) -> None:
    asking = reverse("admin:geodata_area_try", args=[checked.pk])
    for user in (lesia, marta):
        client.force_login(user)
        assert client.post(asking, {"months": "1"}).status_code in (302, 403, 404)
    assert Job.objects.count() == 1
