"""From the upload to the areas: questions, preview, confirmation, and what happens meanwhile."""

from datetime import date, datetime
from pathlib import Path

import pytest
import time_machine
from django.core.files.storage import default_storage
from django.db import transaction
from django.test import Client
from django.urls import reverse
from django.utils.translation import gettext

from core.jobs import JobRefusedError
from core.models import Job
from geodata.features import ALL_LAYERS
from geodata.models import Area, Community, Division
from geodata.reading_kml import FOLDER
from openmap.area_forms import NEW_DIVISION
from openmap.area_jobs import IMPORT, bring_in
from tests.conftest import City
from tests.geodata.files import collection, feature, geopackage, kml, kml_polygon, placemark
from tests.grid import Town
from tests.openmap.area_import.conftest import FIRST_DAY, TODAY, UPLOAD, Upload, done, page, post, preview, typed


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
    answers = {"close_missing": "on", "set_boundary": "on", "valid_from": TODAY.isoformat()}
    checked = preview(signed_in, upload(only_north, **answers), **answers)
    assert (checked.result or {})["counts"]["closed"] == 1
    post(signed_in, "confirm", checked)
    done()
    assert Area.objects.get(pk=city.slobidka.pk).valid_to == TODAY
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


def test_folders_of_a_kml_come_in_together(signed_in: Client, upload: Upload, town: Town) -> None:
    folders = [
        f"<Folder><name>{name}</name>{placemark(kml_polygon(town.ring(corners)))}</Folder>"
        for name, corners in (("Заріччя", "ABDC"), ("Слобідка", "CDFE"))
    ]
    asked = upload(kml(*folders), file="districts.kml")
    shown = page(signed_in, asked)
    assert gettext("all layers together") in shown.content.decode()
    assert post(signed_in, "answers", asked, **typed(layer=ALL_LAYERS)).status_code == 302
    asked_again = done()
    post(signed_in, "answers", asked_again, **typed(layer=ALL_LAYERS, code=FOLDER, name=FOLDER))
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
    change = signed_in.get(reverse("admin:geodata_area_import_answers", args=[asked.pk])).context["form"]
    assert (change["code"].value(), change["name"].value()) == ("code", "name"), "the answers are still there"
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


def test_bring_in_writes_the_areas_of_a_checked_job(signed_in: Client, upload: Upload, three: bytes) -> None:
    write = bring_in(preview(signed_in, upload(three)), today=TODAY)
    assert Area.objects.count() == 2
    write()
    assert Area.objects.on(FIRST_DAY).count() == 3


def test_bring_in_writes_again_after_a_trial_was_rolled_back(
    signed_in: Client, upload: Upload, three: bytes, city: City
) -> None:
    write = bring_in(preview(signed_in, upload(three)), today=TODAY)
    for _trial in range(2):
        with transaction.atomic():
            write()
            assert Area.objects.on(FIRST_DAY).count() == 3
            transaction.set_rollback(True)
    Area.objects.filter(pk=city.slobidka.pk).update(name="Нова Слобідка")
    with pytest.raises(JobRefusedError):
        write()


def test_bring_in_refuses_what_is_refused(signed_in: Client, upload: Upload, town: Town) -> None:
    asked = upload(collection(feature(None, "north", "А")))
    with pytest.raises(JobRefusedError):
        bring_in(asked, today=TODAY)
    write = bring_in(preview(signed_in, asked), today=TODAY)
    with pytest.raises(JobRefusedError):
        write()
