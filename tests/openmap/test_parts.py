"""The parts that pages are made of. Nothing here touches the database: pytest-django would refuse it."""

import re
from datetime import UTC, date, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest
import time_machine
from django.conf import settings
from django.contrib.staticfiles import finders
from django.template.loader import render_to_string
from django.test import Client
from django.utils.html import strip_tags
from django.utils.translation import override

from issues.states import Group, State
from openmap.icons import FALLBACK, ICONS, MARKS, STATES, all_icon_names, icon_paths
from openmap.templatetags import parts
from openmap.views_parts import rings

NOW = datetime(2026, 11, 19, 8, 0, tzinfo=UTC)
ROOT = Path(settings.BASE_DIR)
OWN_TEMPLATES = sorted(
    file
    for app in ("openmap", "issues", "geodata")
    for file in (ROOT / app / "templates").rglob("*.html")
    if "mail" not in file.parts
)


def css(name: str) -> str:
    found = finders.find(f"openmap/css/{name}.css")
    assert found
    return Path(found).read_text(encoding="utf-8")


# Icons ---------------------------------------------------------------------------------------------------------


def test_own_icon_wins_over_lucide() -> None:
    assert icon_paths("map") == ICONS["map"]


def test_icon_that_we_did_not_draw_comes_from_lucide() -> None:
    assert "accessibility" not in ICONS
    assert icon_paths("accessibility") not in {"", ICONS[FALLBACK]}


def test_unknown_icon_is_a_pin() -> None:
    assert icon_paths("no-such-icon") == ICONS["pin"]
    assert "no-such-icon" not in all_icon_names()
    assert {"pin", "accessibility"} <= all_icon_names()


def test_icon_is_hidden_from_screen_readers() -> None:
    assert parts.icon("road", "i-s").startswith('<svg class="i i-s" viewBox="0 0 24 24" aria-hidden="true">')


def test_class_of_an_icon_is_escaped() -> None:
    assert "<b>" not in parts.icon("road", '"><b>')


@pytest.mark.parametrize("drawing", [*ICONS.values(), *STATES.values()])
def test_drawing_has_no_inline_style(drawing: str) -> None:
    assert drawing.startswith("<")
    assert "style=" not in drawing


# States and marks ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", State)
def test_state_is_said_by_shape_colour_and_word(state: State) -> None:
    badge = parts.state_badge(state)
    assert STATES[state] in badge
    assert re.search(r'class="state is-(wait|work|done|shut|late)"', badge)
    assert strip_tags(badge) == str(state.label)


def test_no_two_states_share_a_shape() -> None:
    assert len({STATES[state] for state in State}) == len(State)


def test_words_of_a_badge_are_escaped() -> None:
    assert "&lt;b&gt;" in parts.state_badge("late", "<b>")


def test_reopened_report_has_the_colour_of_what_is_late() -> None:
    assert parts.state_color(State.REOPENED) == "is-late"


@pytest.mark.parametrize("group", Group)
def test_family_of_states_has_a_silhouette(group: Group) -> None:
    assert f'd="{MARKS[group]}"' in parts.mark_shape(group)


def test_ring_of_a_cluster_goes_all_the_way_round() -> None:
    drawn = rings((30, 22, 48, 0))
    assert [group for group, _dash, _start in drawn] == ["wait", "work", "done"]
    assert [start for _group, _dash, start in drawn] == [0, -30, -52]
    assert all(sum(map(int, dash.split())) == 100 for _group, dash, _start in drawn)


# Hue, names, dates ---------------------------------------------------------------------------------------------


def test_every_hue_has_a_class_in_the_style_sheet() -> None:
    known = set(re.findall(r"\.(hue-\d+) ", css("hues")))
    assert {parts.hue_class(degrees) for degrees in range(360)} == known


def test_hue_is_rounded_to_the_nearest_step() -> None:
    assert parts.hue_class(20) == "hue-16"
    assert parts.hue_class(359) == "hue-0"
    assert parts.hue_class(None) == "hue-256"


def test_name_follows_the_language_and_falls_back_to_ukrainian() -> None:
    town = SimpleNamespace(name="Яворин", name_en="Yavoryn")
    village = SimpleNamespace(name="Ліски", name_en="")
    with override("en"):
        assert (parts.local_name(town), parts.local_name(village)) == ("Yavoryn", "Ліски")
    with override("uk"):
        assert parts.local_name(town) == "Яворин"


