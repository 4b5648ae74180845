from typing import Any

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class NotificationsConfig(AppConfig):
    """Who follows what: the letters that tell people, and the webhooks that tell programs."""

    name = "notifications"
    verbose_name = _("Notifications")

    def ready(self) -> None:
        from core.events import message_died
        from core.incoming import register_reader
        from core.outbox import register_channel
        from notifications import (
            doctor_checks,  # noqa: F401  registers its checks
            mail,
        )
        from notifications.actions import PURPOSE
        from notifications.hook_sending import send_hook
        from notifications.hooks import CHANNEL

        register_channel(CHANNEL, send_hook)
        register_reader(PURPOSE, mail.read)
        message_died.connect(note_death)
        message_died.connect(mail.letter_died)


def note_death(sender: object, *, message: Any, at: Any, **_more: object) -> None:
    """What was given up for a webhook is remembered there."""
    from notifications import hooks

    if message.channel == hooks.CHANNEL:
        hooks.note_death(message, at=at)
