"""How the parts of the service are started."""

from __future__ import annotations

import pytest

from launcher import parts
from launcher.places import Places


@pytest.mark.parametrize("part", ["web", "worker", "outbox", "jobs", "beat"])
def test_no_option_of_a_part_is_given_twice(checkout: Places, part: str) -> None:
    started = {
        "web": parts.web(checkout, {"MISTO_HOSTS": "*"}, 8000),
        "worker": parts.worker(checkout, {}),
        "outbox": parts.outbox(checkout, {}),
        "jobs": parts.jobs(checkout, {}),
        "beat": parts.beat(checkout, {}),
    }[part]
    options = [word.split("=")[0] for word in started.command if word.startswith("-")]
    assert len(options) == len(set(options))


def test_web_part_writes_no_access_log_and_opens_no_control_socket(checkout: Places) -> None:
    words = parts.web(checkout, {"MISTO_HOSTS": "*"}, 8000).command
    assert "--no-control-socket" in words
    assert not any(word.startswith("--access-log") for word in words)


def test_web_part_takes_lines_as_long_as_the_addresses_of_drawn_shapes(checkout: Places) -> None:
    words = parts.web(checkout, {"MISTO_HOSTS": "*"}, 8000).command
    assert words[words.index("--limit-request-line") + 1] == str(parts.LONGEST_LINE)
