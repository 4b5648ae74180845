"""The demo, from an empty database to a living town."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from hashlib import sha256
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils.translation import get_language, ngettext, override
from django.utils.translation import gettext as _
from django_scopes import scope

from geodata.cells import fold_all
from geodata.models import Community
from media.actions import clean_waiting
from media.cleaning import Cleaned, clean
from media.ready import ReadyPhoto, keep_ready
from openmap.demo.accounts import MODERATOR, Account, open_accounts
from openmap.demo.founding import found_neighbour, found_yavoryn
from openmap.demo.ground import draw_base_maps
from openmap.demo.history.history import History, Plan, plans
from openmap.demo.history.painter import Order
from openmap.demo.history.rows import Ledger, Wanted
from openmap.demo.history.studio import Studio
from openmap.demo.history.tale import Shot, Tale
from openmap.demo.known_works import announce_works
from openmap.demo.post import settle_letters
from openmap.demo.stories_of_yards import STORIES
from openmap.demo.telling import Chronicle, Moment, moments
from openmap.demo.town import draw_town
from stats.filling import fill_all
from stats.scanning import scan_where_a_day_began

Say = Callable[[str], None]
PHOTOS_AT_ONCE = 100
REPORTS_AT_ONCE = 100  # until the next line of progress
ZONE = ZoneInfo("Europe/Kyiv")


@dataclass(frozen=True, slots=True)
class Demo:
    """What was loaded."""

    community: Community
    accounts: list[Account]


def load_demo(*, at: datetime, say: Say, is_small: bool = False) -> Demo:
    """Founds the town and tells what happened there in the three years before `at`, or, `is_small`, in the last weeks;
    all of it or nothing.

    Other processes draw and clean the photos meanwhile.
    """
    told, planned = moments(STORIES, zone=ZONE, at=at), list[Plan]()
    with Studio() as studio:
        studio.order(moment.photo for moment in told if moment.photo)
        if not is_small:
            planned = plans(at=at, zone=ZONE)
            studio.order(_order(plan.shot) for plan in planned if plan.shot)
        say(_("Drawing the town"))
        town = draw_town()
        with transaction.atomic():
            say(_("Founding the community, its organisations and rules"))
            community = found_yavoryn(town, at=at, say=say)
            neighbour = found_neighbour(at=at)
            accounts = open_accounts(community)
            with scope(community=community), override("uk"):
                announce_works(community, at=at)
            _Telling(community, accounts, studio, at=at, say=say).tell(told, planned)
        draw_base_maps((community, neighbour), at=at, say=say)
    return Demo(community, accounts)


class _Telling:
    """Everything that happened, with its photos and its counts."""

    def __init__(
        self, community: Community, accounts: Sequence[Account], studio: Studio, *, at: datetime, say: Say
    ) -> None:
        self._community, self._studio, self._at, self._say_it = community, studio, at, say
        self._language = get_language()  # of whoever waits; what happened is told in that of the town
        self._moderator = next(account.user for account in accounts if account.user.email == MODERATOR)
        self._cleaned: dict[bytes, Cleaned] = {}
        self._counted = 0

    def tell(self, told: Sequence[Moment], planned: Sequence[Plan]) -> None:
        """Must be called inside a transaction."""
        community = self._community
        with scope(community=community), override("uk"):
            tales = self._history(planned) if planned else []
            wanted = self._write(told, tales)
            photos = len(wanted) + sum(moment.photo is not None for moment in told)
            self._hang(wanted, photos)
        self._clean(photos)
        self._say(lambda: _("Counting"))
        fold_all()
        fill_all(at=self._at)
        scan_where_a_day_began(at=self._at)

    def _history(self, planned: Sequence[Plan]) -> list[Tale]:
        self._say(lambda: _("Remembering three years"))
        tales = History(self._community, at=self._at).tales(planned)
        self._studio.order(_order(act.shot) for tale in tales for act in tale.acts if act.shot)
        return tales

    def _write(self, told: Sequence[Moment], tales: Sequence[Tale]) -> list[Wanted]:
        """Reports get their numbers in the order in which they came, those of the stories told by hand among them."""
        chronicle = Chronicle(self._community, self._moderator, self._draw)
        since = self._community.day_of(tales[0].at if tales else self._at)
        ledger = Ledger(self._community, moderator=self._moderator, since=since)
        written, total = 0, len(tales) + len(STORIES)
        for moment in told:
            if moment.turn is None:
                until = written + sum(tale.at < moment.at for tale in tales[written:])
                ledger.write(tales[written:until], told=partial(self._count_on, written, total))
                written = until
            for _issue in chronicle.tell([moment]):
                pass
        ledger.write(tales[written:])
        self._count(total, total)
        bounced = [chronicle.issues[order] for order, story in enumerate(STORIES) if story.bounced]
        settle_letters(self._community, bounced=bounced, at=self._at)
        return ledger.photos

    def _count_on(self, past: int, total: int, many: int) -> None:
        self._count(past + many, total)

    def _count(self, many: int, total: int) -> None:
        """Now and then, not for every report."""
        if many < min(self._counted + REPORTS_AT_ONCE, total):
            return
        self._counted = many

        def words() -> str:
            told = ngettext("%(done)s of %(total)s report is told", "%(done)s of %(total)s reports are told", total)
            return told % {"done": many, "total": total}

        self._say(words)

    def _draw(self, order: Order) -> bytes:
        data, cleaned = self._studio.take(order)
        self._cleaned[sha256(data).digest()] = cleaned
        return data

    def _hang(self, wanted: Sequence[Wanted], total: int) -> None:
        """Photos of the history, which were cleaned where they were drawn."""
        for start in range(0, len(wanted), PHOTOS_AT_ONCE):
            some = wanted[start : start + PHOTOS_AT_ONCE]
            keep_ready(self._ready(one) for one in some)
            self._count_photos(start + len(some), total)

    def _ready(self, one: Wanted) -> ReadyPhoto:
        data, cleaned = self._studio.take(_order(one.shot))
        return ReadyPhoto(one.subject, one.role, one.shot.name, data, cleaned, one.at)

    def _clean(self, total: int) -> None:
        """Photos of the stories, which came through the door of residents; their cleaning is at hand."""
        while clean_waiting(at=self._at, limit=PHOTOS_AT_ONCE, by=self._cleaned_before):
            pass
        self._count_photos(total, total)

    def _cleaned_before(self, data: bytes, *, boxes: Iterable[Sequence[float]] = ()) -> Cleaned:
        return self._cleaned.get(sha256(data).digest()) or clean(data, boxes=boxes)

    def _count_photos(self, done: int, total: int) -> None:
        def words() -> str:
            told = ngettext("%(done)s of %(total)s photo is ready", "%(done)s of %(total)s photos are ready", total)
            return told % {"done": done, "total": total}

        self._say(words)

    def _say(self, words: Callable[[], str]) -> None:
        with override(self._language):
            self._say_it(words())


def _order(shot: Shot) -> Order:
    return shot.scene, shot.seed, False, ()
