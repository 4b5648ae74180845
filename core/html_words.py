"""A letter that came as HTML only, reduced to its words. Nothing of it is ever shown as HTML."""

import re
from html.parser import HTMLParser
from typing import Final

UNSEEN: Final = frozenset({"script", "style", "head", "title", "template", "noscript", "svg", "object", "iframe"})
BLOCKS: Final = frozenset(
    {
        "address",
        "article",
        "blockquote",
        "center",
        "dd",
        "div",
        "dl",
        "dt",
        "figure",
        "footer",
        "form",
        "h1",
        "h2",
        "h3",
    }
    | {
        "h4",
        "h5",
        "h6",
        "header",
        "hr",
        "li",
        "main",
        "nav",
        "ol",
        "p",
        "pre",
        "section",
        "table",
        "td",
        "th",
        "tr",
        "ul",
    }
)
EMPTY: Final = frozenset({"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "wbr"})
MOST_OPEN: Final = 2_000  # elements inside each other
# Where programs put what they quote without marking it.
QUOTES: Final = re.compile("gmail_quote|yahoo_quoted|moz-cite-prefix|divRplyFwdMsg|appendonsend", re.IGNORECASE)


def words_of_html(html: str) -> str:
    """The words, line by line; what is quoted has “> ” before each line, as in a letter without HTML."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return reader.text()


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[tuple[str, bool, bool]] = []  # (element, not seen, quoted)
        self.lines: list[str] = []
        self.line = ""
        self.quoted = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "br":
            self._break()
        if tag in BLOCKS:
            self._end_line()
        if tag in EMPTY or len(self.open) >= MOST_OPEN:
            return
        named = " ".join(value or "" for name, value in attrs if name in ("class", "id"))
        quotes = tag == "blockquote" or bool(QUOTES.search(named))
        unseen, quoted = self._now()
        self.open.append((tag, unseen or tag in UNSEEN, quoted or quotes))
        if tag == "li":
            self.line = "- "

    def handle_endtag(self, tag: str) -> None:
        if tag in BLOCKS:
            self._end_line()
        if tag == "p":
            self._break()
        for place in range(len(self.open) - 1, -1, -1):
            if self.open[place][0] == tag:
                del self.open[place:]
                return

    def handle_data(self, data: str) -> None:
        unseen, quoted = self._now()
        if unseen or not data.strip(" \t\r\n"):
            self.line += " " if not unseen and self.line else ""
            return
        if quoted != self.quoted:
            self._end_line()
            self.quoted = quoted
        self.line += re.sub(r"[ \t\r\n]+", " ", data if self.line else data.lstrip(" \t\r\n"))

    def text(self) -> str:
        self._end_line()
        return "\n".join(self.lines)

    def _now(self) -> tuple[bool, bool]:
        return self.open[-1][1:] if self.open else (False, False)

    def _end_line(self) -> None:
        if self.line.strip():
            self._break()
        self.line = ""

    def _break(self) -> None:
        self.lines.append(("> " if self.quoted else "") + self.line.strip())
        self.line = ""
