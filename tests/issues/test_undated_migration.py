"""Ends of histories that were imported before stay without a day where they had none."""

from collections.abc import Iterator

import pytest
from django.core.management import call_command
from django.db import IntegrityError, connection

from issues.models import Issue, IssueEvent
from tests.conftest import NOW

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def newest_afterwards() -> Iterator[None]:
    yield
    call_command("migrate", "issues", verbosity=0)


@pytest.mark.usefixtures("newest_afterwards")
def test_an_end_in_the_second_of_the_report_is_one_that_nobody_knows(issue: Issue) -> None:
    call_command("migrate", "issues", "0023", verbosity=0)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE issues_issue SET source = 'import'")
        for hours in (0, 1):
            cursor.execute(
                "INSERT INTO issues_issueevent (community_id, issue_id, at, kind, by, was, now) "
                "SELECT community_id, id, created_at + %s * interval '1 hour', 'moved', 'system', 'new', 'done' "
                "FROM issues_issue",
                [hours],
            )
    call_command("migrate", "issues", verbosity=0)
    ends = IssueEvent.objects.filter(kind="moved", now="done").order_by("at")
    assert list(ends.values_list("is_undated", flat=True)) == [True, False]
    assert ends[0].at == issue.created_at == NOW
    with connection.cursor() as cursor, pytest.raises(IntegrityError, match="appended only"):
        cursor.execute("UPDATE issues_issueevent SET is_undated = false")
