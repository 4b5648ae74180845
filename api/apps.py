from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ApiConfig(AppConfig):
    """What all addresses of the public API share: problems, pages, ETags, the schema. Knows no other app."""

    name = "api"
    verbose_name = _("API")
