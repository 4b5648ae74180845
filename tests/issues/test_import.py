"""The history of another system comes in once, whole, and without a letter to anybody."""

import csv
from datetime import UTC, date, datetime
from io import StringIO
from pathlib import Path

import pytest
import shapely
from django.core.management import CommandError, call_command
from django.utils.translation import override
from django_scopes import scope

from core.models import CalendarDay, OutboxMessage
from geodata.models import Community
from issues.actions import NewReport, promise, report_issue
from issues.import_history import way_to
from issues.importing import BATCH
from issues.models import Issue, IssueEvent
from issues.states import State
from issues.workflow import move
from routing.models import Category, Decision, Delivery
from routing.responsibility import decide
from tests.conftest import City
from tests.grid import Town

HEADER = ["id", "kind", "lon", "lat", "text", "address", "opened", "resolved", "status"]
COLUMNS = [f"{name}={name}" for name in HEADER if name != "kind"] + ["category=kind"]
STATUSES = ["OPEN=new", "CLOSED=done", "VOID=rejected"]


class Import:
    """Writes a file and runs the command on it."""

    def __init__(self, folder: Path, town: Town) -> None:
        self.file, self.rejects, self.town = folder / "old.csv", folder / "rejects.csv", town
        self.rows: list[dict[str, str]] = []

    def row(self, number: str = "A-1", *, at: str = "p", **changes: str) -> None:
        """A report of a hole at a point of the drawing; words as the file has them."""
        lon, lat = self.town.places[at]
        given = {
            "id": number,
            "kind": "roads",
            "lon": str(lon),
            "lat": str(lat),
            "text": "Яма на дорозі. Глибока.",
            "address": "вул. Шкільна, 4",
            "opened": "2026-10-01T09:00:00",
            "resolved": "",
            "status": "OPEN",
        }
        self.rows.append(given | changes)

    def run(self, **options: object) -> str:
        """What the command said."""
        with self.file.open("w", encoding="utf-8", newline="") as opened:
            writer = csv.DictWriter(opened, HEADER)
            writer.writeheader()
            writer.writerows(self.rows)
        return self.run_again(**options)

    def run_again(self, **options: object) -> str:
        said = StringIO()
        given = {"column": COLUMNS, "status": STATUSES, "rejects": self.rejects}
        with override("en"):
            call_command("import_issues", "yavoryn", str(self.file), stdout=said, **(given | options))
        return said.getvalue()

    def rejected(self) -> list[list[str]]:
        """Line and reason of each rejected row."""
        with self.rejects.open(encoding="utf-8", errors="surrogateescape", newline="") as opened:
            return [row[:2] for row in csv.reader(opened)][1:]


@pytest.fixture
def old(tmp_path: Path, city: City, town: Town) -> Import:
    """A file of another system, without rows yet."""
    return Import(tmp_path, town)


def test_row_becomes_a_report_with_its_own_times(old: Import) -> None:
    old.row(status="CLOSED", resolved="2026-10-03T12:30:00+03:00")
    old.run()
    issue = Issue.objects.get()
    assert (issue.external_id, issue.source, issue.number) == ("A-1", "import", 1)
    assert (issue.title, issue.text, issue.address) == (
        "Яма на дорозі",
        "Яма на дорозі. Глибока.",
        "вул. Шкільна, 4",
    )
    assert issue.created_at == datetime(2026, 10, 1, 6, tzinfo=UTC)  # nine in Kyiv
    assert issue.changed_at == datetime(2026, 10, 3, 9, 30, tzinfo=UTC)
    assert issue.state == State.DONE


def test_history_tells_when_it_was_reported_and_done(old: Import) -> None:
    old.row(status="CLOSED", resolved="2026-10-03T12:30:00")
    old.run()
    events = IssueEvent.objects.values_list("kind", "was", "now", "at")
    assert list(events) == [
        ("reported", "", "new", datetime(2026, 10, 1, 6, tzinfo=UTC)),
        ("moved", "new", "done", datetime(2026, 10, 3, 9, 30, tzinfo=UTC)),
    ]


