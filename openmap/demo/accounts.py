"""Accounts of the demo, with passwords of their own in every installation, and secret links to try."""

import os
from dataclasses import dataclass
from pathlib import Path
from secrets import token_urlsafe

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _
from django_scopes import scope

from accounts.models import Membership, User
from core.tokens import secret_of
from geodata.models import Community
from issues.actions import author_token
from issues.models import Issue
from issues.states import State
from routing.models import Delivery

OPERATOR = "operator@yavoryn.example.org"
ADMINISTRATOR = "taras@yavoryn.example.org"
MODERATOR = "marta@yavoryn.example.org"
PASSWORD_BYTES = 12


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody who can sign in at /admin/."""

    user: User
    password: str
    may: str  # what they can do, in the language of the moment


def open_accounts(community: Community) -> list[Account]:
    """The operator of the installation, an administrator and a moderator of the community."""
    roles = Membership.Role
    return [
        _open(OPERATOR, "Оператор", _("the whole installation"), is_superuser=True),
        _open(ADMINISTRATOR, "Тарас", _("administers the community"), community=community, role=roles.ADMINISTRATOR),
        _open(MODERATOR, "Марта", _("moderates the community"), community=community, role=roles.MODERATOR),
    ]


def _open(
    email: str,
    name: str,
    may: str,
    *,
    is_superuser: bool = False,
    community: Community | None = None,
    role: Membership.Role = Membership.Role.MODERATOR,
) -> Account:
    password = token_urlsafe(PASSWORD_BYTES)
    user = User.objects.filter(email=email).first() or User(email=email)
    user.name, user.is_staff, user.is_superuser, user.is_active = name, True, is_superuser, True
    user.set_password(password)
    user.save()
    if community is not None:
        with scope(community=community):
            Membership.objects.create(community=community, user=user, role=role)
    return Account(user, password, may)


def links_to_try(community: Community) -> list[tuple[str, str]]:
    """What a link is for → its address: an organisation's answer page and an author's page of live reports."""
    with scope(community=community):
        open_report = Delivery.objects.standing().responsible().filter(answered_at=None, subject__visibility="public")
        delivery = open_report.select_related("organisation", "token").order_by("created_at").last()
        issue = Issue.objects.filter(state=State.DONE, subject__follows__role="author").first()
        links = [(_("The map"), reverse("map", args=[community.slug]))]
        if delivery is not None and delivery.token:
            secret = secret_of(delivery.token)
            links.append((str(delivery.organisation), reverse("answer", args=[community.slug, secret])))
        if issue is not None:
            secret = secret_of(author_token(issue))
            whose = _("The author of report No. %(number)s") % {"number": issue.number}
            links.append((whose, reverse("mine", args=[community.slug, secret])))
    return [(what, settings.SITE_URL + address) for what, address in links]


def account_lines(accounts: list[Account], links: list[tuple[str, str]]) -> list[str]:
    """The accounts and links as lines of text."""
    admin = settings.SITE_URL + reverse("admin:index")
    lines = [f"{account.user.email}  {account.password}  ({account.may}: {admin})" for account in accounts]
    return lines + [f"{what}: {address}" for what, address in links]


def write_privately(lines: list[str]) -> Path:
    """Writes demo-accounts.txt into the folder of run-time files, readable by its owner only; returns its path."""
    file = Path(settings.VAR_DIR) / "demo-accounts.txt"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.unlink(missing_ok=True)
    handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as opened:
        opened.write("\n".join(lines) + "\n")
    return file
