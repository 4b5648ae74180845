"""A report that repeats another brings its people along: each counted once at the original, and told its news."""

from datetime import datetime, timedelta

import pytest

from accounts.models import User
from core.models import Visibility
from issues.actions import report_issue
from issues.models import Issue, Supporter
from issues.moves import MoveRefusedError, move_by_organisation, move_by_staff, set_visibility
from issues.states import State
from issues.support import Voice, hear, join, leave, supporters_of, supports
from notifications.actions import confirm
from notifications.models import Follow
from tests.conftest import City, hole
from tests.grid import Town
from tests.issues.conftest import holder
from tests.issues.test_additions import letters_to
from tests.parallel import at_once

AUTHOR, PHONE, TABLET = (Voice(digest=letter * 64) for letter in "abc")


@pytest.fixture
def duplicate(city: City, town: Town, now: datetime) -> Issue:
    """The same hole once more, from a browser of its own."""
    new = hole(city, town["p"], device=AUTHOR.digest, email="ihor@example.org")
    return report_issue(new=new, community=city.community, at=now)


def close(duplicate: Issue, original: Issue, marta: User, at: datetime) -> None:
    move_by_staff(issue=duplicate, to=State.DUPLICATE, user=marta, duplicate_of=original, at=at)


def addresses(issue: Issue) -> set[str]:
    """Who gets letters about a report."""
    return set(Follow.objects.confirmed().filter(subject=issue.subject_id).values_list("email", flat=True))


def test_supporters_and_the_author_of_a_duplicate_count_at_the_original(
    issue: Issue, duplicate: Issue, marta: User, now: datetime, later: datetime
) -> None:
    join(issue=duplicate, voice=PHONE, at=now)
    close(duplicate, issue, marta, later)
    assert supporters_of(issue) == 2
    assert supports(issue, PHONE)
    assert supports(issue, AUTHOR)
    assert supporters_of(duplicate) == 1, "and what was said there stays said"


def test_who_was_there_already_stays_one_person(
    city: City, town: Town, duplicate: Issue, serhii: User, marta: User, now: datetime, later: datetime
) -> None:
    original = report_issue(new=hole(city, town["p"], device=TABLET.digest), community=city.community, at=now)
    for voice in (PHONE, Voice(user=serhii)):
        join(issue=original, voice=voice, at=now)
        join(issue=duplicate, voice=voice, at=now)
    join(issue=duplicate, voice=TABLET, at=now)
    close(duplicate, original, marta, later)
    assert supporters_of(original) == 3, "the two, and the author of the duplicate"
    assert Supporter.objects.get(issue=original, voice=TABLET.digest).is_author, (
        "the author does not support themselves"
    )


def test_confirmed_addresses_follow_the_original_and_hear_its_news(
    issue: Issue, duplicate: Issue, marta: User, now: datetime, later: datetime
) -> None:
    join(issue=duplicate, voice=PHONE, at=now)
    hear(issue=duplicate, voice=PHONE, email="nadia@example.org", known=True, at=now)
    join(issue=duplicate, voice=TABLET, at=now)
    hear(issue=duplicate, voice=TABLET, email="silent@example.org", at=now)
    close(duplicate, issue, marta, later)
    assert addresses(issue) == {"olia@example.org", "nadia@example.org", "ihor@example.org"}
    roles = dict(Follow.objects.filter(subject=issue.subject_id).values_list("email", "role"))
    assert roles["ihor@example.org"] == "supporter", "no secret link of another's report"
    move_by_organisation(delivery=holder(issue), to=State.DONE, text="Залатали латкою.", at=later)
    assert "Залатали латкою." in letters_to("nadia@example.org")[-1]
    assert "Залатали латкою." in letters_to("ihor@example.org")[-1]


def test_nobody_hears_of_an_original_that_strangers_do_not_see(
    issue: Issue, duplicate: Issue, marta: User, now: datetime, later: datetime
) -> None:
    set_visibility(issue=issue, visibility=Visibility.HIDDEN, reason="Особисті дані.", user=marta, at=now)
    join(issue=duplicate, voice=PHONE, at=now)
    hear(issue=duplicate, voice=PHONE, email="nadia@example.org", known=True, at=now)
    close(duplicate, issue, marta, later)
    assert supporters_of(issue) == 2
    assert addresses(issue) == {"olia@example.org"}
    assert not any(issue.get_absolute_url() in letter for letter in letters_to("nadia@example.org"))


