"""Rules in the administration: those of a draft are written here, those of a published set are read."""

from collections.abc import Iterable
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlencode

from django.contrib import admin, messages
from django.contrib.admin.views.main import ChangeList
from django.contrib.admin.widgets import RelatedFieldWidgetWrapper
from django.db import transaction
from django.db.models import Field, Q, QuerySet
from django.forms import Media
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from geodata.models import Area, Community
from openmap.admin_hints import hints_in_full, hints_in_short
from openmap.admin_maps import MAP_MEDIA, GeoMap, collection, feature, simplified
from openmap.admin_site import ScopedAdmin, say_how_many, without_shapes
from openmap.forms_rules import PUBLISHED_MEANWHILE, SHOWN, RuleForm, rule_form
from routing.hints import hints_of
from routing.models import LearntRule, Question, Rule, RuleSet
from routing.reach import unreached
from routing.rule_check import check_soon
from routing.rulesets import PublishingError, lock_draft
from routing.wording import RELATED, Wording

LIST, CHANGE, ADD = (f"admin:routing_rule_{page}" for page in ("changelist", "change", "add"))
MOST_SETS = 30  # in the filter beside the list
WHEN = ("weekdays", ("hours_from", "hours_to"), ("valid_from", "valid_to"))


class OfASet(admin.SimpleListFilter):
    """The rules of one set; without a choice, of the sets in force now."""

    title = _("set of rules")
    parameter_name = "set"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(str(row.pk), str(row)) for row in sets_of(model_admin, request)[:MOST_SETS]]

    def choices(self, changelist: Any) -> Any:
        first, *others = super().choices(changelist)
        yield {**first, "display": _("in force now")}
        yield from others

    def queryset(self, request: HttpRequest, queryset: QuerySet[Rule]) -> QuerySet[Rule]:
        chosen = self.value()
        if chosen is not None:
            return queryset.filter(ruleset=number(chosen))
        now = timezone.now()
        ends = Q(ruleset__in_force_to=None) | Q(ruleset__in_force_to__gt=now)
        return queryset.filter(ends, ruleset__in_force_from__lte=now)


