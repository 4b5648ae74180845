"""What the nightly comparison of the map's counts with its rows found."""

from django.contrib import admin

from geodata.models import CellCheck
from openmap.admin_site import ReadOnly


@admin.register(CellCheck)
class CellCheckAdmin(ReadOnly):
    list_display = ("at", "layer", "squares", "wrong", "community")
    list_filter = ("community", "layer")
    list_select_related = ("community",)
