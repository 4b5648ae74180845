"""Areas brought in through the administration: upload, questions, preview, the word to do it, and who may."""

from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.contrib.gis.geos import MultiPolygon
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from accounts.models import User
from core.jobs import JobRefusedError, run_jobs
from core.models import Job
from geodata.models import Area, Community, Division
from media import uploads
from openmap.area_forms import NEW_DIVISION
from openmap.area_jobs import CHECK, IMPORT, bring_in
from tests.conftest import City
from tests.geodata.files import collection, feature, geopackage
from tests.grid import Town, grid

UPLOAD = "admin:geodata_area_import"
FIRST_DAY = date(2026, 12, 1)
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


# The way through ------------------------------------------------------------------------------------------------
def test_areas_come_in_by_upload_questions_preview_and_confirmation(
    signed_in: Client, upload: Upload, three: bytes, city: City
) -> None:
    asked = upload(three)
    questions = page(signed_in, asked)
    assert [name for name, _words in questions.context["form"].fields["code"].choices][:2] == ["code", "name"]
    assert "north, south, east" in questions.content.decode()
    assert questions.context["form"]["valid_from"].value() == FIRST_DAY.isoformat()
    checked = preview(signed_in, asked)
    counts = (checked.result or {})["counts"]
    assert (counts["created"], counts["replaced"], counts["unchanged"]) == (1, 1, 1)
    assert Area.objects.count() == 2  # a preview writes nothing
    words = page(signed_in, checked).content.decode()
    assert "import-map" in words
    answer = post(signed_in, "confirm", checked)
    asked_for = Job.objects.get(kind=IMPORT)
    assert answer["Location"] == reverse("admin:geodata_area_import_job", args=[asked_for.pk])
    assert "<progress" in page(signed_in, asked_for).content.decode()
    written = done()
    assert (written.state, (written.result or {})["step"]) == (Job.State.DONE, "written")
    assert page(signed_in, written).status_code == 200
    in_force = Area.objects.on(FIRST_DAY)
    assert sorted(in_force.values_list("code", flat=True)) == ["east", "north", "south"]
    assert Area.objects.get(pk=city.zarichchia.pk).valid_to == FIRST_DAY


def test_file_is_kept_once_for_all_its_jobs(signed_in: Client, upload: Upload, three: bytes) -> None:
    checked = preview(signed_in, upload(three))
    post(signed_in, "confirm", checked)
    assert len(set(Job.objects.values_list("input", flat=True))) == 1
    assert set(Job.objects.values_list("input_name", flat=True)) == {"areas.geojson"}


def test_new_division_is_made_with_its_code_and_name(signed_in: Client, upload: Upload, three: bytes) -> None:
    checked = preview(signed_in, upload(three), division=NEW_DIVISION, new_code="wards", new_name="Округи")
    assert "Округи" in page(signed_in, checked).content.decode()
    assert not Division.objects.filter(code="wards").exists()
    post(signed_in, "confirm", checked)
    done()
    assert Division.objects.get(code="wards").name == "Округи"
    assert Area.objects.filter(division__code="wards").count() == 3


def test_missing_areas_end_when_asked_and_the_boundary_follows(
    signed_in: Client, upload: Upload, town: Town, city: City
) -> None:
    only_north = collection(feature(town.area("ABDC"), "north", "Заріччя"))
    answers = {"close_missing": "on", "set_boundary": "on"}
    checked = preview(signed_in, upload(only_north, **answers), **answers)
    assert (checked.result or {})["counts"]["closed"] == 1
    post(signed_in, "confirm", checked)
    done()
    assert Area.objects.get(pk=city.slobidka.pk).valid_to == FIRST_DAY
    boundary = Community.objects.get(pk=city.community.pk).boundary
    assert boundary is not None
    assert boundary.equals(town.area("ABDC"))


def test_layer_is_asked_when_the_file_has_several(
    signed_in: Client, upload: Upload, town: Town, tmp_path: Path
) -> None:
    geopackage(tmp_path, town.area("ABDC"), layer="roads")
    data = geopackage(tmp_path, town.area("ABDC"), town.area("CDFE"), layer="districts").read_bytes()
    asked = upload(data, file="town.gpkg")
    form = page(signed_in, asked).context["form"]
    assert [name for name, _words in form.fields["layer"].choices] == ["roads", "districts"]
    assert post(signed_in, "answers", asked, **typed(layer="districts")).status_code == 302
    form = page(signed_in, asked_again := done()).context["form"]
    assert [name for name, _words in form.fields["name"].choices][:2] == ["code", "назва"]
    post(signed_in, "answers", asked_again, **typed(layer="districts", code="code", name="назва"))
    assert (done().result or {})["counts"]["created"] == 2


