"""Words that a moderator redacted, taken out of letters that have not left."""

from django.utils.html import linebreaks

from core.models import OutboxMessage
from core.tokens import defuse
from issues.letters import said_by
from issues.models import IssueEvent
from routing.actions import REDACTED


def take_out_of_letters(event: IssueEvent, words: str) -> None:
    """Replaces the paragraphs that hold the words of this event: those of the letter that told of it, and of the one
    that passed them on. Nothing else in a letter is touched, however short the words are."""
    issue = event.issue
    paragraphs = [defuse(text) for text in (words, said_by(event.organisation or issue.community, words))]
    for message in OutboxMessage.objects.select_for_update().filter(subject=issue.subject_id, sent_at=None):
        text, html = message.payload["text"], message.payload["html"]
        for paragraph in paragraphs:
            text = text.replace(f"\n{paragraph}\n", f"\n{REDACTED}\n")
            html = html.replace(linebreaks(paragraph, autoescape=True), f"<p>{REDACTED}</p>")
        message.payload |= {"text": text, "html": html}
        message.save(update_fields=["payload"])
