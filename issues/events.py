"""Appending to the history of a report."""

from datetime import datetime

from accounts.models import Organisation, User
from core.together import AT_ONCE, Writer
from issues.models import EventText, Issue, IssueEvent


def append_event(
    issue: Issue,
    kind: IssueEvent.Kind,
    *,
    by: IssueEvent.By,
    at: datetime,
    user: User | None = None,
    organisation: Organisation | None = None,
    was: str = "",
    now: str = "",
    text: str = "",
    changed: str = "",
    write: Writer = AT_ONCE,
) -> IssueEvent:
    """One more event, inside the caller's transaction; its words get a row of their own."""
    words = write.create(EventText, community_id=issue.community_id, text=text) if text else None
    return write.create(
        IssueEvent,
        community_id=issue.community_id,
        issue=issue,
        at=at,
        kind=kind,
        by=by,
        user=user,
        organisation=organisation,
        was=was,
        now=now,
        words=words,
        changed=changed,
    )
