"""Why a row of an import is left out, and what is worth a second look: codes, put into words only when somebody reads
them."""

from typing import Any

from django.utils.translation import gettext as _

NO_ZONE, TWICE_ON_THE_CLOCK, OPEN_WITH_END = "no_zone", "twice_on_the_clock", "open_with_end"
AFTER_THE_END = "after_the_end"
DEFAULT_PLACE, REPEATED, DIFFERS, UNDATED, MIDNIGHT = "default_place", "repeated", "differs", "undated", "midnight"
WARNINGS = (
    DEFAULT_PLACE, REPEATED, DIFFERS, OPEN_WITH_END, AFTER_THE_END, UNDATED, NO_ZONE, TWICE_ON_THE_CLOCK, MIDNIGHT,
)  # fmt: skip


class RejectedRowError(ValueError):
    """A row that cannot become a report. `code` is one that `reason_of` knows."""

    def __init__(self, code: str, **details: object) -> None:
        super().__init__(code)
        self.code = code
        self.details = details


def reason_of(code: str, **details: object) -> str:
    """Why a row was rejected, in the language of the moment."""
    return {
        "no_id": _("It has no number of its own, so a second run could not know it again"),
        "too_long": _("Too long for “%(part)s”: %(count)s characters"),
        "place": _("This is no place on the globe: %(lon)s, %(lat)s"),
        "geometry": _("It has no place, or one that is not a point"),
        "outside": _("The place is outside the community"),
        "swapped": _("The place is outside the community; with longitude and latitude exchanged it would be inside"),
        "time": _("This is no date that is understood: %(said)s"),
        "future": _("It lies in the future"),
        "accepted_before_opened": _("It was accepted before it was reported"),
        "started_before_opened": _("Work began before it was reported"),
        "resolved_before_opened": _("It was resolved before it was reported"),
        "reopened_before_opened": _("It was reopened before it was reported"),
        "category": _("Unknown category: “%(said)s”"),
        "status": _("Unknown status: “%(said)s”"),
        "organisation": _("Unknown organisation: “%(said)s”"),
        "organisations": _("Several organisations are called so: “%(said)s”; name it by its ЄДРПОУ code"),
        "organisation_code": _("This is no ЄДРПОУ code, which has eight digits: “%(said)s”"),
        "left_out": _("The mapping leaves rows of “%(said)s” out"),
        "unreadable": _("It holds bytes that are no text in UTF-8"),
        "shape": _("It has more values than there are columns"),
        "csv": _("It is broken: %(said)s"),
    }[code] % details


# What the reasons of a summary say in place of one row's details.
EXAMPLE = dict.fromkeys(("said", "part", "count", "lon", "lat"), "…")


def warning_of(code: str, **details: Any) -> str:
    """What is worth a second look, in the language of the moment."""
    return {
        DEFAULT_PLACE: _("rows stand on one point, %(lon)s, %(lat)s: perhaps a default of the other system"),
        REPEATED: _("rows have a number that another row has: the first of them is brought in"),
        DIFFERS: _("of them say something else than the row that is brought in"),
        OPEN_WITH_END: _("rows are open and yet have a date of closing"),
        AFTER_THE_END: _("rows were accepted or begun after they were closed: those moments are left out"),
        UNDATED: _("rows are closed without a date: statistics leave their time out"),
        NO_ZONE: _("rows have times without a zone: they are read as %(zone)s"),
        TWICE_ON_THE_CLOCK: _("rows have times of a night on which clocks were changed: they may be an hour wrong"),
        MIDNIGHT: _("rows were reported at midnight exactly: the file may know days only"),
    }[code] % details
