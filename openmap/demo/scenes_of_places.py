"""Scenes in yards, parks and at stops. Each is drawn into 400 × 300 units."""

from openmap.demo.brush import Brush

TRUNK, LEAVES = "#6a5140", ("#6f9459", "#5f8450", "#739a5e", "#7fa768")


def _sky(b: Brush) -> None:
    b.fade("#bcd9ea", "#e8f0f0")
    b.disc("#fff5d6", b.near(320, 40), b.near(54, 14), 26)


def _lawn(b: Brush, top: float = 190) -> None:
    b.shape("#b5cd98", (-60, top + 10), (100, top - 8), (300, top - 6), (460, top + 8), (460, 340), (-60, 340))
    b.crumbs(["#a3be84", "#c3d8a8", "#97b377"], 70, top + 10, 300, 2.4)


def _tree(b: Brush, x: float, ground: float, size: float) -> None:
    b.stroke(TRUNK, 9 * size, (x, ground), (x, ground - 80 * size))
    for dx, dy in ((-24, -96), (20, -104), (0, -130), (-8, -84), (28, -80)):
        b.disc(b.chance.choice(LEAVES), x + dx * size, ground + dy * size, b.near(34, 5) * size)


def lamp(b: Brush, *, lit: bool = False) -> None:
    b.fade("#141d38", "#8b6f86")
    for _ in range(8):
        b.disc("#ffffff", b.near(200, 190), b.near(50, 40), 1.4)
    b.polygon("#0e1428", (0, 300), (0, 176), (58, 176), (58, 146), (122, 146), (122, 190), (166, 190), (166, 300))
    b.polygon("#0e1428", (254, 300), (254, 160), (292, 134), (330, 160), (330, 188), (400, 188), (400, 300))
    for x, y in ((74.0, 160.0), (96.0, 160.0), (290.0, 172.0), (350.0, 206.0)):
        if b.chance.random() < 0.75:
            b.box("#f2c86b", x, y, 12, 14)
    b.box("#0a0f1e", 0, 268, 400, 32)
    for x, top, width in ((b.near(200, 14), 52.0, 7.0), (b.near(112, 10), 132.0, 4.0)):
        b.stroke("#05070f", width, (x, 300), (x, top + 24), (x + 22, top), (x + 66, top), bent=True)
        b.polygon("#05070f", (x + 52, top - 4), (x + 92, top - 4), (x + 84, top + 10), (x + 60, top + 10))
        if lit:
            b.polygon("#ffe9a833", (x + 62, top + 8), (x + 84, top + 8), (x + 150, 300), (x - 10, 300))
            b.disc("#fff2c4", x + 72, top + 9, 11, 5)


def lamp_lit(b: Brush) -> None:
    lamp(b, lit=True)


def wire(b: Brush) -> None:
    _sky(b)
    _lawn(b, 220)
    x = b.near(120, 16)
    b.stroke("#7b6a55", 10, (x, 300), (x, 40))
    b.stroke("#7b6a55", 6, (x - 34, 66), (x + 34, 66))
    b.stroke("#7b6a55", 9, (370, 300), (370, 70))
    for shift in (-28, 0):
        b.stroke("#33373a", 2, (x + shift, 66), (250, 96), (370, 86), bent=True)
    b.stroke("#33373a", 2.6, (x + 28, 66), (b.near(220, 16), b.near(210, 12)), (370, 92), bent=True)
    for dx, dy in ((0, 0), (8, -7), (-7, 6), (10, 5)):
        b.disc("#ffd65a", x + 28 + dx, 66 + dy, 2.6)


