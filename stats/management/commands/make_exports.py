"""Makes the files of open data now, without waiting for the night."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone
from django.utils.translation import gettext as _
from django_scopes import scope

from geodata.management.files import community_called
from geodata.models import Community
from stats.filling import fill_all
from stats.opendata.making import BusyError, make_exports


class Command(BaseCommand):
    help = "Makes the files of open data: of one community, or of all, one after another. What is up to date is left."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--community", help="slug of the community; default: all")

    def handle(self, *args: Any, **options: Any) -> None:
        one = options["community"]
        fill_all(at=timezone.now())
        for community in [community_called(one)] if one else Community.objects.defer("boundary"):
            try:
                with scope(community=community):
                    made = make_exports(community, at=timezone.now())
            except BusyError:
                self.stderr.write(
                    _("%(community)s: another process makes these files now") % {"community": community.slug}
                )
                continue
            words = _("%(community)s: %(parts)d parts and %(files)d files made")
            self.stdout.write(words % {"community": community.slug, **made})
