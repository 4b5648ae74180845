"""Scenes on roads and pavements. Each is drawn into 400 × 300 units."""

from openmap.demo.brush import Brush

ASPHALT, DARK, STEEL, EARTH = "#767a7d", "#44484b", "#5f6467", "#8a6f52"


def _pavement(b: Brush) -> None:
    """Asphalt in front, paving behind."""
    b.box(ASPHALT, 0, 0, 400, 300)
    b.polygon("#a8a394", (0, 0), (400, 0), (400, 92), (0, 120))
    for x in range(30, 460, 42):
        b.stroke("#938e80", 1.5, (x, 0), (x - 46, 118))
    b.stroke("#938e80", 1.5, (0, 40), (400, 22))
    b.stroke("#938e80", 1.5, (0, 78), (400, 54))
    b.polygon("#c9c4b6", (0, 120), (400, 92), (400, 106), (0, 136))
    b.polygon("#4f5356", (0, 136), (400, 106), (400, 112), (0, 144))
    b.crumbs(["#8b8f92", "#66696c"], 60, 150, 300)


def _road(b: Brush) -> None:
    b.box(STEEL, 0, 0, 400, 300)
    b.box("#8ea36f", 0, 0, 400, 62)
    b.box("#c9c4b6", 0, 56, 400, 16)
    b.crumbs(["#6f7477", "#55595c", "#7c8184"], 80, 76, 300)
    b.polygon("#e9e6dc", (300, 300), (250, 72), (264, 72), (340, 300))


def _cone(b: Brush, x: float, y: float) -> None:
    b.disc("#00000040", x, y + 2, 26, 6)
    b.polygon("#d2521a", (x - 24, y), (x + 24, y), (x + 21, y - 7), (x - 21, y - 7))
    b.polygon("#ee6a26", (x - 14, y - 7), (x - 4, y - 58), (x + 4, y - 58), (x + 14, y - 7))
    b.polygon("#fff3e6", (x - 11, y - 22), (x + 11, y - 22), (x + 13, y - 13), (x - 13, y - 13))


def _cover(b: Brush, x: float, y: float, size: float) -> None:
    b.disc("#4a4e51", x, y + 5, size, size * 0.42)
    b.disc("#666b6e", x, y, size, size * 0.42)
    b.ring("#4a4e51", x, y, size * 0.76, size * 0.31, 4)
    for part in (-0.5, 0, 0.5):
        b.stroke("#4a4e51", 3, (x + size * part, y - size * 0.3), (x + size * part, y + size * 0.3))
    b.stroke("#4a4e51", 3, (x - size * 0.7, y), (x + size * 0.7, y))


def manhole(b: Brush) -> None:
    _pavement(b)
    x, y = b.near(176, 16), b.near(212, 8)
    b.disc("#55585a", x, y + 2, 92, 44)
    b.disc("#8a8d8f", x, y, 82, 38)
    b.disc("#17191b", x, y + 2, 70, 31)
    b.shape("#2a2d30", (x - 66, y + 8), (x, y + 32), (x + 66, y + 8), (x, y + 22))
    _cover(b, b.near(308, 14), b.near(222, 10), 60)
    if b.chance.random() < 0.7:
        _cone(b, b.near(60, 14), 196)


def manhole_closed(b: Brush) -> None:
    _pavement(b)
    x = b.near(180, 14)
    b.polygon("#4b4e51", (x - 112, 168), (x + 106, 168), (x + 136, 268), (x - 138, 268))
    _cover(b, x, 215, 80)
    b.disc("#8b909380", x - 16, 203, 26, 6)


def pothole(b: Brush) -> None:
    _road(b)
    x, y, size = b.near(160, 26), b.near(222, 12), b.chance.uniform(0.8, 1.25)
    rim = [(x + dx * size + b.near(0, 7), y + dy * size) for dx, dy in _AROUND]
    b.shape(DARK, *rim)
    b.shape("#2b2e31", *[(x + (px - x) * 0.8, y + (py - y) * 0.78) for px, py in rim])
    if b.chance.random() < 0.6:
        b.shape("#6d8493", *[(x + (px - x) * 0.58, y + 4 + (py - y) * 0.5) for px, py in rim])
        b.stroke("#b9cad4", 3, (x - 34, y - 6), (x - 8, y - 12), (x + 22, y - 9), bent=True)
    for px, py in rim[::2]:
        b.stroke(DARK, 2.4, (px, py), (px + (px - x) * 0.22, py + (py - y) * 0.3))


_AROUND = ((-102, 0), (-66, -38), (0, -44), (62, -36), (100, -2), (74, 44), (4, 58), (-70, 42))


def patch(b: Brush) -> None:
    _road(b)
    left, right = b.near(70, 14), b.near(270, 20)
    b.polygon("#33373a", (left, 168), (right, 164), (right + 22, 276), (left - 20, 280))
    b.crumbs(["#2b2f32", "#3c4144"], 40, 172, 274, 1.4)
    b.stroke("#23272a", 2, (left, 168), (right, 164), (right + 22, 276), (left - 20, 280), (left, 168))


