from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class IssuesConfig(AppConfig):
    """Reports of problems: the first kind of thing on the map."""

    name = "issues"
    verbose_name = _("Reports")

    def ready(self) -> None:
        from core import counters
        from core.incoming import register_reader
        from core.outbox import register_channel
        from geodata.layers import register
        from issues import incoming
        from issues.counters import REPORTS
        from issues.following import FOLLOWED
        from issues.hooks import REPORTS as HEARD_REPORTS
        from issues.layer import ISSUES
        from issues.mail_answers import from_author, from_organisation
        from issues.open311 import photos_by_address
        from notifications import hook_kinds, kinds
        from notifications.mail import register_answers
        from routing.actions import ANSWER_PURPOSE
        from routing.answers import register_applier

        register(ISSUES)
        counters.register(REPORTS)
        kinds.register("issue", FOLLOWED)
        register_applier("issue", incoming.apply, find=incoming.find)
        hook_kinds.register(HEARD_REPORTS)
        register_channel(photos_by_address.CHANNEL, photos_by_address.read_photo)
        register_reader(ANSWER_PURPOSE, from_organisation)
        register_answers("issue", from_author)
