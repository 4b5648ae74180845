"""The demo, from an empty database to a living town."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, override
from django_scopes import scope

from geodata.models import Community
from media.actions import clean_waiting
from media.models import Photo
from openmap.demo.accounts import MODERATOR, Account, open_accounts
from openmap.demo.founding import found_neighbour, found_yavoryn
from openmap.demo.ground import draw_base_maps
from openmap.demo.known_works import announce_works
from openmap.demo.post import settle_letters
from openmap.demo.stories_of_yards import STORIES
from openmap.demo.telling import Chronicle, moments
from openmap.demo.town import draw_town

Say = Callable[[str], None]
PHOTOS_AT_ONCE = 20


@dataclass(frozen=True, slots=True)
class Demo:
    """What was loaded."""

    community: Community
    accounts: list[Account]


def load_demo(*, at: datetime, say: Say) -> Demo:
    """Founds the town and tells what happened there in the weeks before `at`; all of it or nothing.

    Photos are cleaned after that, so that an interruption leaves them to the worker.
    """
    say(_("Drawing the town"))
    town = draw_town()
    with transaction.atomic():
        say(_("Founding the community, its organisations and rules"))
        community = found_yavoryn(town, at=at)
        neighbour = found_neighbour(at=at)
        accounts = open_accounts(community)
        say(_("Telling what happened"))
        with scope(community=community), override("uk"):
            announce_works(community, at=at)
            _tell(community, accounts, at=at)
    draw_base_maps((community, neighbour), at=at, say=say)
    _clean_photos(community, at=at, say=say)
    return Demo(community, accounts)


def _tell(community: Community, accounts: list[Account], *, at: datetime) -> None:
    moderator = next(account.user for account in accounts if account.user.email == MODERATOR)
    chronicle = Chronicle(community, moderator)
    for _issue in chronicle.tell(moments(STORIES, zone=ZoneInfo(community.time_zone), at=at)):
        pass
    bounced = [chronicle.issues[order] for order, story in enumerate(STORIES) if story.bounced]
    settle_letters(community, bounced=bounced, at=at)


def _clean_photos(community: Community, *, at: datetime, say: Say) -> None:
    with scope(community=community):
        total = Photo.objects.filter(community=community).count()
    done = 0
    while cleaned := clean_waiting(at=at, limit=PHOTOS_AT_ONCE):
        done += cleaned
        words = ngettext("%(done)s of %(total)s photo is ready", "%(done)s of %(total)s photos are ready", total)
        say(words % {"done": done, "total": total})
