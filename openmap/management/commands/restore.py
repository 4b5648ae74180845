"""Restores a backup into an empty place."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from openmap.backup.checking import check
from openmap.backup.layout import BackupError, Manifest
from openmap.backup.restoring import restore
from openmap.backup.saying import Teller
from openmap.backup.secret import advice_for


class Command(BaseCommand):
    help = (
        "Restores a backup into an empty database and an empty storage. Nothing is touched before the backup was "
        "checked. A restore that was interrupted is simply repeated."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("backup", type=Path, help="folder of one backup")
        parser.add_argument("--check", action="store_true", help="only check the backup")
        parser.add_argument("--keep-files", action="store_true", help="leave other files in the storage as they are")

    def handle(self, *args: Any, **options: Any) -> None:
        backup, teller = options["backup"].absolute(), Teller(self.stdout)
        try:
            if options["check"]:
                self._tell(check(backup, told=teller.count), _("The backup is whole"))
                return
            manifest = restore(backup, keep_files=options["keep_files"], say=teller.say, told=teller.count)
        except BackupError as trouble:
            raise CommandError(str(trouble)) from trouble
        except OSError as fault:
            raise CommandError(_("Interrupted: %(reason)s. Mend it and repeat.") % {"reason": fault}) from fault
        self._tell(manifest, _("Restored and compared"))
        for line in advice_for(backup):
            teller.say(line)

    def _tell(self, manifest: Manifest, what: str) -> None:
        facts = {"what": what, "at": manifest.made_at, "rows": sum(manifest.tables.values()), "files": manifest.files}
        self.stdout.write(_("%(what)s: of %(at)s, %(rows)d rows, %(files)d files.") % facts)