def bins(b: Brush, *, full: bool = True) -> None:
    b.box("#b1a48f", 0, 0, 400, 170)
    for row in range(28, 168, 28):
        b.stroke("#a2957f", 2, (0, row), (400, row))
    b.box("#8b8c88", 0, 168, 400, 132)
    palette = [("#4b7d55", "#3a6343"), ("#c9a23c", "#a6842b"), ("#3f6c96", "#31557a")]
    for x in (b.near(28, 6), b.near(148, 6), b.near(268, 6)):
        body, lid = b.chance.choice(palette)
        b.disc("#00000038", x + 52, 246, 60, 9)
        if full:
            for dx, colour in ((26, "#2f3338"), (66, "#e4e1da"), (48, "#b98a56")):
                b.disc(colour, x + b.near(dx, 6), b.near(112, 6), b.near(22, 4), 20)
        b.polygon(body, (x + 4, 128), (x + 100, 128), (x + 92, 244), (x + 12, 244))
        b.box(lid, x, 118 if full else 112, 104, 14)
        for rib in (26, 52, 78):
            b.stroke(lid, 4, (x + rib, 146), (x + rib, 230))
    if full:
        for _ in range(b.chance.randint(3, 7)):
            bag = b.chance.choice(["#24282c", "#dcd8cf", "#b98a56", "#55606b"])
            b.disc(bag, b.near(200, 170), b.near(258, 14), 22, 16)


def bins_empty(b: Brush) -> None:
    bins(b, full=False)


def dump(b: Brush) -> None:
    _sky(b)
    for x in (40.0, 130.0, 250.0, 350.0):
        _tree(b, b.near(x, 14), 200, b.near(1, 0.2))
    _lawn(b)
    for _ in range(b.chance.randint(16, 26)):
        x, y = b.near(200, 120), b.near(246, 26)
        colour = b.chance.choice(["#c9c4b6", "#8b8f92", "#b98a56", "#2f3338", "#dcd8cf", "#7a4b3a"])
        wide, high = b.near(22, 10), b.near(14, 6)
        b.polygon(colour, (x, y), (x + wide, y - b.near(6, 6)), (x + wide + 8, y + high), (x + 4, y + high))


def lawn(b: Brush) -> None:
    _sky(b)
    for x in (50.0, 180.0, 330.0):
        _tree(b, b.near(x, 20), 204, b.near(1, 0.25))
    _lawn(b)
    b.shape("#d9cfb8", (150, 300), (190, 236), (200, 200), (214, 200), (240, 240), (290, 300))


def branch(b: Brush) -> None:
    b.fade("#cfe0ea", "#e4ebe4")
    _lawn(b, 160)
    b.shape("#b9b2a2", (-40, 244), (120, 222), (280, 222), (440, 244), (440, 320), (-40, 320))
    _tree(b, b.near(320, 16), 236, 1.5)
    end = (b.near(250, 14), b.near(228, 8))
    b.stroke("#5d4737", 13, (b.near(50, 12), 262), (150, 244), end, bent=True)
    b.stroke("#5d4737", 6, (120, 250), (96, 226), (70, 222), bent=True)
    b.stroke("#5d4737", 6, (170, 240), (160, 214), (150, 200), bent=True)
    for x, y in ((44, 230), (74, 214), (96, 236), (136, 196), (164, 214), (60, 254)):
        b.disc(b.chance.choice(LEAVES), b.near(x, 8), b.near(y, 6), b.near(26, 5), 20)


def dog(b: Brush) -> None:
    b.box("#b9b09c", 0, 0, 400, 300)
    b.box("#8f8a7c", 0, 0, 400, 110)
    b.crumbs(["#a79d89", "#c7bfad"], 60, 120, 300)
    x, coat = b.near(190, 20), b.chance.choice(["#8a6142", "#4a4038", "#c2a071"])
    b.disc("#00000038", x, 240, 96, 10)
    b.disc(coat, x, 206, 78, 34)
    b.disc(coat, x + 84, 176, 30, 25)
    b.polygon(coat, (x + 64, 160), (x + 70, 128), (x + 88, 154))
    b.polygon(coat, (x + 92, 154), (x + 106, 130), (x + 108, 162))
    b.disc("#1e1a17", x + 112, 180, 6, 5)
    b.disc("#1e1a17", x + 92, 170, 3)
    b.stroke(coat, 10, (x - 70, 200), (x - 104, 176), (x - 108, 150), bent=True)
    for leg in (-50, -20, 34, 58):
        b.stroke(coat, 12, (x + leg, 224), (x + leg + b.near(0, 12), 244))