def test_another_layer_is_asked_for_its_own_fields(
    signed_in: Client, upload: Upload, town: Town, tmp_path: Path
) -> None:
    geopackage(tmp_path, town.area("ABDC"), layer="one")
    data = geopackage(tmp_path, town.area("CDFE"), layer="two").read_bytes()
    asked = upload(data, file="town.gpkg", layer="one")
    post(signed_in, "answers", asked, **typed(layer="two", code="@number", name="@number"))
    assert (done().result or {})["file"]["layer"] == "two"


def test_first_day_is_today_in_the_community_unless_another_is_given(signed_in: Client, now: datetime) -> None:
    late = datetime(2026, 11, 19, 22, 30, tzinfo=now.tzinfo)  # past midnight in Kyiv
    with time_machine.travel(late, tick=False):
        form = signed_in.get(reverse(UPLOAD)).context["answers"]
    assert form["valid_from"].value() == date(2026, 11, 20)


# What is wrong --------------------------------------------------------------------------------------------------
def test_refused_file_cannot_be_confirmed_and_says_where(signed_in: Client, upload: Upload, town: Town) -> None:
    twice = collection(feature(town.area("ABDC"), "north", "А"), feature(town.area("CDFE"), "north", "Б"))
    checked = preview(signed_in, upload(twice))
    shown = page(signed_in, checked)
    assert shown.context["may_confirm"] is False
    assert reverse("admin:geodata_area_import_confirm", args=[checked.pk]) not in shown.content.decode()
    assert post(signed_in, "confirm", checked).status_code == 302
    assert not Job.objects.filter(kind=IMPORT).exists()
    (line,) = shown.context["words"].problems
    assert line.cells[1:3] == ("2", "north")


def test_problems_and_overlaps_have_places_to_fly_to(signed_in: Client, upload: Upload, town: Town) -> None:
    crossing = {"type": "Polygon", "coordinates": [[*town.ring("ABDC")[:2], *town.ring("CDA")[:2], town.ring("A")[0]]]}
    overlapping = collection(
        feature(crossing, "bow", "Метелик"),
        feature(town.area("ABFE"), "west", "Захід"),
        feature(town.area("CDFE"), "south", "Слобідка"),
    )
    checked = preview(signed_in, upload(overlapping))
    shown = page(signed_in, checked)
    ground = shown.context["words"].ground
    assert ground
    assert f'data-fly="{ground[0].fly}"' in shown.content.decode()
    assert ground[0].place in shown.content.decode()


def test_file_with_a_wrong_answer_beside_it_is_kept(signed_in: Client, upload: Upload, three: bytes) -> None:
    asked = upload(
        three, division=NEW_DIVISION, new_code="округи!", new_name="Округи", valid_from="колись", crs="EPSG:1"
    )
    shown = page(signed_in, asked)
    form = shown.context["form"]
    assert {"new_code", "valid_from", "crs"} == set(form.errors)
    assert "округи!" in shown.content.decode()
    assert form["new_name"].value() == "Округи"
    assert asked.input


@pytest.mark.parametrize(
    ("answers", "field"),
    [
        ({"division": NEW_DIVISION, "new_code": "wards"}, "new_name"),
        ({"division": NEW_DIVISION, "new_name": "Округи"}, "new_code"),
        ({"division": NEW_DIVISION, "new_code": "districts", "new_name": "Ще раз"}, "new_code"),
        ({"division": "strange"}, "division"),
        ({"valid_from": ""}, "valid_from"),
        ({"code": "strange"}, "code"),
        ({"name": ""}, "name"),
        ({"crs": "EPSG:32635\0"}, "crs"),
    ],
)
def test_wrong_answer_is_told_beside_its_field_and_the_rest_stays(
    signed_in: Client, upload: Upload, three: bytes, answers: dict[str, str], field: str
) -> None:
    asked = upload(three)
    given = typed(code="code", name="name", close_missing="on") | answers
    answer = post(signed_in, "answers", asked, **given)
    assert answer.status_code == 422
    assert set(answer.context["form"].errors) == {field}
    assert answer.context["form"]["close_missing"].value() is True
    assert Job.objects.count() == 1


def test_upload_without_a_file_keeps_what_was_typed(signed_in: Client) -> None:
    answer = signed_in.post(reverse(UPLOAD), typed(division=NEW_DIVISION, new_code="wards", new_name="Округи"))
    assert answer.status_code == 422
    assert answer.context["upload"].errors
    assert answer.context["answers"]["new_name"].value() == "Округи"


