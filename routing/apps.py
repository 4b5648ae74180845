from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class RoutingConfig(AppConfig):
    """Categories, responsibility rules, the decision, delivering to organisations."""

    name = "routing"
    verbose_name = _("Who must answer")

    def ready(self) -> None:
        from geodata import address_sources, layers
        from routing import rule_check  # noqa: F401  registers its job
        from routing.address_source import RegisterAddresses
        from routing.layer import REGISTERS

        layers.register(REGISTERS)
        address_sources.register(RegisterAddresses())