def test_history_says_where_nobody_knows_when_it_was_done(old: Import) -> None:
    old.row("at once", status="CLOSED", resolved="2026-10-01T09:00:00")
    old.row("unknown", status="CLOSED")
    old.run()
    moved = IssueEvent.objects.filter(kind="moved").values_list("issue__external_id", "at", "is_undated")
    opened = datetime(2026, 10, 1, 6, tzinfo=UTC)
    assert sorted(moved) == [("at once", opened, False), ("unknown", opened, True)]
    assert not IssueEvent.objects.filter(kind="reported", is_undated=True).exists()


@pytest.mark.parametrize("state", State)
def test_way_to_every_state_follows_the_workflow(state: State) -> None:
    way = way_to(state)
    assert (way[-1][1] if way else State.NEW) == state
    assert all(move(was, now) for was, now in way)


def test_imported_history_writes_to_nobody(old: Import) -> None:
    old.row()
    old.run()
    assert OutboxMessage.objects.count() == 0
    assert Delivery.objects.count() == 0


def test_same_row_twice_is_one_report(old: Import) -> None:
    old.row("A-1")
    old.row("A-1", text="Та сама яма ще раз")
    old.row("A-2")
    assert "Here already: 1" in old.run()
    assert "Here already: 3" in old.run_again()
    assert list(Issue.objects.order_by("number").values_list("external_id", "text")) == [
        ("A-1", "Яма на дорозі. Глибока."),
        ("A-2", "Яма на дорозі. Глибока."),
    ]


def test_broken_run_goes_on_where_it_stopped(old: Import) -> None:
    for number in range(25):
        old.row(f"A-{number}")
    old.run(batch=10, limit=10)
    assert Issue.objects.count() == 10
    assert "Brought in: 15" in old.run_again(batch=10)
    assert Issue.objects.count() == 25


def test_numbers_follow_those_of_reports_made_here(old: Import, city: City, town: Town, now: datetime) -> None:
    new = NewReport(category=city.roads, point=town["p"], text="Тут")
    report_issue(new=new, community=city.community, at=now)
    old.row("A-1")
    old.row("A-2")
    old.run()
    again = report_issue(new=new, community=city.community, at=now)
    assert again.number == 4
    assert sorted(Issue.objects.values_list("number", flat=True)) == [1, 2, 3, 4]


def test_decision_and_areas_are_those_of_the_day(old: Import, city: City) -> None:
    old.row("A-1", at="p")
    old.row("A-2", at="q")
    old.row("A-3", at="q", kind="manholes")
    old.run()
    for issue in Issue.objects.select_related("category"):
        decision = Decision.objects.get(subject=issue.subject_id)
        expected = decide(issue.location, issue.category, community=city.community, at=issue.created_at)
        assert decision.trace == expected.trace
        assert (decision.organisation_id, decision.rule_id) == (expected.organisation, expected.rule)
        truth = [
            area.pk
            for area in (city.zarichchia, city.slobidka)
            if shapely.from_wkb(bytes(area.boundary.wkb)).covers(shapely.from_wkb(bytes(issue.location.wkb)))
        ]
        assert sorted(issue.areas.values_list("pk", flat=True)) == truth


def test_area_that_began_later_is_not_that_of_an_old_report(old: Import, city: City) -> None:
    city.zarichchia.valid_from = date(2026, 10, 5)
    city.zarichchia.save()
    old.row("A-1", opened="2026-10-04T23:30:00")
    old.row("A-2", opened="2026-10-05T00:30:00")
    old.run()
    assert [issue.areas.count() for issue in Issue.objects.order_by("number")] == [0, 1]


@pytest.mark.parametrize("opened", ["2026-10-01T09:00:00", "2026-10-02T20:15:00", "2026-10-03T11:00:00"])
def test_promise_is_that_of_a_report_made_here(old: Import, city: City, opened: str) -> None:
    CalendarDay.objects.create(community=city.community, day=date(2026, 10, 6), is_working=False, reason="День міста")
    old.row(opened=opened)
    old.run()
    issue = Issue.objects.get()
    expected = promise(category=city.roads, community=city.community, at=issue.created_at)
    assert issue.due_on == expected.due_on


