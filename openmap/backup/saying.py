"""What commands about backups say while they work."""

from time import monotonic
from typing import Final

from django.core.management.base import OutputWrapper
from django.utils.translation import gettext as _

PAUSE: Final = 5.0  # seconds between two lines that only say how far it is


class Teller:
    """Writes lines at once, and now and then how many files are done."""

    def __init__(self, out: OutputWrapper) -> None:
        self._out, self._said = out, monotonic()

    def say(self, words: str) -> None:
        """One line."""
        self._out.write(words)
        self._out.flush()
        self._said = monotonic()

    def count(self, done: int) -> None:
        """A line when the last one is some seconds old."""
        if monotonic() - self._said >= PAUSE:
            self.say(_("%(count)d files …") % {"count": done + 1})
