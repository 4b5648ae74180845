"""History brought in through the administration: upload, report, answers, the word to do it, rows to take home, and who
may."""

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.files.storage import storages
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils.translation import override

from accounts.models import Membership, User
from core.files import NOT_NOW, StorageAwayError
from core.jobs import DISK_FULL, run_jobs
from core.models import Job
from geodata.models import Community
from issues.import_jobs import CHECK, IMPORT
from issues.import_models import RejectedRow
from issues.models import Issue
from tests.conftest import City
from tests.grid import Town
from tests.issues.test_import_formats import geopackage
from tests.people import member

UPLOAD = "admin:issues_history"
Upload = Callable[..., Job]
NAMES = ("номер", "категорія", "довгота", "широта", "дата", "стан")


@pytest.fixture
def signed_in(client: Client, taras: User, city: City) -> Client:
    client.force_login(taras)
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "en"
    return client


@pytest.fixture
def old(town: Town) -> bytes:
    """Three holes: one of them of a category that nobody knows, one with a status that does not speak for itself."""
    said = io.StringIO()
    writer = csv.writer(said, delimiter=";")
    writer.writerow(NAMES)
    for number, (kind, state) in enumerate([("Дороги", "закрито"), ("Ями", "закрито"), ("Дороги", "архів")]):
        writer.writerow([f"A-{number}", kind, *town.places["p"], "01.10.2026 09:00", state])
    return said.getvalue().encode("windows-1251")


@pytest.fixture
def upload(signed_in: Client) -> Upload:
    """Uploads a file; returns the job that read it."""

    def send(data: bytes, **more: Any) -> Job:
        answer = signed_in.post(reverse(UPLOAD), {"file": SimpleUploadedFile("old.csv", data), **more})
        assert answer.status_code == 302, answer.content.decode()
        return done()

    return send


def done() -> Job:
    """The newest job after the worker did what waits."""
    run_jobs()
    found: Job = Job.objects.filter(kind__in=(CHECK, IMPORT)).order_by("-pk")[0]
    return found


def page(client: Client, job: Job) -> Any:
    return client.get(reverse(f"{UPLOAD}_job", args=[job.pk]))


def answers(client: Client, job: Job, **changed: Any) -> dict[str, Any]:
    """What stands in the form of a page, as a browser would send it."""
    form = page(client, job).context["form"]
    filled = {name: form[name].value() for name in form.fields}
    return {name: value for name, value in (filled | changed).items() if value not in (None, False)}


def post(client: Client, step: str, job: Job, given: dict[str, Any] | None = None) -> Any:
    return client.post(reverse(f"{UPLOAD}_{step}", args=[job.pk]), given or {})


def field_of(client: Client, job: Job, word: str) -> str:
    form = page(client, job).context["form"]
    found: str = next(name for name in form.fields if str(form.fields[name].label) == word)
    return found


def test_history_comes_in_by_upload_answers_report_and_confirmation(
    signed_in: Client, upload: Upload, old: bytes, city: City
) -> None:
    checked = upload(old)
    form = page(signed_in, checked).context["form"]
    assert form["column_id"].value() == "номер"
    assert (form["dates"].value(), form["encoding"].value()) == ("%d.%m.%Y %H:%M", "windows-1251")
    assert (checked.result or {})["summary"]["imported"] == 1
    given = {field_of(signed_in, checked, "Ями"): "roads", field_of(signed_in, checked, "архів"): "rejected"}
    answer = post(signed_in, "answers", checked, answers(signed_in, checked, **given))
    assert answer.status_code == 302, answer.context["form"].errors
    checked = done()
    assert (checked.result or {})["summary"]["imported"] == 3
    assert Issue.objects.count() == 0, "a check writes nothing"
    assert "Import this history" in page(signed_in, checked).content.decode()
    confirmed = post(signed_in, "confirm", checked)
    assert post(signed_in, "confirm", checked).url == confirmed.url, "a second press leads to the same job"
    assert "Refresh" in signed_in.get(confirmed.url).content.decode()
    job = done()
    assert (job.kind, job.state) == (IMPORT, Job.State.DONE)
    assert sorted(Issue.objects.values_list("state", flat=True)) == ["done", "done", "rejected"]
    assert "Brought in: 3" in page(signed_in, job).content.decode()
    assert post(signed_in, "confirm", checked).url == confirmed.url


