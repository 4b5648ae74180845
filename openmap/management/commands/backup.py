"""Makes a backup of the whole installation."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.translation import gettext as _

from openmap.backup.layout import BackupError
from openmap.backup.making import make
from openmap.backup.saying import Teller


class Command(BaseCommand):
    help = (
        "Makes a checked backup of the database and the files while people go on. It holds the installation's secret: "
        "keep it where only you can read it. docs/backup.md tells what is in it."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        place = Path(settings.BACKUP_PLACE)
        parser.add_argument("place", nargs="?", type=Path, default=place, help=f"folder of backups; default: {place}")
        parser.add_argument("--keep", type=int, default=0, metavar="N", help="keep only the newest N of this place")
        parser.add_argument("--allow-missing", action="store_true", help="go on without files that the storage lost")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["keep"] < 0:
            raise CommandError(_("Keep at least one backup, or leave --keep out to keep all."))
        teller = Teller(self.stdout)
        try:
            made = make(
                options["place"].absolute(),
                at=timezone.now(),
                keep=options["keep"],
                allow_missing=options["allow_missing"],
                say=teller.say,
                told=teller.count,
            )
        except BackupError as trouble:
            raise CommandError(str(trouble)) from trouble
        for name in made.removed:
            teller.say(_("Removed the older backup %(name)s.") % {"name": name})
        if made.manifest.missing:
            teller.say(_("Files that the storage lacks: %(count)d.") % {"count": len(made.manifest.missing)})
        facts = {
            "folder": made.folder,
            "rows": sum(made.manifest.tables.values()),
            "files": made.manifest.files,
            "linked": made.linked,
            "size": (made.manifest.dump_size + made.manifest.files_size) / 1_000_000,
        }
        teller.say(
            _(
                "Backup made and checked: %(folder)s; %(rows)d rows, %(files)d files (%(linked)d unchanged), "
                "%(size).1f MB."
            )
            % facts
        )
