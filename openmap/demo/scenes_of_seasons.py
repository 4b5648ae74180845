"""Scenes of the seasons and of what stands in streets: snow, leaves, benches, signs. Each is 400 × 300 units."""

from openmap.demo.brush import Brush

STONE, DARK = "#a8a394", "#6b665a"


def _street(b: Brush, sky: tuple[str, str], ground: str) -> None:
    """Houses behind, a pavement in front."""
    b.fade(*sky)
    x = -20.0
    while x < 400:
        wide, top = b.near(84, 22), b.near(86, 34)
        b.box(b.chance.choice(("#d8c3a5", "#c9b6a0", "#cfd2cc", "#d9a98a", "#b9c2b0")), x, top, wide, 130)
        for row in range(3):
            for column in range(3):
                b.box("#7f95a3", x + 10 + column * (wide - 20) / 3, top + 16 + row * 28, 12, 15)
        x += wide + 2
    b.polygon(ground, (0, 196), (400, b.near(190, 4)), (400, 300), (0, 300))


def snow(b: Brush, *, cleared: bool = False) -> None:
    _street(b, ("#c6d0d8", "#e6eaec"), "#eef2f4")
    if cleared:
        b.polygon("#8b8a85", (150, 196), (230, 194), (310, 300), (60, 300))
        b.crumbs(["#b98f5a", "#a47c48", "#c9a26c"], 90, 204, 298, 1.8)
        for x in (30.0, 350.0):
            b.shape("#ffffff", (x - 60, 260), (x - 20, 210), (x + 24, 214), (x + 64, 268))
    else:
        for _step in range(b.chance.randint(9, 16)):
            x, y = b.near(200, 120), b.near(250, 44)
            b.disc("#c9d3da", x, y, 8, 4)
            b.disc("#d5dee4", x + 14, y - 9, 8, 4)
        b.shape("#ffffff", (240, 250), (290, b.near(196, 10)), (360, 200), (420, 250), (420, 320), (230, 300))
        b.shape("#f8fbfc", (-30, 270), (40, b.near(216, 10)), (110, 262), (90, 310), (-30, 310))
        b.shape("#b7cbd8", (140, 260), (190, 246), (236, 258), (200, 274))
    for _flake in range(b.chance.randint(0, 60)):
        b.disc("#ffffff", b.near(200, 200), b.near(120, 120), b.near(1.6, 0.8))


def snow_cleared(b: Brush) -> None:
    snow(b, cleared=True)


def leaves(b: Brush, *, swept: bool = False) -> None:
    _street(b, ("#b9c6cf", "#e2dccf"), STONE)
    for x in (b.near(60, 20), b.near(340, 20)):
        b.stroke("#5d4737", 12, (x, 230), (x, 60))
        for _leaf in range(16):
            colour = b.chance.choice(("#c98a2b", "#b5652b", "#d9a441"))
            b.disc(colour, b.near(x, 46), b.near(58, 36), b.near(12, 5))
    if swept:
        for x in (b.near(150, 16), b.near(210, 10), b.near(262, 14)):
            b.shape("#2f3a33", (x - 22, 258), (x - 18, 216), (x, 206), (x + 18, 218), (x + 22, 258))
            b.stroke("#20281f", 4, (x - 8, 208), (x + 8, 206))
        b.crumbs(["#c98a2b", "#b5652b"], 10, 210, 296, 3)
    else:
        b.shape("#a86a2c", (80, 280), (150, b.near(226, 8)), (250, 230), (330, 284), (200, 306))
        b.crumbs(["#c98a2b", "#b5652b", "#d9a441", "#8f5326", "#e0b85a"], b.chance.randint(170, 260), 196, 300, 4.5)


def leaves_swept(b: Brush) -> None:
    leaves(b, swept=True)


