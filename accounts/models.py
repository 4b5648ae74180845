"""People, organisations, and who works where."""

from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from django_scopes import ScopedManager

from geodata.models import Community


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """A new account; without a password nobody can sign in with one."""
        user = self.model(email=self.normalize_email(email).strip(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """An operator of the whole installation."""
        return self.create_user(email, password, **(fields | {"is_staff": True, "is_superuser": True}))

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email__iexact=username)


class User(AbstractBaseUser, PermissionsMixin):
    """A person who signs in, by e-mail. Global: one account works in many communities."""

    email = models.EmailField(_("e-mail"), max_length=254, unique=True)
    name = models.CharField(pgettext_lazy("person", "name"), max_length=150, blank=True)
    is_staff = models.BooleanField(_("may open the administration pages"), default=False)
    is_active = models.BooleanField(_("active"), default=True)
    created_at = models.DateTimeField(_("since"), auto_now_add=True)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        verbose_name = _("user")
        verbose_name_plural = _("users")
        constraints = [models.UniqueConstraint(Lower("email"), name="user_email_once")]

    def __str__(self) -> str:
        return self.name or self.email


class Organisation(models.Model):
    """A body that must answer: a utility, a department. Global: an oblenergo serves many communities."""

    name = models.CharField(_("name"), max_length=200, unique=True)
    name_en = models.CharField(_("name in English"), max_length=200, blank=True)
    edrpou = models.CharField(
        _("ЄДРПОУ code"), max_length=8, null=True, blank=True, unique=True, validators=[RegexValidator(r"^\d{8}$")]
    )
    icon = models.CharField(_("icon"), max_length=40, default="building")
    is_active = models.BooleanField(_("active"), default=True)

    class Meta:
        verbose_name = _("organisation")
        verbose_name_plural = _("organisations")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Membership(models.Model):
    """What a person may do in one community, for the community itself or for one organisation."""

    class Role(models.TextChoices):
        ADMINISTRATOR = "administrator", _("administrator")
        MODERATOR = "moderator", _("moderator")
        DISPATCHER = "dispatcher", _("dispatcher")

    community = models.ForeignKey(Community, on_delete=models.CASCADE, verbose_name=_("community"))
    user = models.ForeignKey(User, on_delete=models.CASCADE, verbose_name=_("user"), related_name="memberships")
    organisation = models.ForeignKey(
        Organisation, on_delete=models.CASCADE, verbose_name=_("organisation"), null=True, blank=True
    )
    role = models.CharField(_("role"), max_length=15, choices=Role)

    objects: ClassVar[models.Manager["Membership"]] = ScopedManager(community="community")

    class Meta:
        verbose_name = _("membership")
        verbose_name_plural = _("memberships")
        constraints = [
            models.UniqueConstraint(
                fields=["community", "user", "organisation", "role"], name="membership_once", nulls_distinct=False
            ),
            models.CheckConstraint(
                condition=Q(role="dispatcher", organisation__isnull=False) | ~Q(role="dispatcher"),
                name="dispatcher_of_an_organisation",
            ),
            models.CheckConstraint(
                condition=Q(role__in=["administrator", "moderator", "dispatcher"]), name="membership_role_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} · {self.get_role_display()}"


class ApiClient(models.Model):
    """An organisation that asks by programs in one community, and how often it may."""

    community = models.ForeignKey(Community, on_delete=models.CASCADE, verbose_name=_("community"))
    organisation = models.ForeignKey(
        Organisation, on_delete=models.PROTECT, verbose_name=_("organisation"), related_name="api_clients"
    )
    contact = models.EmailField(_("e-mail of who keeps the program"), max_length=254, blank=True)
    per_minute = models.PositiveIntegerField(
        _("requests in a minute"), default=120, validators=[MinValueValidator(1), MaxValueValidator(100_000)]
    )
    per_day = models.PositiveIntegerField(
        _("requests in a day"), default=20_000, validators=[MinValueValidator(1), MaxValueValidator(100_000_000)]
    )
    is_active = models.BooleanField(_("active"), default=True)

    objects: ClassVar[models.Manager["ApiClient"]] = ScopedManager(community="community")

    class Meta:
        verbose_name = _("client of the API")
        verbose_name_plural = _("clients of the API")
        constraints = [
            models.UniqueConstraint(fields=["community", "organisation"], name="api_client_once"),
            models.CheckConstraint(
                condition=Q(per_minute__range=(1, 100_000), per_day__range=(1, 100_000_000)),
                name="api_client_limits_in_range",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.organisation} · {self.community}"


class ApiKey(models.Model):
    """A secret by which a program acts in one community. Only the digest is kept; accounts.api_keys checks."""

    class Scope(models.TextChoices):
        REPORTS = "reports:write", _("send reports and what residents do with them")
        ANSWERS = "answers:write", _("answer for its organisation")
        WEBHOOKS = "webhooks:manage", _("subscribe to events")

    community = models.ForeignKey(Community, on_delete=models.CASCADE, verbose_name=_("community"))
    client = models.ForeignKey(ApiClient, on_delete=models.CASCADE, verbose_name=_("client"), related_name="keys")
    name = models.CharField(_("what it is for"), max_length=100)
    prefix = models.CharField(_("begins with"), max_length=12)
    digest = models.BinaryField(_("SHA-256 of the secret"), max_length=32, unique=True)
    scopes = ArrayField(models.CharField(max_length=20, choices=Scope), verbose_name=_("may"))
    created_by = models.ForeignKey(User, on_delete=models.SET_NULL, verbose_name=_("made by"), null=True, blank=True)
    created_at = models.DateTimeField(_("made"))
    expires_at = models.DateTimeField(_("expires"), null=True, blank=True)
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True)
    last_used_on = models.DateField(_("last used on"), null=True, blank=True)

    objects: ClassVar[models.Manager["ApiKey"]] = ScopedManager(community="community")

    class Meta:
        verbose_name = _("key of the API")
        verbose_name_plural = _("keys of the API")
        ordering = ["-created_at", "-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(scopes__contained_by=["reports:write", "answers:write", "webhooks:manage"])
                & Q(scopes__len__gte=1),
                name="api_key_scopes_known",
            ),
            models.CheckConstraint(
                condition=Q(expires_at=None) | Q(expires_at__gt=models.F("created_at")),
                name="api_key_expires_after_it_begins",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.prefix}… {self.name}"


class KeptAnswer(models.Model):
    """What a request with an Idempotency-Key was answered: accounts.api_once writes it with what it tells."""

    community = models.ForeignKey(Community, on_delete=models.CASCADE, verbose_name=_("community"))
    client = models.ForeignKey(
        ApiClient, on_delete=models.CASCADE, verbose_name=_("client"), null=True, blank=True, related_name="+"
    )
    network = models.CharField(_("HMAC of the network, without a client"), max_length=64, blank=True)
    key = models.UUIDField(_("key of the request"))
    fingerprint = models.BinaryField(_("SHA-256 of the request"), max_length=32)
    status = models.PositiveSmallIntegerField(_("HTTP status"))
    headers = models.JSONField(_("headers"), default=dict)
    body = models.TextField(_("answer, sealed"))
    created_at = models.DateTimeField(_("made"), db_index=True)

    objects: ClassVar[models.Manager["KeptAnswer"]] = ScopedManager(community="community")

    class Meta:
        verbose_name = _("kept answer of the API")
        verbose_name_plural = _("kept answers of the API")
        constraints = [
            models.UniqueConstraint(
                fields=["community", "client", "network", "key"], name="kept_answer_once", nulls_distinct=False
            ),
            models.CheckConstraint(condition=Q(status__range=(200, 299)), name="kept_answer_is_of_a_success"),
            models.CheckConstraint(
                condition=Q(client=None) & ~Q(network="") | Q(client__isnull=False, network=""),
                name="kept_answer_has_one_asker",
            ),
        ]

    def __str__(self) -> str:
        return str(self.key)
