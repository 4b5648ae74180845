"""Яворин is exported, removed and imported again: into emptiness, and where other rows have its numbers by now."""

import json
import shutil
from datetime import datetime
from pathlib import Path

import pytest
from django.conf import settings
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django_scopes import scope, scopes_disabled

from accounts.models import Membership, Organisation, User
from core.models import OutboxMessage, Token
from core.outbox import Letter
from core.tokens import secret_of
from geodata.models import Community, GoneCommunity
from issues.actions import AUTHOR_PURPOSE, NewReport, report_issue
from issues.models import Issue
from media.models import Photo
from openmap.moving import removing
from openmap.moving.belongings import STAYS, kinds, travellers
from openmap.moving.bundle import MovingError
from openmap.moving.exporting import export_community
from openmap.moving.identities import Identities
from openmap.moving.importing import import_community
from openmap.moving.inside import INSIDE
from openmap.moving.removing import counted, remove_community
from routing import channels
from routing.models import Category, Decision
from tests.conftest import NOW
from tests.openmap.moving.conftest import count, rows_of, sign

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def export(whole_town: Community, tmp_path: Path, at: datetime) -> Path:
    target = tmp_path / "export" / "yavoryn"
    facts = export_community(whole_town, target, at=at)
    assert facts.rows["issues.Issue"] == 2
    assert facts.files == 3, "a photo that was sent; no draft"
    return target


def link_of(community: Community) -> str:
    with scope(community=community):
        return f"/{community.slug}/mine/{secret_of(Token.objects.filter(purpose=AUTHOR_PURPOSE).latest('created_at'))}/"


def test_a_community_goes_and_another_stays_as_it_was(
    whole_town: Community, neighbours: Community, taras: User, storage: Path, at: datetime
) -> None:
    before, files = rows_of(neighbours.pk), {path.name for path in storage.rglob("*") if path.is_file()}
    link = link_of(whole_town)
    empty = {label for label, rows in rows_of(whole_town.pk).items() if not rows}
    removed = remove_community(whole_town, at=at, batch=2)
    assert set(removed) == {kind.label for kind in kinds()} - empty
    assert rows_of(neighbours.pk) == before
    assert not any(rows_of(whole_town.pk).values())
    left = {path.name for path in storage.rglob("*") if path.is_file()}
    with scope(community=neighbours):
        photo = Photo.objects.get()
    assert left == {Path(name).name for name in (photo.original, photo.large, photo.small)} < files
    assert not User.objects.filter(pk=taras.pk).exists(), "named by nothing else"
    assert User.objects.filter(email="both@example.org").exists(), "works in Соснівка too"
    assert Organisation.objects.filter(name="КП «Яворинводоканал»").exists(), "a public body"
    for address in ("/yavoryn/", "/yavoryn/issues/1/", link):
        answer = Client().get(address)
        assert answer.status_code == 410
        assert "немає" in answer.content.decode() or "no longer" in answer.content.decode()
    assert Client().get("/api/v1/yavoryn/issues/").status_code == 410
    assert Client().get("/never-was/").status_code == 404


def test_what_was_removed_comes_back_into_an_empty_place_as_it_was(
    export: Path, whole_town: Community, neighbours: Community, at: datetime
) -> None:
    link = link_of(whole_town)
    with scope(community=whole_town):
        OutboxMessage.objects.update(sent_at=at)  # nothing waits
    before = rows_of(whole_town.pk)
    shutil.rmtree(export)
    export_community(whole_town, export, at=at)
    remove_community(whole_town, at=at)
    back = import_community(export, at=at)
    count()
    after = rows_of(back.pk)
    stays = set(STAYS) | {"issues.ReportDraft_photos"}
    drafts = [row for row in before["media.Photo"] if "originals/x" in row]
    before["media.Photo"] = [row for row in before["media.Photo"] if row not in drafts]
    assert {label: rows for label, rows in after.items() if label not in stays} == {
        label: rows for label, rows in before.items() if label not in stays
    }
    assert not GoneCommunity.objects.exists()
    client = Client()
    assert client.get("/yavoryn/issues/1/").status_code == 200
    assert client.get(link).status_code == 200
    with scope(community=back):
        photo = Photo.objects.get(state="clean")
        assert default_storage.exists(photo.large)
        taras = Membership.objects.get(role="administrator").user
        new = NewReport(
            category=Category.objects.get(code="roads"), point=Issue.objects.earliest("pk").location, text="Ще"
        )
        assert report_issue(new=new, community=back, at=at).number == 3
    assert taras.email == "taras@example.org"
    assert taras.is_staff
    assert not taras.is_superuser