def trench(b: Brush) -> None:
    _road(b)
    x = b.near(190, 20)
    b.polygon(EARTH, (x - 60, 76), (x + 40, 76), (x + 120, 300), (x - 130, 300))
    b.polygon("#4a3a2b", (x - 30, 76), (x + 14, 76), (x + 56, 300), (x - 70, 300))
    b.stroke("#c06a3a", 9, (x - 6, 78), (x - 12, 300))
    b.shape("#9c8262", (x + 60, 150), (x + 110, 130), (x + 170, 190), (x + 150, 230), (x + 90, 220))
    _cone(b, b.near(70, 12), 210)


def grate(b: Brush, *, clear: bool = False) -> None:
    _pavement(b)
    x = b.near(190, 18)
    b.polygon("#2a2d30", (x - 76, 176), (x + 70, 172), (x + 96, 262), (x - 98, 268))
    for step in range(8):
        top, bottom = x - 66 + step * 18, x - 86 + step * 24
        b.stroke("#565b5f", 6, (top, 178), (bottom, 262))
    if not clear:
        b.shape("#17191b", (x - 20, 190), (x + 40, 186), (x + 60, 240), (x - 6, 250))
        b.stroke("#a0562e", 4, (x - 10, 240), (x + 6, 196), (x + 26, 182))
        b.stroke("#a0562e", 4, (x + 30, 246), (x + 34, 210))
        b.crumbs(["#a98445", "#8c6b33", "#c09a52"], 30, 170, 280, 4)


def grate_clear(b: Brush) -> None:
    grate(b, clear=True)


def puddle(b: Brush) -> None:
    _pavement(b)
    x, y = b.near(200, 20), b.near(216, 10)
    b.shape("#5b7385", (x - 170, y), (x - 90, y - 46), (x + 20, y - 54), (x + 150, y - 30), (x + 178, y + 20),
            (x + 70, y + 62), (x - 90, y + 52))  # fmt: skip
    b.shape("#7d97a8", (x - 120, y), (x - 30, y - 32), (x + 90, y - 20), (x + 60, y + 20), (x - 60, y + 26))
    for shift in (-60, 10, 70):
        b.stroke("#b9cad4", 2, (x + shift - 26, y + shift / 9), (x + shift, y - 4 + shift / 9), (x + shift + 26, y))
    b.crumbs(["#a98445", "#c09a52", "#7d6a35"], 26, 160, 280, 4)


def leak(b: Brush) -> None:
    puddle(b)
    x = b.near(190, 14)
    _cover(b, x, 176, 46)
    for shift in (-30, -12, 8, 26):
        jet = ((x + shift, 176), (x + shift * 1.6, 140 - abs(shift) / 3), (x + shift * 2.2, 190))
        b.stroke("#cfe2ec", 3, *jet, bent=True)


def tiles(b: Brush, *, mended: bool = False) -> None:
    b.box("#b9b09c", 0, 0, 400, 300)
    for row in range(8):
        for column in range(8):
            left = column * 56 - (28 if row % 2 else 0) + (0 if mended else b.near(0, 3))
            shade = b.chance.choice(["#bfb6a3", "#b3aa96", "#c7bfad"])
            b.box(shade, left, row * 40, 53, 37)
    if not mended:
        for _ in range(5):
            x, y = b.near(200, 90), b.near(170, 70)
            b.polygon("#6b6356", (x, y), (x + 54, y + 6), (x + 48, y + 42), (x - 4, y + 36))
            b.polygon("#a79d89", (x + 6, y - 6), (x + 60, y + 8), (x + 54, y + 30), (x + 2, y + 20))


def tiles_mended(b: Brush) -> None:
    tiles(b, mended=True)


def parking(b: Brush) -> None:
    _pavement(b)
    other = b.chance.choice(["#2f5d8c", "#c9c9c4", "#33553d"])
    for x, colour in ((b.near(40, 12), "#8c2f2f"), (b.near(222, 14), other)):
        b.disc("#00000050", x + 70, 236, 92, 10)
        b.shape(colour, (x, 196), (x + 26, 168), (x + 60, 140), (x + 108, 140), (x + 138, 172), (x + 156, 200),
                (x + 150, 226), (x + 4, 226))  # fmt: skip
        b.polygon("#b9cad4", (x + 40, 168), (x + 62, 148), (x + 104, 148), (x + 126, 170))
        for wheel in (36, 122):
            b.disc("#1e2022", x + wheel, 226, 18)
            b.disc("#8b8f92", x + wheel, 226, 8)
        b.box("#f4f4ee", x + 62, 206, 34, 11)
        b.box("#2b5fb0", x + 62, 206, 4, 11)


SCENES = {
    "manhole": manhole,
    "manhole-ok": manhole_closed,
    "pothole": pothole,
    "patch": patch,
    "trench": trench,
    "grate": grate,
    "grate-ok": grate_clear,
    "puddle": puddle,
    "leak": leak,
    "tiles": tiles,
    "tiles-ok": tiles_mended,
    "parking": parking,
}
