"""Registers brought in through the administration: upload, questions, preview, the word to do it, and who may."""

import json
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.contrib.gis.geos import GEOSGeometry
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from accounts.models import Organisation, User
from core.jobs import run_jobs
from core.models import Job
from openmap.register_forms import NEW
from openmap.register_jobs import CHECK, IMPORT
from routing.models import Asset, Register
from routing.register_plan import plan_register
from tests.conftest import City
from tests.grid import Town

UPLOAD = "admin:routing_register_import"
FIRST_DAY = date(2026, 12, 1)
Upload = Callable[..., Job]


@pytest.fixture
def signed_in(client: Client, taras: User, city: City) -> Client:
    client.force_login(taras)
    return client


@pytest.fixture
def upload(signed_in: Client) -> Upload:
    """Uploads a file; returns the job that read it."""

    def send(data: bytes, *, file: str = "lamps.geojson") -> Job:
        answer = signed_in.post(reverse(UPLOAD), {"file": SimpleUploadedFile(file, data)})
        assert answer.status_code == 302, answer.content.decode()
        return done()

    return send


@pytest.fixture
def lamps(town: Town) -> bytes:
    """Two lamps of one keeper."""
    return features(
        (town["p"], {"id": "1", "number": "А-17", "keeper": "КП «Яворинсвітло»", "height": 8}),
        (town["q"], {"id": "2", "number": "А-18", "keeper": "КП «Яворинсвітло»", "height": 8}),
    )


def features(*things: tuple[GEOSGeometry, dict[str, Any]]) -> bytes:
    listed = [
        {"type": "Feature", "properties": facts, "geometry": json.loads(shape.geojson)} for shape, facts in things
    ]
    return json.dumps({"type": "FeatureCollection", "features": listed}).encode()


def typed(**answers: Any) -> dict[str, Any]:
    new = {"register": NEW, "new_code": "lamps", "new_name": "Ліхтарі", "kind": "lamps"}
    fields = {"key": "id", "number": "number", "keeper": "keeper", "kept": ["height"]}
    return {**new, **fields, "valid_from": FIRST_DAY.isoformat(), **answers}


def done() -> Job:
    """The newest job after the worker did what waits."""
    run_jobs()
    found: Job = Job.objects.filter(kind__in=(CHECK, IMPORT)).order_by("-pk")[0]
    return found


def page(client: Client, job: Job) -> Any:
    return client.get(reverse("admin:routing_register_import_job", args=[job.pk]))


def post(client: Client, step: str, job: Job, **answers: Any) -> Any:
    return client.post(reverse(f"admin:routing_register_import_{step}", args=[job.pk]), answers)


def preview(client: Client, job: Job, **answers: Any) -> Job:
    """Answers the questions about an uploaded file; returns the job with the preview."""
    answer = post(client, "answers", job, **typed(**answers))
    assert answer.status_code == 302, answer.context["form"].errors
    return done()


def test_no_register_is_taken_for_granted(signed_in: Client, upload: Upload, lamps: bytes, city: City) -> None:
    """A file of lamps does not go into the houses because they stand first."""
    Register.objects.create(community=city.community, code="houses", name="Будинки", kind="buildings")
    asked = upload(lamps)
    assert not page(signed_in, asked).context["form"]["register"].value()
    answer = post(signed_in, "answers", asked, **typed(register=""))
    assert set(answer.context["form"].errors) == {"register"}


def test_register_comes_in_by_upload_questions_preview_and_confirmation(
    signed_in: Client, upload: Upload, lamps: bytes
) -> None:
    asked = upload(lamps)
    form = page(signed_in, asked).context["form"]
    assert (form["key"].value(), form["number"].value(), form["keeper"].value()) == ("id", "number", "keeper")
    checked = preview(signed_in, asked)
    assert (checked.result or {})["counts"]["created"] == 2
    assert not Asset.objects.exists(), "a preview writes nothing"
    words = page(signed_in, checked).content.decode()
    assert "register-import-map" in words
    assert "КП «Яворинсвітло»" in words
    post(signed_in, "confirm", checked)
    written = done()
    assert (written.state, (written.result or {})["step"]) == (Job.State.DONE, "written")
    assert page(signed_in, written).status_code == 200
    assert Register.objects.get().name == "Ліхтарі"
    assert list(Asset.objects.order_by("key").values_list("number", "attributes", "valid_from")) == [
        ("А-17", {"height": 8}, FIRST_DAY),
        ("А-18", {"height": 8}, FIRST_DAY),
    ]


