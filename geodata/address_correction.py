"""What people correct of streets and addresses by hand: what they are found by follows what they are called."""

from collections.abc import Collection

from django.db import transaction

from geodata.models import Address, Community, Street
from geodata.street_words import number_key, search_text


def search_of(street: Street) -> str:
    """What a street is found by: all of its names, and its settlement."""
    beside = [street.locality] if street.locality else []
    return search_text([street.name, *street.former_names, *street.other_names, *beside])


def correct_street(street: Street, columns: Collection[str]) -> Street:
    """Writes those columns of a street, as it should be. No import writes meanwhile."""
    with transaction.atomic():
        _alone(street.community_id)
        street.search = search_of(street)
        street.save(update_fields=[*columns, "search"])
    return street


def correct_address(address: Address, columns: Collection[str]) -> Address:
    """Writes those columns of an address, as it should be. No import writes meanwhile."""
    with transaction.atomic():
        _alone(address.community_id)
        address.number_key = number_key(address.number)
        address.save(update_fields=[*columns, "number_key"])
    return address


def _alone(community: int) -> None:
    """The lock of geodata.address_import."""
    Community.objects.select_for_update().only("pk").get(pk=community)
