"""Names of the streets of each district, the longest street first: 491, with the nine main roads 500."""

from typing import Final

from openmap.demo.street_names import honchari, lisova_poliana, slobidka, soniachnyi, stare_misto, vokzalnyi, zarichchia

STREET_NAMES: Final[dict[str, tuple[str, ...]]] = {
    "stare-misto": stare_misto.NAMES,
    "lisova-poliana": lisova_poliana.NAMES,
    "vokzalnyi": vokzalnyi.NAMES,
    "soniachnyi": soniachnyi.NAMES,
    "zarichchia": zarichchia.NAMES,
    "slobidka": slobidka.NAMES,
    "honchari": honchari.NAMES,
}
