"""Keeping decisions, handing things to organisations, and what comes back."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from django.db.models import QuerySet

from accounts.models import Organisation
from core.models import Failure, OutboxMessage, Subject
from core.outbox import Letter, resend
from core.outbox_ends import give_up
from core.together import AT_ONCE, Writer
from core.tokens import extend_token, issue_token, placeholder_for, revoke_token
from routing.channels import move_to_now, organisations_of, organisations_reached_in, send
from routing.models import Channel, CommunityRouting, Decision, Delivery
from routing.responsibility import Verdict

ANSWER_PURPOSE = "answer"
ANSWER_LIFETIME = timedelta(days=180)  # a link in a letter works this long

REDACTED = "…"

Compose = Callable[[str], Letter]  # writes the letter around the secret's placeholder


def record_decision(
    *, subject: Subject, verdict: Verdict, as_of: datetime, at: datetime, write: Writer = AT_ONCE
) -> Decision:
    """Keeps what was decided, exactly as it was, beside the thing. `as_of`: the thing's own moment."""
    return write.create(
        Decision,
        community_id=subject.community_id,
        subject=subject,
        organisation_id=verdict.organisation,
        rule_id=verdict.rule,
        ruleset_id=verdict.ruleset,
        is_fallback=verdict.is_fallback,
        trace=verdict.trace,
        as_of=as_of,
        decided_at=at,
    )


def deliver(
    *,
    decision: Decision,
    organisation: Organisation,
    compose: Compose,
    at: datetime,
    channels: Sequence[Channel] | None = None,
    write: Writer = AT_ONCE,
) -> Delivery:
    """Hands the thing to the organisation that must answer: a secret link and, by its channel, a letter with it.

    `channels`: as of routing.channels.send.
    """
    subject = decision.subject
    token = issue_token(subject=subject, purpose=ANSWER_PURPOSE, at=at, expires_at=at + ANSWER_LIFETIME, write=write)
    letter = compose(placeholder_for(token))
    return write.create(
        Delivery,
        community_id=subject.community_id,
        subject=subject,
        organisation=organisation,
        decision=decision,
        token=token,
        message=send(subject=subject, organisation=organisation, letter=letter, at=at, channels=channels, write=write),
        created_at=at,
    )


def inform(
    *, decision: Decision, organisation: Organisation, letter: Letter, at: datetime, write: Writer = AT_ONCE
) -> Delivery:
    """Tells an organisation that need not answer: a letter by its channel, without a right to anything."""
    subject, informed = decision.subject, Delivery.Role.INFORMED
    return write.create(
        Delivery,
        community_id=subject.community_id,
        subject=subject,
        organisation=organisation,
        role=informed,
        decision=decision,
        message=send(subject=subject, organisation=organisation, letter=letter, role=informed, at=at, write=write),
        created_at=at,
    )


def write_again(*, delivery: Delivery, compose: Compose, at: datetime) -> OutboxMessage | None:
    """Another letter to an organisation that has the thing already: it was reopened, added to or withdrawn.

    The link in it is the one they have, and works as long again; a revoked one is replaced. The recipient's state on
    the public page follows this letter when the one before did not arrive. Returns None when the organisation has no
    channel.
    """
    subject, until = delivery.subject, at + ANSWER_LIFETIME
    token = delivery.token
    if token is None or token.revoked_at:
        delivery.token = token = issue_token(subject=subject, purpose=ANSWER_PURPOSE, at=at, expires_at=until)
    else:
        extend_token(token, until=until)
    letter = compose(placeholder_for(token))
    message = send(subject=subject, organisation=delivery.organisation, letter=letter, at=at)
    if delivery.message is None or delivery.message.dead_at:
        delivery.message = message
    delivery.save(update_fields=["token", "message"])
    return message


def send_again(*, message: OutboxMessage, at: datetime) -> bool:
    """Puts a dead letter back; one to an organisation goes to the address that the organisation has now.

    False when it has none: the letter stays dead.
    """
    if message.audience == OutboxMessage.Audience.ORGANISATION:
        whose = organisations_of(message)
        return len(whose) == 1 and move_to_now(message, whose.pop(), at=at)
    resend(message, at=at)
    return True


