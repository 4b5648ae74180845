"""The administration pages of Яворин, with something on each of them."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.gis.geos import GEOSGeometry
from django.db.models import Model
from django.urls import reverse
from django_scopes import scopes_disabled

from accounts.api_keys import make_key
from accounts.models import ApiClient, ApiKey, Organisation, User
from core.incoming_models import IncomingLetter
from core.jobs import enqueue_job
from core.models import CalendarDay, SendingLimit
from geodata.address_import import import_addresses
from geodata.address_rows import AddressRow
from geodata.models import CellCheck, Community, MapShape, Unit
from issues.models import Issue
from media.models import Photo
from notifications.hooks import Wanted, create
from routing.answers import Incoming, receive
from routing.models import Asset, Channel, Delivery, Register, RemoteRequest
from routing.usual_dangers import found_dangers
from stats.models import Population
from works.actions import announce
from works.models import Work


def address(model: type[Model], page: str, *args: object) -> str:
    """Of an administration page: changelist, add, change, delete or history."""
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


def label(model: type[Model]) -> str:
    """For the name of a test."""
    return model._meta.label


def row_of(model: type[Model], community: Community) -> Any:
    """Яворин's own row of this model."""
    if model is Community:
        return community
    rows = model._default_manager.all()
    if "community" in {field.name for field in model._meta.fields}:
        rows = rows.filter(community=community)
    found = rows.first()
    assert found is not None, f"{label(model)} has no row: this test would prove nothing"
    return found


def _at_another_server(issue: Issue, now: datetime) -> None:
    """Яворинавтодор has a system of its own, where the report is."""
    delivery = Delivery.objects.get()
    there = Channel.objects.create(
        community=issue.community,
        organisation=delivery.organisation,
        kind="open311",
        address="https://example.org/v2",
        position=9,
    )
    RemoteRequest.objects.create(
        community=issue.community,
        channel=there,
        subject=issue.subject,
        delivery=delivery,
        key=uuid4(),
        remote_id="R1",
        sent_at=now,
        due_at=now,
    )


@pytest.fixture
def full(issue: Issue, marta: User, taras: User, now: datetime) -> Iterator[Community]:
    """Яворин with at least one row of every model; scopes are off as in the administration pages."""
    community = issue.community
    CalendarDay.objects.create(community=community, day=now.date(), is_working=False, reason="День міста")
    place = GEOSGeometry("POLYGON((28.46 49.22,28.47 49.22,28.47 49.23,28.46 49.22))", srid=4326)
    MapShape.objects.create(community=community, kind="park", name="Парк Яворина", geometry=place)
    Photo.objects.create(community=community, name="яма.jpg", original="originals/x", uploaded_at=now)
    register = Register.objects.create(community=community, code="parks", name="Парки")
    Asset.objects.create(community=community, register=register, key="1", geometry=place, valid_from=now.date())
    found_dangers([community])
    work = Work(community=community, name="Ремонт водогону", geometry=place, starts_at=now)
    announce(work, is_shown=True, at=now)
    enqueue_job(community=community, kind="test.count", at=now)
    import_addresses(community, [AddressRow(1, "a", "вул. Соборна", "12", "", (), (28.465, 49.225))])
    CellCheck.objects.create(community=community, layer="issues", at=now, squares=12, wrong=0)
    Population.objects.create(community=community, year=2025, people=12_000)
    receive(delivery=Delivery.objects.get(), via="webhook", incoming=Incoming("1", "reply", "", now), at=now)
    client = ApiClient.objects.create(community=community, organisation=Organisation.objects.earliest("pk"))
    create(client=client, wanted=Wanted(url="https://example.org/hook"), at=now)
    make_key(client=client, name="Диспетчерська Яворина", scopes=[ApiKey.Scope.REPORTS], by=None, at=now)
    SendingLimit.objects.create(channel="email", most=100, window=60)
    IncomingLetter.objects.create(
        community=community,
        subject=issue.subject,
        digest=b"x" * 32,
        address="r",
        raw=b"Subject: x\n\nxyz",
        size=15,
        received_at=now,
        due_at=now,
    )
    _at_another_server(issue, now)
    Unit.objects.create(code="UA05000000000010236", category="O", name="Вінницька")
    with scopes_disabled():
        yield community
