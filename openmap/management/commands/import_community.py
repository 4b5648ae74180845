"""Brings in a community that export_community wrote."""

from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from django.utils.translation import gettext as _

from geodata.models import Community
from openmap.moving.bundle import MovingError, opened
from openmap.moving.importing import import_community


class Command(BaseCommand):
    help = "Brings in a community that export_community wrote: all of it, or nothing. docs/backup.md"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("export", type=Path, help="the folder or tar file")
        parser.add_argument("--slug", default="", help="another address for it")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            if options["slug"]:
                Community._meta.get_field("slug").run_validators(options["slug"])
            with opened(options["export"].absolute()) as folder:
                community = import_community(folder, at=timezone.now(), slug=options["slug"], say=self.stderr.write)
        except ValidationError as mistake:
            raise CommandError("; ".join(mistake.messages)) from mistake
        except MovingError as trouble:
            raise CommandError(str(trouble)) from trouble
        except OSError as fault:
            raise CommandError(_("Interrupted: %(reason)s. Mend it and repeat.") % {"reason": fault}) from fault
        self.stdout.write(
            _("Imported “%(name)s”: %(address)s. Messages that were still to be sent are dead letters here.")
            % {"name": community.name, "address": community.get_absolute_url()}
        )
