"""What a program sends, turned into the fields of the report form: one set of rules for people and programs."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext as _

from core.outward import LONGEST_ADDRESS
from geodata.address_sources import Sure
from geodata.addresses import find_addresses
from geodata.models import Address, Community
from geodata.pasted_places import is_place
from geodata.place_search import search_places
from issues import assets
from issues.forms import ReportForm
from issues.open311.asking import RefusedError
from issues.open311.services import ENTRANCE, FLAT, THING, category_of
from issues.questions import PREFIX
from issues.uploads import MOST_PHOTOS
from routing.models import Asset, Category, Question, Register

Fields = MultiValueDict[str, str]
ATTRIBUTE: Final = re.compile(r"attribute\[([^\[\]]*)\](?:\[\d{0,3}\])?")
_is_web = URLValidator(schemes=["http", "https"])
OF_A_REGISTER: Final = {THING: "asset", ENTRANCE: "entrance", FLAT: "flat"}
# Field of the form → parameter of the specification.
CALLED: Final = {
    "category": "service_code", "lon": "long", "lat": "lat", "address": "address_string", "text": "description",
    "name": "first_name",
} | {field: f"attribute[{code}]" for code, field in OF_A_REGISTER.items()}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Posted:
    """A report that was sent and can be taken: the form, checked, and what is no field of it."""

    form: ReportForm
    media_urls: tuple[str, ...]
    device: str
    account: str
    data: Fields = field(repr=False)


def read(sent: Fields, *, community: Community, on: date) -> Posted:
    """What was sent, checked by the form's own rules on that day. Raises RefusedError with everything that is wrong."""
    code = sent.get("service_code", "")
    if not code:
        raise RefusedError(400, _("service_code: name the service. Read services.xml."))
    category = category_of(community, code)
    troubles: list[str] = []
    data = Fields({"category": [category.code], "text": [sent.get("description", "")]})
    data["email"] = sent.get("email", "")
    data["name"] = " ".join(filter(None, [sent.get("first_name", "").strip(), sent.get("last_name", "").strip()]))
    _attributes(sent, data, category, on, troubles)
    about_place = _place(sent, data, category, community, on)
    troubles += about_place
    media_urls = _media_urls(sent, troubles)
    form = ReportForm(data, community=community, on=on)
    if not form.is_valid():
        troubles += _in_words(form, but="address" if about_place else "")
    if troubles:
        raise RefusedError(400, *troubles)
    device = sent.get("device_id") or sent.get("deviceid") or ""
    return Posted(form, media_urls, device, sent.get("account_id", ""), data)


def _attributes(sent: Fields, data: Fields, category: Category, on: date, troubles: list[str]) -> None:
    """Answers, by the codes of their questions; a code that nobody asks for is a mistake, and never lost in silence."""
    known = {row.code: row for row in Question.objects.filter(category=category).select_related("register")}
    of_register = OF_A_REGISTER if category.register else {}
    for code, values in _sent_attributes(sent).items():
        if code not in known and code not in of_register:
            codes = ", ".join([*of_register, *known]) or "—"
            words = _("attribute[%(code)s]: this service asks no such thing. It asks: %(codes)s.")
            troubles.append(words % {"code": code, "codes": codes})
        elif len(set(values)) > 1:
            troubles.append(_("attribute[%(code)s]: only one answer is taken.") % {"code": code})
        elif code in of_register:
            value = _version(category.register, values[0], on) if code == THING and category.register else values[0]
            data[of_register[code]] = value
        else:
            data[PREFIX + code] = _answer(known[code], values[0], on)
    _only_shown(data, list(known.values()), troubles)


def _sent_attributes(sent: Fields) -> dict[str, list[str]]:
    """Code → what was sent for it, without what is empty."""
    found: dict[str, list[str]] = {}
    for name in sent:
        match = ATTRIBUTE.fullmatch(name)
        values = [value for value in sent.getlist(name) if value.strip()]
        if match and values:
            found.setdefault(match[1], []).extend(values)
    return found


def _answer(question: Question, value: str, on: date) -> str:
    """As the form takes it: a thing by the id of its version, a day without its hour."""
    if question.kind == Question.Kind.ASSET and question.register:
        return _version(question.register, value, on)
    if question.kind == Question.Kind.DATE and re.match(r"\d{4}-\d\d-\d\dT", value):
        return value[:10]
    return value


