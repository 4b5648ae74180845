"""Drawn checkouts: folders that look like one, without its Python or Node packages."""

from __future__ import annotations

from pathlib import Path

import pytest

from launcher.places import Places


@pytest.fixture
def checkout(tmp_path: Path) -> Places:
    """An empty checkout whose path has spaces."""
    root = tmp_path / "a checkout with spaces"
    root.mkdir()
    places = Places(root=root, var=root / "var")
    places.make()
    return places
