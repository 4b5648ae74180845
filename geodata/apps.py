from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class GeodataConfig(AppConfig):
    """Communities, areas, layers: knows nothing of citizens."""

    name = "geodata"
    verbose_name = _("Places")
