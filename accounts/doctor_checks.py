"""What the doctor looks at here: whether anybody can look after the installation and each community."""

from collections.abc import Iterator

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_scopes import scopes_disabled

from accounts.models import Membership, User
from core.doctor import Asked, Finding, check, ok, warn


@check("accounts.staff", gettext_lazy("Staff"))
def staff(asked: Asked) -> Iterator[Finding]:
    """An operator, and an administrator in every community."""
    if not User.objects.filter(is_superuser=True, is_active=True).exists():
        yield warn(_("Nobody is an operator of the installation."), "./misto manage createsuperuser")
    with scopes_disabled():
        rows = Membership.objects.filter(role=Membership.Role.ADMINISTRATOR, user__is_active=True)
        kept = set(rows.values_list("community", flat=True))
    for community in asked.communities():
        if community.pk in kept:
            yield ok(_("It has an administrator."), community.slug)
        else:
            mend = _("/admin/ → Memberships: make somebody its administrator.")
            yield warn(_("Nobody administers it."), mend, community.slug)
