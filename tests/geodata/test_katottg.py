"""The codifier comes in as it is published: parents are stored, bad lines are told, nothing ever goes away."""

from datetime import date
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction

from geodata.katottg import BadCodifierError, Codifier, read_katottg
from geodata.katottg_import import CodifierPlan, import_katottg
from geodata.models import Community, Unit
from tests.geodata.codifier import (
    HEADINGS,
    KYIV,
    OBLAST,
    PECHERSK,
    RAION,
    ROWS,
    SOSNIVKA,
    SOSNIVKA_VILLAGE,
    YAVORYN,
    YAVORYN_TOWN,
    katottg,
)

TODAY = date(2026, 11, 19)


def bring_in(*rows: str, accept_gone: bool = True) -> CodifierPlan:
    return import_katottg(read_katottg(katottg(*rows)), on=TODAY, accept_gone=accept_gone)


def fault_of(*rows: str) -> tuple[str, int]:
    """Kind and line of the only fault."""
    (fault,) = read_katottg(katottg(*ROWS, *rows)).faults
    assert fault.text
    return fault.kind, fault.line


AFTER_ROWS = 6 + len(ROWS) + 1  # the preamble has five lines, the headings one


def test_parent_is_the_code_on_the_level_above() -> None:
    units = read_katottg(katottg(*ROWS)).units
    assert [units[code].parent for code in (OBLAST, RAION, YAVORYN, YAVORYN_TOWN)] == [None, OBLAST, RAION, YAVORYN]


def test_parent_cannot_be_made_out_of_the_digits_of_a_code() -> None:
    units = read_katottg(katottg(*ROWS)).units
    zeroed = [code[: 2 + kept] + "0" * (17 - kept) for code in (YAVORYN, YAVORYN_TOWN) for kept in (2, 4, 7)]
    assert not set(zeroed) & set(units)


def test_kyiv_repeats_its_code_and_has_its_districts_under_it() -> None:
    units = read_katottg(katottg(*ROWS)).units
    assert units[PECHERSK].parent == KYIV
    assert units[KYIV].parent is None
    assert units[KYIV].category == Unit.Category.SPECIAL_CITY


def test_spaces_around_names_fall_away() -> None:
    units = read_katottg(katottg(*ROWS)).units
    assert units[YAVORYN].name == "Яворинська"
    assert units[SOSNIVKA_VILLAGE].name == "Соснівка"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1251"])
def test_file_is_read_in_the_encodings_that_programs_save(encoding: str) -> None:
    assert read_katottg(katottg(*ROWS, encoding=encoding)).units[YAVORYN_TOWN].name == "Яворин"


def test_headings_are_found_wherever_they_stand() -> None:
    bare = read_katottg(katottg(*ROWS, preamble=""))
    wide = (HEADINGS.strip() + ";Примітка\n" + "\n".join(f"{row};щось" for row in ROWS)).encode()
    commas = katottg(*ROWS, preamble="").decode().replace(";", ",").encode()
    assert bare.units[YAVORYN].line == 4
    assert len(read_katottg(wide).units) == len(read_katottg(commas).units) == len(ROWS)


def test_empty_lines_are_skipped() -> None:
    found = read_katottg(katottg(*ROWS, "", ";;;;;;", "   ;;;;;;"))
    assert not found.faults
    assert len(found.units) == len(ROWS)


@pytest.mark.parametrize(
    ("row", "kind"),
    [
        (f"{OBLAST};UA0502;;;;P;Короткий", "bad_code"),
        (f"{OBLAST};UА05020000000026687;;;;P;З кириличною А", "bad_code"),
        (f"{OBLAST};UA0502000000002668٤;;;;P;З арабською цифрою", "bad_code"),
        (f"{OBLAST};UA05040000000050292;;;;Q;Невідома", "category"),
        (f"{OBLAST};UA05040000000050292;;;;;Без категорії", "category"),
        (f"{OBLAST};UA05040000000050292;;;;P;  ", "no_name"),
        (f"{OBLAST};UA05040000000050292;;;;P;{'ї' * 101}", "bad_name"),
        (f"{OBLAST};;UA05040010000050293;;;H;Без району", "gap"),
        (f"{OBLAST};{RAION};{OBLAST};;;H;По колу", "repeated_level"),
        (";;;;;C;Без коду", "no_code"),
        ("UA05040000000050292;;;;;P;Район сам по собі", "needs_parent"),
        (f"{OBLAST};UA07000000000024379;;;;O;Область в області", "top_has_parent"),
        ("UA07000000000024379;UA07020000000024380;;;;P;Область, якої немає", "no_parent"),
        (f"{OBLAST};{RAION};;;;P;Двічі", "twice"),
        (f"{OBLAST};UA05040000000050292", "few_columns"),
    ],
)
def test_bad_line_is_told_with_its_number(row: str, kind: str) -> None:
    assert fault_of(row) == (kind, AFTER_ROWS)


def test_units_that_are_parts_of_each_other_are_told() -> None:
    one, other = "UA05040000000050292", "UA05040010000050293"
    faults = read_katottg(katottg(*ROWS, f"{one};{other};;;;H;Одна", f"{other};{one};;;;P;Друга")).faults
    assert [(fault.kind, fault.line) for fault in faults] == [("circle", AFTER_ROWS), ("circle", AFTER_ROWS + 1)]


