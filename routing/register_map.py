"""Which registers the map of a community shows, and as of which day.

A row says whether strangers see it; the database keeps that by the register (routing/migrations/0018). What nobody but
a clock can tell is which versions are in force: the register names the day, and it is moved on here.
"""

from datetime import datetime

from django.db.models import Q
from django_scopes import scope, scopes_disabled

from geodata.models import Community
from routing.models import Register
from routing.rule_check import check_soon


def show_on_map(register: Register, is_on_map: bool, *, at: datetime) -> None:
    """Puts the things of a register on the map, as of today, or takes them away. A long register takes a while: all of
    its rows are written. Must be called inside the community's scope."""
    register.is_on_map = is_on_map
    register.map_day = register.community.day_of(at)
    register.save(update_fields=["is_on_map", "map_day"])
    # A check of rules knows the things of registers by where their rows lie (routing.rule_check.STATE).
    check_soon(register.community, at=at)


def follow_the_day(*, at: datetime) -> int:
    """Moves the registers on the map to today, where it is another day than theirs; returns how many."""
    moved = 0
    with scopes_disabled():
        communities = list(Community.objects.defer("boundary").order_by("pk"))
    for community in communities:
        today = community.day_of(at)
        with scope(community=community):
            on_map = Register.objects.filter(community=community, is_on_map=True)
            for pk in on_map.filter(~Q(map_day=today)).order_by("pk").values_list("pk", flat=True):
                moved += on_map.filter(pk=pk).update(map_day=today)
    return moved
