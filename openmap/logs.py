"""Logs hold no secret links: whoever reads them could act as the author of a report or as an organisation."""

import logging
import re

HIDDEN = "…"
SECRETS = re.compile(
    r"""(/(?:mine|answer|follow|photos/drafts)/  # pages behind a secret link, previews of a draft
        |[?&;]k=                          # the right to see a held photo
        )[^/?&\s"'<>\]]+
        |(?<![A-Za-z0-9])[bBrR][A-Za-z2-7]{42,45}(?![A-Za-z0-9])  # addresses to which letters come back (core.verp)
    """,
    re.VERBOSE,
)
SERVERS = ("gunicorn.error", "gunicorn.access")


def mask(text: str) -> str:
    """The same text, with every secret that stands in an address replaced by “…”."""
    return SECRETS.sub(lambda found: f"{found[1] or ''}{HIDDEN}", text)


class MaskSecrets(logging.Filter):
    """Masks the message with its arguments and the traceback; lets every record through."""

    def filter(self, record: logging.LogRecord) -> bool:
        try:
            message = record.getMessage()
        except (KeyError, TypeError, ValueError):  # arguments that do not fit: the handler reports it its own way
            return True
        masked = mask(message)
        if masked != message:
            record.msg, record.args = masked, ()
        if record.exc_info and not record.exc_text:
            record.exc_text = logging.Formatter().formatException(record.exc_info)
        if record.exc_text:
            record.exc_text = mask(record.exc_text)
        return True


def guard_servers() -> None:
    """gunicorn has loggers of its own, made before the settings are read; an operator may turn its access log on."""
    for name in SERVERS:
        logging.getLogger(name).addFilter(MaskSecrets())
