"""Categories in the administration, with the questions that they ask, and the duty queue of a community."""

from typing import Any

from django.contrib import admin
from django.db import transaction
from django.db.models import QuerySet
from django.forms import BaseInlineFormSet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from issues.learning import KIND
from openmap.admin_jobs import show_jobs
from openmap.admin_site import RowForm, ScopedAdmin
from openmap.question_forms import QuestionForm
from routing.models import Category, CommunityRouting, Danger, Question, Register
from routing.rule_check import check_soon


class CategoryForm(RowForm):
    """A category; the register that it asks for is one of its own community."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.community_id and "register" in self.fields:
            here = Register.objects.filter(community=self.instance.community_id)
            self.fields["register"].queryset = here  # type: ignore[attr-defined]
        if self.instance.community_id and "danger" in self.fields:
            mine = Danger.objects.filter(community=self.instance.community_id)
            self.fields["danger"].queryset = mine  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        register, community = data.get("register"), data.get("community") or self.instance.community
        if register and community and register.community_id != community.pk:
            self.add_error("register", _("This belongs to another community."))
        danger = data.get("danger")
        if danger and community and danger.community_id != community.pk:
            self.add_error("danger", _("This belongs to another community."))
        return data


class QuestionFormSet(BaseInlineFormSet):  # type: ignore[type-arg]
    """Questions are of the community of their category."""

    def _construct_form(self, i: int, **kwargs: Any) -> Any:
        form = super()._construct_form(i, **kwargs)  # type: ignore[misc]  # Django's own, untyped
        form.instance.community_id = self.instance.community_id
        form.offer(self.instance.community_id, self._known)
        return form

    @cached_property
    def _known(self) -> list[Question]:
        """The questions of the category as they are stored."""
        return list(Question.objects.filter(category=self.instance.pk)) if self.instance.pk else []

    @property
    def empty_form(self) -> Any:
        form: Any = super().empty_form
        form.offer(self.instance.community_id, self._known)
        return form


class QuestionInline(admin.StackedInline):  # type: ignore[type-arg]
    """Who may write the category may write its questions."""

    model = Question
    form = QuestionForm
    formset = QuestionFormSet
    extra = 0
    fields = (
        ("position", "is_required"),
        "text",
        "text_en",
        "code",
        "kind",
        "options",
        ("least", "most", "unit", "unit_en"),
        "longest",
        ("earliest", "latest", "not_future"),
        "register",
        "asked_after",
    )

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return obj is not None  # a category is saved first: its questions belong to its community

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return True

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return True

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return True


@admin.register(Category)
class CategoryAdmin(ScopedAdmin):
    form = CategoryForm
    list_display = ("name", "code", "working_days", "register", "hold_new", "is_sensitive", "is_active", "community")
    list_filter = ("community", "is_active")
    list_select_related = ("community", "register")
    search_fields = ("name", "code")
    inlines = (QuestionInline,)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Rules ask for the answers to these questions: they are checked anew."""
        super().save_related(request, form, formsets, change)
        check_soon(form.instance.community, at=timezone.now())

    def delete_model(self, request: HttpRequest, obj: Category) -> None:
        super().delete_model(request, obj)
        check_soon(obj.community, at=timezone.now())

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Category]) -> None:
        with transaction.atomic():
            communities = {category.community for category in queryset.select_related("community")}
            queryset.delete()
            for community in communities:
                check_soon(community, at=timezone.now())


show_jobs(KIND, name=_("Learning what words of reports mean"), page=lambda job: "")


@admin.register(CommunityRouting)
class CommunityRoutingAdmin(ScopedAdmin):
    list_display = ("community", "fallback", "office_closes_at")
