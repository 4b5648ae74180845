"""A report that a program sends: by the same door as one of the form, once, however often it is sent."""

import hashlib
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from django.core.files.uploadedfile import UploadedFile
from django.core.signing import BadSignature, Signer
from django.db import transaction
from django.utils.crypto import salted_hmac
from django.utils.dateformat import format as date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import ApiClient
from core.files import StorageAwayError
from core.models import Visibility
from geodata.models import Community, local_name
from issues import assets
from issues.actions import NewReport, report_issue, was_sent
from issues.gate import NotAdmittedError, Sender, admission_of_program
from issues.lookalikes import Draft, look_alikes
from issues.models import Issue
from issues.open311.asking import RefusedError
from issues.open311.photos_by_address import read_later
from issues.open311.posted import Posted
from issues.place_choice import address_for
from issues.places import refusal
from issues.uploads import MOST_PHOTOS
from issues.warnings import warnings_of
from media.actions import keep_draft
from media.models import Photo
from media.refusals import PhotoRefused, message_for
from routing.explain import doubt_in_words
from routing.models import Decision, Delivery
from routing.responsibility import OutsideCommunityError

SAME: Final = timedelta(minutes=10)  # within it the same words of the same program are the same report
_KEYS: Final = uuid.UUID("4ef5f3f2-9a52-4ac0-8ad1-6dfd8b0c2a77")
_tokens = Signer(salt="issues.open311")


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A report that is in, and what its sender is to know."""

    issue: Issue
    notice: str


def take(
    posted: Posted,
    *,
    client: ApiClient,
    community: Community,
    files: "Sequence[UploadedFile[bytes]]",
    key: uuid.UUID | None,
    language: str,
    at: datetime,
) -> Taken:
    """Takes the report, in one transaction with what is to be read later. `key`: of Idempotency-Key. RefusedError."""
    if len(files) + len(posted.media_urls) > MOST_PHOTOS:
        raise RefusedError(400, _("media: %(most)s photos at most.") % {"most": MOST_PHOTOS})
    new = _new_report(posted, client, community, language=language, at=at)
    new = _with_key(new, posted, client, community, key=key, at=at)
    new = replace(new, photos=_kept(files, new.request_key, community, at=at))
    senders = [Sender(device=one, email=new.email) for one in _devices(posted, client)] or [Sender(email=new.email)]
    try:
        with transaction.atomic():
            admit = admission_of_program(*senders, community=community, at=at)
            issue = report_issue(new=new, community=community, at=at, admit=admit)
            read_later(posted.media_urls, issue=issue, at=at)
    except OutsideCommunityError as found:
        raise RefusedError(400, refusal(found, community).words) from found
    except NotAdmittedError as found:
        raise RefusedError(429, found.words, retry_after=found.seconds) from found
    return Taken(issue=issue, notice=" ".join(_notices(issue, posted, language=language, at=at)))


def token_for(number: int, community: Community) -> str:
    """What stands for the number of a report until somebody asks: nothing is kept for it."""
    return _tokens.sign(f"{community.pk}.{number}").replace(":", ".")


def number_behind(token: str, community: Community) -> int | None:
    """The number of the report, None for what is no token of this community."""
    said, _dot, signature = token.rpartition(".")
    try:
        owner, number = _tokens.unsign(f"{said}:{signature}").split(".")
    except (BadSignature, ValueError):
        return None
    return int(number) if int(owner) == community.pk else None


def _new_report(posted: Posted, client: ApiClient, community: Community, *, language: str, at: datetime) -> NewReport:
    given = posted.form.cleaned_data
    on = community.day_of(at)
    address = address_for(
        given["address"], assets.address_of(given.get("asset")), given["point"], community=community, on=on
    )
    dangers = warnings_of(posted.data, given["category"], community=community)
    return NewReport(
        category=given["category"],
        point=given["point"],
        text=given["text"],
        address=address,
        email=given["email"],
        name=given["name"],
        language=language,
        asset=given.get("asset"),
        entrance=given.get("entrance", ""),
        flat=given.get("flat", ""),
        answers=given["answers"],
        dangers=[one.danger.code for one in dangers],
        device=next(iter(_devices(posted, client)), ""),
        source=Issue.Source.OPEN311,
    )


def _with_key(
    new: NewReport, posted: Posted, client: ApiClient, community: Community, *, key: uuid.UUID | None, at: datetime
) -> NewReport:
    """The key by which the same report is known again: of the program's own, or of who says the same within minutes."""
    if key is not None:
        return replace(new, request_key=uuid.uuid5(_KEYS, f"{client.pk} {key}"))
    whose = f"{client.pk} {new.email} {new.name} {posted.device} {posted.account}"
    turn = int(at.timestamp()) // int(SAME.total_seconds())
    before = replace(new, request_key=uuid.uuid5(_KEYS, f"{whose} {turn - 1}"))
    if was_sent(before, community=community):
        return before
    return replace(new, request_key=uuid.uuid5(_KEYS, f"{whose} {turn}"))


