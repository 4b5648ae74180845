"""What the doctor looks at here: webhooks of programs."""

from collections.abc import Iterator

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_scopes import scopes_disabled

from core.doctor import Asked, Finding, check, ok, warn
from notifications.models import Webhook
from routing.doctor_checks import certificates_of


@check("notifications.webhooks", gettext_lazy("Webhooks of programs"), seconds=120)
def webhooks(asked: Asked) -> Iterator[Finding]:
    """Those that fail or were given up, and the certificates of all that are told."""
    with scopes_disabled():
        rows = Webhook.objects.filter(community__in=asked.communities()).select_related(
            "client__organisation", "community"
        )
        found = list(rows.exclude(state__in=[Webhook.State.PAUSED, Webhook.State.GONE]))
        told = [(one, f"{one.community.slug}: {one.client.organisation} #{one.slot}") for one in found]
    for hook, where in told:
        mend = _("Tell whoever keeps the program; it resumes by the API, or under /admin/ → Webhooks.")
        if hook.state == Webhook.State.FAILED:
            yield warn(_("It did not answer for days and is told nothing."), mend, where)
        elif hook.failing_since:
            yield warn(_("It fails since %(since)s.") % {"since": f"{hook.failing_since:%Y-%m-%d %H:%M}"}, mend, where)
    yield ok(_("%(count)d webhooks were looked at.") % {"count": len(told)})
    yield from certificates_of(sorted({one.url for one, _where in told if one.url.startswith("https:")}), asked)
