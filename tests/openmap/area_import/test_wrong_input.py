"""What is wrong with a file or with an answer is told where it was made, and the rest is kept."""

from pathlib import Path

import pytest
from django.contrib.gis.geos import MultiPolygon
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from core.models import Job
from openmap.area_forms import NEW_DIVISION
from openmap.area_jobs import IMPORT
from tests.geodata.files import collection, feature, geopackage
from tests.grid import Town
from tests.openmap.area_import.conftest import UPLOAD, Upload, done, page, post, preview, typed


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
    assert f'data-fly="{line.fly}"' in shown.content.decode()


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
        ({"set_boundary": "on"}, "set_boundary"),  # its first day is to come, the boundary would change today
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


def test_code_is_chosen_by_a_person_where_no_field_surely_holds_it(
    signed_in: Client, upload: Upload, town: Town
) -> None:
    """A number in the file would hang rules on the order of the next file."""
    shapes = [town.area("ABDC"), town.area("CDFE")]
    nameless = collection(*(feature(shape) | {"properties": {"площа": 5}} for shape in shapes))
    asked = upload(nameless)
    form = page(signed_in, asked).context["form"]
    for field in ("code", "name"):
        assert form[field].value() in ("", None)
        assert form.fields[field].choices[0][0] == ""
    assert set(post(signed_in, "answers", asked, **typed()).context["form"].errors) == {"code", "name"}
    assert post(signed_in, "answers", asked, **typed(code="@number", name="@number")).status_code == 302


@pytest.mark.parametrize("codes", [("7", "7"), ("7", None), ("7", " ")])
def test_field_whose_values_do_not_tell_areas_apart_is_not_taken_for_the_code(
    signed_in: Client, upload: Upload, town: Town, codes: tuple[str | None, ...]
) -> None:
    shapes = (town.area("ABDC"), town.area("CDFE"))
    asked = upload(collection(*(feature(shape, code) for shape, code in zip(shapes, codes, strict=True))))
    form = page(signed_in, asked).context["form"]
    assert (form["code"].value(), form["name"].value()) == ("", "name")