def test_quotation_mark_that_never_closes_is_no_traceback() -> None:
    found = read_katottg(katottg(*ROWS, f'{OBLAST};UA05040000000050292;;;;P;"Відкрита', *["x" * 70_000] * 3))
    assert [fault.kind for fault in found.faults] == ["bad_csv"]


@pytest.mark.parametrize(
    "data",
    [b"", b"code,name\n1,2\n", b"\x00\x01\x02", b'"' + b"x" * 200_000, b"\xff\xfe\x00", HEADINGS.encode()],
)
def test_another_file_is_refused_in_words(data: bytes) -> None:
    with pytest.raises(BadCodifierError) as refusal:
        read_katottg(data)
    assert refusal.value.fault.text


def test_codifier_is_stored_with_its_parents(db: None) -> None:
    plan = bring_in(*ROWS)
    assert plan.written
    assert len(plan.new) == Unit.objects.count() == len(ROWS)
    assert Unit.objects.get(pk=YAVORYN_TOWN).parent_id == YAVORYN
    assert sorted(Unit.objects.get(pk=RAION).parts.values_list("pk", flat=True)) == [YAVORYN, SOSNIVKA]


def test_same_file_again_changes_nothing(db: None) -> None:
    bring_in(*ROWS)
    again = bring_in(*ROWS)
    assert again.changes_nothing
    assert sum(again.before.values()) == sum(again.after.values()) == len(ROWS)


def test_renamed_moved_and_recategorised_units_are_updated_and_told(db: None) -> None:
    bring_in(*ROWS)
    changed = [row.replace("Яворин", "Явір") if YAVORYN_TOWN in row else row for row in ROWS]
    changed = [row.replace(f"{SOSNIVKA};{SOSNIVKA_VILLAGE};;C", f"{YAVORYN};{SOSNIVKA_VILLAGE};;X") for row in changed]
    plan = bring_in(*changed)
    assert [(change.code, change.was, change.now) for change in plan.renamed] == [(YAVORYN_TOWN, "Яворин", "Явір")]
    assert [(change.code, change.now) for change in plan.moved] == [(SOSNIVKA_VILLAGE, YAVORYN)]
    assert [(change.was, change.now) for change in plan.recategorised] == [("C", "X")]
    assert Unit.objects.get(pk=SOSNIVKA_VILLAGE).parent_id == YAVORYN


def test_unit_that_is_gone_stays_and_ends_until_it_returns(db: None) -> None:
    bring_in(*ROWS)
    plan = bring_in(*ROWS[:-1])
    assert [unit.pk for unit in plan.gone] == [PECHERSK]
    assert Unit.objects.get(pk=PECHERSK).ended_on == TODAY
    assert bring_in(*ROWS[:-1]).changes_nothing
    assert [unit.pk for unit in bring_in(*ROWS).returned] == [PECHERSK]
    assert Unit.objects.get(pk=PECHERSK).ended_on is None


def test_file_that_was_cut_short_is_refused(db: None) -> None:
    bring_in(*ROWS)
    plan = bring_in(*ROWS[:4], accept_gone=False)
    assert plan.too_much_goes
    assert not plan.written
    assert not Unit.objects.exclude(ended_on=None).exists()


def test_one_bad_line_refuses_the_whole_file(db: None) -> None:
    plan = bring_in(*ROWS, ";;;;;C;Без коду")
    assert plan.is_refused
    assert not Unit.objects.exists()


def test_community_with_a_code_that_ended_is_named(yavoryn: Community) -> None:
    bring_in(*ROWS)
    Community.objects.filter(pk=yavoryn.pk).update(katottg=SOSNIVKA)
    assert bring_in(*ROWS[:4], *ROWS[6:]).communities_gone == [yavoryn]


@pytest.mark.parametrize(
    "wrong",
    [
        {"code": "UA05"},
        {"category": "Q"},
        {"category": "P", "parent_id": None},
        {"category": "O", "parent_id": OBLAST},
        {"code": SOSNIVKA, "parent_id": SOSNIVKA},
    ],
)
def test_database_refuses_a_unit_that_cannot_be(db: None, wrong: dict[str, str | None]) -> None:
    bring_in(*ROWS[:2])
    with pytest.raises(IntegrityError), transaction.atomic():
        Unit.objects.create(**({"code": YAVORYN, "category": "H", "name": "Нова", "parent_id": RAION} | wrong))


def test_command_counts_categories_and_a_dry_run_writes_nothing(
    db: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "katottg.csv"
    file.write_bytes(katottg(*ROWS))
    call_command("import_katottg", file, "--dry-run")
    assert not Unit.objects.exists()
    call_command("import_katottg", file)
    said = capsys.readouterr().out
    assert len([line for line in said.splitlines() if line.startswith("H ") and line.endswith(" 2")]) == 2


def test_command_names_bad_lines_and_fails(db: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "katottg.csv"
    file.write_bytes(katottg(*ROWS, ";;;;;C;Без коду"))
    with pytest.raises(CommandError):
        call_command("import_katottg", file)
    assert f"{AFTER_ROWS}:" in capsys.readouterr().out
    file.write_bytes(b"id,name\n")
    with pytest.raises(CommandError):
        call_command("import_katottg", file)


def test_reading_needs_no_database() -> None:
    assert isinstance(read_katottg(katottg(*ROWS)), Codifier)