@time_machine.travel(NOW, tick=False)
def test_day_is_written_with_the_month_in_the_genitive() -> None:
    with override("uk"):
        assert parts.nice_day(date(2026, 11, 25)) == "25 листопада"


@time_machine.travel(NOW, tick=False)
def test_day_of_another_year_says_the_year() -> None:
    with override("en"):
        assert parts.nice_day(date(2025, 11, 25)) == "25 November 2025"


@time_machine.travel(NOW, tick=False)
def test_moment_is_told_in_kyiv_time() -> None:
    with override("uk"):
        assert parts.nice_moment(datetime(2026, 11, 18, 22, 5, tzinfo=UTC)) == "19 листопада, 0:05"


def test_nothing_is_written_for_no_day() -> None:
    assert parts.nice_day(None) == parts.nice_moment(None) == ""


def test_number_is_not_torn_from_its_sign() -> None:
    assert parts.numero(42) == "№\N{NO-BREAK SPACE}42"


# Pages ---------------------------------------------------------------------------------------------------------


def test_page_of_parts_shows_every_part(client: Client) -> None:
    response = client.get("/_parts/")
    assert response.status_code == 200
    shown = {template.name for template in response.templates}
    folder = ROOT / "openmap" / "templates"
    assert {str(file.relative_to(folder)) for file in (folder / "parts").glob("*.html")} <= shown


def test_page_of_parts_shows_every_icon(client: Client) -> None:
    page = client.get("/_parts/").content.decode()
    assert [name for name in ICONS if f"<code>{name}</code>" not in page] == []


@pytest.mark.parametrize("file", OWN_TEMPLATES, ids=lambda file: str(file.relative_to(ROOT)))
def test_template_fits_the_content_security_policy(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    assert not re.search(r"\sstyle=|<style|\son[a-z]+=|javascript:", text)
    assert all("src=" in tag for tag in re.findall(r"<script[^>]*>", text))


def test_page_begins_with_a_link_past_the_header_and_names_its_language(client: Client) -> None:
    page = client.get("/_parts/").content.decode()
    assert '<html lang="uk" class="hue-256">' in page
    first_link = re.search(r"<body.*?(<a .*?</a>)", page, re.DOTALL)
    assert first_link
    assert 'class="skip" href="#main"' in first_link[1]
    assert '<main id="main"' in page


def test_language_is_changed_by_a_form_that_comes_back_here(client: Client) -> None:
    page = client.get("/_parts/?from=here").content.decode()
    assert 'name="next" value="/_parts/?from=here"' in page
    assert 'name="language" value="en" lang="en"' in page


def test_every_style_sheet_of_the_shell_exists() -> None:
    shell = render_to_string("500.html")
    sheets = re.findall(r'href="/static/(openmap/css/[^"]+)"', shell)
    assert len(sheets) >= 6
    assert all(finders.find(sheet) for sheet in sheets)


@pytest.mark.parametrize("name", ["400.html", "500.html"])
def test_error_page_needs_neither_request_nor_database(name: str) -> None:
    page = render_to_string(name)
    assert "<h1>" in page
    assert 'href="/"' in page


def test_missing_page_says_what_to_do_next(client: Client) -> None:
    response = client.get("/_parts/no-such-part/")
    assert response.status_code == 404
    assert 'class="btn btn-primary" href="/"' in response.content.decode()


# Recipients ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ("queued", "Waiting to be sent"),
        ("delivered", "Delivered 19 November, 10:00"),
        ("answered", "Answered 19 November, 10:00"),
        ("failed", "Could not be delivered: the server refused the letter"),
        ("refused", "Handed back 19 November, 10:00: the server refused the letter"),
        ("unreachable", "no address for letters"),
    ],
)
@time_machine.travel(NOW, tick=False)
def test_public_page_says_how_far_the_report_came(state: str, said: str) -> None:
    vodokanal = SimpleNamespace(name="Водоканал", name_en="", icon="drop")
    delivery = {
        "organisation": vodokanal,
        "role": "responsible",
        "state": state,
        "at": NOW,
        "reason": "the server refused the letter",
    }
    with override("en"):
        shown = render_to_string("issues/page/recipient.html", {"delivery": delivery})
    assert said in strip_tags(shown)


# Letters -------------------------------------------------------------------------------------------------------


def test_letter_has_a_heading_and_hides_its_layout_from_screen_readers() -> None:
    letter = render_to_string("mail/base.html", {"subject": "№ 42"})
    assert letter.count("<h1") == 1
    assert letter.count("<table") == letter.count('<table role="presentation"')
