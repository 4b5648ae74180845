from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class NotificationsConfig(AppConfig):
    """Who follows what, and the letters that tell them."""

    name = "notifications"
    verbose_name = _("Notifications")