class RuleList(ChangeList):
    """A page of rules, each with its words and hints."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        rows: list[Any] = list(self.result_list)
        wording = Wording(rows)
        for row in rows:
            row.words = wording.words(row)
            row.hints = []
        for community in {row.community_id for row in rows}:
            here = [row for row in rows if row.community_id == community]
            found = hints_of(here, community_id=community)
            for row in here:
                row.hints = found.get(row.lineage, [])
        known = LearntRule.objects.filter(lineage__in=[row.lineage for row in rows])
        learnt = {(one.community_id, one.lineage): one for one in known}
        for row in rows:
            row.learnt = learnt.get((row.community_id, row.lineage))
        self.result_list = rows


@admin.register(Rule)
class RuleAdmin(ScopedAdmin):
    list_display = ("words", "role", "priority", "is_active", "not_ours", "history")
    list_filter = (OfASet, "community", "category", "division", "organisation", "role", "is_active")
    list_select_related: ClassVar[Any] = (*RELATED, "community", "ruleset")
    list_per_page = 50
    search_fields = ("category__name", "division__name", "area_code", "register__name", "organisation__name")
    actions = ("switch_on", "switch_off")
    change_form_template = "admin/routing/rule/change_form.html"
    change_list_template = "admin/routing/rule/change_list.html"

    @property
    def media(self) -> Media:
        found: Media = super().media + MAP_MEDIA
        return found

    # What is shown ------------------------------------------------------------------------------------------
    @admin.display(description=_("rule"), ordering="category")
    def words(self, rule: Any) -> str:
        return str(rule.words)

    @admin.display(description=_("“not ours”"))
    def not_ours(self, rule: Any) -> str:
        return hints_in_short(rule.hints)

    @admin.display(description=_("in history"))
    def history(self, rule: Any) -> str:
        return _of_history(rule.learnt)

    @admin.display(description=_("in history"))
    def learnt_from(self, rule: Rule) -> str:
        return _of_history(LearntRule.objects.filter(community=rule.community_id, lineage=rule.lineage).first())

    @admin.display(description=_("the rule in words"))
    def in_words(self, rule: Rule) -> str:
        return Wording([rule]).words(rule)

    @admin.display(description=_("“not ours”"))
    def not_ours_in_full(self, rule: Rule) -> str:
        found = hints_of([rule], community_id=rule.community_id).get(rule.lineage, [])
        return hints_in_full(found, community_id=rule.community_id)

    @admin.display(description=_("set of rules"))
    def of_a_set(self, rule: Rule) -> str:
        address = reverse("admin:routing_ruleset_change", args=[rule.ruleset_id])
        return format_html('<a href="{}">{}</a>', address, rule.ruleset)

    @admin.display(description=_("map"))
    def shape(self, rule: Rule) -> str:
        """The place of the rule, simplified for the screen; what decides is not."""
        name = str(_("Map of the place of this rule"))
        if rule.division_id and not rule.area_code:
            address = f"{reverse('admin:geodata_area_shapes')}?division__id__exact={rule.division_id}"
            return GeoMap("rule-map", name, rule.community, url=address).render()
        return GeoMap("rule-map", name, rule.community, collection(_places(rule))).render()

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Areas are found by their names too; rules know their codes."""
        found, may_repeat = super().get_search_results(request, queryset, search_term)
        if search_term.strip() and "\0" not in search_term:
            named = Area.objects.filter(name__icontains=search_term.strip()).values("code")
            found = found | queryset.filter(area_code__in=named)
        return found, may_repeat

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return RuleList

    # What may be written ------------------------------------------------------------------------------------
    def is_written(self, request: HttpRequest, rule: Rule | None) -> bool:
        """Whether the page is a form. What was sent from a form gets its answer there, published or not."""
        return rule is None or rule.ruleset.is_draft or request.method == "POST"

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.is_written(request, obj) and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return (obj is None or obj.ruleset.is_draft) and super().has_delete_permission(request, obj)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        return [
            *super().get_readonly_fields(request, obj),
            "of_a_set",
            "in_words",
            "shape",
            "not_ours_in_full",
            "learnt_from",
        ]

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        shown: list[Any] = ["in_words", "of_a_set", "not_ours_in_full", "learnt_from", "shape"] if obj else []
        if not self.is_written(request, obj):
            return [(None, {"fields": [*shown, "role", "priority", "is_active", "community"]})]
        asked = [name for name in self._form(request, obj).declared_fields if name not in {"place", "weekdays", "find"}]
        return [
            *([(None, {"fields": shown})] if obj else []),
            (_("What it is about"), {"fields": ["category", *asked]}),
            (_("Where"), {"fields": ["place"]}),
            (_("What a register says of the place"), {"fields": ["register", "asks", "within"]}),
            (_("When"), {"fields": WHEN}),
            (_("Who"), {"fields": ["organisation", "find", "role"]}),
            (_("Which rule wins"), {"fields": ["priority", "is_active"]}),
        ]

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        if self.is_written(request, obj):
            kwargs["form"] = self._form(request, obj)
        return super().get_form(request, obj, change, **kwargs)

    def _form(self, request: HttpRequest, rule: Rule | None) -> type[RuleForm]:
        ruleset = rule.ruleset if rule else self._set_asked(request)
        assert ruleset is not None
        given = request.POST if request.method == "POST" else request.GET
        category = number(given.get("category", "")) or (rule.category_id if rule else None)
        return rule_form(ruleset, category)

    def formfield_for_dbfield(self, db_field: "Field[Any, Any]", request: HttpRequest, **kwargs: Any) -> Any:
        """Without Django's small buttons beside each list: they open windows over a form that is long enough."""
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field is not None and isinstance(field.widget, RelatedFieldWidgetWrapper):
            field.widget = field.widget.widget
        return field

    # Pages --------------------------------------------------------------------------------------------------
    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """A rule is added to a draft, which the address names; without it, the drafts are offered."""
        if not self.has_add_permission(request):
            return super().add_view(request, form_url, extra_context)
        ruleset = self._set_asked(request)
        if ruleset is None or (not ruleset.is_draft and request.method != "POST"):
            sets = sets_of(self, request)
            drafts = sets.filter(in_force_from=None, discarded_at=None)
            context = {**self.admin_site.each_context(request), "title": _("Add a rule"), "drafts": drafts}
            return TemplateResponse(request, "admin/routing/rule/which_draft.html", context)
        return super().add_view(request, form_url, {**(extra_context or {}), "ruleset": ruleset})

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        ruleset = self._set_asked(request)
        more = {"ruleset": ruleset, "title": ruleset or _("Rules in force now")}
        try:
            return super().changelist_view(request, {**(extra_context or {}), **more})
        except PublishingError:
            self.message_user(request, PUBLISHED_MEANWHILE, messages.ERROR)
            return HttpResponseRedirect(request.get_full_path())

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        try:
            return super().delete_view(request, object_id, extra_context)
        except PublishingError:
            self.message_user(request, PUBLISHED_MEANWHILE, messages.ERROR)
            return HttpResponseRedirect(reverse(CHANGE, args=[object_id]))

    def save_model(self, request: HttpRequest, obj: Rule, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        check_soon(obj.community, at=timezone.now())
        today = timezone.localdate()
        for one in unreached(Rule.objects.filter(pk=obj.pk), community=obj.community, on=today)[:5]:
            words = _("%(organisation)s has no active channel here: letters would not reach them. Add one.")
            self.message_user(request, words % {"organisation": one.organisation}, messages.WARNING)

    def delete_model(self, request: HttpRequest, obj: Rule) -> None:
        lock_draft(obj.ruleset)
        super().delete_model(request, obj)
        check_soon(obj.community, at=timezone.now())

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Rule]) -> None:
        with transaction.atomic():
            communities = _lock_drafts_of(queryset)
            queryset.delete()
            _check(communities)

    def response_add(self, request: HttpRequest, obj: Rule, post_url_continue: str | None = None) -> HttpResponse:
        if self._asks_more(request, obj):
            return HttpResponseRedirect(reverse(CHANGE, args=[obj.pk]))
        answer = super().response_add(request, obj, post_url_continue)
        return HttpResponseRedirect(request.get_full_path()) if "_addanother" in request.POST else answer

    def response_change(self, request: HttpRequest, obj: Rule) -> HttpResponse:
        if self._asks_more(request, obj):
            return HttpResponseRedirect(request.get_full_path())
        if "_addanother" in request.POST:
            return HttpResponseRedirect(f"{reverse(ADD)}?set={obj.ruleset_id}")
        return super().response_change(request, obj)

    def _asks_more(self, request: HttpRequest, rule: Rule) -> bool:
        """Whether the category was chosen just now and has questions: the form shows them next."""
        shown = f"{SHOWN}{rule.category_id}" in request.POST
        asks = not shown and Question.objects.filter(category=rule.category_id).exists()
        if asks:
            words = _(
                "Saved. This category has questions: tick the answers that the rule is for, or leave it as it is."
            )
            self.message_user(request, words, messages.WARNING)
        return asks

    def response_post_save_add(self, request: HttpRequest, obj: Rule) -> HttpResponseRedirect:
        return self._back(request, obj)

    def response_post_save_change(self, request: HttpRequest, obj: Rule) -> HttpResponseRedirect:
        return self._back(request, obj)

    def _back(self, request: HttpRequest, rule: Rule) -> HttpResponseRedirect:
        """To the list as it was, which shows the rule's set."""
        kept = {name: given[0] for name, given in parse_qs(request.GET.get("_changelist_filters", "")).items()}
        return HttpResponseRedirect(f"{reverse(LIST)}?{urlencode({'set': rule.ruleset_id, **kept})}")

    @admin.action(description=_("Switch the selected rules on"))
    def switch_on(self, request: HttpRequest, chosen: QuerySet[Rule]) -> None:
        self._switch(request, chosen, is_active=True)

    @admin.action(description=_("Switch the selected rules off"))
    def switch_off(self, request: HttpRequest, chosen: QuerySet[Rule]) -> None:
        self._switch(request, chosen, is_active=False)

    def _switch(self, request: HttpRequest, chosen: QuerySet[Rule], *, is_active: bool) -> None:
        with transaction.atomic():
            communities = _lock_drafts_of(chosen)
            count = Rule.objects.filter(pk__in=chosen.values("pk")).update(is_active=is_active)
            _check(communities)
        say_how_many(self, request, count, _("Rules switched: %(count)s."))

    def _set_asked(self, request: HttpRequest) -> RuleSet | None:
        """The set that the address names, of this person's communities."""
        found: RuleSet | None = sets_of(self, request).filter(pk=number(request.GET.get("set", ""))).first()
        return found


