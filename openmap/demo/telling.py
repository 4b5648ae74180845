"""Tells the stories of Яворин through the same doors that residents, organisations and moderators use."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from io import BytesIO
from zoneinfo import ZoneInfo

from django.contrib.gis.geos import Point

from accounts.models import User
from core.models import Visibility
from geodata.models import Community
from issues import answering, moves
from issues.actions import NewReport, report_issue
from issues.assets import address_of
from issues.models import Issue
from issues.states import State
from issues.support import Voice, join
from media.actions import keep_draft
from media.models import Photo
from openmap.demo.history.painter import Order
from openmap.demo.place import spot
from openmap.demo.stories import Story, Turn
from routing.models import Asset, Category, Delivery
from routing.registers import nearest_assets

ORGANISATION = frozenset({"accept", "start", "ask", "finish", "reject", "reply", "refuse"})
REPORTER = {"confirm": "confirm", "reopen": "reopen", "withdraw": "withdraw", "add": "reply"}
TODAY = timedelta(minutes=23)  # between the reports of today, the last one this long ago
NEAREST, WITHIN = 12, 60  # things of a register around the pin, and metres
RESIDENTS = ("olena", "petro", "iryna", "andrii", "nadiia", "yurii", "sofiia", "vasyl", "halyna", "roman", "daryna")


@dataclass(frozen=True, slots=True, order=True)
class Moment:
    """One thing to tell at its time; without a turn it is the report itself."""

    at: datetime
    order: int
    story: Story = field(compare=False)
    turn: Turn | None = field(compare=False)

    @property
    def photo(self) -> Order | None:
        """What is to be drawn for it."""
        if self.turn is None:
            story = self.story
            return (story.scene, f"{self.order}", True, story.hidden) if story.scene else None
        return (self.turn.scene, f"{self.order} {self.at:%d %H:%M}", True, ()) if self.turn.scene else None


@dataclass(slots=True)
class Chronicle:
    """What was told so far: the report of every story, by the story's place in the list."""

    community: Community
    moderator: User
    draw: Callable[[Order], bytes]  # the file of a photo
    issues: dict[int, Issue] = field(default_factory=dict)
    named: dict[str, Issue] = field(default_factory=dict)

    def tell(self, moments: Iterable[Moment]) -> Iterator[Issue]:
        """Tells moments in their order; yields the report after each."""
        for moment in moments:
            if moment.turn is None:
                self.issues[moment.order] = issue = self._report(moment)
                if moment.story.name:
                    self.named[moment.story.name] = issue
            else:
                issue = self.issues[moment.order]
                self._happen(issue, moment, moment.turn)
            yield issue

    def _report(self, moment: Moment) -> Issue:
        story = moment.story
        point, address = spot(story.where, story.along)
        category = Category.objects.select_related("register").get(community=self.community, code=story.kind)
        asset = self._chosen(category, point, story.where, at=moment.at)
        resident = RESIDENTS[moment.order % len(RESIDENTS)]
        issue = report_issue(
            new=NewReport(
                category=category,
                point=point,
                text=story.words,
                address=address_of(asset) or address,
                email="" if story.anonymous else f"{resident}@example.org",
                email_is_known=True,
                photos=self._photos(moment),
                asset=asset,
                entrance=story.entrance,
                answers=dict(story.answers),
                name=story.by,
                shows_name=story.by != "",
            ),
            community=self.community,
            at=moment.at,
        )
        for neighbour in range(story.joined):
            join(issue=issue, voice=Voice(digest=f"{neighbour:064x}"), at=moment.at)
        return issue

    def _chosen(self, category: Category, point: Point, street: str, *, at: datetime) -> Asset | None:
        """What a resident would choose of the category's register: the nearest one of that street, or else of all."""
        if category.register is None:
            return None
        near = nearest_assets(
            register=category.register, point=point, day=self.community.day_of(at), limit=NEAREST, within=WITHIN
        )
        return next((row for row in near if row.name == street), near[0] if near else None)

    def _photos(self, moment: Moment) -> list[Photo]:
        if moment.photo is None:
            return []
        scene, seed, _is_large, hidden = moment.photo
        file = BytesIO(self.draw(moment.photo))
        name = f"{scene}-{seed.split()[0]}.jpg"
        return [keep_draft(community=self.community, file=file, name=name, at=moment.at, boxes=hidden)]

    def _happen(self, issue: Issue, moment: Moment, turn: Turn) -> None:
        at = moment.at
        issue.refresh_from_db()
        if turn.do in ORGANISATION:
            photos = self._photos(moment)
            delivery = (
                Delivery.objects.standing().responsible().filter(subject=issue.subject).latest("created_at", "id")
            )
            answering.by_organisation(delivery=delivery, do=turn.do, text=turn.words, photos=photos, at=at)
        elif turn.do in REPORTER:
            answering.by_reporter(issue=issue, do=REPORTER[turn.do], text=turn.words, photos=[], at=at)
        elif turn.do == "publish":
            moves.set_visibility(issue=issue, visibility=Visibility.PUBLIC, user=self.moderator, at=at)
        else:
            moves.move_by_staff(
                issue=issue,
                to=State.DUPLICATE,
                user=self.moderator,
                text=turn.words,
                duplicate_of=self.named[moment.story.repeats],
                at=at,
            )


def moments(stories: Iterable[Story], *, zone: ZoneInfo, at: datetime) -> list[Moment]:
    """Everything that has happened by `at`, in its order; what would lie in the future is left out."""
    found = []
    today = 0
    for order, story in enumerate(stories):
        day = (at.astimezone(zone) - timedelta(days=story.ago)).date()
        if story.ago:
            begins = datetime.combine(day, _clock(story.clock), zone)
        else:
            today += 1
            begins = at - TODAY * today
        found.append(Moment(begins, order, story, None))
        for turn in story.turns:
            moment = datetime.combine(day + timedelta(days=turn.day), _clock(turn.clock), zone)
            found.append(Moment(moment, order, story, turn))
    return sorted(moment for moment in found if moment.at < at)


def _clock(text: str) -> time:
    hours, minutes = text.split(":")
    return time(int(hours), int(minutes))
