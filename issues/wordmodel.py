"""A small linear model over pieces of words: features, prediction and its bytes. Learning is in issues.learning, which
uses the same features; this file needs numpy only, as it runs in the process that answers pages."""

import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from routing.phrases import tokens_of

LONGEST_READ = 600  # characters: by then a text has told what it is about
SHORTEST_PIECE, LONGEST_PIECE = 2, 5  # letters, with the blank at either end of a word
MOST_PIECES = 8192
MOST_LABELS = 64


class BadModelError(ValueError):
    """The bytes are no model of these labels."""

    can_be_logged = True


def pieces_of(text: str) -> frozenset[int]:
    """Hashes, 32 bits each, of all runs of 2 to 5 letters in the words of a text; a word begins and ends with a blank.
    Numbers are no words."""
    found: set[int] = set()
    for word in set(tokens_of(text[:LONGEST_READ])):
        letters = f" {word} "
        for size in range(SHORTEST_PIECE, LONGEST_PIECE + 1):
            found.update(hash_of(letters[at : at + size]) for at in range(len(letters) - size + 1))
    return frozenset(found)


def hash_of(piece: str) -> int:
    """The same on every machine and in every process, unlike Python's own."""
    return zlib.crc32(piece.encode())


@dataclass(frozen=True, slots=True)
class WordModel:
    """Weights of pieces for labels. The pieces of a text that the model knows share a vector of length 1."""

    labels: tuple[str, ...]
    pieces: npt.NDArray[np.uint32]  # sorted
    weights: npt.NDArray[np.float32]  # pieces × labels
    bias: npt.NDArray[np.float32]  # labels

    def probabilities(self, text: str) -> dict[str, float]:
        """By label, adding up to 1; {} when the model knows no piece of the text."""
        rows = rows_of(self.pieces, pieces_of(text))
        if not len(rows):
            return {}
        scores = self.weights[rows].sum(axis=0) / np.sqrt(len(rows)) + self.bias
        odds = np.exp(scores - scores.max())
        return dict(zip(self.labels, (odds / odds.sum()).tolist(), strict=True))

    def packed(self) -> bytes:
        """Pieces, weights in 127ths of their label's greatest, that greatest, bias. Little-endian."""
        greatest = np.abs(self.weights).max(axis=0, initial=0.0).astype("<f4")
        whole = np.rint(self.weights / np.where(greatest > 0, greatest, 1) * 127).astype("<i1")
        parts = (self.pieces.astype("<u4"), whole, greatest, self.bias.astype("<f4"))
        return b"".join(part.tobytes() for part in parts)


def unpacked(labels: Sequence[str], data: bytes) -> WordModel:
    """The model that `packed` wrote. Raises BadModelError."""
    many = len(labels)
    count, rest = divmod(len(data) - 8 * many, 4 + many)
    if not 0 < many <= MOST_LABELS or rest or not 0 <= count <= MOST_PIECES:
        raise BadModelError(f"{len(data)} bytes for {many} labels")
    pieces = np.frombuffer(data, "<u4", count)
    whole = np.frombuffer(data, "<i1", count * many, count * 4).reshape(count, many)
    greatest, bias = np.frombuffer(data, "<f4", 2 * many, count * (4 + many)).reshape(2, many)
    if not (np.isfinite(greatest).all() and np.isfinite(bias).all()) or (np.diff(pieces.astype(np.int64)) <= 0).any():
        raise BadModelError("numbers that no model has")
    return WordModel(tuple(labels), pieces, (whole * (greatest / 127)).astype(np.float32), bias)


def rows_of(known: npt.NDArray[np.uint32], pieces: Iterable[int]) -> npt.NDArray[np.intp]:
    """Where those of the pieces that are known stand among them, in no order."""
    wanted = np.fromiter(pieces, dtype=np.uint32)
    if not len(known) or not len(wanted):
        return np.empty(0, dtype=np.intp)
    at = np.minimum(np.searchsorted(known, wanted), len(known) - 1)
    found: npt.NDArray[np.intp] = at[known[at] == wanted]
    return found
