"""Scenes in and around houses: radiators, taps, lifts, doors, ceilings. Each is drawn into 400 × 300 units."""

from openmap.demo.brush import Brush

WALLS = ("#e6dfd2", "#dfe5df", "#e9e1cf", "#d9dee3", "#ead9cf")
PAINT = ("#7fa08a", "#8fa3b5", "#b59d7a", "#9aa38b")


def _wall(b: Brush) -> str:
    """A wall and a floor; returns the colour of the wall."""
    wall = b.chance.choice(WALLS)
    b.box(wall, 0, 0, 400, 300)
    b.box(b.chance.choice(("#a58a6a", "#8d8f90", "#b29a78")), 0, b.near(258, 8), 400, 60)
    return wall


def _stairwell(b: Brush) -> None:
    """A stairwell as in every old house: painted below, white above."""
    b.box("#e8e4da", 0, 0, 400, 300)
    b.box(b.chance.choice(PAINT), 0, b.near(130, 14), 400, 200)
    b.polygon("#a39a8c", (0, 300), (0, 262), (400, b.near(250, 6)), (400, 300))
    b.crumbs(["#cfc8ba", "#b8b0a2"], 20, 20, 240, 1.6)


def radiator(b: Brush, *, warm: bool = False) -> None:
    wall = _wall(b)
    b.box("#f6f7f7", 30, -10, 150, 120)
    b.box("#9cbfd8" if not warm else "#bcd9ea", 40, 0, 130, 100)
    b.stroke("#f6f7f7", 6, (105, 0), (105, 100))
    left, count = b.near(120, 20), b.chance.randint(6, 9)
    for rib in range(count):
        x = left + rib * 24
        b.box("#f1efe9", x, 130, 20, 104)
        b.box("#d8d4ca", x + 14, 130, 6, 104)
    b.stroke("#cfcabf", 7, (left - 40, 144), (left, 144))
    b.stroke("#cfcabf", 7, (left - 40, 222), (left, 222))
    x, y = b.near(330, 12), b.near(70, 10)
    b.box("#fbfbf8", x - 14, y - 40, 28, 108)
    b.stroke("#c7c7c0", 5, (x, y - 30), (x, y + 46))
    b.stroke("#c0392b" if warm else "#2f5d8c", 5, (x, y + (-14 if warm else 26)), (x, y + 46))
    b.disc("#c0392b" if warm else "#2f5d8c", x, y + 52, 8)
    if not warm:
        b.shape("#8c2f4a", (left + 10, 120), (left + 60, 104), (left + 130, 112), (left + 136, 150), (left + 20, 156))
        b.stroke(wall, 2, (left + 30, 130), (left + 110, 126))


def radiator_warm(b: Brush) -> None:
    radiator(b, warm=True)


def tap(b: Brush, *, hot: bool = False) -> None:
    b.box("#dfe7ea", 0, 0, 400, 300)
    for joint in range(0, 401, 50):
        b.stroke("#c5d0d4", 2, (joint, 0), (joint, 180))
    for row in (60, 120, 180):
        b.stroke("#c5d0d4", 2, (0, row), (400, row))
    b.disc("#f8fafa", 200, 280, 220, 84)
    b.disc("#e3e9eb", 200, 286, 170, 56)
    x = b.near(200, 16)
    b.stroke("#9aa2a6", 20, (x, 210), (x, 130), (x + 30, 108), (x + 66, 122), (x + 70, 148), bent=True)
    b.stroke("#c9d0d3", 6, (x - 4, 200), (x - 4, 134))
    b.disc("#c0392b", x - 40, 176, 15)
    b.disc("#2f6fb0", x + 40, 196, 15)
    b.stroke("#bcd9ea" if hot else "#9cc4e0", 7 if hot else 4, (x + 70, 152), (x + b.near(70, 2), 268))
    if hot:
        for step in range(14):
            b.disc("#ffffff66", b.near(x + 60, 40), 240 - step * 15, 12 + step * 1.6)
    else:
        b.shape("#b9c7cd", (60, 60), (100, 50), (120, 90), (70, 100))


def tap_hot(b: Brush) -> None:
    tap(b, hot=True)