def test_numbers_that_are_taken_are_moved_up(
    export: Path, whole_town: Community, neighbours: Community, at: datetime
) -> None:
    rows = {kind.label: counted(whole_town).get(kind.label, 0) for kind in travellers()}
    with scope(community=whole_town):
        organisation = Decision.objects.filter(rule__isnull=False).earliest("pk").organisation_id
        before = {issue.number: issue.pk for issue in Issue.objects.all()}
    remove_community(whole_town, at=at)
    _take_numbers(neighbours, sorted(before.values()))
    others = rows_of(neighbours.pk)
    back = import_community(export, at=at)
    assert rows_of(neighbours.pk)["issues.Issue"] == others["issues.Issue"]
    with scope(community=back):
        now = {issue.number: issue.pk for issue in Issue.objects.all()}
        assert now.keys() == before.keys()
        assert not set(now.values()) & set(before.values())
        twin = Issue.objects.get(number=2)
        assert twin.duplicate_of_id == now[1]
        assert {event.issue_id for event in twin.events.all()} == {twin.pk}
        decision = Decision.objects.filter(rule__isnull=False).earliest("pk")
        assert decision.trace["matched"]["rule"] == decision.rule_id
        assert decision.trace["organisation"] == decision.organisation_id == organisation, "known by its name"
        assert not OutboxMessage.objects.filter(sent_at=None, dead_at=None).exists(), "nothing is sent twice"
    found = counted(back)
    assert {label: found.get(label, 0) for label in rows} == rows | {"media.Photo": 1}, "but for the draft"


def _take_numbers(neighbours: Community, numbers: list[int]) -> None:
    """Reports of Соснівка with these very keys."""
    with scope(community=neighbours), connection.cursor() as cursor:
        for number in numbers:
            cursor.execute("SELECT setval(pg_get_serial_sequence('issues_issue', 'id'), %s, false)", [number])
            new = NewReport(category=Category.objects.get(), point=neighbours.centre, text="Ще")
            assert report_issue(new=new, community=neighbours, at=NOW).pk == number


def test_keys_inside_other_values_follow() -> None:
    steps = {"routing.Rule": 10, "routing.RuleSet": 20, "geodata.Area": 30, "routing.Asset": 40, "core.Subject": 5}
    steps |= {"issues.IssueEvent": 50, "routing.Channel": 60, "geodata.Community": 70}
    now = Identities(
        steps=steps,
        shared={"accounts.Organisation": {1: 7}},
        held=dict.fromkeys(steps, range(1, 4)),
        asset_questions={(2, "lamp"), ("light", "lamp")},
    )
    asked = {"category": "light", "asset": 2, "answers": {"lamp": "3", "colour": "3"}}
    trace = {"ruleset": 1, "organisation": 1, "areas": [{"id": 1}], "matched": {"rule": 1, "asset": {"id": 1}},
             "lost": [{"rule": 2, "asset": None}], "nearest_other": None, **asked}  # fmt: skip
    assert INSIDE["routing.Decision"]["trace"](now, trace, {}) == {
        "ruleset": 21, "organisation": 7, "areas": [{"id": 31}], "matched": {"rule": 11, "asset": {"id": 41}},
        "lost": [{"rule": 12, "asset": None}], "nearest_other": None,
        "category": "light", "asset": 42, "answers": {"lamp": "43", "colour": "3"},
    }  # fmt: skip
    assert INSIDE["routing.Answer"]["became"](now, [1, 2, 9], {}) == [51, 52]
    of_a_report = INSIDE["issues.Issue"]["answers"]
    assert of_a_report(now, {"lamp": "1", "size": "1"}, {"category_id": 2}) == {"lamp": "41", "size": "1"}
    assert of_a_report(now, {"lamp": "none"}, {"category_id": 2}) == {"lamp": "none"}
    assert of_a_report(now, {"lamp": "9", "x": "y"}, {"category_id": 2}) == {"x": "y"}, "nobody else's"
    letter = Letter(subject="Яма", text="Яма", html="")
    written = channels._payload(letter, Organisation(pk=1), role="responsible", at=NOW)
    assert written["organisation"] == 1
    payload, of_it = INSIDE["core.OutboxMessage"]["payload"], {"channel": "email"}
    there = payload(now, written | {"channel_id": 1, "tried": [2, None, 9]}, of_it)
    assert there == written | {"organisation": 7, "channel_id": 61, "tried": [62]}
    unknown = payload(now, written | {"organisation": 5, "channel_id": 9}, of_it)
    assert unknown == {name: value for name, value in written.items() if name != "organisation"}
    photo = {"url": "https://example.org/1.jpg", "subject": 1, "community": 2}
    assert payload(now, photo, {"channel": "media_url"}) == photo | {"subject": 6, "community": 72}
    hook = {"name": "report.moved", "fact": {"event": 3}}
    assert payload(now, hook, {"channel": "hook"}) == hook | {"fact": {"event": 53}}


