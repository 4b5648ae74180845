"""Rows of files that an import left out, kept until somebody takes them home to correct them."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _
from django_scopes import ScopedManager

from core.models import Job
from geodata.models import Community


class RejectedRow(models.Model):
    """A row that a job of an import left out, and why. It may name people: it is deleted with the file of the job."""

    community = models.ForeignKey(Community, on_delete=models.CASCADE, verbose_name=_("community"))
    job = models.ForeignKey(Job, on_delete=models.CASCADE, verbose_name=_("job"), related_name="+")
    line = models.PositiveIntegerField(_("row"))
    code = models.CharField(_("reason"), max_length=30)  # issues.import_reasons.reason_of
    details = models.TextField(_("details"))  # JSON in ASCII, as the row itself
    raw = models.TextField(_("what it said"))  # bytes that are no text stand in it as halves of characters

    objects: ClassVar[models.Manager["RejectedRow"]] = ScopedManager(community="community")

    class Meta:
        verbose_name = _("rejected row")
        verbose_name_plural = _("rejected rows")
        ordering = ["job", "line"]
        constraints = [
            # Used by the file of rejected rows, too: in the order of the file.
            models.UniqueConstraint(fields=["job", "line"], name="rejected_row_once"),
        ]

    def __str__(self) -> str:
        return f"{self.job_id} {self.line}"