def test_other_fields_are_kept_only_when_they_are_chosen(signed_in: Client, upload: Upload, lamps: bytes) -> None:
    asked = upload(lamps)
    form = page(signed_in, asked).context["form"]
    assert not form["kept"].value(), "names and telephones of residents would be stored unnoticed"
    assert [value for value, _label in form.fields["kept"].choices] == ["id", "number", "keeper", "height"]
    checked = preview(signed_in, asked, kept=[])
    post(signed_in, "confirm", checked)
    done()
    assert set(map(str, Asset.objects.values_list("attributes", flat=True))) == {"{}"}


def test_preview_lists_the_fields_that_are_kept_and_the_form_remembers_them(
    signed_in: Client, upload: Upload, lamps: bytes
) -> None:
    checked = preview(signed_in, upload(lamps))
    assert page(signed_in, checked).context["kept"] == ["height"]
    form = signed_in.get(reverse("admin:routing_register_import_answers", args=[checked.pk])).context["form"]
    assert form["kept"].value() == ["height"]


def test_second_press_leads_to_the_same_job(signed_in: Client, upload: Upload, lamps: bytes) -> None:
    checked = preview(signed_in, upload(lamps))
    assert post(signed_in, "confirm", checked)["Location"] == post(signed_in, "confirm", checked)["Location"]
    assert Job.objects.filter(kind=IMPORT).count() == 1


def test_what_changed_after_the_preview_is_shown_anew_and_not_written(
    signed_in: Client, upload: Upload, lamps: bytes
) -> None:
    checked = preview(signed_in, upload(lamps))
    Organisation.objects.create(name="КП «Яворинсвітло»")
    post(signed_in, "confirm", checked)
    anew = done()
    assert (anew.result or {})["differs"]
    assert not Asset.objects.exists()
    post(signed_in, "confirm", anew)
    done()
    assert Asset.objects.count() == 2


def test_table_asks_for_its_columns_and_guesses_them(signed_in: Client, upload: Upload, town: Town) -> None:
    place = town["p"]
    text = f"id;number;довгота;широта\n1;А-17;{place.x};{place.y}\n"
    asked = upload(text.encode("cp1251"), file="lamps.csv")
    form = page(signed_in, asked).context["form"]
    assert (form["lon"].value(), form["lat"].value()) == ("довгота", "широта")
    checked = preview(signed_in, asked, lon="довгота", lat="широта", keeper="", kept=[])
    post(signed_in, "confirm", checked)
    done()
    assert Asset.objects.get().geometry.coords == pytest.approx(place.coords)


def test_columns_that_no_name_tells_have_to_be_chosen(signed_in: Client, upload: Upload, town: Town) -> None:
    """A browser sends the first choice of a list that nobody touched."""
    text = f"колонка1;колонка2;колонка3\n1;{town['p'].x};{town['p'].y}\n"
    asked = upload(text.encode(), file="lamps.csv")
    form = page(signed_in, asked).context["form"]
    untouched = {name: form.fields[name].choices[0][0] for name in ("key", "lon", "lat")}
    assert untouched == {"key": "", "lon": "", "lat": ""}
    assert [form[name].value() for name in untouched] == ["", "", ""]
    answer = post(signed_in, "answers", asked, **typed(number="", keeper="", kept=[], **untouched))
    assert answer.status_code == 422
    assert set(answer.context["form"].errors) == {"key"}


def test_one_column_of_a_place_is_half_a_place(signed_in: Client, upload: Upload) -> None:
    asked = upload(b"id,number,keeper,lon,lat\n1,2,,28.4,49.2\n", file="lamps.csv")
    answer = post(signed_in, "answers", asked, **typed(lon="lon", lat="", kept=[]))
    assert set(answer.context["form"].errors) == {"lat"}


