"""What organisations said of what they have, by whichever way it came."""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django_scopes import ScopedManager

from geodata.models import Community
from routing.models.channels import Channel
from routing.models.deliveries import Delivery

LONGEST_ID = 200  # characters of the number that an answer has where it comes from
LONGEST_ANSWER = 4000  # characters of its words


class Answer(models.Model):
    """One answer of an organisation, kept as it came; routing.answers applies it once, whatever is repeated."""

    class Do(models.TextChoices):
        ACCEPT = "accept", _("accepted")
        START = "start", _("started")
        ASK = "ask", _("asks the reporter")
        FINISH = "finish", _("done")
        REJECT = "reject", _("cannot be done")
        REFUSE = "refuse", _("not theirs")
        REPLY = "reply", _("words only")

    class Outcome(models.TextChoices):
        APPLIED = "applied", _("applied")
        WORDS_ONLY = "words_only", _("its words are shown, the state stayed")
        LATE = "late", _("changed nothing: too late, or nothing new")
        REFUSED = "refused", _("refused")

    community = models.ForeignKey(Community, on_delete=models.CASCADE, verbose_name=_("community"))
    delivery = models.ForeignKey(
        Delivery, on_delete=models.CASCADE, verbose_name=_("delivery"), related_name="incoming"
    )
    channel = models.ForeignKey(
        Channel, on_delete=models.SET_NULL, verbose_name=_("channel"), null=True, blank=True, related_name="+"
    )
    via = models.CharField(_("came by"), max_length=10)  # a kind of channel
    external_id = models.CharField(_("its number there"), max_length=LONGEST_ID)
    do = models.CharField(_("what it says"), max_length=10, choices=Do)
    text = models.TextField(_("words"), max_length=LONGEST_ANSWER, blank=True)
    happened_at = models.DateTimeField(_("happened, by their clock"))
    received_at = models.DateTimeField(_("received"))
    outcome = models.CharField(_("what became of it"), max_length=12, choices=Outcome)
    code = models.CharField(_("why"), max_length=40, blank=True)
    became = models.JSONField(_("keys of events that it became"), default=list, blank=True)

    objects: ClassVar[models.Manager["Answer"]] = ScopedManager(community="community")

    class Meta:
        verbose_name = _("answer that came")
        verbose_name_plural = _("answers that came")
        ordering = ["-received_at", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["delivery", "via", "external_id"], name="answer_once"),
            models.CheckConstraint(condition=~Q(external_id=""), name="answer_has_a_number"),
            models.CheckConstraint(
                condition=Q(do__in=["accept", "start", "ask", "finish", "reject", "refuse", "reply"]),
                name="answer_says_something_known",
            ),
            models.CheckConstraint(
                condition=Q(outcome__in=["applied", "words_only", "late", "refused"]), name="answer_outcome_known"
            ),
            models.CheckConstraint(condition=~Q(outcome="refused") | ~Q(code=""), name="answer_refused_with_a_code"),
        ]

    def __str__(self) -> str:
        return f"{self.via} {self.external_id}"