@pytest.mark.parametrize("data", [b"", b"words", b'{"type": "FeatureCollection", "features": []}', b"PK\x03\x04broken"])
def test_file_that_is_no_file_of_areas_is_refused_in_words(signed_in: Client, upload: Upload, data: bytes) -> None:
    if not data:
        empty = {"file": SimpleUploadedFile("a.geojson", b"")}
        assert signed_in.post(reverse(UPLOAD), typed() | empty).status_code == 422
        return
    asked = upload(data, file="a.zip")
    shown = page(signed_in, asked)
    assert shown.context["problem"]
    assert asked.state == Job.State.DONE


def test_reference_system_that_the_file_does_not_say_is_asked(
    signed_in: Client, upload: Upload, town: Town, tmp_path: Path
) -> None:
    metres = town.area("ABDC").transform(32635, clone=True)
    assert isinstance(metres, MultiPolygon)
    stated = geopackage(tmp_path, metres, srid=None).read_bytes()
    asked = upload(stated, file="town.gpkg")
    assert "EPSG" in page(signed_in, asked).context["problem"]
    again = post(signed_in, "answers", asked, **typed(crs="EPSG:32635"))
    assert again.status_code == 302
    read = done()
    post(signed_in, "answers", read, **typed(crs="EPSG:32635", code="code", name="назва"))
    assert (done().result or {})["counts"]["created"] == 1


def test_names_that_no_json_keeps_break_nothing(signed_in: Client, upload: Upload, town: Town) -> None:
    strange = collection(feature(town.area("ABDC"), "a\0b", "x")).replace(b'"name"', b'"na\\u0000\\ud800me"')
    asked = upload(strange)
    assert asked.state == Job.State.DONE
    assert page(signed_in, asked).status_code == 200


# Meanwhile ------------------------------------------------------------------------------------------------------
def test_nothing_is_written_when_the_stored_areas_changed_meanwhile(
    signed_in: Client, upload: Upload, three: bytes, city: City
) -> None:
    checked = preview(signed_in, upload(three))
    post(signed_in, "confirm", checked)
    Area.objects.filter(pk=city.slobidka.pk).update(name="Нова Слобідка")
    asked = done()
    assert (asked.result or {})["differs"] is True
    assert Area.objects.count() == 2
    shown = page(signed_in, asked)
    assert shown.context["may_confirm"] is True
    assert (asked.result or {})["counts"]["renamed"] == 1
    post(signed_in, "confirm", asked)
    assert (done().result or {})["step"] == "written"
    assert Area.objects.on(FIRST_DAY).count() == 3


def test_second_press_leads_to_the_same_import(signed_in: Client, upload: Upload, three: bytes) -> None:
    checked = preview(signed_in, upload(three))
    addresses = {post(signed_in, "confirm", checked)["Location"] for _press in range(2)}
    assert len(addresses) == 1
    done()
    assert post(signed_in, "confirm", checked)["Location"] in addresses
    assert Job.objects.filter(kind=IMPORT).count() == 1


def test_discarded_file_is_gone_and_cannot_be_confirmed(signed_in: Client, upload: Upload, three: bytes) -> None:
    checked = preview(signed_in, upload(three))
    kept = str(checked.input.name)
    assert post(signed_in, "discard", checked).status_code == 302
    assert not default_storage.exists(kept)
    assert set(Job.objects.values_list("input", flat=True)) == {""}
    assert page(signed_in, checked).context["may_confirm"] is False
    post(signed_in, "confirm", checked)
    assert not Job.objects.filter(kind=IMPORT).exists()
    assert post(signed_in, "answers", checked, **typed(code="code", name="name")).status_code == 302
    assert Job.objects.count() == 2


def test_file_is_not_discarded_under_a_job(signed_in: Client, upload: Upload, three: bytes) -> None:
    checked = preview(signed_in, upload(three))
    post(signed_in, "confirm", checked)
    post(signed_in, "discard", checked)
    assert default_storage.exists(str(checked.input.name))
    assert (done().result or {})["step"] == "written"


def test_stopped_import_leads_back_to_its_preview(signed_in: Client, upload: Upload, three: bytes) -> None:
    checked = preview(signed_in, upload(three))
    post(signed_in, "confirm", checked)
    stopped = Job.objects.get(kind=IMPORT)
    signed_in.post(reverse("admin:core_job_cancel", args=[stopped.pk]))
    back = reverse("admin:geodata_area_import_job", args=[checked.pk])
    assert back in page(signed_in, stopped).content.decode()
    assert page(signed_in, checked).context["may_confirm"] is True


# For the trial on the history -----------------------------------------------------------------------------------
def test_bring_in_writes_the_areas_of_a_checked_job(signed_in: Client, upload: Upload, three: bytes) -> None:
    write = bring_in(preview(signed_in, upload(three)))
    assert Area.objects.count() == 2
    write()
    assert Area.objects.on(FIRST_DAY).count() == 3


