"""Logs hold no secret links: whoever reads them could act as the author of a report or as an organisation."""

import logging
import re

HIDDEN = "…"
SECRETS = re.compile(
    r"""(/(?:mine|answer|follow|photos/drafts)/  # pages behind a secret link, previews of a draft
        |[?&;]k=                          # the right to see a held photo
        )[^/?&\s"'<>\]]+""",
    re.VERBOSE,
)
SERVERS = ("gunicorn.error", "gunicorn.access")


def mask(text: str) -> str:
    """The same text, with every secret that stands in an address replaced by “…”."""
    return SECRETS.sub(rf"\1{HIDDEN}", text)


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