def gas_box(b: Brush) -> None:
    b.box(b.chance.choice(("#c9a98a", "#b98f78", "#cfc4b2")), 0, 0, 400, 300)
    for row in range(0, 260, 26):
        b.stroke("#a5876c", 1.5, (0, row), (400, row))
        for joint in range((row // 26 % 2) * 26, 400, 52):
            b.stroke("#a5876c", 1.5, (joint, row), (joint, row + 26))
    b.box("#7f8a70", 0, 258, 400, 50)
    y = b.near(70, 10)
    b.stroke("#e0b32e", 13, (-10, y), (410, y + 6))
    x = b.near(150, 24)
    b.stroke("#e0b32e", 13, (x + 50, y), (x + 50, 140))
    b.box("#e6c14a", x, 130, 108, 120)
    b.box("#caa530", x + 8, 138, 92, 104)
    b.stroke("#8a1f1f", 5, (x + 26, 166), (x + 82, 166))
    b.polygon("#c0392b", (x + 54, 176), (x + 76, 214), (x + 32, 214))
    b.stroke("#fff3e6", 4, (x + 54, 188), (x + 54, 202))
    b.disc("#5b5b55", x + 94, 190, 4)


def door(b: Brush, *, mended: bool = False) -> None:
    b.box(b.chance.choice(("#cbb79c", "#b9b4a8", "#c9bfae")), 0, 0, 400, 300)
    b.crumbs(["#b8a488", "#d8c8b0"], 40, 0, 260, 2)
    b.box("#8f8a80", 0, 262, 400, 40)
    x, colour = b.near(130, 20), b.chance.choice(("#5a4636", "#3f4c52", "#6a3b2e", "#46564a"))
    b.box("#2a2826", x, 50, 132, 214)
    if mended:
        b.box(colour, x + 4, 54, 124, 208)
        b.box("#9fb6c1", x + 34, 74, 64, 70)
        b.stroke("#d8d8d2", 6, (x + 108, 150), (x + 108, 178))
        b.box("#3c4144", x + 142, 126, 26, 46)
        for row in range(3):
            for column in range(3):
                b.disc("#c9c4b6", x + 148 + column * 7, 140 + row * 9, 2)
        b.disc("#6fbf73", x + 155, 132, 3)
    else:
        b.polygon(colour, (x + 4, 54), (x + 62, 72), (x + 58, 288), (x + 4, 262))
        b.polygon("#00000055", (x + 62, 72), (x + 72, 74), (x + 66, 286), (x + 58, 288))
        b.stroke("#8b8f92", 4, (x + 20, 46), (x + 50, 62))
        b.box("#3c4144", x + 142, 126, 26, 46)
        b.stroke("#c0392b", 3, (x + 150, 150), (x + 176, 186), (x + 170, 206), bent=True)
        b.crumbs(["#b98a3c", "#a3702e", "#8a8f72"], 26, 262, 298, 4)
    b.polygon("#7d776c", (x - 30, 44), (x + 162, 44), (x + 150, 28), (x - 18, 28))


def door_mended(b: Brush) -> None:
    door(b, mended=True)


def ceiling(b: Brush) -> None:
    b.box("#efece4", 0, 0, 400, 300)
    b.polygon(b.chance.choice(WALLS), (0, 170), (400, b.near(160, 8)), (400, 300), (0, 300))
    x, y = b.near(190, 60), b.near(90, 20)
    for size, colour in ((1.0, "#d9c9a3"), (0.82, "#e9e1cd"), (0.66, "#c9b183"), (0.5, "#ddd0b0")):
        rim = [(x + dx * size + b.near(0, 8), y + dy * size + b.near(0, 5)) for dx, dy in
               ((-110, 0), (-60, -46), (10, -56), (80, -38), (116, 8), (60, 46), (-20, 54), (-80, 36))]  # fmt: skip
        b.shape(colour, *rim)
    for _drop in range(b.chance.randint(4, 9)):
        b.disc("#8fa9b8", b.near(x, 70), b.near(200, 60), 2, 5)
    b.disc("#b9483f", 200, 286, 66, 20)
    b.disc("#8fa9b8", 200, 280, 54, 13)


def lift(b: Brush, *, works: bool = False) -> None:
    _stairwell(b)
    x, steel = b.near(120, 16), b.chance.choice(("#a7adb0", "#9aa39b", "#b3aa98"))
    b.box("#4b4f52", x - 12, 40, 176, 226)
    if works:
        b.box("#e9e4d2", x, 52, 152, 212)
        b.box("#fff7d6", x + 30, 58, 92, 14)
        b.box("#b9c6cc", x + 40, 92, 72, 90)
        b.stroke("#8b8f92", 6, (x + 10, 190), (x + 142, 190))
    else:
        gap = b.near(16, 10)
        b.box("#101214", x, 52, 152, 212)
        b.box(steel, x, 52, 68 - gap / 2, 212)
        b.box(steel, x + 84 + gap / 2, 52, 68 - gap / 2, 212)
        b.polygon("#fbf7ea", (x + 16, 110), (x + 58, 106), (x + 60, 166), (x + 18, 168))
        for line in range(4):
            b.stroke("#5a6472", 2, (x + 22, 122 + line * 10), (x + 54, 120 + line * 10))
    b.box("#2e3234", x + 60, 18, 36, 18)
    b.stroke("#ffb347" if works else "#5a2020", 4, (x + 72, 26), (x + 84, 26))
    b.disc("#d8d8d2", x + 190, 160, 10)
    b.disc("#6fbf73" if works else "#a33b32", x + 190, 160, 6)


def lift_works(b: Brush) -> None:
    lift(b, works=True)


def graffiti(b: Brush, *, clean: bool = False) -> None:
    wall = b.chance.choice(("#c9bfae", "#bdb6a6", "#cfd2cc"))
    b.box(wall, 0, 0, 400, 300)
    for row in range(0, 250, 42):
        b.stroke("#a9a08f", 1.5, (0, row), (400, row))
    b.box("#8f8a80", 0, 256, 400, 46)
    if clean:
        b.polygon("#d9d2c4", (40, 70), (b.near(350, 12), 66), (b.near(354, 12), 210), (44, 214))
        return
    for _word in range(b.chance.randint(2, 4)):
        colour, width = b.chance.choice(("#b02a37", "#1d3f72", "#2b2b2b", "#2f7a4a", "#7a2f7a")), b.near(8, 3)
        x, y = b.near(150, 100), b.near(140, 50)
        path = [(x + step * 26 + b.near(0, 6), y + (28 if step % 2 else -28) + b.near(0, 14)) for step in range(6)]
        b.stroke(colour, width, *path, bent=True)
    b.stroke("#2b2b2b", 3, (b.near(300, 30), 200), (b.near(300, 8), 240))


def wall_clean(b: Brush) -> None:
    graffiti(b, clean=True)


SCENES = {
    "radiator": radiator,
    "radiator-ok": radiator_warm,
    "tap-cold": tap,
    "tap-ok": tap_hot,
    "gas-box": gas_box,
    "door": door,
    "door-ok": door_mended,
    "ceiling": ceiling,
    "lift": lift,
    "lift-ok": lift_works,
    "graffiti": graffiti,
    "wall-ok": wall_clean,
}