def bench(b: Brush, *, mended: bool = False) -> None:
    b.fade("#bcd9ea", "#e8f0f0")
    b.box("#a9c48a", 0, 120, 400, 180)
    b.polygon("#cfc3a8", (0, 250), (400, b.near(240, 6)), (400, 300), (0, 300))
    for x in (50.0, 340.0):
        b.stroke("#6a5140", 10, (x, 180), (x, 60))
        b.disc(b.chance.choice(("#6f9459", "#5f8450")), b.near(x, 8), 50, b.near(54, 10))
    wood = b.chance.choice(("#a8713c", "#8c5a36", "#7a8a52"))
    for x in (120.0, 280.0):
        b.stroke("#34383b", 8, (x, 260), (x, 150))
        b.stroke("#34383b", 8, (x - 4, 214), (x + 26, 214))
    planks = (154, 170, 186, 212, 222)
    for number, y in enumerate(planks):
        if mended or b.chance.random() < 0.45:
            b.stroke(wood, 9, (104, y), (296, y))
        elif b.chance.random() < 0.6:
            b.stroke(wood, 9, (104, y), (b.near(170, 30), y + b.near(8, 8)))
        if mended and number % 2:
            b.stroke("#ffffff33", 2, (110, y - 2), (290, y - 2))
    if not mended:
        for _part in range(3):
            left, top = b.near(200, 110), b.near(274, 10)
            b.stroke(wood, 8, (left, top), (left + b.near(40, 20), top + b.near(0, 8)))


def bench_mended(b: Brush) -> None:
    bench(b, mended=True)


def sign(b: Brush, *, mended: bool = False) -> None:
    _street(b, ("#aac8dc", "#e6eef0"), "#7d8184")
    x, lean = b.near(200, 20), 0.0 if mended else b.near(0, 1) * 30 + b.chance.choice((-48, 48))
    b.stroke("#8b9093", 9, (x, 300), (x + lean * 0.3, 170), (x + lean, 96), bent=True)
    head, high = x + lean, 84.0
    what = b.chance.choice(("round", "triangle", "square"))
    if what == "round":
        b.disc("#c62d2d", head, high, 48, 48 if mended else b.near(36, 8))
        b.disc("#f6f6f2", head, high, 36, 36 if mended else 26)
        b.stroke("#222222", 8, (head - 14, high), (head + 14, high))
    elif what == "triangle":
        b.polygon("#c62d2d", (head - 52, high + 40), (head + 52, high + 40 + lean / 4), (head + lean / 5, high - 50))
        b.polygon("#f6f6f2", (head - 32, high + 30), (head + 32, high + 30 + lean / 4), (head + lean / 5, high - 26))
    else:
        b.polygon("#1f5cc0", (head - 42, high - 42), (head + 42, high - 42 + lean / 4), (head + 42, high + 42),
                  (head - 42, high + 42))  # fmt: skip
        b.polygon("#f6f6f2", (head - 28, high + 28), (head + 28, high + 28), (head, high - 28))
    if not mended and b.chance.random() < 0.5:
        for _leaf in range(12):
            b.disc(b.chance.choice(("#6f9459", "#5f8450", "#739a5e")), b.near(head + 30, 50), b.near(70, 40), 20)


def sign_mended(b: Brush) -> None:
    sign(b, mended=True)


def kiosk(b: Brush, *, gone: bool = False) -> None:
    _street(b, ("#aac8dc", "#e6eef0"), STONE)
    for joint in range(-40, 440, 40):
        b.stroke("#948f80", 1.5, (joint, 300), (joint + 60, 196))
    for row in (218, 246, 278):
        b.stroke("#948f80", 1.5, (0, row), (400, row))
    if gone:
        b.polygon("#8d887a", (110, 226), (b.near(280, 10), 224), (310, 272), (90, 276))
        return
    x, colour = b.near(100, 20), b.chance.choice(("#2f6b4f", "#a33b32", "#31557a", "#c98a2b"))
    b.disc("#00000040", x + 100, 270, 120, 12)
    b.box(colour, x, 96, 200, 172)
    b.box("#f1ede0", x + 16, 130, 118, 74)
    b.box("#4b5a62", x + 22, 136, 106, 62)
    for step in range(9):
        b.polygon("#f6f3ea" if step % 2 else colour, (x - 10 + step * 24, 92), (x + 14 + step * 24, 92),
                  (x + 10 + step * 24, 118), (x - 14 + step * 24, 118))  # fmt: skip
    b.box("#2a2e30", x + 148, 130, 40, 138)
    for _box in range(b.chance.randint(2, 5)):
        b.box(b.chance.choice(("#b98a56", "#c9a26c", "#dcd8cf")), b.near(x + 230, 30), b.near(248, 12), 26, 20)


