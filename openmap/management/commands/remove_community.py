"""Removes one community for good."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from django.utils.translation import gettext as _

from geodata.management.files import community_called
from geodata.models import Community
from openmap.moving.belongings import ONLY, travellers
from openmap.moving.bundle import Facts, MovingError, checked, opened, refuse_partial
from openmap.moving.removing import counted, remove_community

PRECIOUS: Final = {"issues.Issue", "issues.IssueEvent", "works.Work"}  # what people wrote


class Command(BaseCommand):
    help = (
        "Removes one community for good: rows, photos, counts, base map, and accounts that nothing else names. Asks "
        "for its name. Interrupted, it is simply repeated. docs/backup.md"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("community", help="slug of the community")
        parser.add_argument("--export", type=Path, help="its export, which is checked")
        parser.add_argument(
            "--not-older-than", type=int, default=7, metavar="DAYS", help="age of the export; default: 7"
        )
        parser.add_argument("--without-export", action="store_true", help="remove what can never be brought back")
        parser.add_argument("--yes-remove", default="", metavar="NAME", help="the name, instead of typing it")

    def handle(self, *args: Any, **options: Any) -> None:
        community, now = community_called(options["community"]), timezone.now()
        if not options["without_export"]:
            self._look_at_export(community, options["export"], now - timedelta(days=options["not_older_than"]))
        for label, count in counted(community).items():
            self.stdout.write(f"{label}: {count}")
        self._ask_for_the_name(community, options["yes_remove"])
        try:
            removed = remove_community(community, at=now, say=self._say)
        except (MovingError, OSError) as trouble:
            raise CommandError(_("Not finished: %(reason)s Repeat the command.") % {"reason": trouble}) from trouble
        words = {"name": community.name, "rows": sum(removed.values()), "slug": community.slug}
        self.stdout.write(_("“%(name)s” is removed: %(rows)d rows. /%(slug)s/ answers 410 from now on.") % words)

    def _look_at_export(self, community: Community, export: Path | None, oldest: datetime) -> None:
        """Raises CommandError unless it is whole, of this community, and young enough."""
        if export is None:
            raise CommandError(
                _("Export it first and name the export by --export, or say --without-export: then it is lost for good.")
            )
        try:
            with opened(export.absolute()) as folder:
                facts = checked(folder)
                refuse_partial(folder, facts)
        except (MovingError, OSError) as trouble:
            raise CommandError(str(trouble)) from trouble
        if facts.slug != community.slug:
            raise CommandError(_("That is the export of “%(name)s”.") % {"name": facts.name})
        if facts.site != settings.SITE_URL:
            raise CommandError(_("That export was made at %(site)s, not here.") % {"site": facts.site})
        self._look_for_what_came_since(community, facts)
        if datetime.fromisoformat(facts.made_at) < oldest:
            raise CommandError(_("The export is of %(at)s: make a new one.") % {"at": facts.made_at})

    def _look_for_what_came_since(self, community: Community, facts: Facts) -> None:
        """Raises CommandError for rows that no export would have: more reports or photos, or a kind that it lacks."""
        found = counted(community)
        for kind in travellers():
            here, there = found.get(kind.label, 0), facts.rows.get(kind.label, 0)
            if kind.label not in ONLY and here > there and (there == 0 or kind.label in PRECIOUS):
                words = {"kind": kind.label, "here": here, "there": there}
                raise CommandError(
                    _("%(kind)s: %(here)d rows are here, the export has %(there)d. Make a new export.") % words
                )

    def _ask_for_the_name(self, community: Community, given: str) -> None:
        """Raises CommandError for anything but the name."""
        if not given:
            given = input(_("To remove it for good, type its name, “%(name)s”: ") % {"name": community.name})
        if given.strip() != community.name:
            raise CommandError(_("That is not its name. Nothing was removed."))

    def _say(self, words: str) -> None:
        self.stdout.write(words)
        self.stdout.flush()
