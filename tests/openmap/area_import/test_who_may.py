"""Who may bring areas in, and how large a file may be."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from accounts.models import User
from core.jobs import run_jobs
from core.models import Job
from geodata.models import Community
from media import uploads
from openmap.area_forms import NEW_DIVISION
from openmap.area_jobs import CHECK
from tests.conftest import City
from tests.openmap.area_import.conftest import UPLOAD, Upload, page, post, typed


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
