"""python -m tests.faults.campaign [--reports N] [--rate N] [--seed N] [--quick]: `./misto test faults` runs this.

Writes a report on standard output, and words about how it goes on standard error. Exit code 1: a promise was broken.
"""

import argparse
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from secrets import token_urlsafe
from threading import Thread

from launcher import processes
from launcher.supervisor import Stop, stop_on_signals
from tests.faults.campaign import reading, town
from tests.faults.campaign.actors import Actors
from tests.faults.campaign.chaos import Chaos
from tests.faults.campaign.faults import faults_of
from tests.faults.campaign.receivers import Receiver, free_port
from tests.faults.campaign.reporters import Reporters
from tests.faults.campaign.service import Service
from tests.faults.campaign.told import Campaign, told
from tests.faults.campaign.turns import Turns
from tests.faults.campaign.verdicts import SOON, all_delivered, each_once, first_moments, in_order, no_report_lost, soon

LONG, QUICK = (5.0, 25.0), (2.0, 4.0)  # seconds for which a fault is held, from and to
EVERY = 200  # reports between two faults; when they are few, as many as let each kind strike once
PATIENCE = SOON + 60.0  # so long the end is waited for before it is judged
LONGEST_QUEUE = 1200.0  # of reports that a busy machine has not taken yet
PREFIX = "misto-test-faults-"


def main(words: Sequence[str]) -> int:
    """Runs one campaign; 0 when every promise was kept."""
    asked = _asked(words)
    folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir="/tmp"))
    folder.chmod(0o711)  # the database's account passes through it
    try:
        with stop_on_signals():
            found = _Run(folder, asked).campaign()
    except Stop:
        return 130
    finally:
        if asked.keep:
            say(f"Everything is kept in {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)
    sys.stdout.write(told(found))
    return 0 if found.is_kept else 1


def say(words: str) -> None:
    """A line of progress."""
    sys.stderr.write(f"{time.strftime('%H:%M:%S')} {words}\n")
    sys.stderr.flush()


class _Run:
    """One campaign on its way."""

    def __init__(self, folder: Path, asked: argparse.Namespace) -> None:
        self.asked = asked
        self.mail = Receiver("mail", "tests.faults.campaign.mailbox", folder, refusal="451 4.3.0 Try again later")
        self.hook = Receiver("hook", "tests.faults.campaign.hookbox", folder, refusal="500")
        self.receivers = [self.mail, self.hook]
        self.service = Service(folder, free_port(), self._settings())
        self.turns = Turns()
        self.actors = Actors(self.service.url, self.turns)
        self.reporters = Reporters(self.service.url, asked.seed, self.turns, self.actors.on_accepted)
        self.is_over = False

    def campaign(self) -> Campaign:
        """From nothing to what is known at the end."""
        try:
            for receiver in self.receivers:
                receiver.start()
            say("Starting the service")
            self.service.start()
            self.service.manage(town.__name__, str(self.mail.book.parent), f"http://127.0.0.1:{self.hook.port}/events")
            return self._between_start_and_stop()
        finally:
            self.is_over = True
            say("Stopping the service")
            self.service.stop()
            for receiver in self.receivers:
                receiver.go_on()
                receiver.kill()

    def _between_start_and_stop(self) -> Campaign:
        asked, began = self.asked, time.time()
        kinds = faults_of(self.service, self.receivers)
        say(f"{asked.reports} reports, {asked.rate:g} a second; {len(kinds)} kinds of faults")
        every = min(EVERY, asked.reports // (len(kinds) + 1))
        chaos = Chaos(self.service, self.receivers, kinds, asked.seed, QUICK if asked.quick else LONG, every, say)
        self.reporters.plan(asked.reports, rate=asked.rate, begin=began + 1)
        self.turns.start()
        Thread(target=self._read_letters, daemon=True).start()
        chaos.run(lambda: len(self.reporters.accepted()), of=asked.reports)
        over = self._await_the_end()
        return self._judged(chaos, began=began, over=over)

    def _await_the_end(self) -> float:
        """When everything was accepted and delivered; not for ever."""
        say("No more faults; waiting until everything is accepted and delivered")
        processes.wait_until(self.turns.is_done, seconds=LONGEST_QUEUE, every=0.5)
        processes.wait_until(
            lambda: self.turns.is_done() and not reading.waiting(self.service), seconds=PATIENCE, every=1.0
        )
        over = time.time()
        time.sleep(2.0)  # what a receiver noted is on its disk; what nobody should send would come now
        self.turns.stop()
        return over

    def _judged(self, chaos: Chaos, *, began: float, over: float) -> Campaign:
        messages, accepted = reading.messages(self.service), self.reporters.accepted()
        entries = sorted((one for receiver in self.receivers for one in receiver.entries()), key=lambda one: one.at)
        moments = first_moments(entries)
        recovery = chaos.struck[-1].whole_at
        return Campaign(
            rate=self.asked.rate,
            seed=self.asked.seed,
            began_at=began,
            over_at=over,
            reporters=self.reporters,
            actors=self.actors,
            struck=chaos.struck,
            messages=messages,
            entries=entries,
            verdicts=[
                no_report_lost(accepted, reading.reports(self.service)),
                all_delivered(messages, moments),
                each_once(messages, entries),
                in_order(messages, moments),
                soon(messages, moments, last_recovery=recovery),
            ],
            strange=[*chaos.strange, *self.reporters.strange, *map(repr, self.turns.mistakes)],
        )

    def _read_letters(self) -> None:
        while not self.is_over:
            for receiver in self.receivers:
                self.actors.on_letters(receiver.name, receiver.entries())
            time.sleep(1.0)

    def _settings(self) -> dict[str, str]:
        """Those of production; each resident comes from a network of their own, as a proxy in front tells."""
        return {
            "MISTO_ENV": "production",
            "MISTO_SECRET_KEY": token_urlsafe(48),
            "MISTO_HOSTS": "127.0.0.1",
            "MISTO_PROXIES": "1",
            "MISTO_EMAIL_URL": f"smtp://127.0.0.1:{self.mail.port}",
            "MISTO_OUTWARD_ALLOWED": f"127.0.0.1:{self.hook.port}",
            "MISTO_STATIC_ROOT": str(self.mail.book.parent / "static"),
        }


def _asked(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./misto test faults", description="Kill everything in turn, and count.")
    parser.add_argument("--reports", type=int, default=10_000, help="how many reports are offered (10000)")
    parser.add_argument("--rate", type=float, default=8.0, help="reports a second (8)")
    parser.add_argument("--seed", type=int, default=7, help="the order of the faults (7)")
    parser.add_argument("--quick", action="store_true", help="short faults with short pauses, as in the suite")
    parser.add_argument("--keep", action="store_true", help="keep logs and ledgers")
    return parser.parse_args(words)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
