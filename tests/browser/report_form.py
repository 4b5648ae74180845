"""Short ways to fill in the report form in a browser."""

from playwright.sync_api import FilePayload, Page, expect

from tests.grid import Town

ADDRESS = "/yavoryn/report/"
WORDS = "Відкритий люк на тротуарі біля аптеки, ввечері його не видно."
VODOKANAL = "КП «Яворинводоканал»"
KYIV = (30.5234, 50.4501)


def typed(town: Town, name: str) -> str:
    """Coordinates as map programs copy them: latitude first."""
    return f"{town[name].y:.6f}, {town[name].x:.6f}"


def photo(content: bytes, name: str = "яма.jpg") -> FilePayload:
    return {"name": name, "mimeType": "image/jpeg", "buffer": content}


def place_of(page: Page) -> tuple[float, float]:
    """(lon, lat) that the form would send."""
    lon, lat = (page.locator(f"[name={name}]").input_value() for name in ("lon", "lat"))
    return float(lon), float(lat)


def town_on_the_small_map(page: Page) -> tuple[float, float]:
    """Pixels from the corner of the form's map to the corner of the community on it, measured at one moment."""
    x, y = page.locator("path.t-rim").evaluate(
        """rim => {
            const town = rim.getBoundingClientRect();
            const frame = rim.ownerDocument.querySelector("#pickmap").getBoundingClientRect();
            return [town.x - frame.x, town.y - frame.y];
        }"""
    )
    return x, y


def choose(page: Page, category: str) -> None:
    page.locator("label.chip", has=page.locator(f"input[value={category}]")).click()


def fill(page: Page, town: Town, *, place: str = "p", text: str = WORDS) -> None:
    """Everything that a report needs, and waits for the name of who will answer."""
    page.locator("#address").fill(typed(town, place))
    page.locator("#address").press("Enter")
    page.locator("#text").fill(text)
    choose(page, "manholes")
    expect(page.locator("#send")).to_contain_text(VODOKANAL)
