from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class WorksConfig(AppConfig):
    """Works and outages that are known already: residents see them before they report what they cause."""

    name = "works"
    verbose_name = _("Works and outages")

    def ready(self) -> None:
        from geodata.layers import register
        from works.layer import WORKS

        register(WORKS)
