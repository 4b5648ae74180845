from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class MediaConfig(AppConfig):
    """Photos: checked, cleaned, resized, stored."""

    name = "media"
    verbose_name = _("Photos")

    def ready(self) -> None:
        from core.stored_files import names_files
        from media import doctor_checks  # noqa: F401  registers its checks

        names_files("media.Photo", "original", "large", "small", below=("originals", "photos"))
