"""States of a report and their families. Map, list, feeds and counts read these names."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class State(models.TextChoices):
    NEW = "new", _("New")
    ACCEPTED = "accepted", _("Accepted")
    IN_PROGRESS = "in_progress", _("In progress")
    WAITING = "waiting", _("Waiting for the reporter")
    DONE = "done", _("Done")
    CONFIRMED = "confirmed", _("Confirmed")
    REOPENED = "reopened", _("Reopened")
    REJECTED = "rejected", _("Rejected")
    WITHDRAWN = "withdrawn", _("Withdrawn")
    DUPLICATE = "duplicate", _("Duplicate")


class Group(models.TextChoices):
    """Families of states: each has a shape and a colour on the map."""

    WAIT = "wait", _("Waiting")
    WORK = "work", _("In progress")
    DONE = "done", _("Done")
    SHUT = "shut", _("Closed without work")


S = State
GROUPS: dict[State, Group] = {
    S.NEW: Group.WAIT,
    S.ACCEPTED: Group.WAIT,
    S.REOPENED: Group.WAIT,
    S.IN_PROGRESS: Group.WORK,
    S.WAITING: Group.WORK,
    S.DONE: Group.DONE,
    S.CONFIRMED: Group.DONE,
    S.REJECTED: Group.SHUT,
    S.WITHDRAWN: Group.SHUT,
    S.DUPLICATE: Group.SHUT,
}
OPEN = frozenset({S.NEW, S.ACCEPTED, S.REOPENED, S.IN_PROGRESS, S.WAITING})  # a promise still runs


def states_of(group: Group | str) -> list[State]:
    """States that belong to one family."""
    return [state for state, its_group in GROUPS.items() if its_group == group]
