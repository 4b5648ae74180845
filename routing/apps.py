from typing import TYPE_CHECKING

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from datetime import datetime

    from core.models import OutboxMessage, Way


class RoutingConfig(AppConfig):
    """Categories, responsibility rules, the decision, delivering to organisations."""

    name = "routing"
    verbose_name = _("Who must answer")

    def ready(self) -> None:
        from core.events import message_died, way_stays_down
        from core.outbox import register_channel
        from geodata import address_sources, layers
        from routing import (
            doctor_checks,  # noqa: F401  registers its checks
            open311_sending,
            rule_check,  # noqa: F401  registers its job
        )
        from routing.address_source import RegisterAddresses
        from routing.folders import send_to_folder
        from routing.layer import REGISTERS
        from routing.sftp import send_by_sftp
        from routing.webhooks import send_webhook

        layers.register(REGISTERS)
        address_sources.register(RegisterAddresses())
        register_channel("webhook", send_webhook)
        register_channel("folder", send_to_folder)
        register_channel("sftp", send_by_sftp)
        message_died.connect(try_the_next_channel)
        way_stays_down.connect(go_round_it)
        register_channel(open311_sending.CHANNEL, open311_sending.send_open311)


def try_the_next_channel(sender: object, *, message: "OutboxMessage", at: "datetime", **_more: object) -> None:
    """What could not be handed over one way goes the next."""
    from routing.channels import fall_back

    fall_back(message=message, at=at)


def go_round_it(sender: object, *, way: "Way", at: "datetime", **_more: object) -> None:
    """What waits too long for a receiver that is down goes by another channel of its organisation."""
    from routing.channels import go_round

    go_round(way, at=at)