def paving(b: Brush) -> None:
    kiosk(b, gone=True)


def site(b: Brush) -> None:
    b.fade("#a9bccb", "#e8e4da")
    x = b.near(150, 40)
    b.stroke("#d9a323", 8, (x, 230), (x, 20))
    b.stroke("#d9a323", 6, (x - 60, 34), (x + 190, 30))
    b.stroke("#3c4144", 2, (x + 140, 32), (x + 140, b.near(110, 20)))
    b.box("#a6a29a", 210, 80, 170, 150)
    for row in range(4):
        for column in range(4):
            b.box("#4b4f52" if b.chance.random() < 0.8 else "#d8c3a5", 222 + column * 40, 92 + row * 34, 24, 22)
    b.polygon("#8a7358", (0, 236), (400, 230), (400, 300), (0, 300))
    for part in range(-10, 410, 46):
        b.box(b.chance.choice(("#3f6c96", "#4a7aa6", "#8b9093")), part, b.near(178, 3), 44, 82)
    b.crumbs(["#6f5a43", "#9c8262", "#57462f"], 60, 250, 300, 4)
    if b.chance.random() < 0.5:
        b.box("#e6c14a", b.near(60, 30), 200, 60, 38)


def posts(b: Brush) -> None:
    b.box("#767a7d", 0, 0, 400, 300)
    b.polygon("#b3aa96", (0, 300), (0, 110), (400, 60), (400, 230))
    b.polygon("#c9c4b6", (0, 300), (400, 230), (400, 240), (20, 310))
    for number in range(6):
        x, y, size = 40 + number * 66 + b.near(0, 4), 270 - number * 22, 1.2 - number * 0.1
        b.disc("#00000040", x + 6, y, 16 * size, 5 * size)
        b.box("#2e3234", x - 7 * size, y - 74 * size, 14 * size, 74 * size)
        b.box("#f4f1e6", x - 7 * size, y - 60 * size, 14 * size, 10 * size)
        b.disc("#2e3234", x, y - 74 * size, 8 * size, 5 * size)


def ramp_ready(b: Brush) -> None:
    _street(b, ("#bcd9ea", "#e8f0f0"), STONE)
    b.polygon("#c9c4b6", (60, 250), (b.near(300, 12), 204), (340, 210), (340, 258), (60, 258))
    b.polygon("#8f8a7c", (60, 258), (340, 258), (340, 266), (60, 262))
    b.stroke("#d0d5d8", 6, (70, 214), (318, 160))
    b.stroke("#d0d5d8", 4, (70, 232), (318, 180))
    for x in (76, 156, 236, 312):
        b.stroke("#9aa2a6", 5, (x, 252 - (x - 60) * 0.17), (x, 212 - (x - 60) * 0.2))
    b.box("#1f5cc0", b.near(356, 6), 120, 32, 32)
    b.disc("#f6f6f2", 372, 138, 8)


def pole_mended(b: Brush) -> None:
    b.fade("#bcd9ea", "#eef2ee")
    b.box("#a9c48a", 0, 230, 400, 70)
    x = b.near(130, 20)
    for at in (x, 350.0):
        b.stroke("#7b6a55", 10, (at, 300), (at, 44))
        b.stroke("#7b6a55", 6, (at - 34, 66), (at + 34, 66))
    for shift in (-28, 0, 28):
        b.disc("#e9e4d2", x + shift, 60, 4, 6)
        b.stroke("#33373a", 2, (x + shift, 62), (240, 80 + shift / 8), (350 + shift, 62), bent=True)
    b.box("#c9c4b6", x - 12, 150, 24, 40)


SCENES = {
    "snow": snow,
    "snow-ok": snow_cleared,
    "leaves": leaves,
    "leaves-ok": leaves_swept,
    "bench": bench,
    "bench-ok": bench_mended,
    "sign": sign,
    "sign-ok": sign_mended,
    "kiosk": kiosk,
    "paving-ok": paving,
    "site": site,
    "posts": posts,
    "ramp-ok": ramp_ready,
    "pole-ok": pole_mended,
}
