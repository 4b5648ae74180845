"""Moderation: who sees a report, the moves that staff make, words taken out of its history."""

from typing import Any, ClassVar, cast

from django import forms
from django.contrib import admin, messages
from django.core.validators import MaxLengthValidator
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from accounts.models import Membership, Organisation, User
from core.models import Job, Subject, Visibility
from issues.models import MAX_TEXT, Issue, IssueEvent
from issues.moves import MoveRefusedError, give_by_staff, move_by_staff, nobody_holds, redact_words, set_visibility
from issues.pages import place_image
from issues.permissions import may_move
from issues.states import State
from issues.workflow import Actor, move
from media.models import Photo
from notifications.models import Follow
from openmap.admin_dangers import DangerFilter, names_of_dangers
from openmap.admin_decisions import decisions_in_words
from openmap.admin_site import ReadOnly, ScopedAdmin, say_how_many
from routing.channels import organisations_reached_in
from routing.models import Rule

MEANWHILE = _("Somebody moved this report meanwhile: look once more.")
MODERATORS = (Membership.Role.ADMINISTRATOR, Membership.Role.MODERATOR)
COARSE_OR_LESS = {Visibility.COARSE.value, Visibility.HELD.value, Visibility.HIDDEN.value}
MOVES = {
    State.DUPLICATE: _("Close as a duplicate"),
    State.REJECTED: _("Reject"),
    State.WITHDRAWN: _("Withdraw"),
    State.REOPENED: _("Reopen"),
}


def subject_now(issue: Issue) -> Subject:
    """Who sees the report, until the transaction ends: whoever changes it waits for the report's row."""
    Issue.objects.select_for_update().only("pk").get(pk=issue.pk)
    subject: Subject = issue.subject
    subject.refresh_from_db()
    return subject


class ModerationForm(forms.ModelForm):  # type: ignore[type-arg]
    """What staff do with a report: who sees it, and the moves that the workflow allows them from where it is."""

    visibility = forms.ChoiceField(choices=Visibility.choices, show_hidden_initial=True, label=_("visibility"))
    reason = forms.CharField(required=False, max_length=300, show_hidden_initial=True, label=_("why it is hidden"))
    to = forms.ChoiceField(required=False, label=_("what to do"))
    original = forms.IntegerField(
        required=False, min_value=1, label=_("number of the original"), help_text=_("For a duplicate.")
    )
    give_to = forms.ModelChoiceField(
        Organisation.objects.none(),
        required=False,
        label=_("give it to"),
        help_text=_("Only for a report that nobody holds."),
    )
    words = forms.CharField(
        required=False,
        widget=forms.Textarea,
        validators=[MaxLengthValidator(MAX_TEXT)],
        label=_("your words"),
        help_text=_("Everybody reads them on the page of the report; the reporter and the organisation get them too."),
    )

    class Meta:
        model = Issue
        fields: ClassVar[list[str]] = []

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["visibility"] = self.instance.subject.visibility
        self.initial["reason"] = self.instance.subject.hidden_reason
        if self.instance.category.is_sensitive:
            self._without_exact_place()
        allowed = [(to, words) for to, words in MOVES.items() if may_move(Actor.STAFF, self.instance.state, to)]
        self.fields["to"].choices = [("", _("nothing")), *allowed]  # type: ignore[attr-defined]
        if nobody_holds(self.instance):
            reachable = organisations_reached_in(self.instance.community_id)
            self.fields["give_to"].queryset = reachable  # type: ignore[attr-defined]

    def _without_exact_place(self) -> None:
        """Strangers never learn the exact place of a sensitive category: "public" is not among what may be chosen."""
        field = self.fields["visibility"]
        now = self.initial["visibility"]
        field.choices = [row for row in Visibility.choices if row[0] in {Visibility(now).value, *COARSE_OR_LESS}]  # type: ignore[attr-defined]
        field.help_text = _("The category is sensitive: strangers see about a kilometre around the place.")

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if self._is_from_an_old_page(subject_now(self.instance)):
            self._show_anew(self.instance.subject)
            return data
        if data.get("visibility") == Visibility.HIDDEN and not data.get("reason"):
            self.add_error("reason", _("Hiding needs a reason."))
        to = data.get("to")
        if to:
            self._check_move(to, data)
        elif "to" not in self.errors and ((data.get("words") and not data.get("give_to")) or data.get("original")):
            self.add_error("to", _("Choose what to do."))
        return data

    def _is_from_an_old_page(self, now: Subject) -> bool:
        """Whether the page showed what is no longer so. What is hidden comes back only from a page that said so."""
        visibility = self.data.get(self.add_initial_prefix("visibility"))
        if visibility is None:
            return now.visibility == Visibility.HIDDEN and self.data.get("visibility") != Visibility.HIDDEN
        shown = (visibility, self.data.get(self.add_initial_prefix("reason"), now.hidden_reason))
        return shown != (now.visibility, now.hidden_reason)

    def _show_anew(self, now: Subject) -> None:
        """The page comes back with everything that was typed; what was not touched is shown as it is now."""
        anew = cast("QueryDict", self.data).copy()
        for name, value in (("visibility", now.visibility), ("reason", now.hidden_reason)):
            shown = self.add_initial_prefix(name)
            if anew.get(name) == anew.get(shown, anew.get(name)):
                anew[name] = value
            anew[shown] = value
        self.data = anew
        self.add_error("visibility", MEANWHILE)
        self.add_error("visibility", f"{_('visibility')}: {now.get_visibility_display()}")

    def _check_move(self, to: str, data: dict[str, Any]) -> None:
        allowed = move(self.instance.state, to)
        if allowed and allowed.needs_text and not data.get("words") and "words" not in self.errors:
            self.add_error("words", _("This needs words: say why."))
        if to == State.DUPLICATE and "original" not in self.errors:
            data["original"] = self._original(data.get("original"))
            if data["original"] is None:
                self.add_error(
                    "original", _("Give the number of another report of this community that is no duplicate itself.")
                )

    def _original(self, number: int | None) -> Issue | None:
        if number is None:
            return None
        others = Issue.objects.filter(community=self.instance.community_id).exclude(pk=self.instance.pk)
        found: Issue | None = others.exclude(state=State.DUPLICATE).filter(number=number).first()
        return found

    def is_about_visibility(self) -> bool:
        """Whether somebody else sees the report now, or it is hidden for another reason."""
        subject, given = self.instance.subject, self.cleaned_data
        is_hidden = given["visibility"] == Visibility.HIDDEN
        wanted = (given["visibility"], given["reason"] if is_hidden else "")
        return wanted != (subject.visibility, subject.hidden_reason)