def test_list_of_keepers_without_places_changes_only_the_keepers(
    signed_in: Client, upload: Upload, lamps: bytes
) -> None:
    post(signed_in, "confirm", preview(signed_in, upload(lamps)))
    done()
    asked = upload("id;управитель\n1;ТОВ «Ліхтар»\n".encode("cp1251"), file="keepers.csv")
    form = page(signed_in, asked).context["form"]
    assert (form["key"].value(), form["keeper"].value(), form["lon"].value()) == ("id", "управитель", "")
    first_day = FIRST_DAY + timedelta(days=1)
    checked = preview(
        signed_in, asked, register="lamps", keeper="управитель", number="", kept=[], valid_from=first_day.isoformat()
    )
    assert (checked.result or {})["counts"]["replaced"] == 1
    assert page(signed_in, checked).status_code == 200
    post(signed_in, "confirm", checked)
    done()
    old, new = Asset.objects.filter(key="1").order_by("valid_from").select_related("keeper")
    assert (new.keeper and new.keeper.name, new.number, new.attributes) == ("ТОВ «Ліхтар»", "А-17", {"height": 8})
    assert new.geometry.equals(old.geometry)


def test_table_without_places_for_a_new_register_is_refused_in_one_line(signed_in: Client, upload: Upload) -> None:
    checked = preview(signed_in, upload(b"id,number,keeper\n1,2,\n2,3,\n", file="lamps.csv"), kept=[])
    assert (checked.result or {})["refusals"] == 1
    assert page(signed_in, checked).status_code == 200


def test_file_is_compared_once_while_it_is_written(
    signed_in: Client, upload: Upload, lamps: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A register of a hundred thousand houses is not compared twice under the lock."""
    checked = preview(signed_in, upload(lamps))
    compared = []

    def counting(*given: Any, **more: Any) -> Any:
        compared.append(given)
        return plan_register(*given, **more)

    monkeypatch.setattr("routing.register_import.plan_register", counting)
    post(signed_in, "confirm", checked)
    assert (done().result or {})["step"] == "written"
    assert len(compared) == 1


def test_refusals_are_listed_and_nothing_can_be_confirmed(signed_in: Client, upload: Upload, town: Town) -> None:
    checked = preview(signed_in, upload(features((town.line("AB"), {"id": "1", "number": "", "keeper": ""}))), kept=[])
    assert (checked.result or {})["refusals"] == 1
    post(signed_in, "confirm", checked)
    assert not Job.objects.filter(kind=IMPORT).exists()


def test_wrong_answers_are_told_beside_their_fields_and_kept(signed_in: Client, upload: Upload, lamps: bytes) -> None:
    asked = upload(lamps)
    answer = post(signed_in, "answers", asked, **typed(new_code="", crs="EPSG:0", new_name="Ліхтарі міста"))
    assert answer.status_code == 422
    assert set(answer.context["form"].errors) == {"new_code", "crs"}
    assert "Ліхтарі міста" in answer.content.decode()


@pytest.mark.parametrize(
    "data", [b"", b"\0\1\2", b"PK\3\4", b"{", b"[]", b'{"type":"FeatureCollection","features":[]}']
)
def test_file_that_cannot_be_read_is_a_question_and_no_error(signed_in: Client, upload: Upload, data: bytes) -> None:
    if not data:
        assert signed_in.post(reverse(UPLOAD), {"file": SimpleUploadedFile("a.geojson", data)}).status_code == 422
        return
    asked = upload(data)
    assert asked.state == Job.State.DONE
    assert "errornote" in page(signed_in, asked).content.decode()


def test_discarded_file_is_gone_and_changed_nothing(signed_in: Client, upload: Upload, lamps: bytes) -> None:
    checked = preview(signed_in, upload(lamps))
    assert post(signed_in, "discard", checked).status_code == 302
    assert set(Job.objects.values_list("input", flat=True)) == {""}
    assert page(signed_in, checked).status_code == 200


def test_only_administrators_of_the_community_come_in(
    client: Client, signed_in: Client, upload: Upload, lamps: bytes, serhii: User, marta: User, lesia: User
) -> None:
    checked = preview(signed_in, upload(lamps))
    for user in (serhii, marta, lesia):
        client.force_login(user)
        assert page(client, checked).status_code in (302, 403, 404)
        assert post(client, "confirm", checked).status_code in (302, 403, 404)
        assert post(client, "discard", checked).status_code in (302, 403, 404)
    for user in (serhii, marta):
        client.force_login(user)
        assert client.get(reverse(UPLOAD)).status_code in (302, 403, 404)
    client.force_login(lesia)
    assert client.get(f"{reverse(UPLOAD)}?community={checked.community_id}").status_code == 404
    assert not Job.objects.filter(kind=IMPORT).exists()
    assert Job.objects.exclude(input="").exists()
