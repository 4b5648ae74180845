"""Words that a moderator redacted, taken out of letters that have not left and out of kept answers."""

from typing import Any

from django.utils.html import linebreaks

from core.models import OutboxMessage
from core.tokens import defuse
from issues.letters import said_by
from issues.models import IssueEvent
from routing.actions import REDACTED
from routing.answers import forget_words


def take_out_of_letters(event: IssueEvent, words: str) -> None:
    """Replaces the paragraphs that hold the words of this event: those of the letter that told of it, and of the one
    that passed them on. Nothing else in a letter is touched, however short the words are."""
    issue = event.issue
    forget_words(subject_id=issue.subject_id, event=event.pk)
    passed_on = said_by(event.organisation or issue.community, words)
    paragraphs = [defuse(text) for text in (words, passed_on)]
    waiting = OutboxMessage.objects.select_for_update().filter(subject=issue.subject_id, sent_at=None)
    for message in waiting.filter(payload__has_keys=["text", "html"]):  # webhooks and photos to be read hold no words
        text, html = message.payload["text"], message.payload["html"]
        for paragraph in paragraphs:
            text = text.replace(f"\n{paragraph}\n", f"\n{REDACTED}\n")
            html = html.replace(linebreaks(paragraph, autoescape=True), f"<p>{REDACTED}</p>")
        message.payload |= {"text": text, "html": html}
        if data := message.payload.get("data"):
            message.payload["data"] = data | _without(data, words=words, note=passed_on)
        message.save(update_fields=["payload"])


def _without(data: dict[str, Any], **gone: str) -> dict[str, str]:
    """The facts that hold these very words, redacted."""
    return {name: REDACTED for name, text in gone.items() if text and data.get(name) == text}