@admin.register(Issue)
class IssueAdmin(ScopedAdmin):
    roles = MODERATORS
    form = ModerationForm
    list_display = ("number", "title", "in_danger", "category", "state", "who_sees", "created_at", "community")
    list_filter = ("community", "subject__visibility", "state", DangerFilter, "category", "source")
    search_fields = ("title", "number")
    readonly_fields = (
        "community", "number", "title", "in_danger", "text", "category", "state", "duplicate_of", "address", "asset",
        "entrance", "flat", "answers", "reporter_name", "shows_name", "place", "photos", "dead_addresses",
        "created_at", "due_on",
    )  # fmt: skip
    fieldsets = (
        (None, {"fields": readonly_fields}),
        (_("Who sees it"), {"fields": ("visibility", "reason")}),
        (_("Move it on"), {"fields": ("to", "original", "words", "give_to")}),
    )
    actions = ("publish",)

    @admin.display(description=_("danger"))
    def in_danger(self, issue: Issue) -> str:
        """Names of the dangers that the reporter was warned of; codes of those that are gone."""
        named = issue.danger_names or ", ".join(issue.dangers)  # type: ignore[attr-defined]  # annotated below
        return format_html("<b>{}</b>", named) if named else ""

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """With the way to an import of history, for who may."""
        may = admin.site._registry[Job].has_view_permission(request)
        return super().changelist_view(request, {**(extra_context or {}), "may_import_history": may})

    def get_queryset(self, request: HttpRequest) -> QuerySet[Issue]:
        rows: QuerySet[Issue] = super().get_queryset(request).annotate(danger_names=names_of_dangers())
        return rows

    @admin.display(description=_("visibility"))
    def who_sees(self, issue: Issue) -> str:
        return str(issue.subject.get_visibility_display())

    @admin.display(description=_("addresses that do not exist"))
    def dead_addresses(self, issue: Issue) -> int:
        """How many residents get no letters about it because theirs came back; the addresses are erased."""
        return Follow.objects.filter(subject=issue.subject_id, came_back_at__isnull=False).count()

    @admin.display(description=_("place"))
    def place(self, issue: Issue) -> str:
        """The small drawn map with a pin: a moderator decides with it before their eyes."""
        address = place_image(issue, issue.location.x, issue.location.y)
        return format_html('<img src="{}" width="400" height="280" alt="">', address)

    @admin.display(description=_("who must answer, and why"))
    def decided(self, issue: Issue) -> str:
        return decisions_in_words(issue.subject, with_rules=False)

    @admin.display(description=_("who must answer, and why"))
    def decided_by_rules(self, issue: Issue) -> str:
        """With links to the rules, for who may see them."""
        return decisions_in_words(issue.subject, with_rules=True)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Administrators come from here to the rule that decided; moderators read why."""
        (name, shown), *others = super().get_fieldsets(request, obj)
        decided = "decided_by_rules" if admin.site._registry[Rule].has_view_permission(request) else "decided"
        return [(name, {"fields": (*shown["fields"], decided)}), *others]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        return [*super().get_readonly_fields(request, obj), "decided", "decided_by_rules"]

    @admin.display(description=_("photos"))
    def photos(self, issue: Issue) -> str:
        rows = Photo.objects.published().filter(subject=issue.subject_id).select_related("community")
        pictures = (
            (
                photo.large_url,
                photo.small_url,
                photo.name,
                reverse("hide_by_staff", args=[photo.community.slug, issue.number, photo.pk]),
                _("Hide faces or plates"),
            )
            for photo in rows
        )
        shown = format_html_join(
            " ", '<p><a href="{}"><img src="{}" height="160" alt="{}"></a><br><a href="{}">{}</a></p>', pictures
        )
        return shown + self._failed_photos(issue)

    @staticmethod
    def _failed_photos(issue: Issue) -> SafeString:
        """Photos that nobody sees, with the page on which they are tried anew."""
        rows = Photo.objects.failed().filter(subject=issue.subject_id).select_related("community")
        return format_html_join(
            " ",
            '<p>{}: {}<br><a href="{}">{}</a></p>',
            (
                (
                    photo.name,
                    photo.get_state_display(),
                    reverse("hide_by_staff", args=[photo.community.slug, issue.number, photo.pk]),
                    _("Try again"),
                )
                for photo in rows
            ),
        )

    @admin.action(description=_("Publish the selected reports that are held"))
    def publish(self, request: HttpRequest, chosen: QuerySet[Issue]) -> None:
        """Coarse and hidden reports stay as a moderator left them."""
        held, published = chosen.filter(subject__visibility=Visibility.HELD), 0
        for issue in held.select_related("subject"):
            with transaction.atomic():
                if subject_now(issue).visibility == Visibility.HELD:
                    self._set(issue, Visibility.PUBLIC, "", request)
                    published += 1
        say_how_many(self, request, published, _("Reports that strangers see now: %(count)s."))

    def save_model(self, request: HttpRequest, obj: Issue, form: Any, change: bool) -> None:
        given = form.cleaned_data
        if form.is_about_visibility():
            self._set(obj, Visibility(given["visibility"]), given["reason"], request)
        if given["to"]:
            self._move(obj, given, request)
        if given["give_to"]:
            words = "" if given["to"] else given["words"].strip()
            self._give(obj, given["give_to"], words, request)

    def _set(self, issue: Issue, visibility: Visibility, reason: str, request: HttpRequest) -> None:
        assert isinstance(request.user, User)
        set_visibility(issue=issue, visibility=visibility, reason=reason, user=request.user, at=timezone.now())

    def _move(self, issue: Issue, given: dict[str, Any], request: HttpRequest) -> None:
        assert isinstance(request.user, User)
        to, at = State(given["to"]), timezone.now()
        original = given["original"] if to == State.DUPLICATE else None
        try:
            move_by_staff(
                issue=issue, to=to, user=request.user, text=given["words"].strip(), duplicate_of=original, at=at
            )
        except MoveRefusedError:
            self.message_user(request, MEANWHILE, messages.ERROR)

    def _give(self, issue: Issue, to: Organisation, words: str, request: HttpRequest) -> None:
        assert isinstance(request.user, User)
        try:
            give_by_staff(issue=issue, to=to, user=request.user, text=words, at=timezone.now())
        except MoveRefusedError:
            self.message_user(request, MEANWHILE, messages.ERROR)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(IssueEvent)
class IssueEventAdmin(ReadOnly):
    roles = MODERATORS
    list_display = ("issue", "kind", "by", "was", "now", "said", "at")
    list_filter = ("community", "kind")
    list_select_related = ("issue", "words")
    search_fields = ("issue__number",)
    exclude = ("words",)
    readonly_fields = ("said",)
    actions = ("redact",)

    @admin.display(description=_("words"))
    def said(self, event: IssueEvent) -> str:
        if event.words is None:
            return ""
        return str(_("redacted")) if event.words.redacted_at else event.words.text

    @admin.action(description=_("Redact the words of the selected events, for good"))
    def redact(self, request: HttpRequest, chosen: QuerySet[IssueEvent]) -> None:
        assert isinstance(request.user, User)
        said = chosen.filter(words__redacted_at=None, words__isnull=False)
        events = list(said.select_related("issue", "words", "organisation"))
        for event in events:
            redact_words(event=event, user=request.user, at=timezone.now())
        say_how_many(self, request, len(events), _("Words that nobody sees any more: %(count)s."))
