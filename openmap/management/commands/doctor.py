"""Looks at everything that an installation lives by, and says how to mend what is wrong."""

import json
import sys
from argparse import ArgumentParser
from typing import Any, Final

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core.doctor import Asked, Level, Result, all_checks, database_answers, examine
from geodata.models import Community

SIGNS: Final = {Level.OK: "✓", Level.WARN: "!", Level.BAD: "✗"}


class Command(BaseCommand):
    help = (
        "Looks at boundaries, routing, channels, certificates, queues, disks, clocks, database, backups and settings, "
        "and says how to mend each. Exit code: 0 all is well, 1 something should be looked at, 2 something is broken."
    )
    requires_system_checks = []  # what they find is told with the rest

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--community", default="", metavar="SLUG", help="only this community")
        parser.add_argument("--only", action="append", default=[], metavar="NAME", help="only checks that begin so")
        parser.add_argument("--offline", action="store_true", help="ask no server but the own database and broker")
        parser.add_argument("--quiet", action="store_true", help="leave out what is well")
        parser.add_argument("--json", action="store_true", help="a list of objects, for programs")
        languages = [code for code, _name in settings.LANGUAGES]
        parser.add_argument("--language", choices=languages, default=settings.LANGUAGE_CODE)

    def handle(self, *args: Any, **options: Any) -> None:
        with translation.override(options["language"]):
            worst = self._look(options)
        sys.exit(int(worst))

    def _look(self, options: dict[str, Any]) -> Level:
        wanted = tuple(options["only"])
        chosen = [one for one in all_checks() if not wanted or one.name.startswith(wanted)]
        if not chosen:
            raise CommandError(_("There is no such check. There are: %(names)s") % {"names": self._names()})
        asked = Asked(timezone.now(), _known(options["community"]), online=not options["offline"])
        results: list[Result] = []
        for result in examine(asked, chosen):
            results.append(result)
            if not options["json"]:
                self._tell(result, is_quiet=options["quiet"])
        if options["json"]:
            self.stdout.write(json.dumps([row for one in results for row in _rows(one)], ensure_ascii=False, indent=2))
        else:
            self._sum_up(results)
        return max((one.level for one in results), default=Level.OK)

    def _tell(self, result: Result, *, is_quiet: bool) -> None:
        if is_quiet and result.level == Level.OK:
            return
        self.stdout.write(f"{SIGNS[result.level]} {result.check.title}  ({result.check.name})")
        for one in result.findings:
            if is_quiet and one.level == Level.OK:
                continue
            place = f"{one.where}: " if one.where else ""
            self.stdout.write(f"    {SIGNS[one.level]} {place}{one.what}")
            if one.mend:
                self.stdout.write(f"      → {one.mend}")

    def _sum_up(self, results: list[Result]) -> None:
        found = [one.level for result in results for one in result.findings]
        bad, warned = found.count(Level.BAD), found.count(Level.WARN)
        if not bad and not warned:
            self.stdout.write(_("All is well."))
            return
        told = [
            ngettext("%(count)d thing does not work", "%(count)d things do not work", bad) % {"count": bad},
            ngettext("%(count)d should be looked at", "%(count)d should be looked at", warned) % {"count": warned},
        ]
        self.stdout.write("; ".join(told) + ".")

    def _names(self) -> str:
        return ", ".join(one.name for one in all_checks())


def _known(slug: str) -> str:
    """The slug, if a community has it, or nobody can tell. Raises CommandError with those that are there."""
    if slug and database_answers():
        slugs = list(Community.objects.order_by("slug").values_list("slug", flat=True))
        if slug not in slugs:
            raise CommandError(_("There is no such community. There are: %(names)s") % {"names": ", ".join(slugs)})
    return slug


def _rows(result: Result) -> list[dict[str, Any]]:
    return [
        {
            "check": result.check.name,
            "level": one.level.name.lower(),
            "what": one.what,
            "where": one.where,
            "mend": one.mend,
        }
        for one in result.findings
    ]
