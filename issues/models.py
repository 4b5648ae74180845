"""Reports, and what happened to them."""

from datetime import date
from typing import Any, ClassVar, cast

from django.contrib.gis.db import models
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db.models import Q
from django.db.models.functions import Cast, Length
from django.db.models.lookups import LessThanOrEqual
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django_scopes import ScopedManager

from accounts.models import Organisation, User
from core.models import ON_THE_MAP, Subject, Viewer, Visibility, visible_to
from geodata.models import WGS84, Area, Community
from issues.made import Made
from issues.on_the_map import MAP_INDEXES, OnTheMap
from issues.states import GROUPS, OPEN, Group, State, states_of
from media.models import Photo
from notifications.models import Follow
from routing.models import Asset, Category

MAX_TEXT = 4000  # characters, as in Open311
MAX_NAME = 100
MOST_LEARNT = 600_000  # bytes of what a community learnt about words
MAX_DRAFT = 20_000  # characters of everything that a kept form holds


def _limit(name: Any, most: int) -> "models.PositiveSmallIntegerField[int, int]":
    """How many reports one may send. The database knows the default: a community's row is often made by SQL."""
    return models.PositiveSmallIntegerField(
        name, default=most, db_default=most, validators=[MinValueValidator(1), MaxValueValidator(10_000)]
    )


LIMITS = ("device_hour", "device_day", "network_hour", "network_day", "email_day", "unproved_hour")


class IssueSettings(models.Model):
    """How one community receives reports."""

    community = models.OneToOneField(Community, on_delete=models.CASCADE, verbose_name=_("community"))
    hold_new = models.BooleanField(
        _("hold every new report"),
        default=False,
        help_text=_("Strangers see nothing of a new report until a moderator looks; it is delivered all the same."),
    )
    device_hour = _limit(_("reports of one device in an hour"), 10)
    device_day = _limit(_("reports of one device in a day"), 30)
    network_hour = _limit(_("reports of one network address in an hour"), 30)
    network_day = _limit(_("reports of one network address in a day"), 100)
    email_day = _limit(_("reports with one e-mail address in a day"), 30)
    unproved_hour = _limit(_("reports of one network address in an hour, without the work of a browser"), 5)
    last_number = models.PositiveIntegerField(_("last number given"), default=0, editable=False)

    objects: ClassVar[models.Manager["IssueSettings"]] = ScopedManager(community="community")

    class Meta:
        verbose_name = _("settings of reports")
        verbose_name_plural = _("settings of reports")
        constraints = [
            models.CheckConstraint(
                condition=Q(**{f"{name}__range": (1, 10_000) for name in LIMITS}), name="limits_of_reports_in_range"
            )
        ]

    def __str__(self) -> str:
        return str(self.community)


class IssueQuerySet(models.QuerySet["Issue"]):
    def visible_to(self, viewer: Viewer) -> "IssueQuerySet":
        """Reports whose subject `viewer` may see."""
        return self.filter(visible_to(viewer, prefix="subject__"))

    def in_groups(self, groups: list[str]) -> "IssueQuerySet":
        """Reports in any of the families of states."""
        return self.filter(state__in=[state for group in groups for state in states_of(group)])


_Manager = models.Manager.from_queryset(IssueQuerySet)


class IssueManager(_Manager["Issue"]):
    def get_queryset(self) -> IssueQuerySet:
        """Without `map_words`, which only the database reads."""
        return cast("IssueQuerySet", super().get_queryset().defer("map_words"))


