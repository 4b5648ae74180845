"""Which files of browser libraries become static files. Each is named: a package brings much that no page needs."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.finders import BaseFinder
from django.core.files.storage import FileSystemStorage

# Static name → where npm put it. A source map comes along, because its script names it.
LIBRARIES = {
    f"protomaps-leaflet/{name}": f"protomaps-leaflet/dist/{name}"
    for name in ("protomaps-leaflet.js", "protomaps-leaflet.js.map")
} | {f"uplot/{name}": f"uplot/dist/{name}" for name in ("uPlot.iife.min.js", "uPlot.min.css")}


class _Renamed(FileSystemStorage):
    """node_modules, read under static names."""

    def path(self, name: str) -> str:
        return super().path(LIBRARIES[name])


class NpmFinder(BaseFinder):
    """Finds the files of LIBRARIES. A file that is not installed is not found, as any other."""

    def __init__(self, app_names: Iterable[str] | None = None) -> None:
        self.storage = _Renamed(location=settings.NPM_ROOT)

    def check(self, **kwargs: Any) -> list[Any]:
        """Nothing to configure."""
        return []

    def find(self, path: str, find_all: bool = False, **kwargs: Any) -> Any:
        """The path of the file, or all such files with `find_all`; an empty list when there is none."""
        named = LIBRARIES.get(path)
        file = Path(settings.NPM_ROOT) / named if named else None
        if file is None or not file.is_file():
            return []
        return [str(file)] if find_all else str(file)

    def list(self, ignore_patterns: Iterable[str] | None) -> Iterator[tuple[str, Any]]:
        """Every installed file with its storage."""
        for name in LIBRARIES:
            if self.find(name):
                yield name, self.storage
