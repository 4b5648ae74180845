"""Jobs in the administration: who sees them, how far they are, and stopping them."""

from datetime import datetime

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from core.jobs import claim, enqueue_job
from core.models import Job
from tests.conftest import City


@pytest.fixture
def job(city: City, taras: User, now: datetime) -> Job:
    return enqueue_job(community=city.community, kind="test.count", at=now, by=taras)


def change(job: Job) -> str:
    return reverse("admin:core_job_change", args=[job.pk])


def test_administrator_sees_how_far_a_job_is(client: Client, taras: User, job: Job, now: datetime) -> None:
    client.force_login(taras)
    claim(at=now)
    Job.objects.filter(pk=job.pk).update(done=1, total=4)
    page = client.get(change(job)).content.decode()
    assert '<progress max="100" value="25"' in page
    told = client.get(reverse("admin:core_job_progress", args=[job.pk])).json()
    assert (told["percent"], told["over"]) == (25, False)


def test_job_is_stopped_by_a_post_only(client: Client, taras: User, job: Job) -> None:
    client.force_login(taras)
    cancel = reverse("admin:core_job_cancel", args=[job.pk])
    assert client.get(cancel).status_code == 405
    assert Job.objects.get(pk=job.pk).cancel_asked_at is None
    assert client.post(cancel).status_code == 302
    assert Job.objects.get(pk=job.pk).state == Job.State.CANCELLED


def test_failed_job_is_run_again_by_a_post_only(client: Client, taras: User, job: Job, now: datetime) -> None:
    client.force_login(taras)
    again = reverse("admin:core_job_again", args=[job.pk])
    assert again not in client.get(change(job)).content.decode(), "it waits"
    assert client.post(again)["Location"] == change(job)
    Job.objects.filter(pk=job.pk).update(state=Job.State.FAILED, finished_at=now, error="its workers died")
    assert again in client.get(change(job)).content.decode()
    assert client.get(again).status_code == 405
    answer = client.post(again)
    newer = Job.objects.get(state=Job.State.QUEUED)
    assert (answer["Location"], newer.created_by) == (change(newer), taras)


def test_page_of_a_job_works_without_its_script(client: Client, taras: User, job: Job) -> None:
    client.force_login(taras)
    page = client.get(change(job)).content.decode()
    assert f'<a class="button" href="{change(job)}">' in page, "to look again"
    assert f'action="{reverse("admin:core_job_cancel", args=[job.pk])}"' in page


@pytest.mark.parametrize(
    ("error", "words"), [("ZeroDivisionError", "(ZeroDivisionError)"), ("У файлі нема меж.", "У файлі")]
)
def test_failed_job_says_why(client: Client, taras: User, job: Job, now: datetime, error: str, words: str) -> None:
    Job.objects.filter(pk=job.pk).update(state=Job.State.FAILED, finished_at=now, error=error)
    client.force_login(taras)
    assert words in client.get(change(job)).content.decode()


def test_strangers_moderators_and_other_communities_see_no_job(
    client: Client, job: Job, serhii: User, marta: User, lesia: User, now: datetime
) -> None:
    names = ("progress", "cancel", "again")
    pages = [change(job), *(reverse(f"admin:core_job_{name}", args=[job.pk]) for name in names)]
    assert client.get(pages[0]).status_code == 302
    for user in (serhii, marta, lesia):
        client.force_login(user)
        assert client.get(pages[0]).status_code in (302, 403)
        assert client.get(pages[1]).status_code in (302, 403, 404)
        assert client.post(pages[2]).status_code in (302, 403, 404)
    assert Job.objects.get(pk=job.pk).cancel_asked_at is None
    Job.objects.filter(pk=job.pk).update(state=Job.State.FAILED, finished_at=now)
    for user in (serhii, marta, lesia):
        client.force_login(user)
        client.post(pages[3])
    assert Job.objects.count() == 1
