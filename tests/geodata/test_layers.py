"""Every layer answers the same questions in the same way."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import translation
from django_scopes import scope

from core.models import Visibility
from geodata.boxes import Box
from geodata.layers import COLUMNS, GROUPS, Filters, Layer, all_layers, layer_named, register
from geodata.lists import things
from geodata.marks import marks
from geodata.models import Area, Community, Division
from issues.states import State
from tests.conftest import NOW, City
from tests.geodata.conftest import PETITIONS, TODAY, pin, question
from tests.grid import Town
from works.actions import announce
from works.models import Work

LAYERS = [*all_layers(), PETITIONS]
Fill = Callable[[Layer, str], str]


@pytest.fixture(params=LAYERS, ids=lambda layer: layer.name)
def layer(request: pytest.FixtureRequest) -> Layer:
    """Each layer in turn."""
    found: Layer = request.param
    return found


@pytest.fixture
def fill(city: City, town: Town, squares: Division) -> Fill:
    """Puts one thing with that title on a layer."""
    Area.objects.filter(division=city.division).delete()

    def put(layer: Layer, title: str) -> str:
        if layer is PETITIONS:
            Area.objects.create(
                community=city.community,
                division=squares,
                code=title[:20],
                name=title,
                boundary=town.area("ABDC"),
                valid_from=date(2026, 1, 1),
            )
        elif layer.name == "works":
            soon = {"starts_at": NOW + timedelta(days=1), "geometry": town.area("ABDC")}
            announce(Work(community=city.community, name=title, **soon), is_shown=True, at=NOW)
        else:
            pin(city.community, town["p"], category=city.roads, title=title)
        return title

    return put


def test_registered_layers_are_among_those_asked() -> None:
    assert {"issues", "works"} <= {layer.name for layer in LAYERS}


def test_rows_have_the_fixed_columns_and_the_allowed_properties_only(layer: Layer, fill: Fill, city: City) -> None:
    fill(layer, "Видно")
    (row,) = layer.rows(city.community.pk, Filters(), today=TODAY)
    assert set(row) == {*COLUMNS, *layer.properties}
    assert row["state_group"] in GROUPS
    assert row["geometry"].srid == 4326


def test_list_shows_the_columns_but_not_the_geometry(layer: Layer, fill: Fill, city: City) -> None:
    fill(layer, "Видно")
    (row,) = things([layer], question(city.community)).rows
    assert set(row) == {"layer", *COLUMNS, *layer.properties} - {"geometry"}
    assert row["layer"] == layer.name


def test_mark_carries_only_what_is_allowed(layer: Layer, fill: Fill, city: City, town: Town) -> None:
    fill(layer, "Видно")
    (feature,) = json.loads(marks([layer], question(city.community, town)))["features"]
    fixed = {"layer", "id", "title", "state", "state_group", "icon", "url"}
    assert set(feature["properties"]) == fixed | set(layer.on_marks)
    assert feature["geometry"]["type"] == "Point"


def test_each_reading_is_one_query(layer: Layer, fill: Fill, city: City, town: Town) -> None:
    fill(layer, "Видно")
    for ask in (
        lambda: marks([layer], question(city.community, town)),
        lambda: marks([layer], replace(question(city.community, town), most=0)),
        lambda: things([layer], question(city.community, town)),
        lambda: things([layer], question(city.community)),
    ):
        with CaptureQueriesContext(connection) as queries:
            ask()
        assert len(queries) == 1


def test_another_communitys_things_never_appear(
    layer: Layer, fill: Fill, city: City, elsewhere: Community, town: Town
) -> None:
    fill(layer, "Видно")
    with scope(community=elsewhere):
        assert things([layer], question(elsewhere)).rows == []
        assert json.loads(marks([layer], question(elsewhere, town)))["total"] == 0


def test_unknown_category_finds_nothing(layer: Layer, fill: Fill, city: City) -> None:
    fill(layer, "Видно")
    assert things([layer], question(city.community, categories=("no-such",))).total == 0


def test_group_filter_keeps_that_family_only(layer: Layer, fill: Fill, city: City) -> None:
    fill(layer, "Чекає")
    for group, _name in layer.groups:
        rows = things([layer], question(city.community, groups=(group,))).rows
        assert {row["state_group"] for row in rows} <= {group}
    assert things([layer], question(city.community, groups=("wait",))).total == 1


def test_titles_pass_unchanged_whatever_they_hold(layer: Layer, fill: Fill, city: City, town: Town) -> None:
    title = fill(layer, "100 % «люк» <b>'%s'</b> \\ 🕳")
    (row,) = things([layer], question(city.community)).rows
    (feature,) = json.loads(marks([layer], question(city.community, town)))["features"]
    assert (row["title"], feature["properties"]["title"]) == (title, title)


def test_layers_stand_on_one_map_and_in_one_list(fill: Fill, city: City, town: Town) -> None:
    for layer in LAYERS:
        fill(layer, f"Видно {layer.name}")
    answer = json.loads(marks(LAYERS, question(city.community, town)))
    assert {feature["properties"]["layer"] for feature in answer["features"]} == {layer.name for layer in LAYERS}
    assert answer["total"] == len(LAYERS)
    assert {row["layer"] for row in things(LAYERS, question(city.community)).rows} == {layer.name for layer in LAYERS}


def test_categories_are_named_in_the_readers_language(city: City) -> None:
    with translation.override("uk"):
        assert {"Дороги", "Люки"} == {choice.name for choice in layer_named("issues").categories(city.community.pk)}
    with translation.override("en"):
        assert {"Roads", "Manholes"} == {choice.name for choice in layer_named("issues").categories(city.community.pk)}


def test_two_layers_cannot_share_a_name() -> None:
    with pytest.raises(ValueError, match="registered already"):
        register(Layer(name="issues", title="Інші", rows=PETITIONS.rows))


def test_mark_cannot_carry_what_is_not_allowed() -> None:
    with pytest.raises(ValueError, match="reporter_email"):
        Layer(name="leaky", title="", rows=PETITIONS.rows, on_marks={"mail": "reporter_email"})


def test_name_that_is_no_plain_word_is_refused() -> None:
    with pytest.raises(ValueError, match="plain word"):
        Layer(name="o'hara", title="", rows=PETITIONS.rows)


# What strangers may see of reports ---------------------------------------------------------------------------------


@pytest.mark.parametrize("visibility", [Visibility.HELD, Visibility.HIDDEN])
def test_held_and_hidden_reports_never_appear(city: City, town: Town, visibility: Visibility) -> None:
    pin(city.community, town["p"], category=city.roads, visibility=visibility)
    issues = [layer_named("issues")]
    assert json.loads(marks(issues, question(city.community, town)))["total"] == 0
    assert things(issues, question(city.community)).total == 0


def test_coarse_report_appears_only_blurred(city: City, town: Town) -> None:
    report = pin(city.community, town["p"], category=city.roads, visibility=Visibility.COARSE)
    wide = question(city.community, None)
    around = replace(wide, box=Box(28.4, 49.1, 28.6, 49.3))
    (feature,) = json.loads(marks([layer_named("issues")], around))["features"]
    longitude, latitude = feature["geometry"]["coordinates"]
    assert (longitude, latitude) == pytest.approx((28.465, 49.225))
    assert (longitude, latitude) != pytest.approx(report.location.coords)


def test_coarse_report_is_found_where_it_is_shown_and_not_where_it_is(city: City, town: Town) -> None:
    place = pin(city.community, town["p"], category=city.roads, visibility=Visibility.COARSE).location
    issues = [layer_named("issues")]
    at_truth = Box(place.x - 0.0005, place.y - 0.0005, place.x + 0.0005, place.y + 0.0005)
    at_blur = Box(28.4645, 49.2245, 28.4655, 49.2255)
    for box, total in ((at_truth, 0), (at_blur, 1)):
        asked = replace(question(city.community), box=box)
        assert json.loads(marks(issues, asked))["total"] == total
        assert things(issues, asked).total == total


def test_report_is_late_from_the_day_after_its_promise(city: City, town: Town) -> None:
    pin(city.community, town["p"], category=city.roads, due_on=TODAY, title="сьогодні")
    pin(city.community, town["p"], category=city.roads, due_on=date(2026, 11, 18), title="учора")
    pin(city.community, town["p"], category=city.roads, due_on=date(2026, 11, 18), state=State.DONE, title="виконано")
    rows = things([layer_named("issues")], question(city.community)).rows
    assert {row["title"] for row in rows if row["is_late"]} == {"учора"}
