"""History from GeoJSON, GeoPackage and tables of every kind: what is read, what is told, what is left out."""

import csv
import json
import sqlite3
from collections import Counter
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio.raw
import pyproj
import pytest
import shapely
from django.core.management import CommandError, call_command
from django.utils.translation import override

from accounts.models import Organisation
from issues.import_suggest import _state_said
from issues.import_words import lines_of
from issues.importing import Summary
from issues.models import Issue, IssueEvent
from issues.states import State
from routing.explain import why
from routing.models import Category, Decision
from tests.conftest import City
from tests.grid import Town

COLUMNS = ["id=number", "category=kind", "opened=opened"]
OPENED = "2026-10-01T09:00:00"
Say = dict[str, Any]


def said_by(file: Path, **options: Any) -> str:
    """What the command said."""
    said = StringIO()
    with override("en"):
        call_command("import_issues", "yavoryn", str(file), stdout=said, **({"column": COLUMNS} | options))
    return said.getvalue()


def feature(place: Any, **properties: Any) -> Say:
    shape = place if isinstance(place, dict) or place is None else {"type": "Point", "coordinates": list(place)}
    return {
        "type": "Feature",
        "properties": {"number": "A-1", "kind": "roads", "opened": OPENED} | properties,
        "geometry": shape,
    }


def geojson(folder: Path, *features: Say, **more: Any) -> Path:
    file = folder / "old.geojson"
    collection = {"type": "FeatureCollection", **more, "features": list(features)}
    file.write_text(json.dumps(collection, ensure_ascii=False), encoding="utf-8")
    return file


def geopackage(
    folder: Path, places: list[tuple[float, float]], *, crs: str | None = "EPSG:4326", layer: str = "old"
) -> Path:
    file = folder / "old.gpkg"
    columns = {
        "number": [f"A-{index}" for index in range(1, len(places) + 1)],
        "kind": ["roads"] * len(places),
        "opened": [OPENED] * len(places),
        "note": ["Яма"] * len(places),
    }
    pyogrio.raw.write(
        file, geometry=shapely.to_wkb(shapely.points(places)), fields=list(columns), geometry_type="Point", crs=crs,
        field_data=[np.array(values, dtype=object) for values in columns.values()], layer=layer, append=file.exists(),
    )  # fmt: skip
    return file


def table(folder: Path, *rows: Say, encoding: str = "utf-8", delimiter: str = ",") -> Path:
    file = folder / "old.csv"
    lines = [delimiter.join(rows[0]), *(delimiter.join(str(value) for value in row.values()) for row in rows)]
    file.write_bytes("\r\n".join(lines).encode(encoding))
    return file


def row(place: tuple[float, float], **changes: Any) -> Say:
    return {"number": "A-1", "kind": "roads", "opened": OPENED, "lon": place[0], "lat": place[1]} | changes


PLACED = [*COLUMNS, "lon=lon", "lat=lat"]


def test_geojson_comes_in_with_its_places(tmp_path: Path, city: City, town: Town) -> None:
    file = geojson(tmp_path, feature(town.places["p"], number=17, kind="Дороги", note="x"), feature(None, number=18))
    rejects = tmp_path / "rejects.geojson"
    assert "Brought in: 1" in said_by(file, rejects=rejects)
    issue = Issue.objects.get()
    assert (issue.external_id, issue.category) == ("17", city.roads)
    assert (issue.location.x, issue.location.y) == pytest.approx(town.places["p"])
    (left_out,) = json.loads(rejects.read_text())["features"]
    assert left_out["properties"]["import_reason"] == "It has no place, or one that is not a point"


def test_rejected_features_can_be_mended_and_imported_again(tmp_path: Path, city: City, town: Town) -> None:
    bad, rejects = feature(town.places["p"], number="A-2", kind="volcano"), tmp_path / "rejects.geojson"
    said_by(geojson(tmp_path, feature(town.places["p"]), bad), rejects=rejects)
    rejects.write_text(rejects.read_text().replace('"kind": "volcano"', '"kind": "roads"'))
    assert "Brought in: 1" in said_by(rejects)
    assert Issue.objects.count() == 2