def _version(register: Register, key: str, on: date) -> str:
    """The id of the thing with this key; what no thing has when there is none: the form says so then."""
    found = None if key == assets.NONE else Asset.objects.on(on).filter(register=register, key=key).first()
    if found:
        return str(found.pk)
    return key if key == assets.NONE else "?"


def _only_shown(data: Fields, questions: Sequence[Question], troubles: list[str]) -> None:
    """An answer to what is not asked after the other answers would be lost."""
    answers: dict[str, str] = {}
    for question in questions:
        given = data.get(PREFIX + question.code, "")
        if question.is_shown(answers):
            answers[question.code] = given
        elif given:
            words = _("attribute[%(code)s]: this is not asked after the other answers.")
            troubles.append(words % {"code": question.code})


def _place(sent: Fields, data: Fields, category: Category, community: Community, on: date) -> list[str]:
    """Where it is: lat and long, or else the key of a house, or else an address that leaves no doubt. Returns what is
    wrong with it."""
    lat, lon = sent.get("lat", ""), sent.get("long", "")
    address, key = sent.get("address_string", "").strip(), sent.get("address_id", "").strip()
    data["address"] = address
    house = _house(key, category, community, on) if key else None
    if house:
        _take_house(house, data)
    if lat or lon:
        data["lat"], data["lon"] = lat, lon
        return [] if lat and lon else [_("lat and long are needed together.")]
    if house:
        place = assets.point_on(house) if isinstance(house, Asset) else house.location.coords
        data["lon"], data["lat"] = (f"{part:.6f}" for part in place)
        return []
    if key:
        return [_("address_id: no house of this community has this key.")]
    if not address:
        return [_("Tell the place: lat and long, address_string, or address_id.")]
    return [] if is_place(address) else _find(address, data, community, on)


def _house(key: str, category: Category, community: Community, on: date) -> Asset | Address | None:
    """The house with that key: of the register that the service asks for, or else of the community's addresses."""
    register = category.register
    if register and register.kind == Register.Kind.BUILDINGS:
        found: Asset | None = Asset.objects.on(on).filter(register=register, key=key).first()
        if found:
            return found
    address: Address | None = Address.objects.filter(community=community, key=key).select_related("street").first()
    return address


def _take_house(house: Asset | Address, data: Fields) -> None:
    if isinstance(house, Asset):
        data.setdefault("asset", str(house.pk))
    else:
        data["address"] = data.get("address") or str(house)


def _find(address: str, data: Fields, community: Community, on: date) -> list[str]:
    """The one house that is called so; a program is never guessed for. Returns what is wrong."""
    found = find_addresses(address, community=community, on=on)
    exact = [one for one in found if one.sure is Sure.EXACT and not one.is_street and not one.missing]
    if len(exact) == 1:
        data["lon"], data["lat"] = (f"{part:.6f}" for part in exact[0].place)
        return []
    options = search_places(address, community=community, on=on).options
    if not options:
        return [_("address_string: nothing was found. Send lat and long.")]
    listed = "; ".join(f"{one.label} ({one.place[1]:.6f}, {one.place[0]:.6f})" for one in options)
    words = _("address_string: it may be one of these; send lat and long of the right one: %(options)s")
    return [words % {"options": listed}]


def _media_urls(sent: Fields, troubles: list[str]) -> tuple[str, ...]:
    """Addresses of photos, each once. They are read later, by a worker."""
    urls = tuple(dict.fromkeys(url.strip() for name in ("media_url", "media_url[]") for url in sent.getlist(name)))
    urls = tuple(filter(None, urls))
    for url in urls:
        try:
            _is_web(url)
            is_good = len(url) <= LONGEST_ADDRESS
        except ValidationError:
            is_good = False
        if not is_good:
            troubles.append(_("media_url: write an address as https://example.org/photo.jpg"))
    if len(urls) > MOST_PHOTOS:
        troubles.append(_("media_url: %(most)s photos at most.") % {"most": MOST_PHOTOS})
    return urls


def _in_words(form: ReportForm, *, but: str) -> list[str]:
    """Each error of the form, with the parameter that it is about, without those of one field."""
    return [
        f"{called(name)}: {error}" if name != "__all__" else str(error)
        for name, errors in form.errors.items()
        if name != but
        for error in errors
    ]


def called(name: str) -> str:
    """The parameter of the specification that a field of the form is filled from."""
    if name.startswith(PREFIX):
        return f"attribute[{name.removeprefix(PREFIX)}]"
    return CALLED.get(name, name)
