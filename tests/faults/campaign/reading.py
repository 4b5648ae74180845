"""What the database holds at the end, asked by statements of the campaign's own, not by the code that is tried."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import psycopg
from psycopg.rows import dict_row

from tests.faults.campaign.service import Service

REPORTS: Final = "SELECT number, text FROM issues_issue"
MESSAGES: Final = """
SELECT id, key::text, subject_id AS subject, channel, recipient, extract(epoch FROM created_at)::float8 AS written_at,
       sent_at IS NOT NULL AS is_sent, dead_at IS NOT NULL AS is_dead, attempts, last_error
FROM core_outboxmessage ORDER BY id
"""
WAITING: Final = "SELECT count(*) AS waiting FROM core_outboxmessage WHERE sent_at IS NULL AND dead_at IS NULL"


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One row of the outbox."""

    id: int
    key: str
    subject: int
    channel: str
    recipient: str
    written_at: float  # seconds since 1970
    is_sent: bool
    is_dead: bool
    attempts: int
    last_error: str


def waiting(service: Service) -> int:
    """How many messages have neither left nor been given up."""
    return int(_rows(service, WAITING)[0]["waiting"])


def reports(service: Service) -> list[tuple[int, str]]:
    """(number, text) of every report."""
    return [(row["number"], row["text"]) for row in _rows(service, REPORTS)]


def messages(service: Service) -> list[Message]:
    """The outbox, in the order of writing."""
    return [Message(**row) for row in _rows(service, MESSAGES)]


def _rows(service: Service, statement: str) -> list[Mapping[str, Any]]:
    where = {"host": str(service.cluster.sockets), "dbname": "misto", "user": "misto"}
    with psycopg.connect(**where, row_factory=dict_row, connect_timeout=10) as line:  # type: ignore[arg-type]
        return list(line.execute(statement))
