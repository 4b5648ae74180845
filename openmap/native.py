"""Finds the native geography libraries that came with the Python packages.

Debian 12 ships GDAL 3.6, for which Django raises the security warning `gis.W001`; the wheels of pyogrio and
shapely bring current builds. `GDAL_LIBRARY_PATH` and `GEOS_LIBRARY_PATH` in the environment win.
"""

from importlib.util import find_spec
from pathlib import Path


def bundled_library(package: str, pattern: str) -> str | None:
    """Path of the shared library `pattern` that the wheel of `package` carries, or None when it carries none."""
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        return None
    folder = Path(spec.submodule_search_locations[0])
    libraries = sorted((folder.parent / f"{package}.libs").glob(pattern))
    return str(libraries[0]) if libraries else None