def test_an_interrupted_removal_goes_on_where_it_was(
    whole_town: Community, neighbours: Community, at: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    delete = removing._delete_files
    calls: list[object] = []

    def fails(kind: object, keys: list[object]) -> None:
        calls.append(kind)
        if len(calls) == 9:
            raise OSError("the storage is away")
        delete(kind, keys)  # type: ignore[arg-type]

    monkeypatch.setattr(removing, "_delete_files", fails)
    with pytest.raises(OSError, match="away"):
        remove_community(whole_town, at=at)
    assert Client().get("/yavoryn/").status_code == 410, "from the first moment on"
    assert Community.objects.filter(slug="yavoryn").exists()
    remove_community(whole_town, at=at)
    assert not any(rows_of(whole_town.pk).values())
    assert GoneCommunity.objects.get().people == []


def test_an_import_is_all_or_nothing(export: Path, whole_town: Community, at: datetime, storage: Path) -> None:
    with pytest.raises(MovingError, match="yavoryn"):
        import_community(export, at=at)
    with pytest.raises(MovingError, match=r"media\.Photo|core\.Token"):
        import_community(export, at=at, slug="another")
    assert Community.objects.count() == 2
    remove_community(whole_town, at=at)
    before = {path for path in storage.rglob("*") if path.is_file()}
    line = (export / "rows" / "issues.Issue.jsonl").read_text()
    (export / "rows" / "issues.Issue.jsonl").write_text(line.replace('"number": 1,', '"number": 9,'))
    with pytest.raises(MovingError, match=r"issues.Issue.jsonl"):
        import_community(export, at=at)
    with scopes_disabled():
        assert not Issue.objects.filter(community__slug="yavoryn").exists()
    assert {path for path in storage.rglob("*") if path.is_file()} == before


def test_the_export_is_for_other_programs_too(export: Path) -> None:
    reports = json.loads((export / "reports.geojson").read_text())
    assert [feature["properties"]["number"] for feature in reports["features"]] == [1, 2]
    assert len(json.loads((export / "areas.geojson").read_text())["features"]) == 2
    people = [json.loads(line) for line in (export / "rows" / "accounts.User.jsonl").read_text().splitlines()]
    assert not any(person["is_superuser"] for person in people)


def test_the_commands_ask_before_they_remove(
    whole_town: Community, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(CommandError, match="--without-export"):
        call_command("remove_community", "yavoryn")
    target = tmp_path / "yavoryn.tar"
    call_command("export_community", "yavoryn", str(target))
    with pytest.raises(CommandError):
        call_command("export_community", "yavoryn", str(target))
    old = {"not_older_than": -1, "export": target}
    with pytest.raises(CommandError):
        call_command("remove_community", "yavoryn", **old)
    with pytest.raises(CommandError):
        call_command("remove_community", "sosnivka", export=target)
    for name, value in (("missing", ["photos/lost.webp"]), ("site", "https://elsewhere.example")):
        other = tmp_path / name
        call_command("export_community", "yavoryn", str(other))
        sign(other, **{name: value})
        with pytest.raises(CommandError, match=r"lost\.webp|elsewhere"):
            call_command("remove_community", "yavoryn", export=other)
    rows = json.loads((other / "community.json").read_text())["rows"]
    sign(other, site=settings.SITE_URL, rows=rows | {"issues.Issue": 1})
    with pytest.raises(CommandError, match=r"issues\.Issue"):
        call_command("remove_community", "yavoryn", export=other)
    (other / "rows" / "issues.Issue.jsonl").write_text("{}\n")
    sign(other)
    with pytest.raises(CommandError, match=r"issues\.Issue:"):
        call_command("remove_community", "yavoryn", export=other)
    monkeypatch.setattr("builtins.input", lambda words: "Соснівка")
    with pytest.raises(CommandError):
        call_command("remove_community", "yavoryn", export=target)
    assert "issues.Issue: 2" in capsys.readouterr().out
    monkeypatch.setattr("builtins.input", lambda words: "Яворинська громада")
    call_command("remove_community", "yavoryn", export=target)
    assert not Community.objects.filter(slug="yavoryn").exists()
    call_command("import_community", str(target), "--slug", "yavoryn-2")
    assert Client().get("/yavoryn-2/issues/1/").status_code == 200
    assert Client().get("/yavoryn/").status_code == 410
    call_command("remove_community", "yavoryn-2", "--without-export", "--yes-remove", "Яворинська громада")
    assert Community.objects.count() == 1
