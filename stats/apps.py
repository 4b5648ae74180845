from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class StatsConfig(AppConfig):
    """Counts per area and time: filling, pages, drawn shapes, open data."""

    name = "stats"
    verbose_name = _("Statistics")

    def ready(self) -> None:
        from core.stored_files import names_files
        from stats import doctor_checks  # noqa: F401  registers its checks
        from stats.opendata import jobs  # noqa: F401  registers its job

        names_files("stats.ExportFile", "file", below=("exports",))
