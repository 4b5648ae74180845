from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CoreConfig(AppConfig):
    """Subjects, outbox, tokens, working-day calendars; registries that upper apps fill."""

    name = "core"
    verbose_name = _("Core")

    def ready(self) -> None:
        from core.doctor import clocks, database, disks, places, queues  # noqa: F401  register their checks
