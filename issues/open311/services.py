"""What there is to ask about: where the interface is, the services of a community, and the attributes of each."""

from typing import Any, Final

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from geodata.models import Community, local_name
from issues.open311.asking import RefusedError
from issues.questions import in_language
from routing.models import Category, Question, Register

CHANGESET: Final = "2026-11-30T12:00:00+02:00"  # when what this interface says was changed last
SPECIFICATION: Final = "http://wiki.open311.org/GeoReport_v2"
MOST_KEYWORDS: Final = 20
# Attributes for the house, lamp… of the category's register. No question has such a code: a dot is in none.
THING, ENTRANCE, FLAT = "register.key", "register.entrance", "register.flat"
Kind = Question.Kind
DATATYPES: Final = {
    Kind.CHOICE: "singlevaluelist",
    Kind.NUMBER: "number",
    Kind.TEXT: "text",
    Kind.DATE: "datetime",
    Kind.ASSET: "string",
}


def discovery(community: Community, *, language: str, home: str, endpoint: str) -> dict[str, Any]:
    """Service discovery; `home` and `endpoint` are whole addresses."""
    name = local_name(community, language)
    contact = _("%(community)s: its administrators, by %(address)s") % {"community": name, "address": home}
    keys = _("The administrators of the community make keys: one for each program, to send reports or to answer.")
    return {
        "changeset": CHANGESET,
        "contact": contact,
        "key_service": keys,
        "endpoints": [
            {
                "specification": SPECIFICATION,
                "url": endpoint,
                "changeset": CHANGESET,
                "type": "production",
                "formats": ["text/xml", "application/json"],
            }
        ],
    }


def services(community: Community, *, language: str) -> list[dict[str, Any]]:
    """Every category that can be chosen, in the community's order."""
    asking = set(Question.objects.filter(community=community).values_list("category", flat=True))
    found = Category.objects.filter(community=community, is_active=True)
    return [_service(row, language, metadata=row.pk in asking or row.register_id is not None) for row in found]


def definition(community: Community, code: str, *, language: str) -> dict[str, Any]:
    """The attributes of one service. Raises RefusedError."""
    category = category_of(community, code)
    questions = Question.objects.filter(category=category).select_related("register")
    rows = [*_of_register(category.register), *(_attribute(one, language) for one in questions)]
    return {"service_code": category.code, "attributes": [row | {"order": n} for n, row in enumerate(rows, start=1)]}


def category_of(community: Community, code: str) -> Category:
    """The active category with that code. Raises RefusedError."""
    known = Category.objects.filter(community=community, is_active=True).select_related("register", "danger")
    category: Category | None = None if "\0" in code else known.filter(code=code).first()
    if category is None:
        raise RefusedError(404, _("service_code: there is no such service here. Read services.xml."))
    return category


def _service(category: Category, language: str, *, metadata: bool) -> dict[str, Any]:
    days = category.working_days
    promised = ngettext(
        "An answer is promised within %(days)s working day.",
        "An answer is promised within %(days)s working days.",
        days,
    )
    return {
        "service_code": category.code,
        "service_name": local_name(category, language),
        "description": promised % {"days": days},
        "metadata": metadata,
        "type": "realtime",
        "keywords": ", ".join(_keywords(category, language)),
        "group": "",
    }


def _keywords(category: Category, language: str) -> list[str]:
    """Words that staff wrote for it, without signs, and its name in the other language."""
    other = category.name if language.startswith("en") else category.name_en
    lines = [line.strip() for line in category.keywords.splitlines()]
    plain = [line.strip("*=") for line in lines if line and not line.startswith("-") and "/" not in line]
    return list(dict.fromkeys(filter(None, [other, *plain])))[:MOST_KEYWORDS]


def _of_register(register: Register | None) -> list[dict[str, Any]]:
    """Which house, lamp… it is about, and for a house the entrance and the flat."""
    if register is None:
        return []
    words = _("Key of the thing in the register “%(register)s”, or “none” when it is not there.")
    thing = _described(THING, "string", words % {"register": register.name}, required=True)
    if register.kind != Register.Kind.BUILDINGS:
        return [thing]
    flat = _("Flat. Only those who must answer see it.")
    return [
        thing,
        _described(ENTRANCE, "string", _("Entrance"), required=False),
        _described(FLAT, "string", flat, required=False),
    ]


def _attribute(question: Question, language: str) -> dict[str, Any]:
    options = [
        {"key": option["code"], "name": in_language(option["text"], option.get("text_en", ""), language)}
        for option in question.options
    ]
    text = in_language(question.text, question.text_en, language)
    required = question.is_required and not question.shown_if
    described = _described(question.code, DATATYPES[Kind(question.kind)], text, required=required)
    hints = [_hint(question, language), _condition(question)]
    return described | {"datatype_description": " ".join(filter(None, hints)), "values": options}


def _described(code: str, datatype: str, text: str, *, required: bool) -> dict[str, Any]:
    return {
        "variable": True,
        "code": code,
        "datatype": datatype,
        "required": required,
        "datatype_description": "",
        "order": 0,
        "description": text,
        "values": [],
    }


def _hint(question: Question, language: str) -> str:
    """How the answer is written."""
    if question.kind == Kind.NUMBER:
        unit = in_language(question.unit, question.unit_en, language)
        return " ".join(filter(None, [_range(question), unit]))
    if question.kind == Kind.TEXT:
        return _("No more than %(most)s characters; everybody will see it.") % {"most": question.longest}
    if question.kind == Kind.DATE:
        return _("A day, as 2026-12-31.")
    if question.kind == Kind.ASSET and question.register:
        words = _("Key of the thing in the register “%(register)s”, or “none” when it is not there.")
        return words % {"register": question.register.name}
    return ""


def _range(question: Question) -> str:
    ends = {"least": question.least, "most": question.most}
    said = {name: f"{end.normalize():f}" for name, end in ends.items() if end is not None}
    if len(said) == 2:
        return _("From %(least)s to %(most)s.") % said
    if "least" in said:
        return _("No less than %(least)s.") % said
    return _("No more than %(most)s.") % said if said else ""


def _condition(question: Question) -> str:
    """After which answers it is asked: the specification has no field for that."""
    parts = [f"{code} = {' | '.join(fits)}" for code, fits in question.shown_if.items()]
    if not parts:
        return ""
    words = (
        _("Asked, and then to be answered, only after: %(answers)s.")
        if question.is_required
        else _("Asked only after: %(answers)s.")
    )
    return words % {"answers": "; ".join(parts)}
