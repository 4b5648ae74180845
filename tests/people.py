"""The cast. Оля reports problems, Богдан answers for the water utility, Сергій is a stranger, Марта moderates Яворин,
Тарас administers Яворин, Леся administers another community."""

from functools import cache

from django.contrib.auth.hashers import make_password

from accounts.models import Membership, Organisation, User
from geodata.models import Community


def person(name: str, *, staff: bool = False) -> User:
    """Somebody who signs in with the password “yavir-yavir-yavir”."""
    user = User.objects.create_user(f"{name}@example.org", name=name, is_staff=staff)
    user.password = _hash_of("yavir-yavir-yavir")
    user.save(update_fields=["password"])
    return user


@cache
def _hash_of(password: str) -> str:
    """Argon2 is slow on purpose; one hash serves all tests."""
    return make_password(password)


def member(name: str, community: Community, role: Membership.Role, organisation: Organisation | None = None) -> User:
    """Somebody who works in that community and may open the administration pages."""
    user = person(name, staff=True)
    Membership.objects.create(community=community, user=user, role=role, organisation=organisation)
    return user
