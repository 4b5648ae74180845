"""The installation's secret after a restore: without it secret links and sealed passwords of channels are lost."""

import json
from pathlib import Path

from django.conf import settings
from django.utils.translation import gettext as _

from openmap.backup.layout import SECRETS


def advice_for(backup: Path) -> list[str]:
    """Lines that say what is left to do; none of them shows the secret."""
    kept = json.loads((backup / SECRETS).read_text(encoding="utf-8"))
    needed = [kept["MISTO_SECRET_KEY"], *kept["MISTO_SECRET_KEY_FALLBACKS"]]
    known = {settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS}
    if all(secret in known for secret in needed):
        return [_("The secret is that of the backup: secret links in old letters work.")]
    return [
        _(
            "The secret is another one than that of the backup, so that secret links in old letters and passwords of "
            "channels do not work yet. Set MISTO_SECRET_KEY and MISTO_SECRET_KEY_FALLBACKS to what stands in %(file)s, "
            "or add those secrets to MISTO_SECRET_KEY_FALLBACKS."
        )
        % {"file": backup / SECRETS}
    ]
