from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    """People, organisations, memberships."""

    name = "accounts"
    verbose_name = _("People and organisations")

    def ready(self) -> None:
        from accounts import doctor_checks  # noqa: F401  registers its checks