class Issue(OnTheMap):
    """A problem that somebody pinned. issues.actions changes it; nothing else does."""

    class Source(models.TextChoices):
        WEB = "web", _("site")
        IMPORT = "import", _("import")
        API = "api", _("API")
        OPEN311 = "open311", _("Open311")

    subject = models.OneToOneField(Subject, on_delete=models.CASCADE, verbose_name=_("subject"))
    community = models.ForeignKey(Community, on_delete=models.CASCADE, verbose_name=_("community"))
    number = models.PositiveIntegerField(_("number"))
    category = models.ForeignKey(Category, on_delete=models.PROTECT, verbose_name=_("category"))
    location = models.PointField(_("place"), srid=WGS84)
    address = models.CharField(_("address"), max_length=300, blank=True)
    asset = models.ForeignKey(
        Asset, on_delete=models.PROTECT, verbose_name=_("house, lamp… that was chosen"), null=True, blank=True
    )
    entrance = models.CharField(_("entrance"), max_length=10, blank=True)
    flat = models.CharField(_("flat (strangers never see it)"), max_length=20, blank=True)
    answers = models.JSONField(_("answers to the questions of the category"), default=dict, blank=True)
    title = models.CharField(_("title"), max_length=120)
    text = models.TextField(_("text"), max_length=MAX_TEXT)
    state = models.CharField(_("state"), max_length=12, choices=State, default=State.NEW)
    source = models.CharField(_("came by"), max_length=10, choices=Source, default=Source.WEB)
    request_key = models.UUIDField(_("key of the form that was sent"), null=True, blank=True, editable=False)
    external_id = models.CharField(_("number in the system it came from"), max_length=100, null=True, blank=True)
    reporter = models.ForeignKey(User, on_delete=models.SET_NULL, verbose_name=_("reporter"), null=True, blank=True)
    reporter_name = models.CharField(
        _("reporter's name"), max_length=MAX_NAME, blank=True, default="", db_default=""
    )  # for those who must answer; for strangers only when `shows_name`
    shows_name = models.BooleanField(_("everybody sees the name"), default=False, db_default=False)
    dangers = models.JSONField(
        _("dangers that the reporter was warned of"),
        default=list,
        blank=True,
        db_default=models.Value([], models.JSONField()),
    )  # codes of routing.Danger; the reporter said to have called, or that there is no danger
    language = models.CharField(_("reporter's language"), max_length=2, default="uk")
    duplicate_of = models.ForeignKey(
        "self", on_delete=models.SET_NULL, verbose_name=_("duplicate of"), null=True, blank=True
    )
    areas = models.ManyToManyField(Area, verbose_name=_("areas on its day"), blank=True)
    created_at = models.DateTimeField(_("reported"))
    due_on = models.DateField(_("answer promised by"))
    changed_at = models.DateTimeField(_("last change"))

    objects: ClassVar[IssueManager] = ScopedManager(IssueManager, community="community")
    made: Made | None = None  # in the hands of who has just made the report

    class Meta:
        verbose_name = _("report")
        verbose_name_plural = _("reports")
        ordering = ["-created_at", "-id"]
        indexes = [
            # Used by the list beside the map: newest first, keyset paging.
            models.Index(fields=["community", "-created_at", "-id"], name="issue_newest_first"),
            # Used by statistics when a day begins: whose promise ended before it.
            models.Index(fields=["community", "due_on"], name="issue_promised_by"),
            # Used by programs that ask what changed: the last first, keyset paging.
            models.Index(fields=["community", "-changed_at", "-id"], name="issue_changed_last"),
            *MAP_INDEXES,
        ]
        constraints = [
            models.UniqueConstraint(fields=["community", "number"], name="issue_number_once"),
            models.UniqueConstraint(fields=["community", "external_id"], name="issue_external_id_once"),
            models.UniqueConstraint(fields=["community", "request_key"], name="issue_sent_once"),
            models.CheckConstraint(condition=Q(state__in=State.values), name="issue_state_known"),
            models.CheckConstraint(condition=Q(number__gt=0), name="issue_number_positive"),
            models.CheckConstraint(
                condition=Q(shows_name=False) | ~Q(reporter_name=""), name="issue_shows_a_name_that_it_has"
            ),
            models.CheckConstraint(
                condition=Q(duplicate_of=None) | ~Q(duplicate_of=models.F("id")), name="issue_no_duplicate_of_itself"
            ),
        ]

    def __str__(self) -> str:
        return f"№ {self.number} {self.title}"

    def get_absolute_url(self) -> str:
        return reverse("issue", args=[self.community.slug, self.number])

    @property
    def group(self) -> Group:
        return GROUPS[State(self.state)]

    @property
    def is_open(self) -> bool:
        return self.state in OPEN

    @property
    def is_blurred(self) -> bool:
        """True when strangers never learn the exact place: a moderator blurred it, or the category is sensitive."""
        return self.subject.visibility == Visibility.COARSE or self.category.is_sensitive

    @property
    def shown_name(self) -> str:
        """The reporter's name when they let everybody see it, else ""."""
        return self.reporter_name if self.shows_name else ""

    @property
    def shown_original(self) -> "Issue | None":
        """The report that this one repeats, when everybody may see it."""
        original = self.duplicate_of
        return original if original and original.subject.visibility in ON_THE_MAP else None

    def is_late(self, today: date) -> bool:
        """True when the promised day has passed and nobody finished."""
        return self.is_open and today > self.due_on


