from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig


class OpenmapConfig(AppConfig):
    """Assembles the parts: connects what lower apps announce with what upper apps offer."""

    name = "openmap"

    def ready(self) -> None:
        from geodata.icons import draw_icons_with, outline_marks_with
        from openmap import checks  # noqa: F401  registers them
        from openmap.icons import MARKS, icon_paths

        draw_icons_with(icon_paths)
        outline_marks_with(lambda group: MARKS.get(group, ""))


class CityAdminConfig(AdminConfig):
    """Puts the service's own administration site in the place of Django's."""

    default_site = "openmap.admin_site.CityAdmin"
