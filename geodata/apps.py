from django.apps import AppConfig
from django.core.checks import register
from django.utils.translation import gettext_lazy as _


class GeodataConfig(AppConfig):
    """Communities, areas, layers: knows nothing of citizens."""

    name = "geodata"
    verbose_name = _("Places")

    def ready(self) -> None:
        from geodata.geocoders import check_geocoder

        register(check_geocoder)
