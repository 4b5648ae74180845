"""Every file holds the declared columns and nothing else; what strangers may not see is in none of them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import shapely

from core.models import Visibility
from geodata.replica import from_replica
from issues.blur import blurred
from issues.models import Issue
from stats.opendata.csv_files import headings
from stats.opendata.formats import Chunks, format_named
from stats.opendata.licence import terms_of
from stats.opendata.reading import Print, StrangeColumnsError, prints, read_part, rows_by_sql
from stats.opendata.tables import Dataset, all_datasets, dataset_named
from stats.opendata.taken_back import is_taken_back
from tests.conftest import NOW, City
from tests.stats.opendata.conftest import send, show_as
from tests.stats.opendata.files import GEOMETRY, read_back

# Written out here once more: a column that somebody adds must be added knowingly.
ALLOWED = {
    "reports": "number url category category_name state state_group organisation organisation_edrpou reported_at "
    "promised opened accepted answered closed confirmed reopened rejected ended kept late answer_seconds fix_seconds "
    "supporters address place_is_blurred areas area_ids",
    "areas": "id division division_name code name valid_from valid_to",
    "counts": "place area_id division area area_name organisation organisation_edrpou category category_name month "
    "opened accepted closed confirmed reopened rejected ended kept late supporters",
    "appeals": "uid receivedDateTime type kind content accrualMethod CATUTTC addressPostCode addressAdminUnitL1 "
    "addressAdminUnitL2 addressAdminUnitL3 addressAdminUnitL4 addressPostName addressThoroughfare "
    "addressLocatorDesignator addressLocatorBuilding status organizationName organizationId result",
}
FILES = [(dataset, name) for dataset in all_datasets() for name in dataset.formats]
OF_POINTS = [name for name in dataset_named("reports").formats]  # type: ignore[union-attr]  # noqa: C416


def chunks_of(dataset: Dataset, city: City) -> Iterator[Any]:
    for part in prints(dataset, city.community):
        yield from read_part(dataset, city.community, part, Print())


def written(dataset: Dataset, name: str, city: City, folder: Path, chunks: Chunks | None = None) -> Path:
    path = folder / f"{dataset.name}.{name}"
    rows = chunks_of(dataset, city) if chunks is None else chunks
    format_named(name).write(path, dataset, rows, terms_of(dataset, city.community))
    return path


def named(name: str) -> Dataset:
    found = dataset_named(name)
    assert found
    return found


@pytest.mark.parametrize(("dataset", "name"), FILES, ids=lambda one: getattr(one, "name", one))
def test_a_file_has_the_allowed_columns_in_their_order_and_no_others(
    published: dict[str, Issue], city: City, tmp_path: Path, dataset: Dataset, name: str
) -> None:
    columns, rows = read_back(written(dataset, name, city, tmp_path))
    allowed = ALLOWED[dataset.name].split()
    if name == "csv":
        allowed += ["longitude", "latitude"] if dataset.shape == "Point" else []
        assert list(headings(dataset)) == allowed
    elif dataset.shape:
        allowed.append(GEOMETRY)
    assert columns == allowed
    assert rows


def test_every_dataset_has_an_allow_list() -> None:
    assert {dataset.name for dataset in all_datasets()} == set(ALLOWED)


@pytest.mark.parametrize("name", OF_POINTS)
def test_reports_that_strangers_do_not_see_are_absent_and_blurred_places_are_blurred(
    published: dict[str, Issue], city: City, tmp_path: Path, name: str
) -> None:
    _columns, rows = read_back(written(named("reports"), name, city, tmp_path))
    by_number = {int(row["number"]): row for row in rows}
    assert set(by_number) == {published[one].number for one in ("open", "old", "blurred", "secret")}
    for one in ("blurred", "secret"):
        issue = published[one]
        row = by_number[issue.number]
        place = blurred(issue.location.x, issue.location.y)
        assert (row[GEOMETRY].x, row[GEOMETRY].y) == pytest.approx(place, abs=1e-9)
        assert not row["address"]
        assert int(row["place_is_blurred"]) == 1
        assert not row["areas"]
    exact = by_number[published["open"].number]
    assert (exact[GEOMETRY].x, exact[GEOMETRY].y) == pytest.approx(published["open"].location.coords, abs=1e-7)
    assert (exact["address"], exact["areas"]) == ("вул. Соборна, 12", "districts/north")


@pytest.mark.parametrize(("dataset", "name"), FILES, ids=lambda one: getattr(one, "name", one))
def test_no_file_tells_a_name_an_e_mail_a_hidden_word_or_a_blurred_address(
    published: dict[str, Issue], city: City, tmp_path: Path, dataset: Dataset, name: str
) -> None:
    _columns, rows = read_back(written(dataset, name, city, tmp_path))
    everything = " ".join(str(value) for row in rows for value in row.values())
    for secret in ("Шевченко", "olia@", "Приховане", "Затримане", "Таємн"):
        assert secret not in everything


def test_a_report_that_was_hidden_after_it_was_counted_is_absent_at_once(
    published: dict[str, Issue], city: City
) -> None:
    show_as(published["open"], Visibility.HIDDEN)
    numbers = [row[0] for rows in chunks_of(named("reports"), city) for row in rows]
    assert published["open"].number not in numbers
    assert str(published["open"].number) not in [row[0] for rows in chunks_of(named("appeals"), city) for row in rows]


def test_a_report_that_was_blurred_after_it_was_counted_tells_no_exact_area(
    published: dict[str, Issue], city: City
) -> None:
    show_as(published["open"], Visibility.COARSE)
    reports = named("reports")
    (row,) = [row for rows in chunks_of(reports, city) for row in rows if row[0] == published["open"].number]
    told = dict(zip((*reports.names, GEOMETRY), row, strict=True))
    assert (told["areas"], told["area_ids"], told["address"]) == (None, None, None)
    place = shapely.from_wkb(told[GEOMETRY])
    assert (place.x, place.y) == pytest.approx(blurred(*published["open"].location.coords), abs=1e-9)


def test_a_csv_cell_is_never_a_formula(city: City, tmp_path: Path, published: dict[str, Issue]) -> None:
    rows = [list(row) for rows in chunks_of(named("reports"), city) for row in rows]
    rows[0][3], rows[0][23] = "=1+1", "@дім"
    path = written(named("reports"), "csv", city, tmp_path, chunks=[[tuple(row) for row in rows]])
    _columns, told = read_back(path)
    assert (told[0]["category_name"], told[0]["address"]) == ("'=1+1", "'@дім")


@pytest.mark.parametrize("name", ["geojson", "gpkg", "parquet", "csv"])
def test_a_community_without_reports_has_empty_files(city: City, tmp_path: Path, name: str) -> None:
    path = written(named("reports"), name, city, tmp_path)
    assert path.stat().st_size > 0


def test_areas_go_round_as_rfc_7946_wants_them(city: City, tmp_path: Path) -> None:
    _columns, rows = read_back(written(named("areas"), "geojson", city, tmp_path))
    assert {row["code"] for row in rows} == {"north", "south"}
    for row in rows:
        assert all(part.exterior.is_ccw for part in row[GEOMETRY].geoms)


def test_files_name_licence_and_source(published: dict[str, Issue], city: City, tmp_path: Path) -> None:
    import json

    import pyarrow.parquet as pq
    import pyogrio

    reports = named("reports")
    geojson = json.loads(written(reports, "geojson", city, tmp_path).read_text())["metadata"]
    package = pyogrio.read_info(written(reports, "gpkg", city, tmp_path))["dataset_metadata"]
    parquet = pq.read_schema(written(reports, "parquet", city, tmp_path)).metadata
    for found in (geojson, package, {key.decode(): value.decode() for key, value in parquet.items()}):
        assert found["license"] == "https://creativecommons.org/licenses/by/4.0/"
        assert found["attribution"].startswith("Яворинська громада")
    geo = json.loads(parquet[b"geo"])
    assert (geo["version"], geo["columns"]["geometry"]["geometry_types"]) == ("1.1.0", ["Point"])


def test_a_column_that_is_not_declared_stops_everything(city: City, published: dict[str, Issue]) -> None:
    from dataclasses import replace

    leaking = replace(named("reports"), selected=named("reports").selected + ", i.reporter_name")
    with pytest.raises(StrangeColumnsError):
        list(read_part(leaking, city.community, "2026-11", Print()))
    with pytest.raises(StrangeColumnsError):
        rows_by_sql(leaking, city.community, "", {})


def test_a_print_is_that_of_the_rows_that_were_read(published: dict[str, Issue], city: City) -> None:
    for dataset in all_datasets():
        for part, told in prints(dataset, city.community).items():
            read = Print()
            assert sum(len(rows) for rows in read_part(dataset, city.community, part, read)) == read.rows
            assert read.text(dataset) == told


def test_another_community_publishes_only_its_own(published: dict[str, Issue], city: City, elsewhere: Any) -> None:
    for dataset in all_datasets():
        assert all(told.split(":")[1] == "0" for told in prints(dataset, elsewhere).values())


def test_a_report_in_a_new_month_makes_a_new_part_and_leaves_the_others(
    published: dict[str, Issue], city: City, town: Any
) -> None:
    from datetime import timedelta

    from stats.filling import fill_all
    from tests.conftest import NOW

    before = prints(named("reports"), city.community)
    send(city, town["p"], at=NOW + timedelta(days=30))
    fill_all(at=NOW + timedelta(days=30))
    after = prints(named("reports"), city.community)
    assert set(after) - set(before) == {"2026-12"}
    assert after["2026-09"] == before["2026-09"]


def test_whether_something_was_taken_back_is_asked_of_the_primary(city: City) -> None:
    """Within a stranger's request: there is no replica here, so asking it would break."""
    with from_replica():
        assert not is_taken_back(city.community, NOW)
