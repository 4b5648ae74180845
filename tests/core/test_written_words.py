"""What is read of letters as people's programs write them: the new words, in whatever they are written."""

from datetime import UTC, datetime
from email.message import EmailMessage

import pytest

from core.html_words import words_of_html
from core.letter_parts import UnreadableError, Written, take_apart, written
from core.written_words import LONGEST, command_in, new_words

NOW = datetime(2026, 11, 19, 8, 0, tzinfo=UTC)
OURS = """── Пишіть відповідь над цією лінією ──
Можна просто відповісти на цей лист.

Відкрите місто · Яворинська громада

Мешканець повідомляє про проблему"""
QUOTED = "\n".join(f"> {line}" for line in OURS.split("\n"))
WORDS = "Яму засипали.\n\nДякуємо за заявку, її їжак’є."


def read(raw: bytes) -> Written:
    return written(take_apart(raw), size=len(raw), received_at=NOW)


def letter(text: str, *, charset: str = "utf-8", cte: str = "base64", **headers: str) -> bytes:
    """A letter of one text part; names of headers with _ for -."""
    made = EmailMessage()
    for name, value in {"From": "Богдан <bohdan@example.org>", "Subject": "Re: Заявка № 1", **headers}.items():
        made[name.replace("_", "-")] = value
    made.set_content(text, charset=charset, cte=cte)
    return made.as_bytes()


ANSWERS = {
    "gmail, Ukrainian": f"{WORDS}\n\nчт, 19 лист. 2026 р. о 10:15 Відкрите місто <m@c.example> пише:\n\n{QUOTED}\n",
    "gmail, English, broken line": (
        f"{WORDS}\n\nOn Thu, Nov 19, 2026 at 10:15 AM Відкрите місто <\nmisto+rabc@city.example> wrote:\n\n{QUOTED}"
    ),
    "gmail, Russian, without a verb": (
        f"{WORDS}\n\nчт, 19 нояб. 2026 г. в 10:15, Відкрите місто <misto@city.example>:\n\n{QUOTED}"
    ),
    "thunderbird": f"{WORDS}\n\n19.11.26 10:15, Відкрите місто пише:\n{QUOTED}\n\n-- \nБогдан, диспетчер",
    "thunderbird, below": f"19.11.2026 10:15, Відкрите місто пишет:\n{QUOTED}\n\n{WORDS}\n",
    "outlook, English": (
        f"{WORDS}\n\n________________________________\nFrom: Відкрите місто <misto@city.example>\n"
        f"Sent: Thursday, November 19, 2026 10:15 AM\nTo: roads@example.org\nSubject: Заявка\n\n{OURS}"
    ),
    "outlook, Ukrainian": (
        f"{WORDS}\n\n-----Початкове повідомлення-----\nВід: Відкрите місто\nНадіслано: 19 листопада 2026\n\n{OURS}"
    ),
    "outlook, Russian": f"{WORDS}\n\nОт: Відкрите місто\nОтправлено: 19 ноября 2026\nКому: x\nТема: y\n\n{OURS}",
    "apple mail": (
        f"{WORDS}\n\nНадіслано з iPhone\n\n> 19 лист. 2026 р. о 10:15 Місто <m@c.example> написав(-ла):\n>\n{QUOTED}"
    ),
    "ukr.net": (
        f"{WORDS}\n\n--- Оригінальне повідомлення ---\nВід кого: Відкрите місто\nДата: 19 листопада 2026\n\n{OURS}"
    ),
    "mail.ru": f"{WORDS}\n\nЧетверг, 19 ноября 2026, 10:15 +03:00 от Відкрите місто <misto@city.example>:\n{QUOTED}",
    "only our line tells": f"{WORDS}\n\n{OURS}",
    "our line was broken": f"{WORDS}\n\n> ── Пишіть відповідь над\n> цією лінією ──\n> Можна просто",
    "below our line, as nothing is above": f"{QUOTED}\n\n{WORDS}",
    "a footer of the office below what is quoted": f"{WORDS}\n\n{QUOTED}\n\nЦей лист призначено лише отримувачу.",
    "no quotation at all": WORDS,
}


@pytest.mark.parametrize("text", ANSWERS.values(), ids=ANSWERS.keys())
def test_new_words_are_read_and_nothing_else(text: str) -> None:
    assert new_words(text) == WORDS


@pytest.mark.parametrize("text", ANSWERS.values(), ids=ANSWERS.keys())
@pytest.mark.parametrize(
    ("charset", "cte"),
    [("utf-8", "base64"), ("utf-8", "quoted-printable"), ("koi8-u", "base64"), ("windows-1251", "quoted-printable")],
)
def test_they_are_read_in_every_encoding(text: str, charset: str, cte: str) -> None:
    said = text.replace("’", "'").replace("──", "--").encode(charset, "replace").decode(charset)
    assert read(letter(said, charset=charset, cte=cte)).words == WORDS.replace("’", "'")


@pytest.mark.parametrize("charset", ["utf-8", "windows-1251"])
def test_letter_that_does_not_say_how_it_is_written_is_read_anyway(charset: str) -> None:
    raw = b"From: x@example.org\r\nSubject: x\r\n\r\n" + "Яму засипали.".encode(charset)
    assert read(raw).words == "Яму засипали."


def test_lines_that_a_program_folded_are_whole_again() -> None:
    raw = (
        b"From: x@example.org\nContent-Type: text/plain; charset=utf-8; format=flowed; delsp=yes\n"
        b"Content-Transfer-Encoding: 8bit\n\n" + "Яму за \nсипали.\n\n-- \nБогдан\n".encode()
    )
    assert read(raw).words == "Яму засипали."


