"""What the doctor looks at here: who answers, by which channels, and what rules and registers say."""

import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_scopes import scope, scopes_disabled

from core.doctor import Asked, Finding, bad, check, ok, warn
from core.doctor.certificates import Shown, judged, shown_by
from core.doctor.disks import is_writable
from core.models import OutboxMessage
from core.outward import OutwardRefusedError, refusal_in_words, resolve
from core.sealed import unseal
from geodata.models import Area, Community
from routing.channel_addresses import BadAddressError, host_key_in
from routing.channels import organisations_reached_in
from routing.models import Asset, Category, Channel, CommunityRouting, Register, Rule
from routing.rule_check import stored_check
from routing.rulesets import set_in_force

QUIET: Final = timedelta(days=90)
BY_WEB: Final = (Channel.Kind.WEBHOOK, Channel.Kind.OPEN311)
MOST_HOSTS: Final = 50
TOGETHER: Final = 5  # hosts that are asked at a time
SECONDS_FOR_HOSTS: Final = 90.0  # for all of them: less than the checks have


@check("routing.answerers", gettext_lazy("Who answers"))
def answerers(asked: Asked) -> Iterator[Finding]:
    """Every kind of problem reaches somebody, and they can be written to."""
    for community in asked.communities():
        with scope(community=community):
            yield from _answerers(community, asked)


def _answerers(community: Community, asked: Asked) -> Iterator[Finding]:
    where = community.slug
    reached = set(organisations_reached_in(community.pk).values_list("pk", flat=True))
    routing = CommunityRouting.objects.select_related("fallback").first()
    if routing is None:
        mend = _("/admin/ → Routing of communities: name the organisation that gets what nobody else answers.")
        yield bad(_("There is no duty queue: what no rule names reaches nobody."), mend, where)
    elif routing.fallback_id not in reached or not routing.fallback.is_active:
        mend = _("/admin/ → Channels: give it an active channel.")
        yield bad(_("The duty queue has no channel: what no rule names waits."), mend, f"{where}: {routing.fallback}")
    if not Category.objects.filter(is_active=True).exists():
        yield bad(
            _("There is no kind of problem: nothing can be reported."), _("/admin/ → Categories: add some."), where
        )
    rules = set_in_force(community, at=asked.at)
    if rules is None:
        mend = _("/admin/ → Sets of rules: make a draft and publish it.")
        yield warn(_("No set of rules is in force: everything goes to the duty queue."), mend, where)
        return
    named = Rule.objects.filter(ruleset=rules, is_active=True, organisation__isnull=False, organisation__is_active=True)
    silent = named.exclude(organisation__in=reached).values_list("organisation__name", flat=True).distinct()
    for name in silent:
        mend = _("/admin/ → Channels: give it an active channel.")
        yield bad(_("It must answer and has no active channel: letters would wait."), mend, f"{where}: {name}")
    yield from _rules(rules, community, asked)


def _rules(rules: Any, community: Community, asked: Asked) -> Iterator[Finding]:
    where, mend = community.slug, _("/admin/ → Sets of rules: open the one in force and read its check.")
    known = set(Area.objects.on(community.day_of(asked.at)).values_list("division", "code"))
    named = Rule.objects.filter(ruleset=rules, is_active=True, division__isnull=False).exclude(area_code="")
    lost = sorted(
        {code for division, code in named.values_list("division", "area_code") if (division, code) not in known}
    )
    if lost:
        words = _("Rules name areas that do not exist today: %(codes)s.") % {"codes": ", ".join(lost[:5])}
        yield bad(words, _("Import the areas again, or correct the rules in a new draft."), where)
    checked = stored_check(rules, at=asked.at)
    if checked is None or checked.is_stale:
        yield warn(
            _("The check of the rules is missing or out of date."), _("“Check again” on the page of the set."), where
        )
        return
    grave = sum(one.is_grave for one in checked.findings)
    if grave:
        yield bad(_("Rules contradict each other or can never win: %(count)d.") % {"count": grave}, mend, where)
    gaps = sum(one.kind == "gap" for one in checked.findings)
    if gaps:
        words = _("Kinds of problems for which nobody is named somewhere: %(count)d; they go to the duty queue.")
        yield warn(words % {"count": gaps}, mend, where)
    if not (grave or gaps or lost):
        yield ok(_("Rules are whole, and everywhere somebody is named."), where)


@check("routing.registers", gettext_lazy("Registers"))
def registers(asked: Asked) -> Iterator[Finding]:
    """Each has things in force today, and the map shows today's."""
    for community in asked.communities():
        day = community.day_of(asked.at)
        with scope(community=community):
            for register in Register.objects.all():
                where = f"{community.slug}: {register.code}"
                if not Asset.objects.filter(register=register).on(day).exists():
                    mend = f"./misto manage import_register {community.slug} {register.code} FILE"
                    yield warn(_("No thing of this register is in force today."), mend, where)
                elif register.is_on_map and register.map_day and (day - register.map_day).days > 1:
                    words = _("The map shows it as of %(day)s.") % {"day": register.map_day}
                    yield warn(
                        words, _("Does beat run? The task routing.tasks.show_registers_of_the_day moves it on."), where
                    )


