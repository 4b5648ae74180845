"""`./misto backup` and `./misto restore`: manage.py's commands, with the installation's secret beside them."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from launcher import claim, commands, console
from launcher.places import Places

SECRETS = "secrets.json"


def backup(here: Places, words: Sequence[str]) -> int:
    """Make a backup; returns the exit code. The service may run."""
    return commands.manage(here, ["backup", *_absolute(words)])


def restore(here: Places, words: Sequence[str]) -> int:
    """Restore a backup into this checkout's empty place; returns the exit code.

    The secret of the backup becomes that of the installation, unless the operator gives one by MISTO_SECRET_KEY.
    """
    holder = claim.holder(here.run) if here.run.exists() else None
    if holder is not None and holder.role == claim.SERVICE and "--check" not in words:
        console.fail("The service of this checkout is running: ./misto stop, then restore.")
    secrets = _secrets(words)
    own = _own_secret(os.environ, secrets) if "--check" not in words else {}
    os.environ.update(own)
    code = commands.manage(here, ["restore", *_absolute(words)])
    if code == 0 and own:
        _keep(here, secrets)
    return code


def _absolute(words: Sequence[str]) -> list[str]:
    """The words with folders as seen from where ./misto was called: the command runs in the checkout."""
    return [
        word if word.startswith("-") or (number and words[number - 1] == "--keep") else str(Path(word).absolute())
        for number, word in enumerate(words)
    ]


def _secrets(words: Sequence[str]) -> dict[str, Any]:
    """What the named backup says; empty when it cannot be read, which the command itself explains."""
    for word in words:
        if word.startswith("-"):
            continue
        try:
            found = json.loads((Path(word) / SECRETS).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}
    return {}


def _own_secret(base: Mapping[str, str], secrets: Mapping[str, Any]) -> dict[str, str]:
    """The environment that the secrets of the backup make, where the operator says nothing."""
    if base.get("MISTO_SECRET_KEY") or not secrets.get("MISTO_SECRET_KEY"):
        return {}
    former = base.get("MISTO_SECRET_KEY_FALLBACKS") or ",".join(secrets.get("MISTO_SECRET_KEY_FALLBACKS", []))
    given = {"MISTO_SECRET_KEY": str(secrets["MISTO_SECRET_KEY"])}
    return given | ({"MISTO_SECRET_KEY_FALLBACKS": former} if former else {})


def _keep(here: Places, secrets: Mapping[str, Any]) -> None:
    """Write the secret where the service reads it; another one that was there stays beside it."""
    path = here.var / "secret-key"
    wanted = str(secrets["MISTO_SECRET_KEY"])
    if path.exists():
        if path.read_text(encoding="ascii").strip() == wanted:
            return
        path.replace(path.with_suffix(".before-restore"))
    draft = path.with_suffix(".new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(wanted)
    draft.replace(path)
    console.say(f"The secret of the backup is in {path} now.")
    if former := secrets.get("MISTO_SECRET_KEY_FALLBACKS"):
        console.say(
            f"It had {len(former)} former ones: set MISTO_SECRET_KEY_FALLBACKS to them ({SECRETS} of the backup)."
        )
    console.say("Start the service: ./misto up")


WORDS = {"backup": backup, "restore": restore}
