"""How the things of registers look on the map: lamps, roads, parks of the registers that the community shows."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.db.models import Case, CharField, DateTimeField, F, Q, QuerySet, Value, When
from django.db.models.functions import Cast, Concat
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from geodata.boxes import Box
from geodata.layers import Choice, Counted, Filters, Layer, as_is, narrowed
from geodata.models import local_name
from routing.models import Asset, Register
from routing.models.on_the_map import GROUP, TITLE, WORDS

# Before the code of a register where categories of all layers stand side by side: no code of a category has a point.
PREFIX = "register."
ICON = "pin"
ICONS = {
    Register.Kind.ROADS: "road",
    Register.Kind.BUILDINGS: "building",
    Register.Kind.LAMPS: "lamp",
    Register.Kind.TREES: "tree",
    Register.Kind.MANHOLES: "manhole",
}


def rows(
    community_id: int, filters: Filters, *, today: date, box: Box | None = None
) -> QuerySet[Any, Mapping[str, Any]]:
    """Things that strangers may see, as geodata.layers.Rows asks: those in force on the day of their register, which
    routing.register_map keeps at `today`."""
    chosen = Asset.objects.filter(community=community_id, map_group__isnull=False)
    if filters.groups and GROUP not in filters.groups:
        chosen = chosen.filter(pk__lt=0)  # of an empty list Django would refuse to make SQL
    if filters.categories:
        chosen = chosen.annotate(register_key=_register_key()).filter(register_key__in=filters.categories)
    chosen = narrowed(chosen, filters, box, words=WORDS)
    shaped: QuerySet[Any, Mapping[str, Any]] = chosen.order_by().values(
        "id",
        "geometry",
        "starts_at",
        "changed_at",
        title=TITLE,
        category_code=_register_key(),
        icon=_icon(),
        state=Value(GROUP),
        state_group=Value(GROUP),
        ends_at=Value(None, output_field=DateTimeField()),
        url=Concat(
            Value("/"),
            F("community__slug"),
            Value("/registers/"),
            F("register__code"),
            Value("/"),
            Cast("id", CharField()),
            Value("/"),
            output_field=CharField(),
        ),
        register_name=_local("register"),
        keeper_name=_local("keeper"),
    )
    return shaped


def _register_key() -> Concat:
    """Expression: the code of the thing's register as one of `categories`."""
    return Concat(Value(PREFIX), F("register__code"), output_field=CharField())


def _icon() -> Case:
    """Expression: the icon of the register's kind."""
    whens = [When(register__kind=kind, then=Value(icon)) for kind, icon in ICONS.items()]
    return Case(*whens, default=Value(ICON), output_field=CharField())


def _local(relation: str) -> Case:
    """Expression: the name of a register or of a keeper in the reader's language."""
    english = When(~Q(**{f"{relation}__name_en": ""}), then=F(f"{relation}__name_en"))
    is_english = (get_language() or "").startswith("en")
    return Case(*([english] if is_english else []), default=F(f"{relation}__name"), output_field=CharField())


def categories(community_id: int) -> list[Choice]:
    """The registers on the map, named in the reader's language."""
    language = get_language() or ""
    found = Register.objects.filter(community=community_id, is_on_map=True)
    return [Choice(f"{PREFIX}{register.code}", local_name(register, language), icon_of(register)) for register in found]


def icon_of(register: Register) -> str:
    """Name of the icon of the register's things."""
    return ICONS.get(Register.Kind(register.kind), ICON)


REGISTERS = Layer(
    name="registers",
    title=_("Registers of the community"),
    rows=rows,
    # Never the attributes: nobody said that they are for everybody.
    properties={"register_name": as_is, "keeper_name": as_is},
    icon="table",
    is_on=False,
    counted=Counted(
        has_shapes=True,
        number=2,
        table="routing_asset",
        category="register_id",
        category_keys=(
            "SELECT id::integer FROM routing_register "
            "WHERE community_id = %s AND 'register.' || code = ANY (%s) AND is_on_map"
        ),
        starts_at="starts_at",
    ),
    categories=categories,
)
