"""What the list of reports can be narrowed by."""

import django_filters
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from api.filters import PlainFilters, Several
from geodata.api_filters import BoxFilter, DayFilter, area_named, since_of, until_of
from geodata.boxes import Box
from geodata.community import community_of
from geodata.forms import MOST_TEXT
from geodata.layers import shape_of
from geodata.words import words_query
from issues.layer import with_blurred
from issues.models import IssueQuerySet
from issues.states import Group, State
from routing.models import Category


class ReportFilters(PlainFilters):
    """Unknown states are not asked for; of a category that nobody has there are no reports."""

    state = Several(method="in_groups", help_text=_("Families of states: wait, work, done, shut."))
    status = Several(method="in_states", help_text=_("States themselves, such as new or in_progress."))
    category = Several(method="of_categories", help_text=_("Codes of categories."))
    bbox = BoxFilter(method="inside", help_text=_("Shown in this box: west,south,east,north."))
    area = django_filters.CharFilter(
        method="in_area", max_length=130, help_text=_("Shown in this area: division.code, as it is today.")
    )
    reported_from = DayFilter(
        method="since", help_text=_("Reported on this day or later; a month stands for its days.")
    )
    reported_to = DayFilter(method="until", help_text=_("Reported on this day or earlier."))
    changed_since = django_filters.IsoDateTimeFilter(
        field_name="changed_at", lookup_expr="gte", help_text=_("Changed at this moment or later.")
    )
    q = django_filters.CharFilter(
        method="with_words", max_length=MOST_TEXT, help_text=_("Words of the title or the text, in any form.")
    )

    def in_groups(self, rows: IssueQuerySet, name: str, groups: list[str]) -> QuerySet:  # type: ignore[type-arg]
        known = [group for group in groups if group in Group.values]
        return rows.in_groups(known) if known else rows

    def in_states(self, rows: IssueQuerySet, name: str, states: list[str]) -> QuerySet:  # type: ignore[type-arg]
        known = [state for state in states if state in State.values]
        return rows.filter(state__in=known) if known else rows

    def of_categories(self, rows: IssueQuerySet, name: str, codes: list[str]) -> QuerySet:  # type: ignore[type-arg]
        known = Category.objects.filter(community=community_of(self.request._request))
        return rows.filter(category__in=[category.pk for category in known if category.code in codes])

    def inside(self, rows: IssueQuerySet, name: str, box: Box) -> QuerySet:  # type: ignore[type-arg]
        # The first condition can use an index; the second asks of the place that strangers see.
        return rows.filter(location__bboverlaps=with_blurred(box), place__bboverlaps=shape_of(box))  # type: ignore[misc]

    def in_area(self, rows: IssueQuerySet, name: str, text: str) -> QuerySet:  # type: ignore[type-arg]
        area = area_named(text, community_of(self.request._request), timezone.now())
        around = with_blurred(Box(*area.boundary.extent))
        return rows.filter(location__bboverlaps=around, place__coveredby=area.boundary)  # type: ignore[misc]

    def since(self, rows: IssueQuerySet, name: str, text: str) -> QuerySet:  # type: ignore[type-arg]
        return rows.filter(created_at__gte=since_of(text, community_of(self.request._request)))

    def until(self, rows: IssueQuerySet, name: str, text: str) -> QuerySet:  # type: ignore[type-arg]
        return rows.filter(created_at__lt=until_of(text, community_of(self.request._request)))

    def with_words(self, rows: IssueQuerySet, name: str, text: str) -> QuerySet:  # type: ignore[type-arg]
        return rows.filter(map_words=words_query(text))
