"""Boxes of HEIC and AVIF (ISO/IEC 14496-12, 23008-12), read only as far as tells what decoding would cost."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from media.refusals import PhotoRefused

MOST_ITEMS: Final = 10_000  # a photo of 60 MP in tiles has some hundreds

Extent = tuple[int, int]  # from which byte of the file to which


@dataclass(frozen=True, slots=True)
class Box:
    """`start` and `end`: of what it holds, bytes from the beginning of the file."""

    kind: bytes
    start: int
    end: int


class Bytes:
    """Numbers of a box, one after another. Raises PhotoRefused "broken" past its end."""

    def __init__(self, data: bytes, box: Box, *, has_version: bool = True) -> None:
        self._data, self._at, self._end = data, box.start, box.end
        self.version, self.flags = (self.number(1), self.number(3)) if has_version else (0, 0)

    def number(self, size: int) -> int:
        """The next `size` bytes as an unsigned number; of none, 0."""
        if self._at + size > self._end:
            raise PhotoRefused("broken")
        self._at += size
        return int.from_bytes(self._data[self._at - size : self._at])

    def count(self, size: int) -> int:
        """A number of items that no honest file exceeds."""
        found = self.number(size)
        if found > MOST_ITEMS:
            raise PhotoRefused("broken")
        return found


@dataclass(slots=True)
class Layout:
    """What a file says of its pictures. Keys are numbers of items; areas are px."""

    has_items: bool = False
    extents: list[Extent] = field(default_factory=list)
    areas: dict[int, int] = field(default_factory=dict)
    parts: list[int] = field(default_factory=list)  # items that others are made of, as often as they are used

    @property
    def pixels(self) -> int:
        """At most so many are decoded for everything that the file holds: grids and their tiles, masks, previews."""
        return sum(self.areas.values()) + sum(self.areas.get(item, 0) for item in self.parts)


def boxes(data: bytes, start: int, end: int, *, cut: str = "broken") -> Iterator[Box]:
    """Boxes between two bytes. Raises PhotoRefused with the code `cut` for one that goes beyond `end`."""
    while start + 8 <= end:
        size, header = int.from_bytes(data[start : start + 4]), 8
        if size == 1:
            size, header = int.from_bytes(data[start + 8 : start + 16]), 16
        stop = start + size if size else end
        if size and size < header:
            raise PhotoRefused("broken")
        if stop > end:
            raise PhotoRefused(cut)
        yield Box(data[start + 4 : start + 8], start + header, stop)
        start = stop


def brands_of(data: bytes) -> frozenset[bytes]:
    """The major brand and those that the file is compatible with; none when it is no such file."""
    if data[4:8] != b"ftyp":
        return frozenset()
    end = min(int.from_bytes(data[:4]), len(data), 512)
    return frozenset({data[8:12]} | {data[at : at + 4] for at in range(16, end - 3, 4)})


def layout_of(data: bytes) -> Layout:
    """Raises PhotoRefused: "truncated" when the file ends before its last box, "broken" when a box makes no sense."""
    found = Layout()
    for box in boxes(data, 0, len(data), cut="truncated"):
        if box.kind == b"meta":
            found.has_items = True
            for part in boxes(data, box.start + 4, box.end):
                _read_part(data, part, found)
    return found


def _read_part(data: bytes, box: Box, found: Layout) -> None:
    match box.kind:
        case b"iloc":
            found.extents += _extents(Bytes(data, box))
        case b"iprp":
            found.areas |= _areas(data, box)
        case b"iref":
            found.parts += _parts(data, box)


def _extents(read: Bytes) -> Iterator[Extent]:
    """8.11.3. Those that lie inside the file itself, not in another box."""
    sizes = read.number(2)
    offset_size, length_size, base_size = sizes >> 12, sizes >> 8 & 15, sizes >> 4 & 15
    index_size = sizes & 15 if read.version else 0
    for _item in range(read.count(4 if read.version == 2 else 2)):
        read.number(4 if read.version == 2 else 2)
        method = read.number(2) & 15 if read.version else 0
        read.number(2)
        base = read.number(base_size)
        for _extent in range(read.count(2)):
            read.number(index_size)
            start, length = base + read.number(offset_size), read.number(length_size)
            if not method:
                yield start, start + length


def _areas(data: bytes, box: Box) -> dict[int, int]:
    """8.11.14 and 23008-12, 6.5.3: of each item that says how large it is."""
    sizes: list[int] = []
    areas: dict[int, int] = {}
    for part in boxes(data, box.start, box.end):
        if part.kind == b"ipco":
            sizes = [_area(data, one) for one in boxes(data, part.start, part.end)]
        elif part.kind == b"ipma":
            areas |= _shared_out(Bytes(data, part), sizes)
    return areas


def _area(data: bytes, box: Box) -> int:
    """Of an `ispe`; 0 for other properties."""
    if box.kind != b"ispe":
        return 0
    read = Bytes(data, box)
    return read.number(4) * read.number(4)


def _shared_out(read: Bytes, sizes: list[int]) -> dict[int, int]:
    """Which item has which of the properties; the largest size counts."""
    areas = {}
    wide = read.flags & 1
    for _item in range(read.count(4)):
        item = read.number(4 if read.version else 2)
        chosen = [read.number(2) & 0x7FFF if wide else read.number(1) & 0x7F for _ in range(read.number(1))]
        areas[item] = max((sizes[one - 1] for one in chosen if 0 < one <= len(sizes)), default=0)
    return areas


def _parts(data: bytes, box: Box) -> list[int]:
    """8.11.12: what the pictures are made of (`dimg`)."""
    size = 4 if Bytes(data, box).version else 2
    found = []
    for one in boxes(data, box.start + 4, box.end):
        if one.kind == b"dimg":
            read = Bytes(data, one, has_version=False)
            read.number(size)
            found += [read.number(size) for _ in range(read.count(2))]
    return found
