"""How many people live where, typed or imported: statistics per 1,000 residents need it."""

from django.contrib import admin

from openmap.admin_site import ScopedAdmin
from stats.models import Population


@admin.register(Population)
class PopulationAdmin(ScopedAdmin):
    list_display = ("place", "year", "people", "source", "community")
    list_filter = ("community", "year")
    list_select_related = ("area", "community")
    search_fields = ("area__name", "area__code")

    @admin.display(description=Population._meta.get_field("area").verbose_name)
    def place(self, population: Population) -> str:
        return str(population.area or population.community)