@check("routing.channels", gettext_lazy("Channels"))
def channels(asked: Asked) -> Iterator[Finding]:
    """Each active one can be used, works, and has been used."""
    slugs = {community.pk: community.slug for community in asked.communities()}
    with scopes_disabled():
        rows = Channel.objects.filter(is_active=True, organisation__is_active=True, community__in=slugs)
        for channel in rows.select_related("organisation"):
            yield from _channel(channel, f"{slugs[channel.community_id]}: {channel.organisation} #{channel.pk}", asked)
    if settings.EMAIL_URL.startswith("filemail:") and not settings.DEMO:
        words = _("Letters are written into a folder and reach nobody.")
        yield bad(words, _("Set MISTO_EMAIL_URL to the mail server."))


def _channel(channel: Channel, where: str, asked: Asked) -> Iterator[Finding]:
    page = _("/admin/ → Channels: open it, correct it and press “Try”.")
    found: list[Finding] = []
    if channel.trouble:
        words = _("It went wrong when it was last tried or read.")
        found.append(bad(words, page, where))
    try:
        for sealed in filter(None, (channel.secret, channel.former_secret)):
            unseal(sealed)
    except ValueError:
        mend = _("Give it anew, or put the former MISTO_SECRET_KEY into MISTO_SECRET_KEY_FALLBACKS.")
        found.append(bad(_("Its secret does not open with the key of the installation."), mend, where))
    if channel.kind == Channel.Kind.SFTP:
        try:
            host_key_in(str(channel.settings.get("host_key", "")))
        except BadAddressError:
            found.append(bad(_("The key of the server is not written down: nothing is sent there."), page, where))
    if channel.kind == Channel.Kind.FOLDER and not (settings.DROP_ROOT and is_writable(Path(settings.DROP_ROOT))):
        mend = _("Set MISTO_DROP_ROOT to a folder that the workers may write into.")
        found.append(bad(_("The folder of channels is not there or may not be written."), mend, where))
    if not found and not _has_been_used(channel, asked):
        found.append(warn(_("Nothing has left by it in three months: it was perhaps never tried."), page, where))
    yield from found or [ok(_("It works."), where)]


def _has_been_used(channel: Channel, asked: Asked) -> bool:
    sent = OutboxMessage.objects.filter(community=channel.community_id, channel=channel.kind, recipient=channel.address)
    return bool(sent.filter(sent_at__gt=asked.at - QUIET).exists())


@check("routing.certificates", gettext_lazy("Certificates of the receivers"), seconds=120)
def certificates(asked: Asked) -> Iterator[Finding]:
    """Of each host that webhooks and Open311 lead to, asked by the one door for what leaves."""
    with scopes_disabled():
        rows = Channel.objects.filter(is_active=True, kind__in=BY_WEB, community__in=asked.communities())
        addresses = sorted(
            {address for address in rows.values_list("address", flat=True) if address.startswith("https:")}
        )
    yield from certificates_of(addresses, asked)


def certificates_of(addresses: list[str], asked: Asked) -> Iterator[Finding]:
    """Of the hosts of these addresses, each once. Those that hang hold up neither the others nor the check."""
    if not asked.online:
        yield ok(_("Other servers were not asked."))
        return
    hosts = {(urlsplit(address).hostname or "", urlsplit(address).port or 443): address for address in addresses}
    mend = _("Tell whoever keeps that server; until then what is sent there waits.")
    chosen, late = list(hosts.items())[:MOST_HOSTS], 0
    end = time.monotonic() + SECONDS_FOR_HOSTS
    askers = ThreadPoolExecutor(TOGETHER, thread_name_prefix="certificates")
    try:
        found = [(f"{host}:{port}", askers.submit(_shown, host, port, address)) for (host, port), address in chosen]
        for where, answer in found:
            try:
                yield from _judged(answer, max(0.0, end - time.monotonic()), asked=asked, where=where, mend=mend)
            except TimeoutError:
                late += 1
    finally:
        askers.shutdown(wait=False, cancel_futures=True)
    if left := late + len(hosts) - len(chosen):
        words = _("Hosts whose certificates were not seen, for want of time: %(count)d.") % {"count": left}
        yield warn(words, _("Others hang, or there are too many: see above, and run this again."))


def _shown(host: str, port: int, address: str) -> Shown:
    """What it shows now. Raises OutwardRefusedError and OSError."""
    _parts, _port, there = resolve(address)
    return shown_by(host, port, address=str(there))


def _judged(answer: Future[Shown], seconds: float, *, asked: Asked, where: str, mend: str) -> Iterator[Finding]:
    """Raises TimeoutError when there is no answer in that time; one that the host itself caused is told."""
    try:
        shown = answer.result(seconds)
    except OutwardRefusedError as refused:
        yield bad(refusal_in_words(refused.code), _("Correct the address, or MISTO_OUTWARD_ALLOWED."), where)
    except OSError as error:
        if not answer.done():
            raise
        yield bad(_("It cannot be reached: %(kind)s.") % {"kind": type(error).__name__}, mend, where)
    else:
        yield from judged(shown, at=asked.at, where=where, mend=mend)
