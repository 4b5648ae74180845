"""Takes one letter from a mail server, by a pipe."""

import os
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.db import DatabaseError
from django.utils import timezone

from core.incoming import keep
from core.letter_parts import MOST_BYTES


class Command(BaseCommand):
    help = (
        "Keeps the letter that stands on standard input; a worker reads it soon. Exit code 75 asks the mail server to "
        "bring it again later. The same letter may be brought twice."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--to", default="", help="the recipient on the envelope, as the mail server knows it")

    def handle(self, *args: Any, **options: Any) -> None:
        raw = sys.stdin.buffer.read(MOST_BYTES + 1)
        while sys.stdin.buffer.read(1024 * 1024):  # a mail server whose pipe closes early would send the letter back
            pass
        if not raw.strip():
            self.stderr.write("Nothing came on standard input.")
            sys.exit(os.EX_NOINPUT)
        try:
            new = keep(raw, recipient=options["to"], at=timezone.now())
        except DatabaseError as error:
            self.stderr.write(f"The letter could not be kept ({type(error).__name__}).")
            sys.exit(os.EX_TEMPFAIL)
        self.stdout.write("Kept." if new else "It was here before.")
