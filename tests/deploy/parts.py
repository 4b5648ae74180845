"""What the parts of the launcher are started with, and the same read out of files for other ways to run them."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import yaml
from django.conf import settings

from launcher import parts
from launcher.places import Places

ROOT = Path(settings.BASE_DIR)
DEPLOY = ROOT / "deploy"
HERE = Places(root=ROOT, var=ROOT / "var")
ELSEWHERE = {"--bind", "--schedule", "--loglevel", "-A", "--app"}  # where a part listens or writes differs by place
SUBCOMMANDS = {"openmap.wsgi:application", "worker", "beat"}
COSTS_NOTHING = {"--without-gossip", "--without-mingle", "--without-heartbeat"}  # talk between workers


def options(command: Iterable[str]) -> dict[str, str]:
    """Options of a command with their values; "" for those without one."""
    found: dict[str, str] = {}
    last = ""
    for word in command:
        if word in SUBCOMMANDS:
            last = ""
        elif word.startswith("-"):
            name, _, value = word.partition("=")
            found[name], last = value.replace("%%", "%"), "" if value else name
        elif last:
            found[last], last = word.replace("%%", "%"), ""
    return {name: value for name, value in found.items() if name not in ELSEWHERE | COSTS_NOTHING | {"-m"}}


def of_the_launcher() -> dict[str, dict[str, str]]:
    """By part, the options that `./misto up` gives it."""
    env = {"MISTO_HOSTS": "localhost"}
    started = [
        parts.web(HERE, env, 8000),
        parts.worker(HERE, env),
        parts.outbox(HERE, env),
        parts.jobs(HERE, env),
        parts.beat(HERE, env),
    ]
    return {part.name: options(part.command) for part in started}


def settings_read() -> set[str]:
    """Every variable that the service or the reverse proxy reads."""
    sources = [path.read_text(encoding="utf-8") for path in (ROOT / "openmap").glob("*.py")]
    read = {name for source in sources for name in re.findall(r'"([A-Z][A-Z_]+)"', source)}
    return read | set(re.findall(r"\{\$([A-Z_]+)", (DEPLOY / "proxy" / "Caddyfile").read_text(encoding="utf-8")))


def documents(folder: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every YAML document of a folder's files, with the name of its file."""
    for path in sorted(folder.glob("*.yaml")):
        for document in yaml.safe_load_all(path.read_text(encoding="utf-8")):
            yield path.name, document