class EventText(models.Model):
    """The words of an event, in a row of their own: moderation may redact them, which is an event too."""

    community = models.ForeignKey(Community, on_delete=models.CASCADE, verbose_name=_("community"))
    text = models.TextField(_("text"), max_length=MAX_TEXT)
    redacted_at = models.DateTimeField(_("redacted"), null=True, blank=True)

    objects: ClassVar[models.Manager["EventText"]] = ScopedManager(community="community")

    class Meta:
        verbose_name = _("words of an event")
        verbose_name_plural = _("words of events")

    def __str__(self) -> str:
        return self.text[:60]


class IssueEvent(models.Model):
    """One thing that happened to a report. Appended only: a database trigger refuses updates and deletes."""

    class Kind(models.TextChoices):
        REPORTED = "reported", _("reported")
        MOVED = "moved", _("changed state")
        SENT = "sent", _("sent to an organisation")
        INFORMED = "informed", _("sent to an organisation for information")
        HANDED_BACK = "handed_back", _("handed back as not theirs")
        PASSED_ON = "passed_on", _("passed on by the duty queue")
        ANSWERED = "answered", _("answered")
        ADDED = "added", _("words or photos added")
        CORRECTED = "corrected", _("corrected by the reporter")
        VISIBILITY = "visibility", _("visibility changed")
        REDACTED = "redacted", _("words redacted")

    class By(models.TextChoices):
        REPORTER = "reporter", _("reporter")
        ORGANISATION = "organisation", _("organisation")
        STAFF = "staff", _("staff")
        SUPPORTER = "supporter", _("supporter")
        SYSTEM = "system", _("the service")

    community = models.ForeignKey(Community, on_delete=models.CASCADE, verbose_name=_("community"))
    issue = models.ForeignKey(Issue, on_delete=models.CASCADE, verbose_name=_("report"), related_name="events")
    at = models.DateTimeField(_("when"))
    is_undated = models.BooleanField(
        _("nobody knows when"), default=False, db_default=False
    )  # of an imported history: `at` is when it was reported
    kind = models.CharField(_("what"), max_length=12, choices=Kind)
    by = models.CharField(_("by"), max_length=12, choices=By)
    user = models.ForeignKey(User, on_delete=models.SET_NULL, verbose_name=_("user"), null=True, blank=True)
    organisation = models.ForeignKey(
        Organisation, on_delete=models.PROTECT, verbose_name=_("organisation"), null=True, blank=True
    )
    was = models.CharField(_("from state"), max_length=12, choices=State, blank=True)
    now = models.CharField(_("to state"), max_length=12, choices=State, blank=True)
    changed = models.CharField(
        _("corrected parts"), max_length=60, blank=True, default="", db_default=""
    )  # names of issues.corrections.PARTS, with commas between them; of a changed visibility: which it was
    words = models.OneToOneField(EventText, on_delete=models.PROTECT, verbose_name=_("words"), null=True, blank=True)
    photos = models.ManyToManyField(
        Photo, verbose_name=_("photos of a supporter"), blank=True, related_name="+"
    )  # those that its author may not take away

    objects: ClassVar[models.Manager["IssueEvent"]] = ScopedManager(community="community")

    class Meta:
        verbose_name = _("event")
        verbose_name_plural = _("events")
        ordering = ["at", "id"]
        indexes = [
            # Used by programs that ask what happened: the first first, keyset paging.
            models.Index(fields=["community", "at", "id"], name="issue_event_when"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=~Q(kind="moved") | (~Q(was="") & ~Q(now="")), name="event_move_has_both_states"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.issue_id} {self.kind} {self.at:%Y-%m-%d %H:%M}"


class Supporter(models.Model):
    """“This concerns me too”: one voice of a person for a report. Nobody is ever told whose voices they are.

    Whose voice it is: of the account, or else of the browser, or else of the confirmed e-mail (a digest of it).
    """

    community = models.ForeignKey(Community, on_delete=models.CASCADE, verbose_name=_("community"))
    issue = models.ForeignKey(Issue, on_delete=models.CASCADE, verbose_name=_("report"), related_name="voices")
    user = models.ForeignKey(User, on_delete=models.CASCADE, verbose_name=_("user"), null=True, blank=True)
    voice = models.CharField(_("digest of the browser or e-mail"), max_length=64, blank=True)
    is_author = models.BooleanField(_("wrote the report"), default=False)
    carried_from = models.ForeignKey(
        Issue,
        on_delete=models.SET_NULL,
        verbose_name=_("came from a duplicate"),
        null=True,
        blank=True,
        related_name="+",
    )
    follow = models.ForeignKey(
        Follow, on_delete=models.SET_NULL, verbose_name=_("letters that began with it"), null=True, blank=True
    )
    created_at = models.DateTimeField(_("since"))

    objects: ClassVar[models.Manager["Supporter"]] = ScopedManager(community="community")

    class Meta:
        verbose_name = _("supporter")
        verbose_name_plural = _("supporters")
        constraints = [
            models.UniqueConstraint(fields=["issue", "user"], condition=~Q(user=None), name="supporter_user_once"),
            models.UniqueConstraint(fields=["issue", "voice"], condition=~Q(voice=""), name="supporter_voice_once"),
            models.UniqueConstraint(fields=["issue"], condition=Q(is_author=True), name="supporter_one_author"),
            models.CheckConstraint(
                condition=Q(user=None) & ~Q(voice="") | Q(user__isnull=False, voice=""), name="supporter_has_one_voice"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.issue_id} · {self.pk}"


class ReportDraft(models.Model):
    """A form that was not sent, kept for a browser without scripts. Nobody reads it but that browser: no page of the
    administration shows it. issues.kept_drafts writes it."""

    community = models.ForeignKey(Community, on_delete=models.CASCADE, verbose_name=_("community"))
    device = models.CharField(_("key of the browser"), max_length=64)
    fields = models.JSONField(_("what was typed and chosen"), default=dict)  # name of a field → its values
    photos = models.ManyToManyField(Photo, verbose_name=_("photos"), blank=True)
    updated_at = models.DateTimeField(_("written"))

    objects: ClassVar[models.Manager["ReportDraft"]] = ScopedManager(community="community")

    class Meta:
        verbose_name = _("draft of a report")
        verbose_name_plural = _("drafts of reports")
        indexes = [
            # Used by issues.kept_drafts.drop_old.
            models.Index(fields=["updated_at"], name="report_draft_oldest"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["community", "device"], name="report_draft_one_a_browser"),
            models.CheckConstraint(condition=Q(device__regex=r"^[0-9a-f]{64}$"), name="report_draft_has_a_browser"),
            models.CheckConstraint(
                condition=LessThanOrEqual(Length(Cast("fields", models.TextField())), MAX_DRAFT),
                name="report_draft_is_small",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.community_id} {self.updated_at:%Y-%m-%d %H:%M}"


class LearntCategories(models.Model):
    """What the words of a community's reports mean: one row, which issues.learning writes and reads."""

    community = models.OneToOneField(Community, on_delete=models.CASCADE, verbose_name=_("community"))
    labels = models.JSONField(_("codes of categories"), default=list)
    data = models.BinaryField(_("weights"))
    rows = models.PositiveIntegerField(_("reports learnt from"))
    held_back = models.PositiveIntegerField(_("newest reports held back to judge it"))
    keywords_right = models.PositiveIntegerField(_("of them, keywords were right"))
    blend_right = models.PositiveIntegerField(_("of them, keywords with what was learnt were right"))
    is_used = models.BooleanField(_("is used"))
    learnt_at = models.DateTimeField(_("learnt"))

    objects: ClassVar[models.Manager["LearntCategories"]] = ScopedManager(community="community")

    class Meta:
        verbose_name = _("what words mean")
        verbose_name_plural = _("what words mean")
        constraints = [
            models.CheckConstraint(
                condition=LessThanOrEqual(
                    models.Func(models.F("data"), function="octet_length", output_field=models.IntegerField()),
                    MOST_LEARNT,
                ),
                name="learnt_is_small",
            ),
            models.CheckConstraint(
                condition=Q(keywords_right__lte=models.F("held_back"), blend_right__lte=models.F("held_back")),
                name="learnt_right_of_held_back",
            ),
            models.CheckConstraint(
                condition=Q(is_used=False) | Q(blend_right__gt=models.F("keywords_right")), name="learnt_used_if_better"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.community_id} {self.learnt_at:%Y-%m-%d}"


from issues.import_models import RejectedRow  # noqa: E402, F401  a file of its own
