"""Works in Яворин: the water main of Заріччя is mended."""

from datetime import datetime, timedelta
from typing import Protocol

import pytest
from django.contrib.gis.geos import GEOSGeometry

from routing.models import Category
from tests.conftest import City
from tests.grid import Town
from works.actions import announce
from works.models import Work


class MakeWork(Protocol):
    """Announces works in Заріччя that began yesterday and end in two weeks, unless told otherwise."""

    def __call__(
        self, geometry: GEOSGeometry | None = None, *, concerns: tuple[Category, ...] = (), **facts: object
    ) -> Work: ...


@pytest.fixture
def make_work(city: City, town: Town, now: datetime) -> MakeWork:
    def make(
        geometry: GEOSGeometry | None = None,
        *,
        concerns: tuple[Category, ...] = (),
        is_shown: bool = True,
        **facts: object,
    ) -> Work:
        given: dict[str, object] = {
            "name": "Ремонт водогону",
            "name_en": "Repair of the water main",
            "text": "Міняємо трубу. Вода буде ввечері.",
            "organisation": city.vodokanal,
            "starts_at": now - timedelta(days=1),
            "ends_at": now + timedelta(days=14),
            "geometry": geometry or town.area("ABDC"),
        }
        work = announce(Work(community=city.community, **(given | facts)), is_shown=is_shown, at=now)
        work.categories.set(concerns)
        return work

    return make  # type: ignore[return-value]


@pytest.fixture
def works(make_work: MakeWork) -> Work:
    """The ones that everybody sees."""
    return make_work()