def _devices(posted: Posted, client: ApiClient) -> list[str]:
    """Keys of the device and of the account that the program names, as of browsers: 64 hexadecimal digits."""
    named = [("device", posted.device), ("account", posted.account)]
    return [
        salted_hmac("issues.open311", f"{client.pk} {kind} {name}", algorithm="sha256").hexdigest()
        for kind, name in named
        if name
    ]


def _kept(
    files: "Sequence[UploadedFile[bytes]]", key: uuid.UUID | None, community: Community, *, at: datetime
) -> list[Photo]:
    """Photos that came with the report; the same again are the same. Raises RefusedError."""
    photos = []
    for file in files:
        digest = hashlib.sha256(b"".join(file.chunks())).hexdigest()
        file.seek(0)
        upload = uuid.uuid5(key, digest) if key else None
        try:
            photos.append(keep_draft(community=community, file=file, name=file.name or "", at=at, upload_key=upload))
        except PhotoRefused as refused:
            raise RefusedError(400, f"media: {file.name}: {refused}") from refused
        except StorageAwayError as away:
            raise RefusedError(503, f"media: {file.name}: {message_for('storage_away')}", retry_after=60) from away
    return photos


def _notices(issue: Issue, posted: Posted, *, language: str, at: datetime) -> list[str]:
    """What the form would have shown before sending: the program may show it after. Dangers come first."""
    said = [one.advice for one in warnings_of(posted.data, issue.category, community=issue.community)]
    if issue.subject.visibility not in (Visibility.PUBLIC, Visibility.COARSE):
        said.append(_("A moderator looks at it first: until then nobody else sees it, here neither."))
    said += [_who(issue, language), _doubt(issue), _similar(issue, at=at)]
    if posted.media_urls:
        count = len(posted.media_urls)
        words = ngettext("%(count)s photo is read a little later.", "%(count)s photos are read a little later.", count)
        said.append(words % {"count": count})
    return [sentence for sentence in said if sentence]


def _who(issue: Issue, language: str) -> str:
    """Who answers, and by when."""
    deliveries = Delivery.objects.standing().responsible().filter(subject=issue.subject)
    holder = deliveries.select_related("organisation").last()
    day = date_format(issue.due_on, "d.m.Y")
    if holder is None:
        return _("The community looks for who answers; an answer is promised by %(day)s.") % {"day": day}
    names = {"organisation": local_name(holder.organisation, language), "day": day}
    return _("%(organisation)s answers by %(day)s.") % names


def _doubt(issue: Issue) -> str:
    decision = Decision.objects.filter(subject=issue.subject).last()
    return doubt_in_words(decision.trace) if decision else ""


def _similar(issue: Issue, *, at: datetime) -> str:
    """Reports that look like this one. A program is not stopped by them: a person may join one on its page."""
    draft = Draft(category=issue.category, point=issue.location, text=issue.text, asset=issue.asset)
    found = look_alikes(draft, community=issue.community, at=at)
    numbers = [f"№ {one.number}" for one in found if one.number not in (None, issue.number)]
    return _("It looks like %(numbers)s.") % {"numbers": ", ".join(numbers)} if numbers else ""
