"""Where letters about their report go, as its author wishes: by their page, or by a program."""

from datetime import datetime

from django.db import transaction

from issues.following import author_follow
from issues.join_limits import may_ask
from issues.models import Issue
from notifications.actions import ask, confirm, end, follow
from notifications.models import Follow


class TooManyLettersError(Exception):
    """Very many letters that ask for a confirmation left from there within an hour, or for this address in a day."""


def send_letters_to(
    email: str,
    *,
    issue: Issue,
    language: str,
    known: bool = False,
    device: str = "",
    network: str = "",
    at: datetime,
) -> Follow:
    """The author's letters go to this address and to no other, once it is confirmed (`known`: it was, in this browser).

    `device` and `network`: whom limits count. Raises TooManyLettersError.
    """
    with transaction.atomic():
        if not known and not may_ask(community=issue.community, device=device, network=network, at=at):
            raise TooManyLettersError
        before = author_follow(issue)
        if before and before.email.lower() != email.lower():
            end(before, at=at)
        role = Follow.Role.AUTHOR
        row, _is_new = follow(subject=issue.subject, email=email, role=role, language=language, known=known, at=at)
    return row


def ask_once_more(row: Follow, *, known: bool = False, at: datetime) -> None:
    """One more letter that asks for the confirmation, unless there was one. Raises TooManyLettersError."""
    if known:
        confirm(row, at=at)
    elif not row.is_confirmed and not ask(row, at=at):
        raise TooManyLettersError
    row.refresh_from_db()
