"""A mapping for a file that nobody has described yet: columns by their names, formats by what stands in them.

It is a suggestion: a person looks at it before anything is brought in.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import Any

from geodata.models import Community
from issues.import_mapping import CONTENT, IDENTITY, MILLISECONDS, MOMENTS, SECONDS, text_of
from issues.import_sources import Source
from issues.states import State
from routing.models import Category

LOOKED_AT = 2000  # rows
MOST_STATUSES = 40  # more different words than that are no statuses
MOST_CATEGORIES, LONGEST_WORD = 60, 100  # words whose meaning is asked, the most frequent; characters of one
ENOUGH_ROWS = 20  # so many tell whether a column holds categories
# What columns are often called, the most telling first; compared in small letters without signs between words.
CALLED: Mapping[str, Sequence[str]] = {
    "id": ("request id", "service request id", "unique key", "issue id", "ticket id", "case id", "number", "id",
           "номер заявки", "номер звернення", "номер", "ід", "код заявки", "objectid"),
    "category": ("service code", "category code", "category", "service name", "type", "complaint type", "problem",
                 "код категорії", "категорія", "тип", "вид", "тематика", "проблема"),
    "category_name": ("service name", "category name", "назва категорії", "категорія"),
    "lon": ("lon", "long", "lng", "longitude", "x", "довгота"),
    "lat": ("lat", "latitude", "y", "широта"),
    "opened": ("requested datetime", "opened at", "created at", "created date", "open date", "opened", "created",
               "adddate", "date", "дата створення", "дата реєстрації", "створено", "дата подання", "дата"),
    "accepted": ("accepted at", "accepted", "прийнято", "дата прийняття"),
    "started": ("started at", "in progress at", "взято в роботу"),
    "resolved": ("resolved at", "closed at", "closed date", "close date", "resolution date", "resolved", "closed",
                 "дата виконання", "дата закриття", "виконано", "закрито"),
    "reopened": ("reopened at", "reopened", "відкрито знову", "дата повернення"),
    "due": ("due at", "expected datetime", "due date", "due", "термін", "термін виконання", "строк"),
    "status": ("status", "state", "стан", "статус"),
    "title": ("title", "subject", "summary", "тема", "заголовок"),
    "text": ("description", "details", "text", "опис", "текст", "зміст"),
    "address": ("address", "street address", "location", "адреса", "місце"),
    "organisation": ("organisation", "organization", "agency", "department", "agency responsible", "виконавець",
                     "відповідальний", "організація", "підрозділ"),
    "organisation_code": ("edrpou", "єдрпоу", "код єдрпоу"),
}  # fmt: skip
FORMATS = (
    "%d.%m.%Y %H:%M:%S", "%d.%m.%Y %H:%M", "%d.%m.%Y", "%d/%m/%Y %H:%M:%S", "%d/%m/%Y %H:%M", "%d/%m/%Y",
    "%m/%d/%Y %I:%M:%S %p", "%m/%d/%Y %H:%M:%S", "%m/%d/%Y %H:%M", "%m/%d/%Y", "%Y/%m/%d %H:%M:%S%z",
    "%Y/%m/%d %H:%M:%S", "%Y/%m/%d",
)  # fmt: skip
# Beginnings of words that statuses are made of, the most telling first.
SAID: Sequence[tuple[State, Sequence[str]]] = (
    (State.DUPLICATE, ("duplic", "дубл", "повтор")),
    (State.REOPENED, ("reopen", "re-open", "повернен", "відкрито знову")),
    (State.WITHDRAWN, ("withdraw", "cancel", "відклик", "скасов")),
    (
        State.REJECTED,
        (
            "reject",
            "void",
            "declin",
            "incomplete",
            "not approv",
            "not accept",
            "not valid",
            "відхил",
            "відмов",
            "не прийнят",
            "не підтвердж",
        ),
    ),
    (State.IN_PROGRESS, ("in progress", "in-progress", "progress", "started", "в робот", "у робот", "викону")),
    (State.WAITING, ("wait", "pending", "hold", "очіку", "уточн")),
    (State.CONFIRMED, ("confirm", "підтвердж")),
    (State.DONE, ("clos", "done", "complet", "resolv", "fixed", "викона", "закрит", "вирішен", "готов")),
    (State.ACCEPTED, ("accept", "acknowledg", "assign", "прийнят", "розподіл", "призначен")),
    (State.NEW, ("open", "new", "submit", "received", "нов", "відкрит", "зареєстр", "надійш")),
)

NOT_BEGUN = ("not start", "not review", "not assign", "not yet", "не розгл", "не розпоч", "не почат", "не призначен")
NEGATED = ("not ", "не ")


def suggest(source: Source, *, community: Community) -> dict[str, Any]:
    """The object of JSON that a mapping file would hold; "" where a person has to say what a word means. Reads the
    beginning of the file."""
    rows = [record.raw for record in islice(source.records, LOOKED_AT) if not record.broken]
    columns = _columns(source, rows)
    found: dict[str, Any] = {"columns": columns}
    if statuses := _words(rows, columns.get("status", ""), MOST_STATUSES):
        found["statuses"] = {word: _state_said(word) for word in statuses if len(word) <= LONGEST_WORD}
    if categories := _categories(rows, columns.get("category", ""), community):
        found["categories"] = categories
    if dates := _dates(rows, [columns[name] for name in ("opened", *MOMENTS, "due") if name in columns]):
        found["dates"] = dates
    if "organisation" in columns or "organisation_code" in columns:
        found["decisions"] = "take"
    found["time_zone"] = community.time_zone
    if source.format == "CSV":
        found |= {"delimiter": source.delimiter, "encoding": source.encoding}
    return found


def _columns(source: Source, rows: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    called = {_plainly(name): name for name in source.fields}
    wanted = {part: names for part, names in CALLED.items() if not (source.has_places and part in ("lon", "lat"))}
    found = {part: next((called[name] for name in names if name in called), "") for part, names in wanted.items()}
    if not found["id"] or not _tells_apart(rows, found["id"]):
        found["id"] = IDENTITY if IDENTITY in source.fields else CONTENT
    if len(rows) >= ENOUGH_ROWS:  # a column of free text is none of categories, and may name people
        kinds = (called[name] for name in wanted["category"] if name in called)
        found["category"] = next((column for column in kinds if not _tells_apart(rows, column)), "")
    if found["category_name"] == found["category"]:
        found["category_name"] = ""
    return {part: column for part, column in found.items() if column}


def _plainly(name: str) -> str:
    return " ".join("".join(letter if letter.isalnum() else " " for letter in name.casefold()).split())


def _tells_apart(rows: Sequence[Mapping[str, Any]], column: str) -> bool:
    """Whether almost every row has a value of its own."""
    values = [text_of(row.get(column)) for row in rows]
    return len(set(filter(None, values))) >= 0.9 * len(values)


def _words(rows: Iterable[Mapping[str, Any]], column: str, most: int) -> list[str]:
    """Different values, the most frequent first; none when there are too many."""
    counted = Counter(text_of(row.get(column)) for row in rows) if column else Counter()
    words = [word for word, _count in counted.most_common() if word]
    return words if len(words) <= most else []


def _state_said(word: str) -> str:
    said = word.casefold()
    if said in State.values:
        return said
    if said.startswith(NOT_BEGUN):
        return State.NEW.value
    if said.startswith(NEGATED) and not said.startswith(tuple(dict(SAID)[State.REJECTED])):
        return ""  # “not done” is not done, and nobody knows what it is
    return next((state.value for state, begins in SAID if any(said.startswith(one) for one in begins)), "") or next(
        (state.value for state, begins in SAID if any(one in said for one in begins)), ""
    )


def _categories(rows: Sequence[Mapping[str, Any]], column: str, community: Community) -> dict[str, str]:
    """Words of the file that are no code and no name of a category here: to be filled in by a person."""
    known = {
        word.casefold() for pair in Category.objects.filter(community=community).values_list("code", "name")
        for word in pair
    }  # fmt: skip
    words = (word for word in _words(rows, column, LOOKED_AT) if word.casefold() not in known)
    return dict.fromkeys(islice((word for word in words if len(word) <= LONGEST_WORD), MOST_CATEGORIES), "")


def _dates(rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> list[str]:
    """The formats that read everything which ISO 8601 does not."""
    left = {text_of(row.get(column)) for row in rows for column in columns} - {""}
    left = {said for said in left if not _is_iso(said)}
    found = []
    numbers = {said for said in left if said.isdigit()}
    if numbers:
        found.append(MILLISECONDS if min(map(len, numbers)) >= 12 else SECONDS)
        left -= numbers
    for one in FORMATS:
        read = {said for said in left if _is_read(said, one)}
        # 03/04/2024 may be either: the first that reads all of its kind is taken.
        if read and (read == left or len(read) >= 0.3 * len(left)) and not _leaves_alike(read, left):
            found.append(one)
            left -= read
    return found


def _leaves_alike(read: set[str], left: set[str]) -> bool:
    """Whether something that is written alike would stay unread: then this is not its format."""
    patterns = {_pattern(said) for said in read}
    return any(_pattern(said) in patterns for said in left - read)


def _pattern(said: str) -> str:
    return "".join("9" if letter.isdigit() else letter for letter in said)


def _is_iso(said: str) -> bool:
    try:
        datetime.fromisoformat(said)
    except ValueError:
        return False
    return not said.isdigit()


def _is_read(said: str, one: str) -> bool:
    try:
        datetime.strptime(said, one)  # noqa: DTZ007  only whether it can be read
    except ValueError:
        return False
    return True
