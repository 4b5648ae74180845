"""What may stand in a log: words of our own code, numbers, identifiers. Nothing that a person wrote or gave.

Two nets, one behind the other. What is known to hold other people's words is left out by its kind: messages of errors,
paths, arguments of other libraries' messages. What still looks like an address, a number of a phone, a place or a
secret is masked by its look.
"""

import os
import re
import smtplib
import ssl
import traceback
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Final

import psycopg

HIDDEN: Final = "…"
ROOT: Final = str(Path(__file__).resolve().parent.parent)
FRAMES: Final = 40  # of one traceback, the innermost

SECRETS = re.compile(
    r"""(/(?:mine|answer|follow|photos/drafts)/  # pages behind a secret link, previews of a draft
        |[?&;]k=                          # the right to see a held photo
        )[^/?&\s"'<>\]]+
        |(?<![A-Za-z0-9])[bBrR][A-Za-z2-7]{42,45}(?![A-Za-z0-9])  # addresses to which letters come back (core.verp)
    """,
    re.VERBOSE,
)
PERSONAL = re.compile(
    r"""[^\s@<>"'(),;:=]+@[^\s@<>"'(),;]+\w                        # an e-mail address
        |(?<![\w.-])\+?\(?\d{2,3}\)?(?:[\s()-]{0,2}\d){7,10}(?![\w.-])  # a number of a phone
        |(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w.])                # an IP address
        |(?<![\w:.])(?:[0-9a-fA-F]{0,4}:){3,7}[0-9a-fA-F]{0,4}(?![\w:.])
        |-?\d{1,3}\.\d{4,}                                         # a coordinate
        |(?<=[^\s?])\?[^\s"'<>]+=[^\s"'<>]*                        # a query
        |misto_\w{8,}|(?<=Bearer\ )\S+                             # a key
        |(?<![\w-])(?=[\w-]*\d)[\w-]{40,}                          # what only a program could have made up
        |(?<=://)[^\s/@]+(?=@)                                     # user and password of a server
    """,
    re.VERBOSE,
)
# Their messages are words of Python or of Django about code.
OF_CODE: Final = frozenset(
    {"AttributeError", "NameError", "UnboundLocalError", "ImportError", "ModuleNotFoundError", "NotImplementedError"}
    | {"ImproperlyConfigured", "RecursionError", "FieldError", "TemplateDoesNotExist", "ScopeError"}
)


def mask(text: str) -> str:
    """The same text, with every secret that stands in an address replaced by “…”."""
    return SECRETS.sub(lambda found: f"{found[1] or ''}{HIDDEN}", text)


def scrub(text: str) -> str:
    """The same text without whatever looks like a secret or like something of a person."""
    return PERSONAL.sub(HIDDEN, mask(text))


def described(error: BaseException) -> str:
    """The kind of an error, and what is safe to say of it: never its own message unless that is about code."""
    name = type(error).__name__
    if isinstance(cause := error.__cause__, psycopg.Error) and cause.sqlstate:
        error = cause
    more = _more(error, name)
    return f"{name}: {more}" if more else name


def _more(error: BaseException, name: str) -> str:
    if getattr(error, "can_be_logged", False):  # words of ours, which hold nothing of anybody
        return scrub(str(error))
    if isinstance(error, psycopg.Error):
        diag = error.diag
        found = (error.sqlstate, diag.constraint_name, diag.table_name, diag.column_name)
        return " ".join(part for part in found if part)
    if isinstance(error, smtplib.SMTPResponseException):
        return str(error.smtp_code)
    if isinstance(error, ssl.SSLError):
        return str(error.reason or "")
    if isinstance(error, OSError):
        return os.strerror(error.errno) if isinstance(error.errno, int) and error.errno > 0 else ""
    return scrub(" ".join(str(error).split())) if name in OF_CODE else ""


def told(error: BaseException | None) -> str:
    """An error with those that it came from, and where in the code: no local values, no source lines, no messages."""
    return "\n".join(line for one in _chain(error) for line in (described(one), *_frames(one.__traceback__)))


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """The error that came first begins."""
    found: list[BaseException] = []
    while error is not None and error not in found:
        found.append(error)
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    yield from reversed(found)


def _frames(trace: TracebackType | None) -> list[str]:
    frames = [(frame.f_code, line) for frame, line in traceback.walk_tb(trace)]
    return [f"  {_place(code.co_filename)}:{line} {code.co_name}" for code, line in frames[-FRAMES:]]


def _place(path: str) -> str:
    """The path of a file as short as it is understood."""
    return path.rpartition("/site-packages/")[2].removeprefix(f"{ROOT}/")


def safe_argument(value: Any, *, keeps_words: bool) -> Any:
    """What of an argument of a message may be shown; `keeps_words`: whoever wrote the message knew what they gave."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, BaseException):
        return described(value)
    return str(value) if keeps_words else HIDDEN
