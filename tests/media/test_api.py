"""A program uploads photos: the checks, limits and cleaning are those of the form."""

import json
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.core.files.storage import default_storage
from django.db import OperationalError

from accounts.models import ApiKey, KeptAnswer
from geodata.models import Community
from media import allowance
from media.actions import clean_waiting
from media.models import Photo
from tests.conftest import NOW, City
from tests.photos import SQUARE, foreign, jpeg, jpeg_full_of_notes, truncated_jpeg, upload
from tests.programs import API, Program, done_once, only_for, program_of, refusal, wrong_in

PHOTOS = "photos/"
BOX = [0.1, 0.2, 0.3, 0.4]


@pytest.fixture(autouse=True)
def _morning() -> Any:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def program(city: City) -> Program:
    """Водоканал's program."""
    return program_of(city.vodokanal, city.community, ApiKey.Scope.REPORTS)


def add(program: Program, data: bytes | None = None, **more: Any) -> Any:
    return program.upload(PHOTOS, {"photo": upload(data if data is not None else jpeg())} | more)


def test_photo_is_kept_cleaned_and_shown_to_whoever_has_its_key(program: Program) -> None:
    made = add(program, jpeg_full_of_notes())
    told = made.json()
    assert (made.status_code, told["state"], told["hidden"]) == (201, "waiting", 0)
    clean_waiting(at=NOW)
    found = program.get(f"photos/{told['key']}/")
    assert (found.json()["state"], found.json()["width"] > 0, found.headers["Cache-Control"]) == (
        "clean", True, "no-store",
    )  # fmt: skip
    assert found.json()["small"] == told["small"]
    assert program.client.get(told["small"]).headers["Content-Type"] == "image/webp"
    assert made.headers["Location"].endswith(f"{API}photos/{told['key']}/")


def test_place_of_the_photo_is_told_to_whoever_sent_it(program: Program) -> None:
    assert add(program, jpeg(place=SQUARE)).json()["position"] == pytest.approx(SQUARE, abs=1e-5)
    assert add(program).json()["position"] is None


def test_faces_are_hidden_before_or_after_the_upload(program: Program) -> None:
    told = add(program, boxes=json.dumps([BOX])).json()
    assert told["hidden"] == 1
    both = {"boxes": [BOX, [0.5, 0.5, 0.9, 0.9]]}
    assert done_once(program, f"photos/{told['key']}/boxes/", both, {"boxes": []}).json()["hidden"] == 2
    assert Photo.objects.get().boxes == [BOX, [0.5, 0.5, 0.9, 0.9]]


def test_what_is_no_photo_is_refused_beside_its_member(program: Program) -> None:
    assert wrong_in(program.upload(PHOTOS, {})) == {"/photo"}
    for data in (b"", foreign(), truncated_jpeg()):
        assert wrong_in(add(program, data), 422) == {"/photo"}
    assert wrong_in(add(program, b"\xff\xd8\xff" + bytes(21 * 1024 * 1024)), 413) == {"/photo"}
    assert wrong_in(add(program, boxes="[[1]]"), 422) == {"/boxes"}
    key = add(program).json()["key"]
    assert wrong_in(program.post(f"photos/{key}/boxes/", {"boxes": [[1, 2]]})) == {"/boxes/0"}
    refusal(program.post(PHOTOS, {}), 415)
    assert Photo.objects.count() == 1


def test_same_upload_with_the_same_key_is_kept_once(program: Program) -> None:
    first, again = (program.upload(PHOTOS, {"photo": upload(jpeg())}, **{"Idempotency-Key": "p-1"}) for _turn in "12")
    assert (first.json(), again.headers["Idempotency-Replayed"]) == (again.json(), "true")
    assert again.headers["Location"] == first.headers["Location"]
    other = {"photo": upload(jpeg(80, 60))}
    refusal(program.upload(PHOTOS, other, **{"Idempotency-Key": "p-1"}), 422)
    assert Photo.objects.count() == 1


def test_device_or_else_the_program_uploads_so_many(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(allowance, "OF_A_DEVICE", 1)
    monkeypatch.setattr(allowance, "OF_A_NETWORK", 2)
    assert [add(program, device="phone 1").status_code for _turn in range(2)] == [201, 429]
    assert add(program, device="phone 2").status_code == 201
    assert [add(program).status_code for _turn in range(3)] == [201, 201, 429]


def test_program_uploads_so_many_whatever_devices_it_names(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(allowance, "OF_A_PROGRAM", 3)
    answers = [add(program, device=f"phone {number}").status_code for number in range(5)]
    assert answers == [201] * 3 + [429] * 2


def test_bad_files_count_too(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(allowance, "OF_A_DEVICE", 2)
    answers = [add(program, data, device="phone 1").status_code for data in (foreign(), b"", jpeg())]
    assert answers == [422, 422, 429]


def test_nothing_of_a_photo_is_left_when_its_transaction_fails(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_args: Any, **_named: Any) -> None:
        raise OperationalError

    monkeypatch.setattr(KeptAnswer.objects, "create", fail)
    with pytest.raises(OperationalError):
        program.upload(PHOTOS, {"photo": upload(jpeg())}, **{"Idempotency-Key": "p-1"})
    assert not Photo.objects.exists()
    assert [file for file in Path(default_storage.path("originals")).rglob("*") if file.is_file()] == []
    monkeypatch.undo()
    assert add(program).status_code == 201
    assert len([file for file in Path(default_storage.path("originals")).rglob("*") if file.is_file()]) == 1


def test_strangers_and_other_keys_upload_and_see_nothing(city: City, program: Program, elsewhere: Community) -> None:
    key = add(program).json()["key"]
    for path, body in ((f"photos/{key}/", None), (f"photos/{key}/boxes/", {"boxes": []})):
        only_for(ApiKey.Scope.REPORTS, path, city.vodokanal, city.community, elsewhere, body=body)
    assert Program().upload(PHOTOS, {"photo": upload(jpeg())}).status_code == 401
    hooks = program_of(city.vodokanal, city.community, ApiKey.Scope.WEBHOOKS)
    assert hooks.upload(PHOTOS, {"photo": upload(jpeg())}).status_code == 403
    foreign_key = program_of(city.vodokanal, elsewhere, ApiKey.Scope.REPORTS)
    assert foreign_key.upload(PHOTOS, {"photo": upload(jpeg())}).status_code == 401
    answering = program_of(city.vodokanal, city.community, ApiKey.Scope.ANSWERS)
    assert answering.upload(PHOTOS, {"photo": upload(jpeg())}).status_code == 201
    refusal(program.get("photos/made-up/"), 404)
    assert Photo.objects.count() == 2


def test_refusal_is_told_in_both_languages(program: Program) -> None:
    words = {
        language: refusal(program.upload(PHOTOS, {"photo": upload(b"")}, **{"Accept-Language": language}), 422)[
            "detail"
        ]
        for language in ("uk", "en")
    }
    assert words["en"] == "No photo arrived. Choose it once more."
    assert words["uk"] != words["en"]