def test_feature_is_known_by_its_own_id_too(tmp_path: Path, city: City, town: Town) -> None:
    file = geojson(tmp_path, feature(town.places["p"]) | {"id": 5}, feature(town.places["q"]) | {"id": 6})
    said_by(file, column=["id=@id", *COLUMNS[1:]])
    assert set(Issue.objects.values_list("external_id", flat=True)) == {"5", "6"}


def test_declared_reference_system_is_understood(tmp_path: Path, city: City, town: Town) -> None:
    x, y = pyproj.Transformer.from_crs("EPSG:4326", "EPSG:32635", always_xy=True).transform(*town.places["p"])
    crs = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::32635"}}
    bad = feature((x, y), number="A-2", kind="volcano")
    rejects = tmp_path / "rejects.geojson"
    said_by(geojson(tmp_path, feature((x, y)), bad, crs=crs), rejects=rejects)
    assert Issue.objects.get().location.coords == pytest.approx(town.places["p"])
    (left_out,) = json.loads(rejects.read_text())["features"]
    assert left_out["geometry"]["coordinates"] == pytest.approx(town.places["p"]), "a GeoJSON is in degrees"


def test_named_reference_system_is_that_of_a_table(tmp_path: Path, city: City, town: Town) -> None:
    x, y = pyproj.Transformer.from_crs("EPSG:4326", "EPSG:32635", always_xy=True).transform(*town.places["p"])
    said_by(table(tmp_path, row((x, y))), column=PLACED, crs="EPSG:32635")
    assert Issue.objects.get().location.coords == pytest.approx(town.places["p"])


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ('{"type": "FeatureCollection", "features": [{"type": "Feature"', "breaks off"),
        ('{"type": "FeatureCollection", "features": {}}', "not a list"),
        ('{"type": "Topology"}', "not a type of GeoJSON"),
        ('{"type": "FeatureCollection", "features": []}', "no features"),
        ('[{"type": "Feature"}]', "does not hold a GeoJSON object"),
        ('{"type": "FeatureCollection", "features": [{"a": 1}, nonsense ]}', "damaged behind row"),
        ("PK\x03\x04", "unpack it"),
        ("  ", "nothing in the file"),
    ],
)
def test_file_that_is_no_use_is_refused_in_words(tmp_path: Path, city: City, text: str, complaint: str) -> None:
    file = tmp_path / "old.geojson"
    file.write_text(text)
    with pytest.raises(CommandError, match=complaint):
        said_by(file)
    assert Issue.objects.count() == 0


def test_geopackage_comes_in_from_its_own_reference_system(tmp_path: Path, city: City, town: Town) -> None:
    x, y = pyproj.Transformer.from_crs("EPSG:4326", "EPSG:32635", always_xy=True).transform(*town.places["p"])
    file = geopackage(tmp_path, [(x, y), (x, y)], crs="EPSG:32635")
    assert "Brought in: 2" in said_by(file, column=[*COLUMNS, "text=note"])
    issue = Issue.objects.order_by("number")[0]
    assert (issue.external_id, issue.text) == ("A-1", "Яма")
    assert issue.location.coords == pytest.approx(town.places["p"])
    assert "Here already: 2" in said_by(file)


