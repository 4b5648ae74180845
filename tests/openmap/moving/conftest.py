"""Two communities with everything in them; the first one goes."""

import json
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from django.db import connection
from django_scopes import scope, scopes_disabled

from accounts.models import Membership, Organisation, User
from geodata.cells import fold_all
from geodata.models import Community
from issues.actions import NewReport, report_issue
from issues.models import Issue
from media.actions import clean_waiting, keep_draft
from openmap.backup.sums import digest_of, write_sums
from openmap.moving.belongings import kinds
from routing.models import Category, Channel, CommunityRouting
from stats.filling import fill_all
from tests import photos
from tests.accounts.conftest import full
from tests.conftest import NOW, City, hole
from tests.openmap.backup.conftest import storage
from tests.people import member

__all__ = ["full", "storage"]
Rows = dict[str, list[str]]


def rows_of(community: int) -> Rows:
    """Every row of a community, as text."""
    found: Rows = {}
    for kind in kinds():
        with connection.cursor() as cursor:
            cursor.execute(f'SELECT t::text FROM "{kind.table}" t WHERE {kind.where} ORDER BY 1', [community])
            found[kind.label] = [row for (row,) in cursor.fetchall()]
    for table in ("geodata_cell", "geodata_cell_month", "stats_case", "stats_day", "stats_month", "stats_cell"):
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT t::text FROM {table} t WHERE community = %s ORDER BY 1", [community])
            found[table] = [row for (row,) in cursor.fetchall()]
    return found


def count() -> None:
    """What waits is counted."""
    fold_all()
    fill_all(at=NOW)


def sign(folder: Path, **more: object) -> None:
    """Makes the checksums fit what is there now; `more`: facts that are told otherwise."""
    beside = {"community.json", "community.sha256", "SHA256SUMS"}
    found = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    write_sums(folder / "SHA256SUMS", {name: digest_of(path) for name, path in found.items() if name not in beside})
    facts = json.loads((folder / "community.json").read_text()) | more | {"sums": digest_of(folder / "SHA256SUMS")}
    (folder / "community.json").write_text(json.dumps(facts))
    (folder / "community.sha256").write_text(f"{digest_of(folder / 'community.json')}  community.json\n")


@pytest.fixture
def neighbours(db: None, elsewhere: Community, lesia: User) -> Community:
    """Соснівка has an organisation of its own, a report with a photo, and somebody who works in Яворин too."""
    with scope(community=elsewhere):
        office = Organisation.objects.create(name="Соснівська рада")
        Channel.objects.create(community=elsewhere, organisation=office, address="rada@example.org")
        CommunityRouting.objects.create(community=elsewhere, fallback=office)
        kind = Category.objects.create(community=elsewhere, code="roads", name="Дороги", icon="road", working_days=5)
        shot = keep_draft(community=elsewhere, file=photos.upload(photos.jpeg()), name="міст.jpg", at=NOW)
        new = NewReport(category=kind, point=elsewhere.centre, text="Міст", email="ivan@example.org", photos=[shot])
        report_issue(new=new, community=elsewhere, at=NOW)
    return elsewhere


@pytest.fixture
def whole_town(storage: Path, neighbours: Community, full: Community, city: City, issue: Issue) -> Community:
    """Яворин with a row of everything, two people who are staff, one of them in Соснівка as well."""
    shot = keep_draft(community=full, file=photos.upload(photos.jpeg()), name="яма.jpg", at=NOW)
    with scope(community=full):
        twin = report_issue(
            new=hole(city, issue.location, photos=[shot]), community=full, at=NOW + timedelta(minutes=5)
        )
        Issue.objects.filter(pk=twin.pk).update(duplicate_of=issue)
    clean_waiting(at=NOW)
    with scopes_disabled():
        both = member("both", full, Membership.Role.MODERATOR)
        Membership.objects.create(community=neighbours, user=both, role=Membership.Role.MODERATOR)
    count()
    return full


@pytest.fixture
def at() -> datetime:
    """A day later."""
    return NOW + timedelta(days=1)
