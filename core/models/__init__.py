"""What every kind of thing shares: an address (Subject), tokens, days off, and messages on their way."""

from core.models.outbox import Failure, Lane, OutboxMessage, OutboxQuerySet, WrittenOff
from core.models.sending import Outcome, OutcomeTotal, SendingLimit, Stop, StopEverywhere, Way
from core.models.things import (
    DELIVERED,
    ON_THE_MAP,
    STRANGER,
    CalendarDay,
    Job,
    Subject,
    SubjectQuerySet,
    Token,
    Usage,
    Viewer,
    Visibility,
    visible_to,
)

__all__ = [
    "DELIVERED",
    "ON_THE_MAP",
    "STRANGER",
    "CalendarDay",
    "Failure",
    "Job",
    "Lane",
    "OutboxMessage",
    "OutboxQuerySet",
    "Outcome",
    "OutcomeTotal",
    "SendingLimit",
    "Stop",
    "StopEverywhere",
    "Subject",
    "SubjectQuerySet",
    "Token",
    "Usage",
    "Viewer",
    "Visibility",
    "Way",
    "WrittenOff",
    "visible_to",
]
