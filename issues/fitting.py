"""Fits a WordModel to examples, and says whether it is better than keywords. Only workers and commands import this when
they learn: scikit-learn is heavy, so it is imported where it is used."""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from issues.wordmodel import MOST_LABELS, MOST_PIECES, WordModel, pieces_of, rows_of

ENOUGH, KINDS, EACH = 300, 3, 10  # examples; labels; examples of a label
PEOPLE = 5  # different authors who wrote a piece, before it may have a weight: nobody's name is learnt
HELD_BACK = 0.2  # the newest part
MODEL_SHARE = 0.5  # of the blend; the rest is that of the keywords
STEADY = 10.0  # inverse strength of regularisation
MOST_STEPS = 200

Points = Mapping[str, float]  # by label


@dataclass(frozen=True, slots=True)
class Example:
    """A text with its label; `author` tells people apart as far as they are known."""

    text: str
    label: str
    author: str


@dataclass(frozen=True, slots=True)
class Learnt:
    """`model` of all examples; what was right among those that were held back when it learnt from the older ones."""

    model: WordModel
    rows: int
    held_back: int
    keywords_right: int
    blend_right: int

    @property
    def is_better(self) -> bool:
        """Whether model and keywords together were right more often than keywords alone."""
        return self.blend_right > self.keywords_right


def learn(examples: Sequence[Example], *, keywords: Callable[[str], Points]) -> Learnt | None:
    """From examples, the oldest first; None when they are too few. `keywords` gives points for a text."""
    usable = _of_frequent_labels(examples)
    if len(usable) < ENOUGH or len({one.label for one in usable}) < KINDS:
        return None
    cut = len(usable) - round(len(usable) * HELD_BACK)
    older, newest = _of_frequent_labels(usable[:cut]), usable[cut:]
    if len({one.label for one in older}) < KINDS:
        return None
    trial = fit(older)
    pairs = [(keywords(one.text), trial.probabilities(one.text), one.label) for one in newest]
    return Learnt(
        model=fit(usable),
        rows=len(usable),
        held_back=len(newest),
        keywords_right=sum(best_of(points) == label for points, _learnt, label in pairs),
        blend_right=sum(best_of(blended(points, learnt)) == label for points, learnt, label in pairs),
    )


def fit(examples: Sequence[Example]) -> WordModel:
    """Logistic regression on the pieces that at least PEOPLE different authors wrote; for KINDS labels or more."""
    from scipy.sparse import csr_matrix
    from sklearn.linear_model import LogisticRegression

    found = [pieces_of(one.text) for one in examples]
    known = np.array(sorted(_known_pieces(examples, found)), dtype=np.uint32)
    rows = [np.sort(rows_of(known, pieces)) for pieces in found]
    values = np.concatenate([np.full(len(row), 1 / np.sqrt(max(len(row), 1)), dtype=np.float32) for row in rows])
    ends = np.concatenate([[0], np.cumsum([len(row) for row in rows])])
    matrix = csr_matrix((values, np.concatenate(rows), ends), shape=(len(rows), len(known)))
    fitted = LogisticRegression(C=STEADY, max_iter=MOST_STEPS).fit(matrix, [one.label for one in examples])
    weights, bias = fitted.coef_.T.astype(np.float32), fitted.intercept_.astype(np.float32)
    return WordModel(tuple(map(str, fitted.classes_)), known, weights, bias)


def blended(points: Points, learnt: Points) -> dict[str, float]:
    """What the model gives and each one's share of the points, weighed; the shares alone when it gives nothing."""
    total = sum(points.values()) or 1.0
    shares = {label: given / total for label, given in points.items()}
    if not learnt:
        return shares
    if not shares:
        return dict(learnt)
    return {
        label: MODEL_SHARE * learnt.get(label, 0.0) + (1 - MODEL_SHARE) * shares.get(label, 0.0)
        for label in [*shares, *(label for label in learnt if label not in shares)]
    }


def best_of(points: Points) -> str:
    """The label with the most points, or "" """
    return max(points, key=lambda label: points[label], default="")


def _of_frequent_labels(examples: Sequence[Example]) -> list[Example]:
    many = Counter(one.label for one in examples)
    kept = {label for label, count in many.most_common(MOST_LABELS) if count >= EACH}
    return [one for one in examples if one.label in kept]


def _known_pieces(examples: Sequence[Example], found: Sequence[frozenset[int]]) -> list[int]:
    """The pieces of most authors, at most MOST_PIECES."""
    by_author: dict[str, set[int]] = defaultdict(set)
    for one, pieces in zip(examples, found, strict=True):
        by_author[one.author] |= pieces
    authors = Counter(piece for pieces in by_author.values() for piece in pieces)
    often = sorted((piece for piece, many in authors.items() if many >= PEOPLE), key=lambda one: (-authors[one], one))
    return often[:MOST_PIECES]