def test_html_alone_becomes_its_words() -> None:
    html = (
        "<html><head><title>x</title><style>p{color:red}</style></head><body><script>alert(1)</script>"
        "<div>Яму&nbsp;засипали.</div><div><br></div><p>Дякуємо <b>за</b> заявку &lt;№ 1&gt;.</p>"
        "<ul><li>пісок<li>щебінь</ul>"
        '<div class="gmail_quote"><div>чт, 19 лист. 2026 р. о 10:15 X &lt;m@c.example&gt; пише:<br></div>'
        "<blockquote><p>── Пишіть відповідь над цією лінією ──</p><p>Яма</p></blockquote></div></body></html>"
    )
    made = EmailMessage()
    made["From"] = "x@example.org"
    made.set_content(html, subtype="html")
    assert read(made.as_bytes()).words == "Яму засипали.\n\nДякуємо за заявку <№ 1>.\n\n- пісок\n- щебінь"


def test_html_of_outlook_ends_at_the_letter_that_it_answers() -> None:
    html = (
        "<p class=MsoNormal>Виконано</p><p class=MsoNormal>Яму засипали.</p>"
        "<div id='divRplyFwdMsg'><b>Від:</b> Відкрите місто<br>"
        "<b>Надіслано:</b> 19 листопада<br></div><p>── Пишіть відповідь над цією лінією ──</p><p>Яма</p>"
    )
    assert new_words(words_of_html(html)) == "Виконано\n\nЯму засипали."


def test_text_is_preferred_to_html_unless_it_is_empty() -> None:
    both = EmailMessage()
    both["From"] = "x@example.org"
    both.set_content("Словами")
    both.add_alternative("<p>Розміткою</p>", subtype="html")
    assert read(both.as_bytes()).words == "Словами"
    both = EmailMessage()
    both.set_content(" \n")
    both.add_alternative("<p>Розміткою</p>", subtype="html")
    assert read(both.as_bytes()).words == "Розміткою"


def test_pictures_are_kept_and_the_logo_of_a_signature_is_not() -> None:
    made = EmailMessage()
    made.set_content("Виконано. Фото додаю.")
    made.add_alternative("<p>Виконано. Фото додаю.<img src='cid:logo'></p>", subtype="html")
    html = made.get_body(("html",))
    assert isinstance(html, EmailMessage)
    html.add_related(b"x" * 900, "image", "png", cid="<logo>")
    made.add_attachment(b"y" * 900, maintype="image", subtype="jpeg", filename="яма.jpg")
    made.add_attachment(b"z" * 900, maintype="application", subtype="octet-stream", filename="IMG_1.HEIC")
    made.add_attachment(b"%PDF", maintype="application", subtype="pdf", filename="акт.pdf")
    found = read(made.as_bytes())
    assert [picture.name for picture in found.pictures] == ["яма.jpg", "IMG_1.HEIC"]
    assert (found.left_out, found.words) == (1, "Виконано. Фото додаю.")


def test_date_of_a_letter_is_taken_when_it_can_be_true() -> None:
    assert read(letter("x", Date="Thu, 19 Nov 2026 09:30:00 +0200")).written_at == datetime(
        2026, 11, 19, 7, 30, tzinfo=UTC
    )
    for wrong in ("Thu, 19 Nov 2037 09:30:00 +0200", "Thu, 01 Jan 1970 00:00:00 +0000", "учора", ""):
        raw = b"Date: " + wrong.encode() + b"\nFrom: x@example.org\n\nx"
        assert read(raw).written_at == NOW


@pytest.mark.parametrize(
    "bomb",
    [
        b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(3000)),
        b"Content-Type: message/rfc822\n\n" * 5000,
        b"Content-Type: multipart/mixed; boundary=b\n\n" + b"--b\nContent-Type: text/plain\n\nx\n" * 5000,
        b"Content-Type: message/delivery-status\n\n" + b"\n" * 3_000_000,
    ],
    ids=["deep", "letters in letters", "many parts", "empty lines"],
)
def test_letter_made_to_exhaust_is_set_aside_or_read_in_part(bomb: bytes) -> None:
    try:
        read(bomb)
    except UnreadableError:
        return
    assert b"delivery-status" in bomb


def test_a_very_long_answer_is_bounded_and_takes_no_time() -> None:
    assert len(new_words("Яма 2026 пише <a@b.c> " * 100_000)) == LONGEST
    assert len(new_words("On 2026 a@b 10:15\n" * 200_000)) <= LONGEST
    assert new_words("\x00Яма\u200b тут\xa0є") == "Яма тут є"


SAYS = {"finish": ("виконано", "done"), "refuse": ("не наше", "not ours")}


@pytest.mark.parametrize(
    ("text", "do", "rest"),
    [
        ("Виконано", "finish", ""),
        ("«Виконано»", "finish", ""),
        ("ВИКОНАНО.\n\nЯму засипали.", "finish", "Яму засипали."),
        ("Виконано. Яму засипали.", "finish", "Яму засипали."),
        ("Виконано - яму засипали", "finish", "яму засипали"),
        ("Done!\nFilled.", "finish", "Filled."),
        ("Не наше: дорога державна.", "refuse", "дорога державна."),
        ("Виконано роботи з ремонту", "", "Виконано роботи з ремонту"),
        ("Яму виконано", "", "Яму виконано"),
        ("", "", ""),
    ],
)
def test_first_line_may_say_what_is_done(text: str, do: str, rest: str) -> None:
    assert command_in(text, SAYS) == (do, rest)
