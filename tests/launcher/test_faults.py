"""`./misto test faults`: the campaign gets its words, and its exit code comes back."""

from __future__ import annotations

import pytest

from launcher import console, testrun, up
from launcher.places import Places


@pytest.fixture
def campaign(checkout: Places, monkeypatch: pytest.MonkeyPatch) -> Places:
    """A checkout whose Python says what it was asked for, and ends as a broken promise does."""
    checkout.python.parent.mkdir(parents=True)
    checkout.python.write_text('#!/bin/sh\necho "asked: $*"\nexit 1\n')
    checkout.python.chmod(0o755)
    monkeypatch.setattr(console, "_stream", None)  # other tests hear the launcher again
    monkeypatch.setattr(up, "prepare", lambda here, *, development: None)
    return checkout


def test_words_go_to_the_campaign_and_its_exit_code_comes_back(
    campaign: Places, capfd: pytest.CaptureFixture[str]
) -> None:
    assert testrun.test(campaign, ["faults", "--reports", "500"]) == 1
    assert "asked: -m tests.faults.campaign --reports 500" in capfd.readouterr().out
