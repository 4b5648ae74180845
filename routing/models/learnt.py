"""Why a rule was learnt from history: how often that organisation answered, of how many."""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django_scopes import ScopedManager

from geodata.models import Community


class LearntRule(models.Model):
    """A rule that routing.learning wrote, through all sets by its lineage."""

    community = models.ForeignKey(Community, on_delete=models.CASCADE, verbose_name=_("community"))
    lineage = models.UUIDField(_("the same rule through all sets"), editable=False)
    cases = models.PositiveIntegerField(_("reports learnt from"))
    agreeing = models.PositiveIntegerField(_("of them, that organisation answered"))
    since = models.DateTimeField(_("from"))
    until = models.DateTimeField(_("to (not including)"))

    objects: ClassVar[models.Manager["LearntRule"]] = ScopedManager(community="community")

    class Meta:
        verbose_name = _("learnt rule")
        verbose_name_plural = _("learnt rules")
        constraints = [
            models.UniqueConstraint(fields=["community", "lineage"], name="learnt_rule_once"),
            models.CheckConstraint(
                condition=Q(cases__gt=0) & Q(agreeing__lte=F("cases")), name="learnt_rule_agrees_with_its_cases"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.agreeing}/{self.cases}"

    @property
    def confidence(self) -> float:
        """Share of the reports that the organisation answered, 0 to 1."""
        return self.agreeing / self.cases