def sets_of(page: ScopedAdmin, request: HttpRequest) -> QuerySet[RuleSet]:
    """The sets of rules that this person sees, the latest first."""
    mine, rows = page.mine(request), without_shapes(RuleSet.objects.select_related("community"))
    found: QuerySet[RuleSet] = rows if mine is None else rows.filter(community__in=mine)
    return found


def number(text: str) -> int:
    """The key that an address names; 0 for what is none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 18 else 0


def _lock_drafts_of(rules: QuerySet[Rule]) -> set[Community]:
    """The communities of these rules. Raises PublishingError when one of the rules is not of a draft."""
    sets = RuleSet.objects.filter(pk__in=rules.order_by().values("ruleset")).select_related("community")
    return {lock_draft(ruleset).community for ruleset in sets.order_by("pk")}


def _check(communities: Iterable[Community]) -> None:
    for community in communities:
        check_soon(community, at=timezone.now())


def _of_history(learnt: LearntRule | None) -> str:
    """What a learnt rule rests on; nothing for one that a person wrote."""
    if learnt is None:
        return ""
    figures = {"share": round(100 * learnt.confidence), "agreeing": learnt.agreeing, "cases": learnt.cases}
    return str(_("learnt: %(share)s %%, %(agreeing)s of %(cases)s reports")) % figures


def _places(rule: Rule) -> list[dict[str, Any]]:
    """The rule's area of today or the next one, or the whole community, as GeoJSON features."""
    if not rule.division_id:
        found = simplified("geodata_community", "boundary", [rule.community_id])
        return [feature(shape, label=rule.community.name) for shape in found.values()]
    today = rule.community.day_of(timezone.now())
    areas = Area.objects.filter(division=rule.division_id, code=rule.area_code)
    chosen = areas.on(today)
    if not chosen.exists():
        chosen = areas.filter(valid_from__gt=today).order_by("valid_from")[:1]
    rows = {area.pk: area for area in chosen.defer("boundary")}
    shapes = simplified("geodata_area", "boundary", rows)
    return [feature(shape, label=rows[pk].name, url=_address(rows[pk])) for pk, shape in shapes.items()]


def _address(area: Area) -> str:
    return reverse("admin:geodata_area_change", args=[area.pk])


def rules_address(ruleset: RuleSet) -> str:
    """The list of the rules of a set."""
    return f"{reverse(LIST)}?set={ruleset.pk}"