def test_geopackage_is_read_piece_by_piece(
    tmp_path: Path, city: City, town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("geodata.reading_vector.PIECE", 4)
    said_by(geopackage(tmp_path, [town.places["p"]] * 8))
    assert Issue.objects.count() == 8


def test_layer_of_a_geopackage_is_named(tmp_path: Path, city: City, town: Town) -> None:
    geopackage(tmp_path, [town.places["p"]])
    file = geopackage(tmp_path, [town.places["p"], town.places["q"]], layer="new")
    with pytest.raises(CommandError, match="choose one"):
        said_by(file)
    assert "Brought in: 2" in said_by(file, layer="new")


def test_geopackage_that_is_a_program_is_refused(tmp_path: Path, city: City, town: Town) -> None:
    file = geopackage(tmp_path, [town.places["p"]])
    with sqlite3.connect(file) as opened:
        opened.execute("CREATE VIRTUAL TABLE trap USING fts4(words)")
    opened.close()
    with pytest.raises(CommandError, match="virtual table"):
        said_by(file)


def test_geopackage_that_was_cut_off_is_refused(tmp_path: Path, city: City, town: Town) -> None:
    file = geopackage(tmp_path, [town.places["p"]])
    file.write_bytes(file.read_bytes()[:20_000])
    with pytest.raises(CommandError, match="breaks off"):
        said_by(file)


@pytest.mark.parametrize(("encoding", "delimiter"), [("windows-1251", ";"), ("utf-16", "\t"), ("utf-8-sig", "|")])
def test_table_is_read_as_it_is_written(tmp_path: Path, city: City, town: Town, encoding: str, delimiter: str) -> None:
    file = table(tmp_path, row(town.places["p"], kind="Дороги"), encoding=encoding, delimiter=delimiter)
    said = said_by(file, column=PLACED)
    assert Issue.objects.get().category == city.roads
    assert ("read as windows-1251" in said) == (encoding == "windows-1251")


def test_rejected_rows_of_a_table_keep_its_encoding(tmp_path: Path, city: City, town: Town) -> None:
    file, rejects = tmp_path / "old.csv", tmp_path / "rejects.csv"
    rows = [row(town.places["p"], kind="Вулкан"), row(town.places["p"], number="A-2")]
    table(tmp_path, *rows, encoding="windows-1251", delimiter=";")
    said_by(file, column=PLACED, rejects=rejects)
    text = rejects.read_text(encoding="windows-1251")
    assert text.startswith("import_line;import_reason;number;kind")
    rejects.write_text(text.replace("Вулкан", "Дороги"), encoding="windows-1251")
    said_by(rejects, column=PLACED)
    assert Issue.objects.count() == 2


@pytest.mark.parametrize(
    ("dates", "written"),
    [("%d.%m.%Y %H:%M", "01.10.2026 09:00"), ("unix", "1790834400"), ("unix_ms", "1790834400000")],
)
def test_dates_are_read_as_the_mapping_says(tmp_path: Path, city: City, town: Town, dates: str, written: str) -> None:
    mapping = tmp_path / "mapping.json"
    mapping.write_text(json.dumps({"dates": [dates]}))
    said_by(table(tmp_path, row(town.places["p"], opened=written)), column=PLACED, mapping=mapping)
    assert Issue.objects.get().created_at == datetime(2026, 10, 1, 6, tzinfo=UTC)


def test_file_without_numbers_is_known_by_what_its_rows_say(tmp_path: Path, city: City, town: Town) -> None:
    same, other = row(town.places["p"]), row(town.places["p"], opened="2026-10-02")
    file = table(tmp_path, same, other, same)
    columns = ["id=@content", *PLACED[1:]]
    assert "Brought in: 2" in said_by(file, column=columns)
    assert "Here already: 3" in said_by(file, column=columns)


def history(tmp_path: Path, town: Town, status: str, **moments: str) -> list[tuple[str, str, int, bool]]:
    """State before, state after, day of October, and whether nobody knows the day."""
    names = ("accepted", "started", "resolved", "reopened")
    said = row(town.places["p"], status=status, **dict.fromkeys(names, ""))
    said |= {name: f"2026-10-{day}T12:00:00" for name, day in moments.items()}
    columns = [*PLACED, "status=status", *(f"{name}={name}" for name in names)]
    said_by(table(tmp_path, said), column=columns, status=[f"{status}={status}"])
    moved = IssueEvent.objects.filter(kind="moved").order_by("at", "id")
    return [(event.was, event.now, event.at.day, event.is_undated) for event in moved]


def test_accepted_done_and_reopened_are_kept_with_their_days(tmp_path: Path, city: City, town: Town) -> None:
    assert history(tmp_path, town, "in_progress", accepted="02", resolved="05", reopened="08") == [
        ("new", "accepted", 2, False),
        ("accepted", "done", 5, False),
        ("done", "reopened", 8, False),
        ("reopened", "in_progress", 8, True),
    ]
    issue = Issue.objects.get()
    assert (issue.state, issue.changed_at.day) == (State.IN_PROGRESS, 8)


def test_closing_after_a_reopening_is_the_last_one(tmp_path: Path, city: City, town: Town) -> None:
    assert history(tmp_path, town, "done", reopened="05", resolved="09") == [
        ("new", "done", 5, True),
        ("done", "reopened", 5, False),
        ("reopened", "done", 9, False),
    ]


def test_history_of_a_closed_report_ends_with_its_closing(tmp_path: Path, city: City, town: Town) -> None:
    assert history(tmp_path, town, "done", accepted="08", started="04", resolved="05") == [
        ("new", "in_progress", 4, False),
        ("in_progress", "done", 5, False),
    ]
    assert Issue.objects.get().changed_at.day == 5


def test_end_of_an_open_report_that_was_begun_later_is_no_end(tmp_path: Path, city: City, town: Town) -> None:
    assert history(tmp_path, town, "waiting", started="09", resolved="05") == [
        ("new", "in_progress", 9, False),
        ("in_progress", "waiting", 9, True),
    ]


def test_state_of_a_report_is_where_its_history_ends(tmp_path: Path, city: City, town: Town) -> None:
    """The file calls it new and yet knows when work began."""
    assert history(tmp_path, town, "new", started="03") == [("new", "in_progress", 3, False)]
    assert Issue.objects.get().state == State.IN_PROGRESS


def test_row_that_was_accepted_before_it_was_reported_is_left_out(tmp_path: Path, city: City, town: Town) -> None:
    file = table(tmp_path, row(town.places["p"], accepted="2026-09-01"))
    with pytest.raises(CommandError, match="Every row"):
        said_by(file, column=[*PLACED, "accepted=accepted"])


def test_formulas_of_a_table_are_only_words_in_its_rejected_rows(tmp_path: Path, city: City, town: Town) -> None:
    file, rejects = tmp_path / "old.csv", tmp_path / "rejects.csv"
    said = ["=1+1", "'=x", "-28.5", "@a", "+380441234567"]
    table(tmp_path, *(row(town.places["p"], number=str(n), kind="Вулкан", note=one) for n, one in enumerate(said)))
    with pytest.raises(CommandError):
        said_by(file, column=PLACED, rejects=rejects)
    text = rejects.read_text(encoding="utf-8-sig")
    assert [one["note"] for one in csv.DictReader(StringIO(text))] == ["'=1+1", "''=x", "-28.5", "'@a", "+380441234567"]
    rejects.write_text(text.replace("Вулкан", "Дороги"), encoding="utf-8")
    said_by(rejects, column=[*PLACED, "text=note"])
    assert list(Issue.objects.order_by("number").values_list("text", flat=True)) == said


def test_geometry_that_is_no_point_is_named_and_not_kept(tmp_path: Path, city: City, town: Town) -> None:
    shape = {"type": "LineString", "coordinates": [town.places["p"], town.places["q"]]}
    rejects = tmp_path / "rejects.geojson"
    said_by(geojson(tmp_path, feature(town.places["p"]), feature(shape, number="A-2")), rejects=rejects)
    (left_out,) = json.loads(rejects.read_text())["features"]
    assert (left_out["geometry"], left_out["properties"]["import_geometry"]) == (None, "LineString")


def test_check_and_import_agree_about_the_first_row_inside(tmp_path: Path, city: City, town: Town) -> None:
    file = table(tmp_path, row(town.places["o"]), row(town.places["p"]), row(town.places["p"]))
    for dry_run in (True, False):
        said = said_by(file, column=PLACED, dry_run=dry_run)
        assert all(one in said for one in ("Brought in: 1", "Here already: 1", "Rejected: 1"))
    assert Issue.objects.get().location.coords == pytest.approx(town.places["p"])


def test_what_only_rejected_rows_lack_is_not_made(tmp_path: Path, city: City, town: Town) -> None:
    file = table(tmp_path, row(town.places["o"], kind="Ями", who="ЖЕК"), row(town.places["p"], number="B", who=""))
    options = {"decisions": "take", "create_categories": True, "create_organisations": True}
    said = said_by(file, column=[*PLACED, "organisation=who"], **options)
    assert "Brought in: 1" in said
    assert "New category" not in said
    assert not Category.objects.filter(name="Ями").exists()
    assert not Organisation.objects.filter(name="ЖЕК").exists()


@pytest.mark.parametrize(
    ("word", "state"),
    [("Not started", "new"), ("Не розглянуто", "new"), ("Не виконано", ""), ("Не підтверджено", "rejected")],
    ids=["not started", "not looked at", "not done", "not confirmed"],
)
def test_word_that_denies_is_not_what_it_denies(word: str, state: str) -> None:
    assert _state_said(word) == state


def test_column_of_free_text_is_not_suggested_as_categories(tmp_path: Path, city: City, town: Town) -> None:
    rows: list[Say] = [{"number": n, "problem": f"Сусід {n} шумить", "kind": "Дороги", "тип": "Ями"} for n in range(30)]
    found = json.loads(said_by(table(tmp_path, *rows), column=[], suggest_mapping=True))
    assert found["columns"]["category"] == "тип"
    rows = [one | {"тип": f"{one['problem']} {one['number'] // 2}"} for one in rows]
    found = json.loads(said_by(table(tmp_path, *rows), column=[], suggest_mapping=True))
    assert "category" not in found["columns"]
    assert "Сусід" not in json.dumps(found, ensure_ascii=False)


def test_report_counts_all_who_answered(city: City) -> None:
    summary = Summary(organisations=Counter({f"ЖЕК {n}": 1 for n in range(40)}))
    with override("en"):
        assert [line.text for line in lines_of(summary, {})][-1] == "And 28 more."


TAKEN = [*PLACED, "organisation=who", "organisation_code=code"]


@pytest.mark.parametrize(
    ("who", "code"),
    [("КП “Яворинводоканал”", ""), ("", "12345678"), ("зовсім інша назва", "12345678"), ("Водоканал міста", "")],
)
def test_decision_is_taken_from_the_file(tmp_path: Path, city: City, town: Town, who: str, code: str) -> None:
    Organisation.objects.filter(pk=city.vodokanal.pk).update(edrpou="12345678")
    mapping = tmp_path / "mapping.json"
    mapping.write_text(json.dumps({"organisations": {"Водоканал міста": "12345678"}, "decisions": "take"}))
    said_by(table(tmp_path, row(town.places["p"], who=who, code=code)), column=TAKEN, mapping=mapping)
    decision = Decision.objects.get()
    assert (decision.organisation, decision.rule, decision.is_fallback) == (city.vodokanal, None, False)
    assert Issue.objects.get().areas.get() == city.zarichchia
    with override("en"):
        assert why(decision.trace, None) == [  # type: ignore[arg-type]  # no rule is named
            "The system that this report was brought in from says who answered."
        ]


def test_row_without_an_organisation_is_decided_by_the_rules(tmp_path: Path, city: City, town: Town) -> None:
    said_by(table(tmp_path, row(town.places["p"], who="", code="")), column=TAKEN, decisions="take")
    assert Decision.objects.get().organisation == city.road_service


def test_unknown_organisations_are_listed_and_left_out(tmp_path: Path, city: City, town: Town) -> None:
    rows = [row(town.places["p"], number=str(index), who="ЖЕК № 5", code="") for index in range(3)]
    rows.append(row(town.places["p"], number="x", who="Фізична особа", code="1234567890"))
    file = table(tmp_path, *rows)
    said = said_by(file, column=TAKEN, decisions="take", dry_run=True, create_organisations=True)
    assert "New organisation: ЖЕК № 5" in said
    with pytest.raises(CommandError, match="Every row"):
        said_by(file, column=TAKEN, decisions="take")
    assert not Organisation.objects.filter(name="ЖЕК № 5").exists()
    assert "Brought in: 3" in said_by(file, column=TAKEN, decisions="take", create_organisations=True)
    made = Organisation.objects.get(name="ЖЕК № 5")
    assert set(Decision.objects.values_list("organisation", flat=True)) == {made.pk}


def test_decisions_to_take_need_a_column(tmp_path: Path, city: City, town: Town) -> None:
    with pytest.raises(CommandError, match="no column with the organisation"):
        said_by(table(tmp_path, row(town.places["p"])), column=PLACED, decisions="take")


def test_report_tells_what_a_careful_person_would_look_at(tmp_path: Path, city: City, town: Town) -> None:
    p, q = town.places["p"], town.places["q"]
    columns = [*PLACED, "status=status", "resolved=resolved"]
    plain = {"status": "OPEN", "resolved": ""}
    rows = [row(p, number=f"same-{index}", **plain) for index in range(25)]
    rows += [
        row((p[1], p[0]), number="swapped", **plain),
        row(town.places["o"], number="outside", **plain),
        row(q, number="same-0", **plain),
        row(q, number="sleeping", **plain | {"status": "SLEEPING"}),
        row(q, number="volcano", kind="volcano", **plain),
        row(q, number="ended", **plain | {"resolved": "2026-10-05"}),
        row(q, number="undated", **plain | {"status": "CLOSED"}),
        row(q, number="clock", opened="2025-10-26T03:30:00", **plain),
        row(q, number="future", opened="2999-01-01", **plain),
    ]
    said = said_by(table(tmp_path, *rows), column=columns, status=["OPEN=new", "CLOSED=done"], dry_run=True)
    for words in (
        "25  rows stand on one point, 28.",
        "with longitude and latitude exchanged it would be inside (row 27)",
        "The place is outside the community (row 28)",
        "It lies in the future (row 35)",
        "1  SLEEPING",
        "1  volcano",
        "1  rows have a number that another row has: the first of them is brought in (row 29)",
        "1  of them say something else than the row that is brought in (row 29)",
        "1  rows are open and yet have a date of closing (row 32)",
        "1  rows are closed without a date: statistics leave their time out (row 33)",
        "rows have times without a zone: they are read as Europe/Kyiv",
        "1  rows have times of a night on which clocks were changed: they may be an hour wrong (row 34)",
        "By who answers",
    ):
        assert words in said, said
    assert Issue.objects.count() == 0


def test_mapping_suggests_itself_and_works(tmp_path: Path, city: City, town: Town) -> None:
    lon, lat = town.places["p"]
    names = ("Номер заявки", "Категорія", "Довгота", "Широта", "Дата реєстрації", "Стан", "Опис", "Виконавець")
    rows = [
        dict(zip(names, (f"{n}/26", "Дороги", lon, lat, f"0{n}.10.2026 14:30", state, "Яма", who), strict=True))
        for n, (state, who) in enumerate(
            [("Виконано", "КП «Яворинавтодор»"), ("В роботі", ""), ("Відхилено", "КП «Яворинводоканал»")], start=1
        )
    ]
    file, mapping = table(tmp_path, *rows, encoding="windows-1251", delimiter=";"), tmp_path / "mapping.json"
    said = said_by(file, column=[], suggest_mapping=True)
    mapping.write_text(said, encoding="utf-8")
    found = json.loads(said)
    assert found["columns"]["opened"] == "Дата реєстрації"
    assert found["dates"] == ["%d.%m.%Y %H:%M"]
    assert found["statuses"] == {"Виконано": "done", "В роботі": "in_progress", "Відхилено": "rejected"}
    assert (found["encoding"], found["delimiter"], found["decisions"]) == ("windows-1251", ";", "take")
    assert "Brought in: 3" in said_by(file, column=[], mapping=mapping)
    assert sorted(Issue.objects.values_list("state", flat=True)) == ["done", "in_progress", "rejected"]


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ({"dates": ["yesterday"]}, "list of formats"),
        ({"dates": ["%d.%d.%Y"]}, "No date can be read"),
        ({"dates": ["%Q"]}, "No date can be read"),
        ({"encoding": "klingon"}, "encoding is not known"),
        ({"decisions": "guess"}, "recompute"),
        ({"delimiter": "::"}, "one character"),
    ],
)
def test_mapping_that_cannot_be_meant_is_refused(tmp_path: Path, city: City, content: Say, complaint: str) -> None:
    mapping = tmp_path / "mapping.json"
    mapping.write_text(json.dumps(content))
    with pytest.raises(CommandError, match=complaint):
        said_by(tmp_path / "any.csv", column=PLACED, mapping=mapping)
