"""Writes one community as files that another installation takes."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from django.utils.translation import gettext as _

from geodata.management.files import community_called
from openmap.moving.bundle import MovingError
from openmap.moving.exporting import export_community


class Command(BaseCommand):
    help = (
        "Writes everything of one community, with its photos, into a new folder or tar file. It holds personal data: "
        "keep it where only you can read it. docs/backup.md"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("community", help="slug of the community")
        parser.add_argument("target", type=Path, help="a new folder, or a new file that ends in .tar")
        parser.add_argument("--allow-missing", action="store_true", help="go on without files that the storage lost")

    def handle(self, *args: Any, **options: Any) -> None:
        community, target = community_called(options["community"]), options["target"].absolute()
        try:
            facts = export_community(community, target, at=timezone.now(), allow_missing=options["allow_missing"])
        except MovingError as trouble:
            raise CommandError(str(trouble)) from trouble
        except OSError as fault:
            raise CommandError(
                _("%(file)s cannot be written: %(reason)s") % {"file": target, "reason": fault}
            ) from fault
        words = {"target": target, "rows": sum(facts.rows.values()), "files": facts.files}
        self.stdout.write(_("Exported: %(target)s; %(rows)d rows, %(files)d files.") % words)
