"""The doctor's checks of who answers and by which channels, each well and each really broken."""

import socket
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pytest_django import Settings

from core.doctor import Asked
from core.models import OutboxMessage
from issues.models import Issue
from routing import doctor_checks
from routing.models import Category, Channel, CommunityRouting, Register
from routing.rule_check import check_rules
from routing.rulesets import set_in_force
from tests.conftest import NOW, City
from tests.doctoring import BAD, OK, WARN, certificate, look, serving, worst


def checked(city: City) -> None:
    ruleset = set_in_force(city.community, at=NOW)
    assert ruleset
    check_rules(ruleset, at=NOW)


def test_rules_without_a_fresh_check_and_those_with_gaps_are_told(city: City) -> None:
    assert [one.level for one in look("routing.answerers", NOW)] == [WARN]
    checked(city)
    told = look("routing.answerers", NOW)
    assert [one.level for one in told] == [WARN], "roads have nobody in Слобідка"


def test_organisation_that_must_answer_without_a_channel_is_named(city: City) -> None:
    Channel.objects.filter(organisation=city.vodokanal).update(is_active=False)
    assert f"yavoryn: {city.vodokanal}" in {one.where for one in look("routing.answerers", NOW) if one.level == BAD}


def test_community_without_a_duty_queue_and_without_kinds_is_told(city: City) -> None:
    Channel.objects.filter(organisation=city.council).update(is_active=False)
    assert worst("routing.answerers", NOW) == BAD
    CommunityRouting.objects.all().delete()
    Category.objects.update(is_active=False)
    assert len([one for one in look("routing.answerers", NOW) if one.level == BAD]) >= 2


def test_rule_that_names_an_area_of_yesterday_is_told(city: City) -> None:
    checked(city)
    city.zarichchia.valid_to = NOW.date() - timedelta(days=1)
    city.zarichchia.save()
    assert any("north" in one.what for one in look("routing.answerers", NOW) if one.level == BAD)


def test_register_with_nothing_in_force_is_told(city: City) -> None:
    assert look("routing.registers", NOW) == []
    Register.objects.create(community=city.community, code="lamps", name="Ліхтарі", kind=Register.Kind.LAMPS)
    assert [(one.level, one.where) for one in look("routing.registers", NOW)] == [(WARN, "yavoryn: lamps")]


def test_channel_that_was_never_used_and_one_in_trouble_are_told(city: City, issue: Issue, settings: Settings) -> None:
    settings.EMAIL_URL = "smtp://mail.example.org"
    mine = Channel.objects.get(organisation=city.road_service)
    OutboxMessage.objects.filter(recipient=mine.address).update(sent_at=NOW)

    def of(channel: Channel) -> list[object]:
        return [one.level for one in look("routing.channels", NOW) if one.where.endswith(f"#{channel.pk}")]

    assert of(mine) == [OK]
    assert of(Channel.objects.get(organisation=city.vodokanal)) == [WARN]
    mine.trouble = "SMTP 550 olia@example.org unknown"
    mine.save()
    assert of(mine) == [BAD]
    assert "olia" not in "".join(one.what + one.mend for one in look("routing.channels", NOW))


def test_channels_that_cannot_be_used_are_told(city: City, settings: Settings, tmp_path: Path) -> None:
    settings.EMAIL_URL, settings.DROP_ROOT = "smtp://mail.example.org", str(tmp_path / "nothing")
    Channel.objects.all().delete()
    common = {"community": city.community, "organisation": city.vodokanal}
    Channel.objects.create(kind=Channel.Kind.FOLDER, address="water", **common)
    Channel.objects.create(kind=Channel.Kind.SFTP, address="sftp://misto@drop.example.org/in", **common)
    Channel.objects.create(kind=Channel.Kind.WEBHOOK, address="https://example.org/x", secret="not sealed", **common)
    assert [one.level for one in look("routing.channels", NOW)] == [BAD, BAD, BAD]


def test_letters_into_a_folder_are_told_unless_it_is_the_demo(city: City, settings: Settings) -> None:
    settings.EMAIL_URL, settings.DEMO = "filemail:///x", False
    assert look("routing.channels", NOW)[-1].level == BAD
    settings.DEMO = True
    assert worst("routing.channels", NOW) == WARN


@pytest.mark.parametrize(("days", "level"), [(60, OK), (14, WARN), (3, BAD), (-2, BAD)])
def test_certificate_of_a_receiver_is_looked_at(
    city: City, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, days: int, level: object
) -> None:
    now = datetime.now(UTC)
    file = certificate(tmp_path, ends=now + timedelta(days=days, hours=1))
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    with serving(file) as port:
        settings.OUTWARD_ALLOWED = [f"127.0.0.1:{port}"]
        Channel.objects.create(
            community=city.community,
            organisation=city.vodokanal,
            kind=Channel.Kind.WEBHOOK,
            address=f"https://localhost:{port}/hook",
        )
        settings.OUTWARD_ALLOWED = ["127.0.0.0/8", "::1"]
        (told,) = look("routing.certificates")
    assert (told.level, told.where) == (level, f"localhost:{port}")


def test_receivers_that_hang_hide_no_other(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They take the line and say nothing; the deadline is the check's own."""
    settings.OUTWARD_ALLOWED = ["127.0.0.0/8"]
    monkeypatch.setattr(doctor_checks, "SECONDS_FOR_HOSTS", 1.0)
    with (
        socket.create_server(("127.0.0.1", 0)) as silent,
        serving(certificate(tmp_path, ends=datetime.now(UTC) + timedelta(days=-2))) as port,
    ):
        addresses = [f"https://127.0.0.1:{silent.getsockname()[1]}/", f"https://127.0.0.1:{port}/"]
        began = time.monotonic()
        found = list(doctor_checks.certificates_of(addresses, Asked(NOW)))
        assert time.monotonic() - began < 4
    assert [(one.level, one.where) for one in found] == [(BAD, f"127.0.0.1:{port}"), (WARN, "")]


def test_receiver_that_nobody_believes_is_gone_or_private_is_told(
    city: City, settings: Settings, tmp_path: Path
) -> None:
    channel = Channel.objects.create(
        community=city.community,
        organisation=city.vodokanal,
        kind=Channel.Kind.WEBHOOK,
        address="https://127.0.0.1:1/x",
    )
    assert worst("routing.certificates") == BAD, "inside a private network"
    settings.OUTWARD_ALLOWED = ["127.0.0.0/8"]
    assert worst("routing.certificates") == BAD, "nobody is there"
    with serving(certificate(tmp_path, ends=datetime.now(UTC) + timedelta(days=60))) as port:
        channel.address = f"https://127.0.0.1:{port}/x"
        channel.save()
        assert worst("routing.certificates") == BAD, "it signed itself"
    assert worst("routing.certificates", online=False) == OK
