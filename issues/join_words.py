"""Why nobody was joined, added to or written to, in words."""

from django.utils.translation import gettext as _


def refusal_in_words(code: str) -> str:
    """Why nobody was joined, for the person who pressed the button."""
    return {
        "closed": _("This report is closed, so nobody can join it. Is the problem there again? Write a new report."),
        "unseen": _("This report is not shown now, so nobody can join it."),
        "nobody": _(
            "Your browser keeps no cookies, so we cannot count your voice only once. Allow them for this site."
        ),
        "too_many_letters": letters_refused(),
        "not_joined": _("Only who joined this report can add to it: press “This concerns me too” on its page first."),
        "no_words": _("Write a few words: people will read them."),
        "looked_at_first": _("A moderator reads everything here before others do, so nothing can be added this way."),
        "too_many_words": _("Very much was added from here within an hour: please come back a little later."),
        "too_many": _("Very many voices came from here within an hour: please join again a little later."),
    }[code]


def letters_refused() -> str:
    """Why no letter asks this address now."""
    return _("Very many letters were asked for from here within an hour: please give the address a little later.")
