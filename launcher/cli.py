"""The words after `./misto`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from launcher import checks, commands, console, keeping, testrun, up
from launcher.places import Places
from launcher.supervisor import Stop

EXIT_INTERRUPTED = 130

HELP = """\
Відкрите місто (Open City): a pinned problem reaches the utility that must fix it.

  ./misto up [--port N]      install what is missing, start the service, print its address
  ./misto stop               stop the running service
  ./misto prepare            install what is missing and make static files, where systemd starts the parts
  ./misto demo [--small]     load the demo town into the service's database, with three years of its history;
                             --small: with the stories of the last weeks only
  ./misto backup [PLACE] [--keep N]
                             database, photos and secret into a new folder of PLACE, checked
  ./misto restore BACKUP     a backup into this checkout's empty place; --check only checks it
  ./misto manage COMMAND …   Django's commands against the service's database
  ./misto check              format, types, arrows, templates, translations: the first half of CI
  ./misto test               check, then every test on a throw-away database
  ./misto test tests/issues -k name
                             a part of the tests; the words go to pytest
  ./misto test faults        10,000 reports while every part is killed in turn; a report on standard output
  ./misto bench [NAME]       measure; without a name, list the measurements
  ./misto help               this text

The service keeps its files under var/ and listens on 127.0.0.1 only. With DATABASE_URL or REDIS_URL
set it uses those servers and starts none of its own. docs/operations.md lists every setting.
"""


def main(words: Sequence[str]) -> int:
    """Run one command; returns the exit code."""
    try:
        return _run(Places.of_this_checkout(), words[0] if words else "help", list(words[1:]))
    except console.LauncherError as error:
        if str(error):
            print(error, file=sys.stderr, flush=True)
        return 1
    except (KeyboardInterrupt, Stop):
        return EXIT_INTERRUPTED


def _run(here: Places, command: str, rest: list[str]) -> int:
    """Dispatch to the command."""
    match command:
        case "up":
            up.up(here, port=_port(rest))
        case "stop":
            _no_words(command, rest)
            up.stop(here)
        case "prepare":
            _no_words(command, rest)
            up.prepare_for_others(here)
        case "test":
            return testrun.test(here, rest)
        case "check":
            _no_words(command, rest)
            return checks.check(here)
        case "manage" | "demo":
            return commands.manage(here, ["load_demo", *rest] if command == "demo" else rest or ["help"])
        case "backup" | "restore":
            return keeping.WORDS[command](here, rest)
        case "bench":
            return commands.bench(here, rest[0] if rest else None, rest[1:])
        case "help" | "--help" | "-h":
            console.say(HELP)
        case _:
            console.fail(f"There is no command '{command}'. ./misto help lists them.")
    return 0


def _port(words: list[str]) -> int | None:
    """The value of --port."""
    parser = argparse.ArgumentParser(prog="./misto up", description="Start the service and stay with it.")
    parser.add_argument("--port", type=int, help="where to listen (default: the first free one from 8000 on)")
    port: int | None = parser.parse_args(words).port
    return port


def _no_words(command: str, rest: list[str]) -> None:
    """Refuse words that the command would not understand."""
    if rest:
        console.fail(f"./misto {command} takes no more words: {' '.join(rest)}")