def test_rejected_rows_are_taken_home_with_reasons_and_come_back_corrected(
    signed_in: Client, upload: Upload, old: bytes
) -> None:
    checked = upload(old)
    post(signed_in, "confirm", checked)
    job = done()
    answer = signed_in.get(reverse(f"{UPLOAD}_rejected", args=[job.pk]))
    assert answer["Content-Type"] == "text/csv; charset=windows-1251"
    text = answer.getvalue().decode("windows-1251")
    assert "Ями" in text.splitlines()[1]
    upload(text.replace("Ями", "Дороги").encode("windows-1251"))
    post(signed_in, "confirm", done())
    done()
    assert set(Issue.objects.values_list("external_id", flat=True)) == {"A-0", "A-1"}


def test_mapping_file_is_taken_and_given_back(signed_in: Client, upload: Upload, old: bytes) -> None:
    first = upload(old)
    answer = signed_in.get(reverse(f"{UPLOAD}_mapping", args=[first.pk]))
    raw = json.loads(answer.content)
    raw["categories"] = {"Ями": "manholes"}
    raw["statuses"] = {"*": "done"}
    second = upload(old, mapping=SimpleUploadedFile("m.json", json.dumps(raw).encode()))
    assert (second.result or {})["summary"]["imported"] == 3


@pytest.mark.parametrize("content", [b"{", b"[]", b'{"colours": 1}', b"\xff"])
def test_mapping_that_is_none_is_refused_on_the_page(signed_in: Client, old: bytes, content: bytes) -> None:
    files = {"file": SimpleUploadedFile("old.csv", old), "mapping": SimpleUploadedFile("m.json", content)}
    answer = signed_in.post(reverse(UPLOAD), files)
    assert answer.status_code == 422
    assert answer.context["upload"].errors["mapping"]
    assert not Job.objects.exists()


def test_answers_that_cannot_be_meant_come_back_marked(signed_in: Client, upload: Upload, old: bytes) -> None:
    checked = upload(old)
    answer = post(signed_in, "answers", checked, answers(signed_in, checked, time_zone="Mars/Olympus"))
    assert answer.status_code == 422
    assert "time zone is not known" in answer.content.decode()


def test_file_that_cannot_be_read_is_told_in_words(signed_in: Client, upload: Upload) -> None:
    said = page(signed_in, upload(b"PK\x03\x04")).content.decode()
    assert "unpack it" in said
    assert "Import this history" not in said


def test_discarded_file_is_gone_with_the_rows_that_were_left_out(signed_in: Client, upload: Upload, old: bytes) -> None:
    checked = upload(old)
    assert RejectedRow.objects.exists()
    assert post(signed_in, "discard", checked).status_code == 302
    checked.refresh_from_db()
    assert not checked.input
    assert not RejectedRow.objects.exists()
    assert "Ями" not in json.dumps([checked.result, checked.parameters], ensure_ascii=False), "words are gone, too"
    assert "upload it again" in page(signed_in, checked).content.decode()
    assert post(signed_in, "confirm", checked).status_code == 302
    assert not Job.objects.filter(kind=IMPORT).exists()


