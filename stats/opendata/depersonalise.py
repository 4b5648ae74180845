"""Takes out of words what names a person or tells how to reach one: the decree asks it of published appeals.

Patterns find what has a form: addresses of e-mail, numbers of telephones, cards, papers and flats, names with a
patronymic or initials, and the name that the reporter signed with. A bare surname has no form: that is what moderators
look for, and why these words are in one dataset only.
"""

import re

OUT = "[вилучено]"  # the published words are Ukrainian, whatever language a reader chose
_NAME = r"[А-ЩЬЮЯЄІЇҐ][а-щьюяєіїґ’'ʼ]+(?:-[А-ЩЬЮЯЄІЇҐ][а-щьюяєіїґ’'ʼ]+)?"
_PATRONYMIC = (
    r"[А-ЩЬЮЯЄІЇҐ][а-щьюяєіїґ’'ʼ]*(?:[оеєий]вич(?:а|у|ем|еві|і)?|[оеє]вн(?:а|и|і|у|ою|о)|[ії]вн(?:а|и|і|у|ою|о)"
    r"|[лк]ич(?:а|у|ем|еві|і)?|ліч(?:а|у|ем|еві|і)?)"
)
_INITIALS = r"[А-ЩЬЮЯЄІЇҐ]\.\s?(?:[А-ЩЬЮЯЄІЇҐ]\.)?"
_PATTERNS = [
    r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+",  # e-mail
    r"(?:https?://)?(?:t\.me|wa\.me|viber\.me|facebook\.com|instagram\.com)/\S+|(?<!\w)@[A-Za-z][\w.]{3,}",
    # Telephones, cards, tax numbers; dates (19.11.2026 8:30) are none.
    r"(?<!\d)(?<!\d\.)(?!\d\d?\.\d\d?\.\d{4}(?!\d))\+?\d(?:[\s().-]{0,3}\d){8,18}",
    # Telephones of a town: 27-15-33, 234-56-78, 27 15 33; days (19-11-2026) and hours (10-00-12-00) are none.
    r"(?<!\d)(?<!\d[-–])\(?\d{1,3}\)?\s?[-–‑]\s?\d{2}\s?[-–‑]\s?\d{2}(?![-–]?\d)",
    r"(?<!\d)(?<!\d\s)\d{2,3}\s\d{2}\s\d{2}(?!\s?\d)",
    r"(?<!\w)[А-ЯІЇЄҐA-Z]{2}\s?№?\s?\d{6}(?!\d)",  # passports
    r"(?i:(?<!\w)(?:кв\.?|квартир[аиіуо]ю?|кварт\.|помешканн[яі]|flat|apartment|apt\.?))\s*№?\s*\d+[а-яa-z]?(?!\w)",
    rf"(?:{_NAME}\s+){{0,2}}{_PATRONYMIC}(?!\w)(?:\s+{_NAME})?",
    rf"(?<!\w){_INITIALS}\s?{_NAME}|{_NAME}\s+{_INITIALS}(?!\w)",
]
# Whatever number follows the word: тел. 2-15, телефон: 12345.
_CALLED = re.compile(
    r"(?<!\w)(тел(?:\.|еф\.|ефон\w*)?(?:\s*(?:за|на|номер\w*)(?!\w))*[\s:№.,–-]*)\(?\+?\d(?:[\s().–‑/-]{0,3}\d){2,18}",
    re.IGNORECASE,
)
_ALL = re.compile("|".join(f"(?:{pattern})" for pattern in _PATTERNS))
_REPEATED = re.compile(rf"{re.escape(OUT)}(?:[\s,]*{re.escape(OUT)})+")
_LETTERS_OF_A_CASE = 2  # at the end of a name, which declension changes


def depersonalised(words: str, *, name: str = "") -> str:
    """The words with OUT in place of what tells of a person; `name`: how the reporter signed, also when declined."""
    found = _ALL.sub(OUT, _CALLED.sub(rf"\1{OUT}", words))
    for part in re.findall(r"[\w’'ʼ-]{3,}", name):
        stem = part[: max(3, len(part) - _LETTERS_OF_A_CASE)]
        found = re.sub(rf"(?<!\w){re.escape(stem)}[\w’'ʼ]{{0,4}}(?!\w)", OUT, found, flags=re.IGNORECASE)
    return _REPEATED.sub(OUT, found)