def test_promise_of_the_file_is_kept(old: Import) -> None:
    old.row(address="2026-10-20")
    old.run(column=[*COLUMNS, "due=address"])
    assert Issue.objects.get().due_on == date(2026, 10, 20)


def test_held_category_stays_held(old: Import, city: City) -> None:
    city.roads.hold_new = True
    city.roads.save()
    old.row()
    old.run()
    assert Issue.objects.get().subject.visibility == "held"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"id": ""}, "It has no number of its own, so a second run could not know it again"),
        ({"id": "x" * 101}, "Too long for “id”: 101 characters"),
        ({"lon": "east"}, "This is no place on the globe: east, "),
        ({"lat": "nan"}, "This is no place on the globe: "),
        ({"lon": "181"}, "This is no place on the globe: 181, "),
        ({"lon": "0", "lat": "0"}, "The place is outside the community"),
        ({"opened": "01.10.2026"}, "This is no date that is understood: 01.10.2026"),
        ({"opened": ""}, "This is no date that is understood: "),
        ({"opened": "0001-01-01"}, "This is no date that is understood: 0001-01-01"),
        ({"opened": "2999-01-01"}, "It lies in the future"),
        ({"resolved": "2026-09-30"}, "It was resolved before it was reported"),
        ({"kind": "volcano"}, "Unknown category: “volcano”"),
        ({"kind": ""}, "Unknown category: “”"),
        ({"status": "SLEEPING"}, "Unknown status: “SLEEPING”"),
        ({"text": "о" * 4001}, "Too long for “text”: 4001 characters"),
        ({"text": "a\x00b"}, "It holds bytes that are no text in UTF-8"),
    ],
)
def test_bad_row_is_rejected_with_its_line_and_reason(old: Import, changes: dict[str, str], reason: str) -> None:
    old.row("GOOD")
    old.row("BAD", text="Рядок\nна два рядки")
    old.rows[-1] |= changes
    assert "Rejected: 1" in old.run()
    ((line, said),) = old.rejected()
    assert line == "3"
    assert said.startswith(reason)
    assert Issue.objects.get().external_id == "GOOD"


def test_rejected_rows_can_be_mended_and_imported_from_their_own_file(old: Import) -> None:
    old.row("A-1", kind="volcano")
    old.row("A-2")
    old.run()
    mended = old.rejects.read_text(encoding="utf-8").replace("volcano", "roads")
    old.file.write_text(mended, encoding="utf-8")
    old.run_again()
    assert Issue.objects.count() == 2


def test_bytes_that_are_no_text_reject_only_their_row(old: Import) -> None:
    old.row("A-1", text="KAPUTT")
    old.row("A-2")
    old.run(dry_run=True)
    old.file.write_bytes(old.file.read_bytes().replace(b"KAPUTT", b"\xff\xfe"))
    old.run_again()
    assert [reason for _line, reason in old.rejected()] == ["It holds bytes that are no text in UTF-8"]
    assert Issue.objects.get().external_id == "A-2"


def test_row_with_too_many_values_is_rejected(old: Import) -> None:
    old.row("A-1")
    old.run(dry_run=True)
    text = old.file.read_text(encoding="utf-8").rstrip()
    old.file.write_text(text + ",one more\n", encoding="utf-8")
    with pytest.raises(CommandError, match="Every row was rejected"):
        old.run_again()
    assert old.rejected() == [["2", "It has more values than there are columns"]]


def test_unknown_categories_are_made_only_when_asked(old: Import, city: City) -> None:
    old.row(kind="Лежачі поліцейські")
    old.run(create_categories=True)
    made = Category.objects.get(name="Лежачі поліцейські")
    assert made.code == "lezhachi-politseiski"
    assert Issue.objects.get().category == made


def test_category_is_known_by_its_name_too(old: Import, city: City) -> None:
    old.row(kind="Дороги")
    old.run()
    assert Issue.objects.get().category == city.roads


