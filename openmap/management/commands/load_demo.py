"""Puts the invented town of Яворин into an empty database."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.translation import gettext as _

from openmap.demo.accounts import account_lines, links_to_try, write_privately
from openmap.demo.founding import holds_anything
from openmap.demo.load import load_demo


class Command(BaseCommand):
    help = (
        "Puts the invented town of Яворин with three years of its history into an empty database, in under a minute, "
        "and prints its accounts. No letter of the demo is "
        "sent, but for the last two, which are left to the worker; all addresses are of example.org."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--small", action="store_true", help="the stories of the last weeks only, no history")
        parser.add_argument("--if-empty", action="store_true", help="do nothing, quietly, where there is a community")

    def handle(self, *args: Any, **options: Any) -> None:
        if holds_anything():
            if options["if_empty"]:
                return
            raise CommandError(_("This database holds communities or organisations; the demo needs an empty one."))
        demo = load_demo(at=timezone.now(), say=self.say, is_small=options["small"])
        lines = account_lines(demo.accounts, links_to_try(demo.community))
        for line in lines:
            self.stdout.write(line)
        self.stdout.write(_("The same is in %(file)s") % {"file": write_privately(lines)})

    def say(self, words: str) -> None:
        """A line of progress, at once."""
        self.stdout.write(words)
        self.stdout.flush()
