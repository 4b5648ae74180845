"""`./misto up` and `./misto stop`: the service from nothing to its address, and back."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Mapping
from functools import partial
from signal import SIGTERM

from launcher import (
    browser_libs,
    claim,
    console,
    parts,
    ports,
    processes,
    python_env,
    servers,
    service,
    site,
    system,
)
from launcher.places import Places
from launcher.supervisor import Stop, stop_on_signals

SECONDS_TO_STOP = 90.0
FOR_BUILDING = {"MISTO_ENV": "test", "MISTO_SECRET_KEY": "only-for-building"}  # collecting files asks for no secret


def up(here: Places, *, port: int | None) -> None:
    """Prepare what is missing, start every part, and stay until asked to stop."""
    began = time.monotonic()
    here.make()
    try:
        with claim.hold(here.run, role=claim.SERVICE), stop_on_signals():
            _serve(here, port=port, began=began)
    except claim.TakenError as taken:
        console.fail(_who_runs(taken.holder))


def stop(here: Places) -> None:
    """Ask the running service to stop and wait until it has."""
    holder = claim.holder(here.run)
    if holder is None:
        console.say("The service is not running.")
        return
    if holder.role != claim.SERVICE:
        console.fail(f"A ./misto command (process {holder.process.pid}) is at work, not the service.")
    with console.step("Stopping the service"):
        if processes.end([holder.process], signals=((SIGTERM, SECONDS_TO_STOP),)):
            console.fail(f"Process {holder.process.pid} has not ended after {SECONDS_TO_STOP:.0f} s.")


def prepare(here: Places, *, development: bool = False) -> None:
    """Install what is missing for the service, or for its tests too. Needs no network when nothing is."""
    if here.setup_log.exists():
        here.setup_log.unlink()
    needs = partial(system.runtime_needs, database=not service.has_own_database(), redis=not service.has_own_redis())
    system.ensure(system.test_needs if development else needs)
    python_env.ensure(here, development=development)
    browser_libs.ensure(here, development=development)


def prepare_for_others(here: Places) -> None:
    """Everything that can be made without a database, for a service whose parts systemd starts (docs/deploy.md)."""
    here.make()
    prepare(here)
    site.compile_messages(here.root)
    site.collect_static(here, python_env.environment() | FOR_BUILDING)


def _serve(here: Places, *, port: int | None, began: float) -> None:
    """Everything between the claim and the end of the service."""
    keeper = servers.new_supervisor(here)
    try:
        chosen = ports.choose(port)
        prepare(here)
        addresses = servers.start_private(here, keeper)
        env = service.environment(here, port=chosen, addresses=addresses)
        _update_site(here, env)
        env = service.environment(here, port=chosen, addresses=addresses)  # the demo may just have been loaded
        with console.step("Starting web, workers and beat"):
            keeper.start(parts.web(here, env, chosen))
            keeper.start(parts.worker(here, env), parts.outbox(here, env), parts.jobs(here, env))
            keeper.start(parts.beat(here, env))
        claim.describe(here.run, role=claim.SERVICE, url=env["MISTO_SITE_URL"])
        _announce(here, env, chosen, seconds=time.monotonic() - began)
        keeper.watch()
    except Stop:
        console.say("")
    finally:
        if keeper.children:
            with console.step("Stopping"):
                keeper.stop()


def _update_site(here: Places, env: Mapping[str, str]) -> None:
    """Words, tables and static files as this checkout has them; the demo in a private empty database."""
    site.compile_messages(here.root)
    site.migrate(here, env)
    site.collect_static(here, env)
    if not service.has_own_database() and os.environ.get("MISTO_DEMO") != "0":
        site.load_demo_if_empty(here, env)


def _announce(here: Places, env: Mapping[str, str], port: int, *, seconds: float) -> None:
    """Say where the service is and who can sign in."""
    console.say(f"\nReady in {seconds:.1f} s: {env['MISTO_SITE_URL']}/")
    local = f"http://{ports.HOST}:{port}"
    if env["MISTO_SITE_URL"] != local:
        console.say(f"It listens on {local}/")
    if not env.get("MISTO_EMAIL_URL"):
        console.say(f"Letters are written to {here.var / 'mail'} (MISTO_EMAIL_URL names a mail server).")
    if env.get("MISTO_DEMO") == "1" and here.demo_accounts.exists():
        accounts = here.demo_accounts.read_text(encoding="utf-8").rstrip()
        console.say("\nDemo accounts:\n" + at_this_address(accounts, env["MISTO_SITE_URL"]))
    console.say(f"\nLogs: {here.logs}. Stop with Ctrl-C or ./misto stop.")


def at_this_address(text: str, url: str) -> str:
    """The text with its local links led to where the service is now: the port may have changed since."""
    return re.sub(rf"http://{re.escape(ports.HOST)}:\d+", lambda found: url, text)


def _who_runs(holder: claim.Holder | None) -> str:
    """Why a second start is refused."""
    if holder is None:
        return "Another ./misto of this checkout is just starting or stopping. Try again in a moment."
    if holder.role == claim.SERVICE:
        where = f" at {holder.url}/" if holder.url else " and not ready yet"
        return f"The service of this checkout is already running{where} (process {holder.process.pid})."
    return f"A ./misto command (process {holder.process.pid}) is using the database; start again when it ends."
