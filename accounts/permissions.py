"""Who may do what, from memberships. Nothing is allowed unless a line here says so."""

from django_scopes import scopes_disabled

from accounts.models import Membership, User
from core.models import STRANGER, Viewer

COMMUNITY_STAFF = (Membership.Role.ADMINISTRATOR, Membership.Role.MODERATOR)


def communities_of_staff(user: User, *, roles: tuple[str, ...] = COMMUNITY_STAFF) -> frozenset[int]:
    """Ids of the communities in which this active user has one of the roles for the community itself."""
    if not user.is_active:
        return frozenset()
    with scopes_disabled():
        return frozenset(
            Membership.objects.filter(user=user, role__in=roles, organisation=None).values_list("community", flat=True)
        )


def viewer_for(user: User | None) -> Viewer:
    """What a signed-in user may see; a stranger's view for anybody else."""
    if user is None or not user.is_active:
        return STRANGER
    return Viewer(staff_of=communities_of_staff(user), everywhere=user.is_superuser)
