from typing import Any

from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig


class OpenmapConfig(AppConfig):
    """Assembles the parts: connects what lower apps announce with what upper apps offer."""

    name = "openmap"

    def ready(self) -> None:
        from geodata.events import areas_changed, communities_made
        from geodata.icons import draw_icons_with, outline_marks_with
        from openmap import (  # noqa: F401  register themselves
            area_jobs,
            checks,
            doctor_checks,
            pooler_checks,
            register_jobs,
            whatif_jobs,
        )
        from openmap.icons import MARKS, icon_paths

        draw_icons_with(icon_paths)
        areas_changed.connect(check_rules_again)
        communities_made.connect(warn_of_dangers)
        outline_marks_with(lambda group: MARKS.get(group, ""))


def check_rules_again(sender: object, *, community: Any, **_more: object) -> None:
    """The areas that rules name are others now."""
    from django.utils import timezone
    from django_scopes import scope

    from routing.rule_check import check_soon

    with scope(community=community):
        check_soon(community, at=timezone.now())


def warn_of_dangers(sender: object, *, communities: Any, **_more: object) -> None:
    """Whoever writes of gas or fire there is asked to call first, from the first day on."""
    from routing.usual_dangers import found_dangers

    found_dangers(communities)


class CityAdminConfig(AdminConfig):
    """Puts the service's own administration site in the place of Django's."""

    default_site = "openmap.admin_site.CityAdmin"
