"""Areas brought in through the administration: upload, questions, preview, the word to do it, and who may."""

from collections.abc import Callable, Iterator
from datetime import date, datetime
from typing import Any

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from accounts.models import User
from core.jobs import run_jobs
from core.models import Job
from openmap.area_jobs import CHECK, IMPORT
from tests.conftest import City
from tests.geodata.files import collection, feature
from tests.grid import Town, grid

UPLOAD = "admin:geodata_area_import"
TODAY, FIRST_DAY = date(2026, 11, 19), date(2026, 12, 1)
Upload = Callable[..., Any]


@pytest.fixture
def town() -> Town:
    """Заріччя (ABDC) and Слобідка (CDFE); the east (BGHF) is new, m cuts Заріччя in the middle."""
    return grid(
        "A . B . G",
        ". p m . .",
        "C . D . n",
        ". q . . .",
        "E . F . H",
    )


@pytest.fixture(autouse=True)
def _clock_stands_still(now: datetime) -> Iterator[None]:
    with time_machine.travel(now, tick=False):
        yield


@pytest.fixture
def signed_in(client: Client, taras: User, city: City) -> Client:
    client.force_login(taras)
    return client


@pytest.fixture
def three(town: Town) -> bytes:
    """Слобідка as it is, Заріччя with another border, and the new east."""
    return collection(
        feature(town.area("ABmDC"), "north", "Заріччя"),
        feature(town.area("CDFE"), "south", "Слобідка"),
        feature(town.area("BGHFD"), "east", "Схід"),
    )


@pytest.fixture
def upload(signed_in: Client) -> Upload:
    """Uploads a file with good answers beside it, but for what is given; returns the job."""

    def send(data: bytes, *, file: str = "areas.geojson", **answers: Any) -> Job:
        answer = signed_in.post(reverse(UPLOAD), typed(**answers) | {"file": SimpleUploadedFile(file, data)})
        assert answer.status_code == 302, answer.content.decode()
        return done()

    return send


def typed(**answers: Any) -> dict[str, Any]:
    return {"division": "districts", "valid_from": FIRST_DAY.isoformat(), **answers}


def done() -> Job:
    """The newest job of an import after the worker did what waits; what follows an import has jobs of its own."""
    run_jobs()
    found: Job = Job.objects.filter(kind__in=[CHECK, IMPORT]).order_by("-pk")[0]
    return found


def page(client: Client, job: Job) -> Any:
    return client.get(reverse("admin:geodata_area_import_job", args=[job.pk]))


def post(client: Client, step: str, job: Job, **answers: Any) -> Any:
    return client.post(reverse(f"admin:geodata_area_import_{step}", args=[job.pk]), answers)


def preview(client: Client, job: Job, **answers: Any) -> Job:
    """Answers the questions about an uploaded file; returns the job with the preview."""
    answer = post(client, "answers", job, **typed(code="code", name="name", **answers))
    assert answer.status_code == 302, answer.context["form"].errors
    return done()
