"""What somebody newly wrote in a letter: without the letter that they answer, and without their signature.

Our own letters begin with a line above which one answers; mail programs keep it, quoted or not. What programs put
above what they quote is known in Ukrainian, English and Russian.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Final

from django.utils.translation import gettext as _

LONGEST: Final = 20_000  # characters of an answer that are kept
MOST_LINES: Final = 5_000
LOOKED_AT: Final = 400  # characters of a line that are compared with anything

# In both languages: whoever answers a Ukrainian letter may be read by an English page.
_LINES: Final = ("Write your answer above this line", "Пишіть відповідь над цією лінією")
_MARKER: Final = re.compile("|".join(r"[\s>|]+".join(line.split()) for line in _LINES), re.IGNORECASE)
_INVISIBLE: Final = re.compile("[\u200b-\u200f\u2060\ufeff\x00-\x08\x0b-\x1f\x7f]")

_SAID: Final = r"wrote|writes|пише|писав|писала|написав|написала|пишет|писал|писала|написал|написала"
# “On 19 November 2026 at 10:15, Misto <misto@city.example> wrote:”, or without a verb, as some programs do.
_INTRODUCES: Final = re.compile(
    rf".*(?:\b(?:{_SAID})\b\S{{0,6}}[^:]{{0,80}}|<[^<>\s]+@[^<>\s]+>\s*):[\s*]*",
    re.IGNORECASE,
)
_BEGINS: Final = re.compile(r"\b20\d\d\b|\d:\d\d|<[^<>\s]+@[^<>\s]+>")
_ORIGINAL: Final = re.compile(
    r"[-_\s]{2,}(?:original|forwarded|оригінальне|початкове|вихідне|переслане|исходное|оригинальное|пересылаемое)"
    r" (?:message|повідомлення|сообщение)\b.*",
    re.IGNORECASE,
)
_FROM: Final = re.compile(r"\*?(?:from|від|від кого|от|от кого|відправник|отправитель)\s*:\*?\s*\S.*", re.IGNORECASE)
_ABOUT: Final = re.compile(
    r"\*?(?:sent|date|to|subject|надіслано|відправлено|дата|кому|тема|отправлено)\s*:\*?.*", re.IGNORECASE
)
_RULE: Final = re.compile(r"[_─—-]{10,}")
_SIGNATURE: Final = "--"
_SENT_FROM: Final = re.compile(
    r"(?:sent from|sent with|get outlook|(?:надіслано|відправлено) (?:з|із|через)|отправлено (?:с|из|через))\b.*",
    re.IGNORECASE,
)


def answer_above() -> str:
    """The line with which a letter begins that may be answered, in the language of the moment."""
    line = _("Write your answer above this line")
    return f"── {line} ──"


def new_words(text: str) -> str:
    """The words of the writer. Who wrote below our line because nothing stands above it is read too."""
    text = _INVISIBLE.sub("", text.replace("\r\n", "\n").replace("\r", "\n").replace("\xa0", " "))
    marker = _MARKER.search(text)
    if marker is None:
        return _own(text)
    above, below = text[: text.rfind("\n", 0, marker.start()) + 1], text[marker.end() :].partition("\n")[2]
    return _own(above) or _own(below)


def command_in(text: str, phrases: Mapping[str, Sequence[str]]) -> tuple[str, str]:
    """(what the first line asks for, the words without that); ("", text) when it asks for nothing.

    `phrases`: what may be asked for, and how it is said. The phrase stands alone in its line, or before a full stop, a
    comma, a colon or a dash: “Done. The hole is filled.” asks, “Done with the hole, we go on” does not.
    """
    first, _end, rest = text.partition("\n")
    for name, said in phrases.items():
        for phrase in said:
            found = re.fullmatch(
                rf"\W*{re.escape(phrase)}(?:[\s»”\"'*.!]*|\s*[»”\"'*]?(?:[.,:;!]+\s|\s[–—-]\s)\s*(?P<more>.*))",
                first[:LOOKED_AT],
                re.IGNORECASE,
            )
            if found:
                more = (found["more"] or "") + first[LOOKED_AT:]
                return name, f"{more}\n{rest}".strip()
    return "", text


def _own(text: str) -> str:
    lines = _before_the_original(text.split("\n")[:MOST_LINES])
    kept = [line.rstrip() for line in lines if not _is_quoted(line)]
    if _SIGNATURE in kept:
        kept = kept[: kept.index(_SIGNATURE)]
    while kept and (not kept[-1] or _SENT_FROM.fullmatch(kept[-1].strip()[:LOOKED_AT])):
        kept.pop()
    return re.sub(r"\n{3,}", "\n\n", "\n".join(kept)).strip()[:LONGEST]


def _before_the_original(lines: list[str]) -> list[str]:
    """Without what introduces a quotation, and without what follows where it is not marked as quoted."""
    kept: list[str] = []
    number = 0
    while number < len(lines):
        if _begins_original(lines, number):
            return _without_rule(kept)
        length = _introduction(lines, number)
        if length and not _quoted_next(lines, number + length):
            return _without_rule(kept)
        if not length:
            kept.append(lines[number])
        number += length or 1
    return kept


def _begins_original(lines: list[str], number: int) -> bool:
    line = lines[number].strip()[:LOOKED_AT]
    if _ORIGINAL.fullmatch(line):
        return True
    about = [following.strip()[:LOOKED_AT] for following in lines[number + 1 : number + 6] if following.strip()]
    return bool(_FROM.fullmatch(line)) and any(_ABOUT.fullmatch(following) for following in about)


def _introduction(lines: list[str], number: int) -> int:
    """Of how many lines, up to three, the sentence consists that introduces a quotation; 0: none begins here."""
    for length in (1, 2, 3):
        part = lines[number : number + length]
        if not all(line.strip() and not _is_quoted(line) for line in part):
            return 0
        if _introduces(part):
            return 0 if any(_introduces(part[later:]) for later in range(1, length)) else length
    return 0


def _introduces(part: list[str]) -> bool:
    sentence = " ".join(line.strip() for line in part)[:LOOKED_AT]
    return bool(_BEGINS.search(part[0][:LOOKED_AT]) and _INTRODUCES.fullmatch(sentence))


def _quoted_next(lines: list[str], number: int) -> bool:
    following = next((line for line in lines[number:] if line.strip()), ">")
    return _is_quoted(following)


def _without_rule(lines: list[str]) -> list[str]:
    """Without the line that Outlook draws above the letter that is answered."""
    while lines and (not lines[-1].strip() or _RULE.fullmatch(lines[-1].strip())):
        lines = lines[:-1]
    return lines


def _is_quoted(line: str) -> bool:
    return line.lstrip().startswith(">")
