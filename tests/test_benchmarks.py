"""Every measurement answers `--json` in one form, and says in words what it found."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings
from shapely.geometry import box, mapping

from issues.models import Issue
from launcher.commands import bench_names
from launcher.places import Places
from tests.bench import cells, coverage, imports, outbox, page, pan, photo, register, route, suggest
from tests.bench import map as map_bench
from tests.bench import report as report_bench
from tests.bench import stats as stats_bench
from tests.bench._report import Report, at_least, at_most, exactly
from tests.photos import jpeg
from tests.trials import dc, dc_learnt, dc_stats, open311, photos, polygons, streets


def check_form(said: str, bench: str) -> dict[str, Any]:
    """The last line is {"bench", "rows", "figures", "ratios"}, and each ratio has its four names."""
    found: dict[str, Any] = json.loads(said.splitlines()[-1])
    assert list(found) == ["bench", "rows", "figures", "ratios"]
    assert found["bench"] == bench
    assert found["rows"] > 0
    assert found["figures"]
    assert found["ratios"]
    for ratio in found["ratios"]:
        assert list(ratio) == ["name", "value", "goal", "met"]
        assert isinstance(ratio["value"], int | float)
        assert isinstance(ratio["met"], bool)
    return found


def test_report_says_the_same_as_json_and_as_a_table() -> None:
    ratios = [at_least("speed", 0.7, 0.6), at_most("growth", 1.5, 1.3), exactly("rows", 3, 3)]
    report = Report("x", 3, {"seconds": 1.5, "way": {"p50_ms": 2}}, ratios, ["| a | b |"])
    found = check_form(json.dumps(report.as_dict()), "x")
    assert [ratio["met"] for ratio in found["ratios"]] == [True, False, True]
    assert [ratio["goal"] for ratio in found["ratios"]] == ["≥ 0.6", "≤ 1.3", "= 3"]
    said = report.as_table()
    for line in ("| seconds | 1.5 |", "| way | 2 |", "| growth | 1.5 | ≤ 1.3 | **no** |", "| a | b |"):
        assert line in said
    assert report.exit_code == 1


def test_every_benchmark_is_one_of_those_that_are_tried_here() -> None:
    assert bench_names(Places.of_this_checkout()) == [
        "cells",
        "coverage",
        "dc",
        "dc_learnt",
        "dc_stats",
        "imports",
        "map",
        "open311",
        "outbox",
        "page",
        "pan",
        "photo",
        "photos",
        "polygons",
        "register",
        "report",
        "route",
        "stats",
        "streets",
        "suggest",
        "ukraine",
    ]


@pytest.mark.django_db
def test_route_has_the_form(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    tiny = {"4 areas": (4, False), "9 areas": (9, False), "16 areas": (16, False)}
    monkeypatch.setattr(route, "TOWNS", tiny)
    assert route.main(["--seconds", "0.05", "--json"]) == 0
    found = check_form(capsys.readouterr().out, "route")
    assert {name.split(", ")[0] for name in found["figures"]} >= {
        "decide()", "its SQL prepared", "bare view of its SQL", "bare view of ST_Covers", "our view",
    }  # fmt: skip


@pytest.mark.django_db(transaction=True)
def test_report_has_the_form_and_takes_few_statements(capsys: pytest.CaptureFixture[str]) -> None:
    assert report_bench.main(["--seconds", "0.2", "--before", "2", "--explain", "--json"]) == 0
    found = check_form(capsys.readouterr().out, "report")
    by_name = {ratio["name"]: ratio["value"] for ratio in found["ratios"]}
    assert by_name["commits"] == 1
    assert by_name["statements"] <= 9


@pytest.mark.django_db(transaction=True)
def test_map_has_the_form(capsys: pytest.CaptureFixture[str]) -> None:
    # A database of its own, as the command makes it; without servers, which have a clock of their own.
    assert map_bench.main(["--rows", "300", "--seconds", "0.1", "--no-servers", "--json"]) == 0
    found = check_form(capsys.readouterr().out, "map")
    assert found["rows"] == 300
    assert {"marks z12, all, 300", "tile z17, 300", "list z10, first page, 300"} <= set(found["figures"])


def test_photo_has_the_form(capsys: pytest.CaptureFixture[str]) -> None:
    assert photo.main(["--rounds", "1", "--megapixels", "0.1", "--json"]) == 0
    found = check_form(capsys.readouterr().out, "photo")
    assert set(found["figures"]["JPEG, 0.1 MP"]) == {"ours_cpu_ms", "naive_cpu_ms", "vips_cpu_ms"}


@pytest.mark.django_db
def test_coverage_has_the_form(capsys: pytest.CaptureFixture[str]) -> None:
    assert coverage.main(["--areas", "4", "--categories", "2", "--json"]) == 0
    found = check_form(capsys.readouterr().out, "coverage")
    assert found["rows"] == 2 * (4 + 2)


@pytest.mark.django_db(transaction=True)
def test_cells_has_the_form_and_finds_no_square_wrong(capsys: pytest.CaptureFixture[str]) -> None:
    few = ["--rows", "200", "--seconds", "0.6", "--rounds", "1", "--statements", "20", "--json"]
    assert cells.main(few) == 0
    found = check_form(capsys.readouterr().out, "cells")
    assert [ratio["value"] for ratio in found["ratios"][:2]] == [0, 0]
    assert {"insert", "change of state", "change of words"} <= set(found["figures"])


@pytest.mark.django_db
def test_register_has_the_form(capsys: pytest.CaptureFixture[str]) -> None:
    assert register.main(["--rows", "200", "--profile", "--json"]) == 0
    found = check_form(capsys.readouterr().out, "register")
    assert set(found["figures"]) == {
        "bare COPY", "first import", "unchanged again", "corrected that day", "all in new versions"
    }  # fmt: skip


@pytest.mark.django_db
def test_outbox_has_the_form_and_every_community_its_turn(capsys: pytest.CaptureFixture[str]) -> None:
    assert outbox.main(["--rows", "200", "--claims", "3", "--json"]) == 0
    found = check_form(capsys.readouterr().out, "outbox")
    assert found["ratios"][-1]["met"]


@pytest.mark.django_db
def test_imports_has_the_form_and_brings_in_every_row(capsys: pytest.CaptureFixture[str]) -> None:
    assert imports.main(["--rows", "60", "--json"]) == 0
    found = check_form(capsys.readouterr().out, "imports")
    assert {"CSV: rows a second", "GeoJSON: rows a second", "GeoPackage: rows a second"} <= set(found["figures"])


@pytest.mark.django_db
def test_dc_learnt_has_the_form_and_learns_what_wards_decide(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wards = [
        {
            "type": "Feature",
            "properties": {"WARD_ID": str(number), "LABEL": f"Ward {number}"},
            "geometry": mapping(box(-77.1 + number / 10, 38.8, -77.0 + number / 10, 38.9)),
        }
        for number in (1, 2)
    ]
    (tmp_path / "wards-2012.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": wards}))
    lines = [
        f"{n},TREE,Tree,Urban Forrestry,DDOT,2016-07-{1 + n // 8:02}T12:00:00Z,,2016-08-01T12:00:00Z,CLOSED,S,Street,"
        f"{-76.95 + n % 2 / 10},38.85,{1 + n % 2}"
        for n in range(200)
    ]
    columns = (
        "request_id,service_code,service_name,service_group,organisation,opened_at,due_at,resolved_at,status,priority,"
        "address,lon,lat,ward_label"
    )
    (tmp_path / "requests.csv").write_text("\n".join([columns, *lines]))
    assert dc_learnt.main([str(tmp_path), "--json"]) == 0
    found = check_form(capsys.readouterr().out, "dc_learnt")
    assert found["figures"]["keeper of the ward: of those by a rule, %"] == 100
    assert found["figures"]["keeper of the ward: right by category, %"] == 50


def test_suggest_has_the_form(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    kinds = [("Ліхтарі", "Світло"), ("Дерева", "Зелень"), ("Гойдалки", "Дозвілля")]
    rows = [f"{kinds[n % 3][0]} у дворі,{kinds[n % 3][1]},01.02.2019" for n in range(330)]
    (tmp_path / suggest.TABLE).write_text("\n".join(["title,theme,any_date", *rows]), encoding="utf-8")
    assert suggest.main([str(tmp_path), "--rows", "300", "--json"]) == 0
    found = check_form(capsys.readouterr().out, "suggest")
    figures = found["figures"]
    assert set(figures) >= {"unseen ways: keywords", "newest fifth: model", "cost", "titles: blend"}
    assert figures["unseen ways: blend"]["top3"] > figures["unseen ways: most frequent"]["top3"]


@pytest.mark.django_db
def test_polygons_has_the_form(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ring = [[28.4, 49.2], [28.5, 49.2], [28.5, 49.3], [28.4, 49.2]]
    (tmp_path / "one.geojson").write_text(json.dumps({"type": "Polygon", "coordinates": [ring]}))
    (tmp_path / "broken.geojson").write_text("{")
    assert polygons.main([str(tmp_path), "--json"]) == 0
    found = check_form(capsys.readouterr().out, "polygons")
    assert found["figures"]["GeoJSON"] == {"files": 2, "accepted": 1, "refused": 1, "traceback": 0}


@pytest.mark.django_db
def test_streets_has_the_form_and_finds_what_was_miswritten(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names = [("вулиця", "Кам'яна", "Верхня"), ("вулиця", "Миколи Зерова", ""), ("провулок", "Соборний", "Садова"),
             ("площа", "Ринкова", ""), ("вулиця", "Хрещата", "")]  # fmt: skip
    file = tmp_path / "register.csv"
    rows = [f"{kind},{name},{former}" for kind, name, former in names]
    file.write_text("\n".join([f"{streets.KIND},{streets.NAME},{streets.FORMER}", *rows]), encoding="utf-8")
    streets.main([str(file), "--count", "40", "--json"])
    found = check_form(capsys.readouterr().out, "streets")
    assert found["figures"]["all"]["first"] > 0.9
    assert found["figures"]["all"]["names"] == 40


def test_open311_has_the_form_and_looks_at_both_formats(issue: Issue, tmp_path: Path, settings: Settings) -> None:
    """By two small schemas instead of the published ones; the first has a name that no answer has."""
    settings.ALLOWED_HOSTS = ["*"]
    service = {
        "type": "object",
        "required": ["service_code", "colour"],
        "properties": {"metadata": {"type": "boolean"}},
    }
    request = {"type": "object", "required": ["status"], "properties": {"lat": {"anyOf": [{"type": "number"}]}}}
    for name, schema in {
        "services": {"type": "array", "items": {"$ref": "service.json"}},
        "service": service,
        "service-definition": {"type": "object", "required": ["service_code"]},
        "requests": {"type": "array", "items": request},
        "swagger": {"definitions": {"RequestResponse": {"properties": {"service_request_id": {"type": "string"}}}}},
    }.items():
        (tmp_path / f"{name}.json").write_text(json.dumps(schema), encoding="utf-8")
    token = tmp_path / "token.xml"
    token.write_text("<service_requests><request><token>1</token></request></service_requests>", encoding="utf-8")
    checked = list(open311.our_answers(tmp_path))
    assert {call for call, why in checked if why} == {"services.json", "services.xml"}
    assert {"POST requests.xml", "POST servicerequestupdates.json", "requests/1.xml"} <= {
        call for call, _why in checked
    }
    report = open311.report_of(checked, [("token.xml", *open311.read_recorded(token))])
    check_form(json.dumps(report.as_dict()), "open311")
    assert "'colour' is a required property" in report.as_table()
    assert report.exit_code == 1


def test_photos_has_the_form(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "exiftool.json").write_text("[]")
    (tmp_path / "one.jpg").write_bytes(jpeg())
    assert photos.main([str(tmp_path), "--json"]) == 0
    check_form(capsys.readouterr().out, "photos")


def test_dc_has_the_form() -> None:
    figures: dict[str, Any] = {
        "imported": 2, "ward equals the label, %": 99.9, "reach the keeper of the labelled ward, %": 99.7,
        "reach the organisation of the group": 1, "done by a service group": 1, "decide(): sample": 2,
        "decide(): same answer and trace as the import": 2,
        "misses": [{"request": "1", "label": "1", "ward": "2", "metres": 0.1}],
    }  # fmt: skip
    report = dc.report_of(figures, 2)
    check_form(json.dumps(report.as_dict()), "dc")
    assert "| 1 | 1 | 2 | 0.1 |" in report.as_table()
    assert report.exit_code == 1, "fewer than 99.8 % reach their keeper"


def test_pan_tells_the_full_map_from_the_empty_one() -> None:
    walks = [pan.Moved(longest=longest, blocked=longest - 50, marks=200) for longest in (80, 120, 90)]
    assert pan.facts_of(walks) == {"marks": 200, "longest_task_ms": 90, "blocked_ms": 40}


def test_page_counts_what_is_not_the_base_map() -> None:
    opened = page.Opened(Counter({"script": 2048, "base map": 4096}), seconds=1.5, longest=80, blocked=30, requests=7)
    facts = page.facts_of([opened, opened])
    assert (facts["own_kB"], facts["base_map_kB"], facts["ready_s"]) == (2, 4, 1.5)
    assert "| base map | 4.0 |" in page.breakdown("map", opened)


@pytest.mark.django_db(transaction=True)
def test_stats_has_the_form(capsys: pytest.CaptureFixture[str]) -> None:
    assert stats_bench.main(["--rows", "3000", "--seconds", "0.1", "--json"]) == 0
    found = check_form(capsys.readouterr().out, "stats")
    assert found["rows"] == 3000
    profile, shape = "profile of an area (district), 3,000", "shape of 3 km², 12 months, 3,000"
    assert {profile, shape, "the city by ST_Contains, 3,000"} <= set(found["figures"])


def test_dc_stats_has_the_form_and_names_what_differs() -> None:
    ours = {"1": {"opened": 5, "closed": 3, "rejected": 0, "ended": 3, "fix_cases": 3, "fix_median_s": 7.0}}
    theirs = {"1": ours["1"] | {"closed": 4}}
    report = dc_stats.report_of(ours, theirs, rows=5, seconds=0.1, recounted=9, wrong=0)
    check_form(json.dumps(report.as_dict()), "dc_stats")
    assert "3 ≠ 4" in report.as_table()
    assert report.exit_code == 1