def test_dry_run_counts_and_writes_nothing(old: Import) -> None:
    old.row("A-1", kind="brand new")
    old.row("A-1", kind="brand new")
    old.row("A-2", at="o")
    said = old.run(dry_run=True, create_categories=True)
    assert "Brought in: 1" in said
    assert "Here already: 1" in said
    assert "New category: brand-new, brand new" in said
    assert [reason for _line, reason in old.rejected()] == ["The place is outside the community"]
    assert Issue.objects.count() == 0
    assert not Category.objects.filter(code="brand-new").exists()


def test_row_of_one_community_is_new_in_another(old: Import, elsewhere: Community) -> None:
    old.row("A-1")
    old.run()
    with scope(community=elsewhere):
        Category.objects.create(community=elsewhere, code="roads", name="Дороги")
    old.rows[0] |= {"lon": str(elsewhere.centre.x), "lat": str(elsewhere.centre.y)}
    old.run(dry_run=True)  # writes the file anew
    call_command("import_issues", "sosnivka", str(old.file), column=COLUMNS, status=STATUSES, stdout=StringIO())
    with scope(community=elsewhere):
        assert Issue.objects.get().number == 1


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"column": ["id=id"]}, "does not say which column is: category, lon, lat, opened"),
        ({"column": [*COLUMNS, "colour=kind"]}, "Unknown columns: colour"),
        ({"column": [*COLUMNS, "text=description"]}, "has no column: description"),
        ({"column": ["id=@number", *COLUMNS[1:]]}, "has no column: @number"),
        ({"column": ["id"]}, "not written as name=value"),
        ({"status": ["OPEN=asleep"]}, "Unknown states: asleep"),
        ({"time_zone": "Mars/Olympus"}, "time zone is not known"),
        ({"mapping": Path("nowhere.json")}, "nowhere.json cannot be read"),
        ({"batch": 0}, "at least one row"),
    ],
)
def test_wrong_wish_is_refused_in_words(old: Import, options: dict[str, object], complaint: str) -> None:
    old.row()
    with pytest.raises(CommandError, match=complaint):
        old.run(**options)
    assert Issue.objects.count() == 0


def test_mapping_file_gives_columns_statuses_categories_and_zone(old: Import, tmp_path: Path, city: City) -> None:
    mapping = tmp_path / "mapping.json"
    mapping.write_text(
        '{"columns": {"id": "id", "category": "kind", "lon": "lon", "lat": "lat", "opened": "opened",'
        ' "status": "status"}, "statuses": {"*": "accepted"}, "categories": {"R1": "roads"},'
        ' "time_zone": "America/New_York"}'
    )
    old.row(kind="R1", status="whatever")
    old.run(column=[], status=[], mapping=mapping)
    issue = Issue.objects.get()
    assert issue.category == city.roads
    assert issue.state == State.ACCEPTED
    assert issue.created_at == datetime(2026, 10, 1, 13, tzinfo=UTC)
    assert issue.text == "Дороги"  # the file has no words: the category's name


@pytest.mark.parametrize("content", ["[]", "{", '{"colours": {}}', '{"columns": {"id": 5}}'])
def test_mapping_that_is_none_is_refused_in_words(old: Import, tmp_path: Path, content: str) -> None:
    mapping = tmp_path / "mapping.json"
    mapping.write_text(content)
    old.row()
    with pytest.raises(CommandError):
        old.run(mapping=mapping)


def test_file_that_is_not_there_is_refused_in_words(city: City, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="cannot be read"), override("en"):
        call_command("import_issues", "yavoryn", str(tmp_path / "none.csv"), column=COLUMNS, stdout=StringIO())


def test_queries_do_not_grow_with_the_rows(old: Import, django_assert_max_num_queries: object) -> None:
    for number in range(300):
        old.row(f"A-{number}")
    assert len(old.rows) < BATCH
    with django_assert_max_num_queries(40):  # type: ignore[operator]
        old.run()
    assert Issue.objects.count() == 300
