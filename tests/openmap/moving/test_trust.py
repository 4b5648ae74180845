"""An export may have been written by anybody, or broken on the way: nothing of it reaches past its own community."""

import json
import shutil
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connection
from django.utils.translation import override
from django_scopes import scope

from accounts.models import Membership, Organisation, User
from geodata.models import Community
from issues.models import Issue
from media.models import Photo
from openmap.backup.sums import digest_of
from openmap.moving.belongings import Kind
from openmap.moving.bundle import MovingError
from openmap.moving.exporting import export_community
from openmap.moving.identities import MARGIN, make_room
from openmap.moving.importing import import_community
from openmap.moving.removing import remove_community
from tests.openmap.moving.conftest import rows_of, sign

pytestmark = pytest.mark.django_db(transaction=True)
Row = dict[str, Any]


def rewrite(folder: Path, label: str, change: Callable[[Row], object]) -> None:
    """Changes every row of a kind, and the checksums with them."""
    path = folder / "rows" / f"{label}.jsonl"
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    for row in rows:
        change(row)
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    sign(folder)


@pytest.fixture
def export(whole_town: Community, tmp_path: Path, at: datetime) -> Path:
    """Of Яворин, which is gone since."""
    target = tmp_path / "export" / "yavoryn"
    export_community(whole_town, target, at=at)
    remove_community(whole_town, at=at)
    return target


def test_an_export_that_reaches_past_its_community_is_refused(
    export: Path, neighbours: Community, tmp_path: Path, storage: Path, at: datetime
) -> None:
    with scope(community=neighbours):
        theirs = Photo.objects.get().original
    before = rows_of(neighbours.pk)

    def put(**columns: object) -> Callable[[Row], object]:
        return lambda row: row.update(columns)

    bad: list[tuple[str, str, Callable[[Row], object] | None]] = [
        ("geodata.Community", "issues.Issue", put(community_id=neighbours.pk)),
        ("names a row of", "issues.IssueEvent", put(issue_id=10**9)),
        ("keys that cannot be", "issues.Issue", put(id=2**62)),
        ("keys that cannot be", "geodata.Community", put(id=True)),
        ("address", "geodata.Community", put(slug="../../etc")),
        ("not in the export", "media.Photo", put(large=theirs)),
        ("KeyError", "issues.Issue", lambda row: row.pop("number")),
        ("writes it", "issues.Issue", put(number="many")),
        ("StopIteration", "geodata.Community", None),
    ]
    for words, label, change in bad:
        copy = tmp_path / "copy"
        shutil.copytree(export, copy)
        if change is None:
            (copy / "rows" / f"{label}.jsonl").write_text("")
            sign(copy)
        else:
            rewrite(copy, label, change)
        with override("en"), pytest.raises(MovingError, match=words):
            import_community(copy, at=at)
        shutil.rmtree(copy)
    (export / "files" / "outside").symlink_to(tmp_path)
    (tmp_path / "secret").write_text("of the machine")
    sums = export / "SHA256SUMS"
    for name in ("files/../../secret", "files/outside/secret", "/etc/hostname"):
        kept = sums.read_text()
        sums.write_text(f"{kept}{digest_of(tmp_path / 'secret')}  {name}\n")
        facts = json.loads((export / "community.json").read_text()) | {"sums": digest_of(sums)}
        (export / "community.json").write_text(json.dumps(facts))
        (export / "community.sha256").write_text(f"{digest_of(export / 'community.json')}  community.json\n")
        with pytest.raises(MovingError, match="SHA256SUMS"):
            import_community(export, at=at)
        sums.write_text(kept)
    (export / "community.json").write_text("[1")
    (export / "community.sha256").write_text(f"{digest_of(export / 'community.json')}  community.json\n")
    with pytest.raises(MovingError, match=r"community\.json"):
        import_community(export, at=at)
    for slug in ("..", "../sosnivka", "/srv"):
        with pytest.raises(MovingError, match=slug):
            remove_community(Community(slug=slug, name="Соснівка"), at=at)
    assert rows_of(neighbours.pk) == before
    assert Community.objects.count() == 1


def test_nobody_becomes_an_operator_and_a_broken_import_is_repeated(
    export: Path, neighbours: Community, storage: Path, at: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    rewrite(export, "accounts.User", lambda row: row.update(is_superuser=True, is_staff=True, password="!known"))
    columns = json.loads((export / "community.json").read_text())["columns"]
    assert {"accounts.User", "accounts.Organisation", "geodata.Community"} <= columns.keys()
    for label, name in (("accounts.User", "last_login"), ("issues.Issue", "duplicate_of_id")):  # of a later version
        rewrite(export, label, lambda row, name=name: row.pop(name))  # type: ignore[misc]
        columns[label].remove(name)
    sign(export, columns=columns)
    original = next(path for path in (export / "files").rglob("*") if path.is_file())
    name = original.relative_to(export / "files").as_posix()
    default_storage.save(name, ContentFile(original.read_bytes()[:100]))  # an import was killed while it wrote this
    basemap = export / "basemap" / "yavoryn" / "0123456789abcdef.pmtiles"
    basemap.parent.mkdir(parents=True)
    basemap.write_bytes(b"PMTiles, more or less")
    sign(export)

    def full_disk(*_files: object) -> None:
        raise OSError("no room")

    monkeypatch.setattr(shutil, "copyfile", full_disk)
    said: list[str] = []
    back = import_community(export, at=at, say=said.append)
    assert "no room" in said[0]
    assert (storage / name).read_bytes() == original.read_bytes()
    assert not User.objects.filter(is_superuser=True, email__endswith="example.org").exists()
    with scope(community=back):
        staff = set(Membership.objects.values_list("user_id", flat=True))
        assert not User.objects.filter(is_staff=True, issue__in=Issue.objects.all()).exclude(pk__in=staff).exists()
        mine = Photo.objects.get(state="clean")
    with scope(community=neighbours):
        Photo.objects.update(original=mine.large)  # by another's mistake
    remove_community(back, at=at)
    assert default_storage.exists(mine.large), "another row names it"


def test_numbers_are_drawn_ahead_of_living_writers(neighbours: Community) -> None:
    """The sequence never goes back, and what others draw at this moment is never among the numbers that are ours."""
    kind = Kind(Organisation)

    def next_number() -> int:
        with connection.cursor() as cursor:
            cursor.execute("SELECT nextval(pg_get_serial_sequence('accounts_organisation', 'id'))")
            return int(cursor.fetchone()[0])

    taken = Organisation.objects.earliest("pk").pk
    before = next_number()
    step = make_room(kind, taken, taken + 9)
    assert taken + step > before + MARGIN
    assert next_number() > taken + 9 + step
    assert make_room(kind, before + 5000, before + 5009) == 0
    assert next_number() > before + 5009
    assert make_room(kind, before + 10, before + 20) == 0
    assert next_number() > before + 5009