def leave_address(*, was: Channel, at: datetime) -> None:
    """What waits for the address of a channel that was ended or changed goes to the address that they have now.

    Without one it ends in sight, and `send_again` sends it when there is one. `was`: the channel before the change.
    """
    here, organisation = was.community_id, was.organisation
    same = {"kind": was.kind, "address": was.address}
    if Channel.objects.filter(community=here, organisation=organisation, is_active=True, **same).exists():
        return
    to_them = OutboxMessage.objects.filter(audience=OutboxMessage.Audience.ORGANISATION, community=here)
    for message in to_them.pending().filter(channel=was.kind, recipient=was.address):
        if organisation in organisations_of(message) and not move_to_now(message, organisation, at=at):
            give_up(message, why="the organisation has no address here", at=at)


def organisations_to_pass_to(delivery: Delivery) -> list[Organisation]:
    """Whom the duty queue may choose: organisations with a channel in the community that do not hold the thing."""
    holding = Delivery.objects.standing().responsible().filter(subject=delivery.subject_id).values("organisation")
    return list(organisations_reached_in(delivery.community_id).exclude(pk__in=holding))


def is_duty_queue(delivery: Delivery) -> bool:
    """True for the organisation that gets what no rule gives to anybody: it passes things on by hand."""
    found = CommunityRouting.objects.filter(community=delivery.community_id, fallback=delivery.organisation_id)
    return bool(found.exists())


def refused_by(subject: Subject) -> frozenset[int]:
    """Organisations that handed the thing back. The duty queue, which only passed it on, is not among them."""
    queues = CommunityRouting.objects.filter(community=subject.community_id, fallback__isnull=False).values("fallback")
    ended = Delivery.objects.filter(subject=subject, refused_at__isnull=False, was_taken_back=False)
    refused = ended.exclude(organisation__in=queues)
    return frozenset(refused.values_list("organisation", flat=True))


def unheard(*, subject: Subject) -> "QuerySet[Delivery]":
    """Deliveries that stand, but were never sent: the organisation had no channel."""
    deliveries = Delivery.objects.standing().responsible()
    return deliveries.filter(subject=subject, message=None, answered_at=None)


def drop_unheard(*, subject: Subject, at: datetime) -> None:
    """Takes the thing from organisations that never heard of it; their links, which nobody has, end."""
    for delivery in unheard(subject=subject).select_related("token"):
        token = delivery.token
        delivery.delete()
        if token:
            revoke_token(token, at=at)


def mark_answered(*, delivery: Delivery, at: datetime) -> None:
    """The organisation did something with it; the first moment stays."""
    Delivery.objects.filter(pk=delivery.pk, answered_at=None).update(answered_at=at)


def hand_back(*, delivery: Delivery, reason: str, at: datetime) -> bool:
    """“Not ours”: the delivery ends with its reason and its link. False when it had ended before."""
    changed = Delivery.objects.filter(pk=delivery.pk, refused_at=None).update(refused_at=at, refusal=reason[:500])
    if changed and delivery.token:
        revoke_token(delivery.token, at=at)
    return bool(changed)


def take_back(*, delivery: Delivery, at: datetime) -> bool:
    """The thing was corrected and is not theirs any more: the delivery and its link end. Returns whether its letter had
    not left, and now never will."""
    Delivery.objects.filter(pk=delivery.pk, refused_at=None).update(refused_at=at, was_taken_back=True)
    if delivery.token:
        revoke_token(delivery.token, at=at)
    message = delivery.message
    if message is None or message.dead_at:
        return True
    waiting = OutboxMessage.objects.pending().filter(pk=message.pk, claim=None, attempts=0)
    return bool(waiting.update(dead_at=at, failure=Failure.OURS, last_error="the report was corrected before it left"))


def write_to(*, subject: Subject, organisation: Organisation, letter: Letter, at: datetime) -> OutboxMessage | None:
    """A letter about the thing to an organisation that has no right to answer; None when it has no channel."""
    return send(subject=subject, organisation=organisation, letter=letter, at=at)


def forget_refusal(*, subject: Subject, organisation: Organisation | None, refused_at: datetime) -> None:
    """A moderator removed the words of a “not ours”: its reason is no longer shown beside the recipient."""
    rows = Delivery.objects.filter(subject=subject, organisation=organisation, refused_at=refused_at)
    rows.update(refusal=REDACTED)