def test_who_takes_their_voice_back_there_gets_no_more_letters(
    issue: Issue, duplicate: Issue, marta: User, now: datetime, later: datetime
) -> None:
    join(issue=duplicate, voice=PHONE, at=now)
    hear(issue=duplicate, voice=PHONE, email="nadia@example.org", known=True, at=now)
    close(duplicate, issue, marta, later)
    assert leave(issue=issue, voice=PHONE, at=later)
    assert leave(issue=issue, voice=AUTHOR, at=later)
    assert addresses(issue) == {"olia@example.org"}


def test_whoever_follows_the_original_already_gets_one_letter_of_each_kind(
    issue: Issue, duplicate: Issue, marta: User, now: datetime, later: datetime
) -> None:
    for one in (issue, duplicate):
        join(issue=one, voice=PHONE, at=now)
        confirm(hear(issue=one, voice=PHONE, email="nadia@example.org", at=now), at=now)
    close(duplicate, issue, marta, later)
    move_by_organisation(delivery=holder(issue), to=State.ACCEPTED, at=later)
    assert sum(f"issues/{issue.number}/" in letter for letter in letters_to("nadia@example.org")[-1:]) == 1
    assert Follow.objects.standing().filter(subject=issue.subject_id, email="nadia@example.org").count() == 1


def test_reopening_takes_the_carried_voices_and_letters_back_and_no_others(
    issue: Issue, duplicate: Issue, marta: User, now: datetime, later: datetime
) -> None:
    join(issue=issue, voice=TABLET, at=now)
    for voice in (PHONE, TABLET):
        join(issue=duplicate, voice=voice, at=now)
    hear(issue=duplicate, voice=PHONE, email="nadia@example.org", known=True, at=now)
    close(duplicate, issue, marta, later)
    assert supporters_of(issue) == 3
    move_by_staff(issue=duplicate, to=State.REOPENED, user=marta, text="Інша яма.", at=later)
    assert [row.voice for row in Supporter.objects.filter(issue=issue, is_author=False)] == [TABLET.digest]
    assert addresses(issue) == {"olia@example.org"}
    assert addresses(duplicate) == {"ihor@example.org", "nadia@example.org"}


def test_closing_again_counts_nobody_twice(
    issue: Issue, duplicate: Issue, marta: User, now: datetime, later: datetime
) -> None:
    join(issue=duplicate, voice=PHONE, at=now)
    for hour in range(0, 6, 2):
        close(duplicate, issue, marta, later + timedelta(hours=hour))
        assert supporters_of(issue) == 2
        move_by_staff(issue=duplicate, to=State.REOPENED, user=marta, text="Ні.", at=later + timedelta(hours=hour + 1))
        assert supporters_of(issue) == 0


def test_those_who_were_carried_go_on_to_the_next_original(
    city: City, town: Town, issue: Issue, duplicate: Issue, marta: User, now: datetime, later: datetime
) -> None:
    last = report_issue(new=hole(city, town["p"], email=""), community=city.community, at=now)
    close(duplicate, issue, marta, later)
    close(issue, last, marta, later)
    assert supports(last, AUTHOR)


@pytest.mark.django_db(transaction=True)
def test_joining_the_original_while_the_duplicate_is_closed_is_one_voice(
    issue: Issue, duplicate: Issue, city: City, marta: User, now: datetime, later: datetime
) -> None:
    join(issue=duplicate, voice=PHONE, at=now)
    outcomes = at_once(
        [
            lambda: close(duplicate, issue, marta, later),
            *[lambda: join(issue=issue, voice=PHONE, at=later) for _press in range(5)],
        ],
        community=city.community,
    )
    assert not [one for one in outcomes if isinstance(one, Exception)]
    assert supporters_of(issue) == 2


@pytest.mark.django_db(transaction=True)
def test_many_moderators_at_once_close_and_carry_once(
    issue: Issue, duplicate: Issue, city: City, marta: User, now: datetime, later: datetime
) -> None:
    join(issue=duplicate, voice=PHONE, at=now)
    outcomes = at_once([lambda: close(duplicate, issue, marta, later)] * 6, community=city.community)
    assert sum(one is None for one in outcomes) == 1
    assert all(one is None or isinstance(one, MoveRefusedError) for one in outcomes)
    assert supporters_of(issue) == 2


@pytest.mark.django_db(transaction=True)
def test_two_reports_closed_as_duplicates_of_each_other_at_once_leave_one_open(
    issue: Issue, duplicate: Issue, city: City, marta: User, later: datetime
) -> None:
    outcomes = at_once(
        [lambda: close(duplicate, issue, marta, later), lambda: close(issue, duplicate, marta, later)],
        community=city.community,
    )
    assert sorted(type(one).__name__ for one in outcomes) == ["MoveRefusedError", "NoneType"]
    assert Issue.objects.filter(state=State.DUPLICATE).count() == 1
