"""The author corrects a report until somebody accepts it: whoever must answer has it as it is now, strangers read only
that it was corrected."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils.translation import gettext

from accounts.models import User
from core.models import OutboxMessage, Visibility
from core.outbox import claim
from issues.actions import report_issue
from issues.corrections import Correction, correct
from issues.models import Issue, IssueSettings
from issues.moves import MoveRefusedError, move_by_organisation, not_ours, redact_words, set_visibility
from issues.states import State
from media.actions import clean_waiting, keep_draft
from media.models import Photo
from routing.actions import refused_by
from routing.models import Decision, Delivery
from tests.conftest import NOW, City, hole
from tests.grid import Town
from tests.issues.conftest import address_of_author, answer_page, ask_where, author_page, holder
from tests.parallel import at_once
from tests.photos import jpeg, upload


def corrected(issue: Issue, **changes: Any) -> Correction:
    """The report as it is, but for the changes."""
    given: dict[str, Any] = {
        "category": issue.category,
        "point": issue.location,
        "text": issue.text,
        "address": issue.address,
        "answers": issue.answers,
        "name": issue.reporter_name,
        "shows_name": issue.shows_name,
    }
    return Correction(**(given | changes))


def letters_to(address: str) -> list[str]:
    return [row.payload["text"] for row in OutboxMessage.objects.filter(recipient=address).order_by("pk")]


def test_words_are_corrected_and_the_organisation_reads_them(issue: Issue, later: datetime) -> None:
    correct(issue=issue, to=corrected(issue, text="Дві ями на переході. Об’їжджайте."), at=later)
    issue.refresh_from_db()
    assert (issue.title, issue.state) == ("Дві ями на переході", State.NEW)
    assert "Дві ями на переході. Об’їжджайте." in letters_to("roads@example.org")[-1]
    assert Decision.objects.filter(subject=issue.subject).count() == 1
    assert issue.due_on.isoformat() == "2026-11-26"


def test_timeline_says_which_parts_changed_and_not_how_they_were(
    client: Client, city: City, town: Town, issue: Issue, later: datetime
) -> None:
    to = corrected(issue, text="Інше.", address="вул. Таємна, 1", category=city.manholes, name="Оля")
    correct(issue=issue, to=to, at=later)
    event = issue.events.get(kind="corrected")
    assert event.changed == "text,category,place,name"
    assert event.words
    assert "Машини об’їжджають" in event.words.text
    page = client.get(issue.get_absolute_url()).content.decode()
    title = gettext("Corrected by the reporter: %(parts)s").partition(":")[0]
    assert title in page
    assert "Машини об’їжджають" not in page
    assert "Машини об’їжджають" not in client.get(answer_page(holder(issue))).content.decode()


def test_old_words_may_be_redacted(issue: Issue, marta: User, later: datetime) -> None:
    correct(issue=issue, to=corrected(issue, text="Інше."), at=later)
    redact_words(event=issue.events.get(kind="corrected"), user=marta, at=later)
    words = issue.events.get(kind="corrected").words
    assert words
    assert words.text == ""


def test_another_kind_goes_to_whoever_must_answer_and_the_former_is_told(
    client: Client, city: City, issue: Issue, later: datetime
) -> None:
    former = holder(issue)
    claim(at=issue.created_at)  # the letters are on their way
    old_page = answer_page(former)
    correct(issue=issue, to=corrected(issue, category=city.manholes), at=later)
    now = holder(issue)
    issue.refresh_from_db()
    assert now.organisation == city.vodokanal
    assert issue.due_on.isoformat() == "2026-11-24"  # two working days from Friday
    assert issue.text in letters_to("water@example.org")[0]
    assert len(letters_to("roads@example.org")) == 2
    gone = client.get(old_page)
    assert gone.status_code == 410
    assert client.post(old_page, {"do": "accept"}).status_code == 410
    former.refresh_from_db()
    assert (former.state, former.refusal) == ("taken", "")
    assert refused_by(issue.subject) == frozenset()
    public = client.get(issue.get_absolute_url())
    assert [(row.organisation, row.state) for row in public.context["deliveries"]] == [
        (city.road_service, "taken"),
        (city.vodokanal, "queued"),
    ]


def test_letter_that_has_not_left_does_not_leave_any_more(city: City, issue: Issue, later: datetime) -> None:
    correct(issue=issue, to=corrected(issue, category=city.manholes), at=later)
    (message,) = OutboxMessage.objects.filter(recipient="roads@example.org")
    assert message.dead_at == later


def test_another_place_brings_other_areas_and_another_answerer(
    city: City, town: Town, issue: Issue, later: datetime
) -> None:
    correct(issue=issue, to=corrected(issue, point=town["q"]), at=later)
    issue.refresh_from_db()
    assert list(issue.areas.all()) == [city.slobidka]
    assert holder(issue).organisation == city.council
    assert Decision.objects.filter(subject=issue.subject).count() == 2


def test_place_corrected_within_the_same_duty_stays_with_them(
    city: City, town: Town, issue: Issue, later: datetime
) -> None:
    before = holder(issue)
    moved = town["p"].clone()
    moved.x += 0.0005
    correct(issue=issue, to=corrected(issue, point=moved), at=later)
    after = holder(issue)
    assert after.pk == before.pk
    assert after.decision == Decision.objects.filter(subject=issue.subject).latest("pk")


def test_answers_are_corrected(city: City, issue: Issue, later: datetime) -> None:
    ask_where(city)
    correct(issue=issue, to=corrected(issue, answers={"where": "yard"}), at=later)
    issue.refresh_from_db()
    assert issue.answers == {"where": "yard"}
    assert issue.events.get(kind="corrected").changed == "answers"


def test_photos_are_added_and_taken_away(city: City, issue: Issue, later: datetime) -> None:
    def photo(name: str) -> Photo:
        return keep_draft(community=city.community, file=upload(jpeg()), name=name, at=later)

    correct(issue=issue, to=corrected(issue, photos=[photo("перше.jpg")]), at=later)
    clean_waiting(at=later)
    first = Photo.objects.get(subject=issue.subject)
    correct(issue=issue, to=corrected(issue, photos=[photo("друге.jpg")], removed=[first.pk]), at=later)
    assert [row.name for row in Photo.objects.filter(subject=issue.subject)] == ["друге.jpg"]
    assert not Photo.objects.published().filter(pk=first.pk).exists()
    assert [event.changed for event in issue.events.filter(kind="corrected")] == ["photos", "photos"]


def test_nothing_changed_is_nothing_that_happened(issue: Issue, later: datetime) -> None:
    correct(issue=issue, to=corrected(issue), at=later)
    assert not issue.events.filter(kind="corrected").exists()
    assert len(letters_to("roads@example.org")) == 1


@pytest.mark.parametrize("state", [state for state in State if state != State.NEW])
def test_nothing_is_corrected_after_somebody_began(client: Client, issue: Issue, later: datetime, state: State) -> None:
    Issue.objects.filter(pk=issue.pk).update(state=state)
    with pytest.raises(MoveRefusedError, match="too_late_to_correct"):
        correct(issue=issue, to=corrected(issue, text="Інше."), at=later)
    assert client.get(f"{author_page(issue)}correct/").status_code == 302
    sent = client.post(f"{author_page(issue)}correct/", {"text": "Мої слова.", "do": "send"})
    assert sent.status_code == 409
    assert "Мої слова." in sent.content.decode()


def test_hidden_report_is_not_corrected(issue: Issue, marta: User, later: datetime) -> None:
    set_visibility(issue=issue, visibility=Visibility.HIDDEN, reason="Образа.", user=marta, at=later)
    with pytest.raises(MoveRefusedError):
        correct(issue=issue, to=corrected(issue, text="Інше."), at=later)


def test_moderators_look_again_where_they_look_first(issue: Issue, marta: User, later: datetime) -> None:
    IssueSettings.objects.filter(community=issue.community).update(hold_new=True)
    correct(issue=issue, to=corrected(issue, text="Реклама."), at=later)
    issue.subject.refresh_from_db()
    assert issue.subject.visibility == Visibility.HELD


def test_sensitive_kind_blurs_the_place(city: City, issue: Issue, later: datetime) -> None:
    city.manholes.is_sensitive = True
    city.manholes.save()
    correct(issue=issue, to=corrected(issue, category=city.manholes), at=later)
    issue.subject.refresh_from_db()
    assert issue.subject.visibility == Visibility.COARSE


def test_what_a_moderator_blurred_stays_so(issue: Issue, marta: User, later: datetime) -> None:
    set_visibility(issue=issue, visibility=Visibility.COARSE, user=marta, at=later)
    correct(issue=issue, to=corrected(issue, text="Інше."), at=later)
    issue.subject.refresh_from_db()
    assert issue.subject.visibility == Visibility.COARSE


def test_after_a_handing_back_another_kind_is_asked_anew(city: City, issue: Issue, later: datetime) -> None:
    not_ours(delivery=holder(issue), reason="Це люк.", at=later)
    correct(issue=issue, to=corrected(issue, category=city.manholes), at=later + timedelta(minutes=1))
    assert holder(issue).organisation == city.vodokanal


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("again", range(3))
def test_acceptance_at_the_same_moment_wins_or_comes_too_late(
    city: City, town: Town, now: datetime, later: datetime, again: int
) -> None:
    issue = report_issue(new=hole(city, town["p"]), community=city.community, at=now)
    delivery = holder(issue)
    results = at_once(
        [
            lambda: correct(issue=issue, to=corrected(issue, category=city.manholes), at=later),
            lambda: move_by_organisation(delivery=delivery, to=State.ACCEPTED, at=later),
        ],
        community=city.community,
    )
    issue.refresh_from_db()
    refused = [result.code for result in results if isinstance(result, MoveRefusedError)]
    assert refused in (["too_late_to_correct"], ["too_late"]), results
    was_accepted = refused == ["too_late_to_correct"]
    assert issue.state == (State.ACCEPTED if was_accepted else State.NEW)
    assert holder(issue).organisation == (city.road_service if was_accepted else city.vodokanal)
    assert Delivery.objects.standing().filter(subject=issue.subject).count() == 1


# The page -----------------------------------------------------------------------------------------------------------
@pytest.fixture
def _at_noon() -> Iterator[None]:
    with time_machine.travel(NOW + timedelta(hours=2), tick=False):
        yield


def form_of(client: Client, issue: Issue) -> tuple[str, dict[str, str]]:
    """(address, what the opened form would send)."""
    address = f"{author_page(issue)}correct/"
    page = client.get(address)
    assert page.status_code == 200
    form = page.context["form"]
    given = {name: str(form[name].value() or "") for name in form.fields if form[name].value()}
    return address, given | {"seen": page.context["answerer"].seen, "do": "send"}


@pytest.mark.usefixtures("_at_noon")
def test_opened_form_holds_the_report_and_changes_nothing(client: Client, issue: Issue) -> None:
    address, given = form_of(client, issue)
    assert given["text"] == issue.text
    assert given["category"] == "roads"
    assert client.get(address).context["answerer"].due_on == issue.due_on
    sent = client.post(address, given)
    assert sent["Location"] == author_page(issue)
    assert not issue.events.filter(kind="corrected").exists()


@pytest.mark.usefixtures("_at_noon")
def test_words_are_corrected_in_one_step(client: Client, issue: Issue) -> None:
    address, given = form_of(client, issue)
    assert client.post(address, given | {"text": "Інші слова."}).status_code == 302
    issue.refresh_from_db()
    assert issue.text == "Інші слова."
    assert address_of_author(issue) == "olia@example.org"


@pytest.mark.usefixtures("_at_noon")
def test_author_reads_who_answers_now_before_it_changes(client: Client, city: City, issue: Issue) -> None:
    address, given = form_of(client, issue)
    page = client.post(address, given | {"category": "manholes"})
    assert page.status_code == 200
    assert page.context["answerer"].organisation == city.vodokanal
    issue.refresh_from_db()
    assert issue.category == city.roads
    seen = page.context["answerer"].seen
    assert client.post(address, given | {"category": "manholes", "seen": seen}).status_code == 302
    assert holder(issue).organisation == city.vodokanal


@pytest.mark.usefixtures("_at_noon")
@pytest.mark.parametrize(("field", "bad"), [("text", " "), ("category", "nothing"), ("lon", "east")])
def test_mistakes_stand_beside_their_fields_and_the_rest_stays(
    client: Client, issue: Issue, field: str, bad: str
) -> None:
    address, given = form_of(client, issue)
    page = client.post(address, given | {field: bad, "name": "Оля"})
    assert page.status_code == 422
    assert field in page.context["form"].errors
    assert page.context["form"]["name"].value() == "Оля"


@pytest.mark.usefixtures("_at_noon")
def test_photo_is_taken_away_and_another_added_on_the_page(client: Client, city: City, issue: Issue) -> None:
    photo = keep_draft(community=city.community, file=upload(jpeg()), name="перше.jpg", at=NOW)
    correct(issue=issue, to=corrected(issue, photos=[photo]), at=NOW)
    address, given = form_of(client, issue)
    sent = client.post(address, given | {"remove_photo": str(photo.pk), "photo": upload(jpeg(), name="друге.jpg")})
    assert sent.status_code == 302
    assert [row.name for row in Photo.objects.filter(subject=issue.subject)] == ["друге.jpg"]


@pytest.mark.usefixtures("_at_noon")
def test_photo_of_another_report_is_not_taken_away(client: Client, city: City, issue: Issue, another: Issue) -> None:
    photo = keep_draft(community=city.community, file=upload(jpeg()), name="чуже.jpg", at=NOW)
    correct(issue=another, to=corrected(another, photos=[photo]), at=NOW)
    address, given = form_of(client, issue)
    client.post(address, given | {"remove_photo": str(photo.pk), "text": "Інше."})
    assert Photo.objects.get().subject == another.subject


@pytest.mark.parametrize("secret", ["0" * 43, "x"])
def test_stranger_has_no_such_page(client: Client, issue: Issue, secret: str) -> None:
    assert client.get(f"/yavoryn/mine/{secret}/correct/").status_code == 404
    assert client.post(f"/yavoryn/mine/{secret}/correct/", {"text": "Інше."}).status_code == 404


def test_link_of_the_organisation_does_not_correct(client: Client, issue: Issue) -> None:
    secret = answer_page(holder(issue)).rstrip("/").rpartition("/")[2]
    assert client.get(f"/yavoryn/mine/{secret}/correct/").status_code == 404


@pytest.mark.usefixtures("_at_noon")
def test_page_is_offered_while_it_is_possible_and_kept_nowhere(client: Client, issue: Issue) -> None:
    address = f"{author_page(issue)}correct/"
    assert address in client.get(author_page(issue)).content.decode()
    assert "no-store" in client.get(address)["Cache-Control"]
    move_by_organisation(delivery=holder(issue), to=State.ACCEPTED, at=NOW)
    assert address not in client.get(author_page(issue)).content.decode()


@pytest.mark.usefixtures("_at_noon")
def test_danger_in_corrected_words_is_warned_of_and_kept(client: Client, issue: Issue) -> None:
    address, typed = form_of(client, issue)
    typed["text"] = "З ями пахне газом."
    stopped = client.post(address, typed | {"do": "send"})
    assert "tel:104" in stopped.content.decode()
    client.post(address, typed | {"danger": "gas", "do": "send"})
    issue.refresh_from_db()
    assert (issue.text, issue.dangers) == ("З ями пахне газом.", ["gas"])
