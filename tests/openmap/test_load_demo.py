"""The demo never mixes with real work."""

from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils.translation import override
from django_scopes import scopes_disabled

from accounts.models import Organisation
from geodata.models import Community
from issues.models import Issue
from openmap.demo.stories_of_yards import STORIES


def test_demo_refuses_a_database_that_is_in_use(yavoryn: Community) -> None:
    with pytest.raises(CommandError, match="empty"), override("en"):
        call_command("load_demo", "--small", stdout=StringIO())
    assert Community.objects.get() == yavoryn


def test_demo_if_empty_leaves_a_used_database_alone(yavoryn: Community) -> None:
    said = StringIO()
    call_command("load_demo", if_empty=True, stdout=said)
    assert said.getvalue() == ""
    assert Community.objects.get() == yavoryn


def test_failed_demo_leaves_nothing(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_args: Any, **_kwargs: Any) -> None:
        raise RuntimeError("no more letters")

    monkeypatch.setattr("openmap.demo.load.STORIES", STORIES[:2])
    monkeypatch.setattr("openmap.demo.load.settle_letters", fail)
    with pytest.raises(RuntimeError):
        call_command("load_demo", "--small", stdout=StringIO())
    with scopes_disabled():
        assert not Community.objects.exists()
        assert not Organisation.objects.exists()
        assert not Issue.objects.exists()
