"""Accounts and memberships."""

import pytest
from django.contrib.auth import authenticate
from django.contrib.auth.hashers import identify_hasher
from django.db import IntegrityError, transaction

from accounts.models import Membership, Organisation, User
from accounts.permissions import communities_of_staff, viewer_for
from core.models import STRANGER
from geodata.models import Community
from tests.people import member, person


def test_password_is_kept_as_an_argon2_hash(db: None) -> None:
    user = User.objects.create_user("olia@example.org", "yavir-yavir-yavir")
    assert identify_hasher(user.password).algorithm == "argon2"
    assert "yavir" not in user.password


def test_person_signs_in_by_e_mail_in_any_case(serhii: User) -> None:
    assert authenticate(username="Serhii@Example.ORG", password="yavir-yavir-yavir") == serhii
    assert authenticate(username="serhii@example.org", password="wrong") is None


def test_account_without_a_password_opens_with_none(db: None) -> None:
    User.objects.create_user("olia@example.org")
    assert authenticate(username="olia@example.org", password="") is None


def test_two_accounts_cannot_differ_by_case_only(serhii: User) -> None:
    with pytest.raises(IntegrityError, match="user_email_once"), transaction.atomic():
        User.objects.create_user("SERHII@example.org", "yavir-yavir-yavir")


def test_dispatcher_belongs_to_an_organisation(inside: Community, serhii: User) -> None:
    with pytest.raises(IntegrityError, match="dispatcher_of_an_organisation"), transaction.atomic():
        Membership.objects.create(community=inside, user=serhii, role=Membership.Role.DISPATCHER)


def test_membership_is_written_once(inside: Community, marta: User) -> None:
    with pytest.raises(IntegrityError, match="membership_once"), transaction.atomic():
        Membership.objects.create(community=inside, user=marta, role=Membership.Role.MODERATOR)


def test_staff_works_in_their_own_community_only(marta: User, yavoryn: Community, elsewhere: Community) -> None:
    assert communities_of_staff(marta) == {yavoryn.pk}
    assert viewer_for(marta).staff_of == {yavoryn.pk}


def test_moderator_administers_nothing(marta: User, taras: User, yavoryn: Community) -> None:
    administrators = (Membership.Role.ADMINISTRATOR,)
    assert communities_of_staff(marta, roles=administrators) == frozenset()
    assert communities_of_staff(taras, roles=administrators) == {yavoryn.pk}


def test_role_in_an_organisation_is_no_role_in_the_community(inside: Community, elsewhere: Community) -> None:
    body = Organisation.objects.create(name="КП «Яворинавтодор»")
    for role in Membership.Role:
        clerk = member(f"clerk-{role.value}", inside, role, body)
        assert communities_of_staff(clerk) == frozenset()


def test_account_that_was_switched_off_may_nothing(taras: User, yavoryn: Community) -> None:
    taras.is_active = False
    taras.save()
    assert communities_of_staff(taras) == frozenset()
    assert viewer_for(taras) == STRANGER


def test_operator_sees_everything(elsewhere: Community) -> None:
    operator = person("olha")
    operator.is_superuser = True
    assert viewer_for(operator).everywhere


def test_nobody_is_a_stranger() -> None:
    assert viewer_for(None) == STRANGER
