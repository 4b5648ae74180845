"""How many people live where: read from a file, typed by the staff, told per 1,000."""

from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction

from stats.models import Population
from stats.population_import import import_population
from stats.populations import people_of
from tests.conftest import City

FILE = ["area,year,people,source", ",2024,30000,Держстат", "districts.north,2024,12 000,Держстат"]


def test_a_file_is_stored_and_read_again_replaces(city: City) -> None:
    assert import_population(FILE, community=city.community).written == 2
    import_population([*FILE[:1], "districts.north,2024,13000,"], community=city.community)
    found = people_of(city.community, [city.zarichchia.pk], year=2026)
    assert found[None].many == 30_000
    assert found[city.zarichchia.pk].many == 13_000


def test_nothing_is_written_while_a_line_is_wrong(city: City) -> None:
    found = import_population(
        [*FILE, "districts.nowhere,2024,5,", "x.y,soon,5,", ",2024,-1,"], community=city.community
    )
    assert len(found.problems) == 3
    assert "4" in found.problems[0]
    assert "districts.nowhere" in found.problems[0]
    assert Population.objects.count() == 0
    assert import_population(["year"], community=city.community).problems


def test_the_nearest_year_before_is_taken_else_the_next(city: City) -> None:
    for year, people in ((2020, 100), (2024, 200)):
        Population.objects.create(community=city.community, year=year, people=people)
    told = {year: people_of(city.community, [], year=year)[None].many for year in (2010, 2020, 2022, 2026)}
    assert told == {2010: 100, 2020: 100, 2022: 100, 2026: 200}


@pytest.mark.parametrize("wrong", [{"people": 0}, {"year": 1500}, {"year": 2024}])
def test_the_database_refuses_what_cannot_be(city: City, wrong: dict[str, int]) -> None:
    Population.objects.create(community=city.community, year=2024, people=5)
    with pytest.raises(IntegrityError), transaction.atomic():
        Population.objects.create(**({"community": city.community, "year": 2025, "people": 5} | wrong))


def test_the_command_reads_a_file_and_refuses_a_wrong_one(
    city: City, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "people.csv"
    file.write_text("\n".join(FILE), encoding="utf-8")
    call_command("import_population", "yavoryn", str(file))
    assert "2" in capsys.readouterr().out
    file.write_bytes(b"area,year,people\n\xff,1,1")
    with pytest.raises(CommandError):
        call_command("import_population", "yavoryn", str(file))
