"""Letters that came back, in the administration: what became of each. Staff read the words of those that became
nothing."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from core.incoming_models import IncomingLetter
from core.letter_parts import UnreadableError, take_apart, written
from openmap.admin_site import AboutAReport, ReadOnly


@admin.register(IncomingLetter)
class IncomingLetterAdmin(AboutAReport, ReadOnly):
    """Of a letter that belongs to no community only operators learn that it came; nobody reads it here."""

    list_display = ("received_at", "report", "what_address", "outcome", "note", "community")
    list_filter = ("community", "outcome")
    ordering = ("-received_at", "-id")
    fields = ("received_at", "report", "what_address", "outcome", "note", "settled_at", "attempts", "size", "words")
    readonly_fields = ("report", "what_address", "words")

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).defer("raw")

    @admin.display(description=_("written to"))
    def what_address(self, letter: IncomingLetter) -> str:
        kinds = {"b": _("the sender of a letter of ours"), "r": _("the address for answers")}
        return str(kinds.get(letter.address, _("no address of ours")))

    @admin.display(description=_("words"))
    def words(self, letter: IncomingLetter) -> str:
        """Kept for a month, and only of letters that became nothing: an answer stands on the page of its report."""
        if letter.raw is None or letter.community_id is None or letter.outcome == IncomingLetter.Outcome.BROKEN:
            return "—"
        try:
            parts = take_apart(bytes(letter.raw))
            return written(parts, size=letter.size, received_at=letter.received_at).words or "—"
        except UnreadableError:
            return "—"
