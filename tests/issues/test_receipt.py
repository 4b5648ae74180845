"""After sending: the number, the secret link and its QR code, which nobody else gets and nothing keeps."""

import logging
import re

import pytest
import segno
from django.test import Client

from core.tokens import secret_of
from issues.actions import author_token
from issues.models import Issue
from issues.qr import QUIET, qr_of
from tests.issues.conftest import answer_page, author_page, holder


def modules_of(svg: str) -> list[list[bool]]:
    """The dark modules that the lines of the picture draw."""
    size = int(re.findall(r'viewBox="0 0 (\d+) \1"', svg)[0])
    found = [[False] * size for _row in range(size)]
    (lines,) = re.findall(r'stroke="#000" d="([^"]+)"', svg)
    x = y = 0.0
    for command, text in re.findall(r"([Mmh])([^Mmh]+)", lines):
        numbers = [float(part) for part in re.findall(r"-?\d*\.?\d+", text)]
        if command == "h":
            for column in range(int(x), int(x + numbers[0])):
                found[int(y)][column] = True
            x += numbers[0]
        else:
            x, y = (x + numbers[0], y + numbers[1]) if command == "m" else (numbers[0], numbers[1])
    return found


def test_picture_holds_the_link_and_a_quiet_zone() -> None:
    link = "https://misto.example.org/yavoryn/mine/s0DyogZj7tl0N35hGYIWLdT0rxQaujdOzlTqp1ZgOVQ/"
    drawn = modules_of(qr_of(link))
    code = segno.make(link, error="m", micro=False)
    assert drawn == [[bool(module) for module in row] for row in code.matrix_iter(border=QUIET)]


def test_picture_obeys_the_strict_policy_and_repeats_nothing_that_was_typed() -> None:
    svg = qr_of("https://example.org/</svg><script>")
    assert "style" not in svg
    assert "script" not in svg


@pytest.mark.parametrize("query", ["?new", ""], ids=["receipt", "later"])
def test_authors_page_shows_the_code_with_its_name_and_is_kept_nowhere(
    client: Client, issue: Issue, query: str
) -> None:
    page = client.get(author_page(issue) + query)
    assert page.context["qr"] in page.content.decode()
    assert page.content.decode().count('id="secret-link"') == 1
    assert 'role="img" aria-label="' in page.content.decode()
    assert "no-store" in page["Cache-Control"]
    assert "private" in page["Cache-Control"]


def test_nobody_else_gets_the_code(client: Client, issue: Issue) -> None:
    for page in (issue.get_absolute_url(), answer_page(holder(issue))):
        told = client.get(page).content.decode()
        assert secret_of(author_token(issue)) not in told
        assert 'class="qr"' not in told


def test_logs_do_not_learn_the_link(client: Client, issue: Issue, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        client.get(author_page(issue) + "?new")
    assert secret_of(author_token(issue)) not in caplog.text
