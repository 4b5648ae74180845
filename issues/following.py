"""Who hears of a report by e-mail: its author by their secret link, and supporters of what everybody may read."""

from datetime import datetime, timedelta

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from accounts.models import Organisation
from core.models import Lane, Subject
from core.outbox import Letter
from core.tokens import placeholder_for
from geodata.models import Community
from issues import letters
from issues.actions import working_author_token
from issues.models import Issue
from issues.states import OPEN, State
from notifications.actions import end, link_of, write
from notifications.kinds import Kind
from notifications.models import Follow

KEPT = timedelta(days=365)  # an address, after the report was closed: somebody may open it again
KEPT_WITHDRAWN = timedelta(days=30)


def tell(issue: Issue, *, who: Organisation | Community, text: str, at: datetime, news: str = "") -> None:
    """A letter to everybody who follows; `news` says what happened when the state does not: “reply”, “handed_back” or
    “passed_on”."""
    what = news or issue.state
    for follow in _followers(issue).filter(role=Follow.Role.AUTHOR):
        secret = placeholder_for(working_author_token(issue, at=at))
        letter = letters.news(
            issue,
            secret,
            who=who,
            news=what,
            text=text,
            stop=link_of(follow),
            reply_to=placeholder_for(follow.token),
        )
        write(follow, letter, at=at)
    tell_supporters(issue, who=who, news=what, text=text, at=at)


def tell_supporters(
    issue: Issue, *, text: str, at: datetime, who: Organisation | Community | None = None, news: str = ""
) -> None:
    """What everybody reads on the page, to those who joined. `who`: None for what the author did."""
    what = news or issue.state
    for follow in _followers(issue).filter(role=Follow.Role.SUPPORTER):
        letter = letters.news_for_all(
            issue, language=follow.language, who=who, news=what, text=text, stop=link_of(follow)
        )
        write(follow, letter, at=at, lane=Lane.BULK)


def author_follow(issue: Issue) -> Follow | None:
    """Where the author's letters go, confirmed or not; None when they gave no address or want none."""
    found: Follow | None = Follow.objects.standing().filter(subject=issue.subject_id, role=Follow.Role.AUTHOR).first()
    return found


def author_wants_no_more(issue: Issue, *, at: datetime) -> None:
    """The author took the report back: their address is erased."""
    follow = author_follow(issue)
    if follow:
        end(follow, at=at)


def _followers(issue: Issue) -> QuerySet[Follow]:
    return Follow.objects.confirmed().filter(subject=issue.subject_id).select_related("subject", "community", "token")


def _called(subject: Subject) -> str:
    return _("report No. %(number)s") % {"number": _issue(subject).number}


def _path(subject: Subject) -> str:
    return _issue(subject).get_absolute_url()


def _welcome(*, follow: Follow, at: datetime) -> None:
    issue = _issue(follow.subject)
    write(follow, _first_letter(issue, follow, at=at), at=at, lane=Lane.URGENT)


def _first_letter(issue: Issue, follow: Follow, *, at: datetime) -> Letter:
    if follow.role == Follow.Role.SUPPORTER:
        return letters.followed(issue, language=follow.language, stop=link_of(follow))
    secret = placeholder_for(working_author_token(issue, at=at))
    return letters.receipt(issue, secret, stop=link_of(follow), reply_to=placeholder_for(follow.token))


def _issue(subject: Subject) -> Issue:
    if Issue._meta.get_field("subject").remote_field.is_cached(subject):  # it was just made
        made: Issue = subject.issue
        return made
    found: Issue = Issue.objects.select_related("subject", "community", "category").get(subject=subject)
    return found


def _over(at: datetime) -> QuerySet[Subject]:
    long_closed = ~Q(issue__state__in=OPEN) & Q(issue__changed_at__lt=at - KEPT)
    withdrawn = Q(issue__state=State.WITHDRAWN, issue__changed_at__lt=at - KEPT_WITHDRAWN)
    return Subject.objects.filter(long_closed | withdrawn, kind="issue")


FOLLOWED = Kind(called=_called, path=_path, welcome=_welcome, over=_over)
