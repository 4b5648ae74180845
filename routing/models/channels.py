"""How organisations are reached."""

from typing import ClassVar

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django_scopes import ScopedManager

from accounts.models import Organisation
from geodata.models import Community
from routing.channel_addresses import BadAddressError, address_refusal_in_words, check_address

KINDS = ("email", "webhook", "open311", "folder", "sftp")
ROLES = ("any", "responsible", "informed")


class ChannelQuerySet(models.QuerySet["Channel"]):
    def chosen_for(self, role: str) -> "ChannelQuerySet":
        """Active ones that take what comes in this role (“responsible”, “informed”), in their order; copies apart."""
        return self.filter(is_active=True, is_copy=False, role__in=["any", role])

    def copies_for(self, role: str) -> "ChannelQuerySet":
        """Active ones that get a copy of what comes in this role."""
        return self.filter(is_active=True, is_copy=True, role__in=["any", role])


ChannelManager = models.Manager.from_queryset(ChannelQuerySet)


class Channel(models.Model):
    """How an organisation is reached in one community. Of the active ones that take a message, that of the lowest
    position gets it; when it does not arrive there, the next one does. routing.channels chooses."""

    class Kind(models.TextChoices):
        EMAIL = "email", _("e-mail")
        WEBHOOK = "webhook", _("signed webhook")
        OPEN311 = "open311", _("Open311 GeoReport v2")
        FOLDER = "folder", _("folder on the server")
        SFTP = "sftp", _("folder over SFTP")

    class Role(models.TextChoices):
        ANY = "any", _("everything")
        RESPONSIBLE = "responsible", _("what they must answer")
        INFORMED = "informed", _("what they are informed of")

    community = models.ForeignKey(Community, on_delete=models.CASCADE, verbose_name=_("community"))
    organisation = models.ForeignKey(
        Organisation, on_delete=models.CASCADE, verbose_name=_("organisation"), related_name="channels"
    )
    kind = models.CharField(_("kind"), max_length=10, choices=Kind, default=Kind.EMAIL)
    address = models.CharField(_("address"), max_length=500)
    role = models.CharField(_("takes"), max_length=12, choices=Role, default=Role.ANY, db_default=Role.ANY)
    is_copy = models.BooleanField(
        _("gets copies"),
        default=False,
        db_default=False,
        help_text=_("A copy of everything, besides the channel that is chosen. A copy alone reaches nobody."),
    )
    position = models.PositiveSmallIntegerField(
        _("order"), default=1, help_text=_("The lowest is tried first; the next one when it does not work.")
    )
    is_active = models.BooleanField(_("active"), default=True)
    settings = models.JSONField(
        _("settings"), default=dict, db_default=models.Value({}, models.JSONField()), blank=True
    )
    secret = models.TextField(_("secret"), blank=True, default="", db_default="")  # sealed: core.sealed
    former_secret = models.TextField(
        _("secret that is being replaced"), blank=True, default="", db_default=""
    )  # sealed; it signs too, and is taken, until an administrator ends it

    trouble = models.CharField(
        _("what went wrong when it was read or tried"), max_length=300, blank=True, default="", db_default=""
    )  # "" once it works again
    troubled_at = models.DateTimeField(_("when it went wrong"), null=True, blank=True)

    objects: ClassVar[ChannelManager["Channel"]] = ScopedManager(ChannelManager, community="community")

    class Meta:
        verbose_name = _("channel")
        verbose_name_plural = _("channels")
        ordering = ["position", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["community", "organisation", "kind", "address"], name="channel_address_once"
            ),
            models.CheckConstraint(condition=Q(kind__in=KINDS), name="channel_kind_known"),
            models.CheckConstraint(condition=Q(role__in=ROLES), name="channel_role_known"),
            models.CheckConstraint(condition=~Q(address=""), name="channel_has_an_address"),
            models.CheckConstraint(
                condition=Q(former_secret="") | ~Q(secret=""), name="channel_secret_replaces_the_former"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.organisation}: {self.address}"

    def clean(self) -> None:
        """The address is one of its kind. Whether the server may go there is asked by the form."""
        if not self.address:
            return  # its field says so, or the form found more
        try:
            check_address(self.kind, self.address)
        except BadAddressError as bad:
            raise ValidationError({"address": address_refusal_in_words(bad.code)}) from bad