def test_bring_in_refuses_what_is_refused(signed_in: Client, upload: Upload, town: Town) -> None:
    asked = upload(collection(feature(None, "north", "А")))
    with pytest.raises(JobRefusedError):
        bring_in(asked)
    write = bring_in(preview(signed_in, asked))
    with pytest.raises(JobRefusedError):
        write()


# Who may --------------------------------------------------------------------------------------------------------
def test_strangers_and_moderators_bring_no_areas_in(
    client: Client, upload: Upload, three: bytes, serhii: User, marta: User
) -> None:
    job = upload(three)
    for user in (serhii, marta):
        client.force_login(user)
        assert client.get(reverse(UPLOAD)).status_code in (302, 403, 404)
        sent = typed() | {"file": SimpleUploadedFile("a.geojson", three)}
        assert client.post(reverse(UPLOAD), sent).status_code in (302, 403, 404)
        assert page(client, job).status_code in (302, 403, 404)
        for step in ("answers", "confirm", "discard"):
            answer = post(client, step, job)
            assert answer.status_code in (302, 403, 404)
            assert "import" not in answer.get("Location", "").split("?")[0]
    assert Job.objects.filter(kind=CHECK).count() == 1
    assert Job.objects.get().input


def test_other_communitys_administrator_names_no_community_and_opens_no_job_of_ours(
    client: Client, upload: Upload, three: bytes, lesia: User, city: City
) -> None:
    job = upload(three)
    client.force_login(lesia)
    ours = f"{reverse(UPLOAD)}?community={city.community.pk}"
    assert client.get(ours).status_code == 404
    assert client.post(ours, typed() | {"file": SimpleUploadedFile("a.geojson", three)}).status_code == 404
    assert page(client, job).status_code == 404
    assert [post(client, step, job).status_code for step in ("answers", "confirm", "discard")] == [404] * 3
    assert Job.objects.count() == 1
    own = client.get(reverse(UPLOAD))
    assert (own.context["community"].slug, own.status_code) == ("sosnivka", 200)
    assert [code for code, _name in own.context["answers"].fields["division"].choices] == [NEW_DIVISION]


def test_operator_chooses_the_community_first(
    admin_client: Client, three: bytes, city: City, elsewhere: Community
) -> None:
    answer = admin_client.get(reverse(UPLOAD))
    assert answer.status_code == 200
    assert f'<option value="{elsewhere.pk}">' in answer.content.decode()
    chosen = f"{reverse(UPLOAD)}?community={city.community.pk}"
    sent = admin_client.post(chosen, typed() | {"file": SimpleUploadedFile("a.geojson", three)})
    assert sent.status_code == 302
    assert Job.objects.get().community == city.community
    assert admin_client.get(f"{reverse(UPLOAD)}?community=x").status_code == 404


def test_link_to_the_import_stands_on_the_list_of_areas(signed_in: Client) -> None:
    assert reverse(UPLOAD) in signed_in.get(reverse("admin:geodata_area_changelist")).content.decode()


@pytest.mark.parametrize("step", ["confirm", "discard"])
def test_following_a_link_changes_nothing(signed_in: Client, upload: Upload, three: bytes, step: str) -> None:
    job = upload(three)
    assert signed_in.get(reverse(f"admin:geodata_area_import_{step}", args=[job.pk])).status_code == 405


# Large files ----------------------------------------------------------------------------------------------------
def test_large_file_arrives_whole_from_staff_only_and_on_this_page_only(
    client: Client, taras: User, serhii: User, city: City, three: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "MAX_BYTES", 100_000)
    large = three + b" " * 400_000
    seen: list[int] = []
    real = uploads.BoundedUpload

    def remember(self: uploads.BoundedUpload, raw: bytes, start: int) -> bytes | None:
        kept = real_chunk(self, raw, start)
        seen.append(len(kept or b""))
        return kept

    real_chunk = real.receive_data_chunk
    monkeypatch.setattr(real, "receive_data_chunk", remember)
    for user, whole in ((taras, True), (serhii, False)):
        seen.clear()
        client.force_login(user)
        client.post(reverse(UPLOAD), typed() | {"file": SimpleUploadedFile("a.geojson", large)})
        assert (sum(seen) == len(large)) is whole
    run_jobs()
    assert Job.objects.get().input.size == len(large)
    seen.clear()
    client.force_login(taras)
    client.post(reverse("report", args=["yavoryn"]), {"photos": SimpleUploadedFile("a.jpg", large)})
    assert sum(seen) < len(large)