def test_storage_that_is_away_is_told_on_the_page_and_nothing_is_lost(
    signed_in: Client, upload: Upload, old: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked = upload(old)
    kept = RejectedRow.objects.count()

    def away(*given: Any, **more: Any) -> None:
        raise StorageAwayError("away")

    with monkeypatch.context() as patch:
        patch.setattr(type(storages["default"]), "_save", away)
        patch.setattr(type(storages["default"]), "delete", away)
        refused = signed_in.post(reverse(UPLOAD), {"file": SimpleUploadedFile("old.csv", old)})
        assert (refused.status_code, refused.context["upload"].errors["file"]) == (422, [NOT_NOW])
        told = signed_in.post(reverse(f"{UPLOAD}_discard", args=[checked.pk]), follow=True)
        assert "cannot be deleted right now" in told.content.decode()
    assert Job.objects.get(pk=checked.pk).input == checked.input
    assert RejectedRow.objects.count() == kept > 0
    assert Job.objects.count() == 1


def test_layer_is_chosen_and_the_rest_still_suggests_itself(
    signed_in: Client, upload: Upload, town: Town, tmp_path: Path
) -> None:
    for layer in ("old", "new"):
        file = geopackage(tmp_path, [town.places["p"]], layer=layer)
    checked = upload(file.read_bytes())
    assert "column_id" not in page(signed_in, checked).context["form"].fields
    post(signed_in, "answers", checked, answers(signed_in, checked, layer="new"))
    found = done().result or {}
    assert (found["mapping"]["layer"], found["mapping"]["columns"]["id"]) == ("new", "number")
    assert found["file"]["fields"][0] == "number"


@pytest.mark.filterwarnings("ignore:'crs' was not provided")
def test_reference_system_is_named_and_the_rest_still_suggests_itself(
    signed_in: Client, upload: Upload, town: Town, tmp_path: Path
) -> None:
    checked = upload(geopackage(tmp_path, [town.places["p"]], crs=None).read_bytes())
    post(signed_in, "answers", checked, answers(signed_in, checked, crs="EPSG:4326"))
    found = done().result or {}
    assert (found["mapping"]["crs"], found["mapping"]["columns"]["id"]) == ("EPSG:4326", "number")


def test_delimiter_is_changed_and_the_columns_suggest_themselves_anew(
    signed_in: Client, upload: Upload, old: bytes
) -> None:
    checked = upload(old, mapping=SimpleUploadedFile("m.json", b'{"delimiter": "|"}'))
    assert (checked.result or {})["step"] == "choose"
    post(signed_in, "answers", checked, answers(signed_in, checked, delimiter=";"))
    assert (done().result or {})["mapping"]["columns"]["id"] == "номер"


def test_rows_of_a_word_are_left_out_as_answered(signed_in: Client, upload: Upload, old: bytes) -> None:
    raw = {"statuses": {"*": "done", "АРХІВ": "-"}}
    checked = upload(old, mapping=SimpleUploadedFile("m.json", json.dumps(raw).encode()))
    given = {field_of(signed_in, checked, "Ями"): "-"}
    post(signed_in, "answers", checked, answers(signed_in, checked, create_categories=True, **given))
    checked = done()
    summary = (checked.result or {})["summary"]
    assert (summary["imported"], summary["rejected"], summary["categories"]) == (1, {"left_out": 2}, [])
    form = page(signed_in, checked).context["form"]
    assert form[field_of(signed_in, checked, "архів")].value() == "-", "in whatever letters the mapping has it"


def test_check_that_broke_off_is_started_again(signed_in: Client, upload: Upload, old: bytes) -> None:
    checked = upload(old)
    Job.objects.filter(pk=checked.pk).update(state=Job.State.FAILED, error=DISK_FULL, result=None)
    assert post(signed_in, "answers", checked).url == reverse(f"{UPLOAD}_job", args=[checked.pk])
    said = page(signed_in, checked).content.decode()
    assert "The disk of the server is full" in said
    assert reverse("admin:core_job_again", args=[checked.pk]) in said


def test_list_of_reports_leads_administrators_to_the_import(client: Client, taras: User, marta: User) -> None:
    for user, may in ((taras, True), (marta, False)):
        client.force_login(user)
        said = client.get(reverse("admin:issues_issue_changelist")).content.decode()
        assert (reverse(UPLOAD) in said) == may


STEPS = ["", "_job", "_answers", "_confirm", "_discard", "_rejected", "_mapping"]


@pytest.mark.parametrize("step", STEPS)
def test_strangers_and_moderators_import_nothing(
    client: Client, upload: Upload, old: bytes, serhii: User, marta: User, step: str
) -> None:
    job = upload(old)
    address = reverse(f"{UPLOAD}{step}", args=[job.pk] if step else [])
    for user in (serhii, marta):
        client.force_login(user)
        for answer in (client.get(address), client.post(address)):
            assert answer.status_code in (302, 403, 404, 405), (user, answer.status_code)
            assert "/login/" in answer.headers.get("Location", "/login/")
    assert not Job.objects.filter(kind=IMPORT).exists()


@pytest.mark.parametrize("step", STEPS[1:])
def test_staff_of_another_community_find_nothing(
    client: Client, upload: Upload, old: bytes, elsewhere: Community, step: str
) -> None:
    job = upload(old)
    client.force_login(member("nina", elsewhere, Membership.Role.ADMINISTRATOR))
    address = reverse(f"{UPLOAD}{step}", args=[job.pk])
    assert client.get(address).status_code in (404, 405)
    assert client.post(address).status_code == 404
    assert not Job.objects.filter(kind=IMPORT).exists()
    assert RejectedRow.objects.filter(job=job).exists()


def test_nobody_uploads_into_another_community(client: Client, city: City, old: bytes, elsewhere: Community) -> None:
    client.force_login(member("nina", elsewhere, Membership.Role.ADMINISTRATOR))
    answer = client.post(
        f"{reverse(UPLOAD)}?community={city.community.pk}", {"file": SimpleUploadedFile("old.csv", old)}
    )
    assert answer.status_code == 404
    assert not Job.objects.exists()


def test_operator_chooses_the_community_first(admin_client: Client, city: City, elsewhere: Community) -> None:
    with override("en"):
        said = admin_client.get(reverse(UPLOAD)).content.decode()
    assert city.community.name in said
    assert elsewhere.name in said