def stop(b: Brush, *, mended: bool = False) -> None:
    _sky(b)
    b.box("#a8a394", 0, 210, 400, 90)
    _tree(b, b.near(360, 14), 214, 1.1)
    b.polygon("#3f464c", (60, 60), (300, 60), (316, 78), (44, 78))
    for x in (70.0, 180.0, 290.0):
        b.stroke("#3f464c", 6, (x, 78), (x, 224))
    b.polygon("#9cc4d8aa", (74, 84), (176, 84), (176, 204), (74, 204))
    if mended:
        b.polygon("#9cc4d8aa", (184, 84), (286, 84), (286, 204), (184, 204))
        b.stroke("#8c5f36", 8, (96, 190), (264, 190))
    else:
        b.polygon("#9cc4d8aa", (184, 84), (220, 84), (200, 130), (214, 160), (184, 204))
        for _ in range(26):
            x, y = b.near(236, 60), b.near(228, 12)
            b.polygon("#cfe2ec", (x, y), (x + 7, y - 4), (x + 5, y + 4))
    b.box("#1f5cc0", 316, 96, 34, 44)


def stop_mended(b: Brush) -> None:
    stop(b, mended=True)


def ramp(b: Brush) -> None:
    _sky(b)
    b.box("#a8a394", 0, 226, 400, 74)
    b.box("#e3b98f", 50, 80, 300, 150)
    b.box("#b66a45", 50, 70, 300, 12)
    for x in (76, 128, 246, 298):
        for y in (104, 156):
            b.box("#7fa6bd", x, y, 30, 28)
    b.box(TRUNK, 182, 140, 44, 90)
    for step in range(4):
        b.box("#c9c4b6" if step % 2 else "#b3ad9e", 160 - step * 14, 228 + step * 16, 88 + step * 28, 16)
    b.stroke("#4d5358", 4, (b.near(282, 6), 216), (330, 292))


def swing(b: Brush, *, broken: bool = True) -> None:
    _sky(b)
    _tree(b, b.near(40, 12), 220, 1.1)
    _lawn(b)
    b.disc("#e2c9a0", 200, 256, 170, 32)
    for x in (88, 312):
        b.stroke("#d2521a", 8, (x, 256), (200 + (x - 200) * 0.64, 96))
    b.stroke("#d2521a", 8, (126, 96), (274, 96))
    for x in (150, 226):
        low = 206 + b.near(0, 8)
        b.stroke("#525a61", 3, (x, 98), (x, low))
        if broken and x == 226:
            b.stroke("#525a61", 3, (x + 36, 98), (x + 44, 150))
            b.polygon("#1f5cc0", (x - 6, low), (x + 34, low + 30), (x + 28, low + 38), (x - 10, low + 8))
        else:
            b.stroke("#525a61", 3, (x + 32, 98), (x + 32, low))
            b.box("#1f5cc0", x - 6, low, 44, 9)


def swing_mended(b: Brush) -> None:
    swing(b, broken=False)


def steam(b: Brush) -> None:
    lawn(b)
    b.stroke("#9a9186", 20, (-10, 250), (410, 236))
    b.stroke("#c9c2b6", 4, (-10, 244), (410, 230))
    x = b.near(200, 40)
    for step in range(12):
        b.disc("#ffffff55", b.near(x, 20 + step * 3), 238 - step * 16, 14 + step * 2.4)


def rust(b: Brush) -> None:
    b.box("#dfe3e4", 0, 0, 400, 300)
    for x in range(0, 400, 50):
        b.stroke("#c9ced0", 2, (x, 0), (x, 150))
    b.stroke("#c9ced0", 2, (0, 75), (400, 75))
    b.disc("#f7f8f8", 200, 230, 180, 66)
    b.disc("#b5713a", b.near(200, 8), 238, b.near(130, 10), 42)
    b.disc("#8f5326", 200, 244, 70, 20)
    b.stroke("#8b9093", 18, (250, 60), (250, 110), (206, 120), (200, 150), bent=True)
    b.stroke("#a8662f", 9, (200, 156), (200, 232))


SCENES = {
    "lamp": lamp,
    "lamp-ok": lamp_lit,
    "wire": wire,
    "bins": bins,
    "bins-ok": bins_empty,
    "dump": dump,
    "lawn": lawn,
    "branch": branch,
    "dog": dog,
    "stop": stop,
    "stop-ok": stop_mended,
    "ramp": ramp,
    "swing": swing,
    "swing-ok": swing_mended,
    "steam": steam,
    "rust": rust,
}
