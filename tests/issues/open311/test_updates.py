"""Updates that are read, as FixMyStreet extends the specification."""

from datetime import timedelta
from typing import Any

from django.test import Client

from issues.models import Issue
from issues.moves import move_by_organisation, reply_by_organisation
from issues.states import State
from tests.issues.conftest import holder
from tests.issues.open311 import schemas
from tests.issues.open311.conftest import ask, ask_xml
from tests.issues.open311.schemas import fits


def test_updates_tell_what_those_who_answer_did(issue: Issue, later: Any, client: Client) -> None:
    delivery = holder(issue)
    reply_by_organisation(delivery=delivery, text="Приїдемо завтра.", at=later)
    move_by_organisation(delivery=delivery, to=State.DONE, text="Залатали.", at=later + timedelta(hours=1))
    told = fits(ask(client, "servicerequestupdates"), schemas.UPDATES)
    assert [(one["service_request_id"], one["status"], one["description"]) for one in told] == [
        ("1", "open", "Приїдемо завтра."), ("1", "closed", "Залатали.")
    ]  # fmt: skip
    tree = ask_xml(client, "servicerequestupdates", start_date="2026-11-20T10:30:00+02:00")
    assert tree.tag == "service_request_updates"
    assert [one.findtext("description") for one in tree.findall("request_update")] == ["Залатали."]
    assert len({one["update_id"] for one in told}) == 2
    assert ask(client, "servicerequestupdates", service_request_id="7") == []
    assert len(ask(client, "servicerequestupdates", service_request_id="1,7")) == 2
