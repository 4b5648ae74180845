"""Marks of the current view, for the map: single things, or clusters when there are too many. One SQL query."""

from collections.abc import Sequence

from geodata.counted_sql import Source, view_of
from geodata.layer_sql import Question
from geodata.layers import Layer
from geodata.mark_sql import marks_sql
from geodata.prepared import fetch


def marks(layers: Sequence[Layer], question: Question) -> str:
    """GeoJSON text: a FeatureCollection of at most `question.most` marks in its box, and `total`, the things there.

    More things than that: clusters of a constant grid of squares (geodata.squares) at the question's zoom, at the mean
    place of their things, with counts by family of states and their extent (`bbox`); a thing alone in its square stays
    that thing. Of many things (geodata.counted_sql.FEW) whole squares are counted, out of cells: the `bbox` of
    the answer is the ground that was counted. `capped`: words or an area choose, and there are more than the newest
    `total`. `shapes`: lines and areas of the single things, cut to the box and simplified to a pixel.

    Every mark is a point, ordered as one reads: from the north, then from the west. Must be called inside the
    community's scope. Raises ValueError without a box.
    """
    if question.box is None:
        raise ValueError("Marks are read for a box.")
    view = view_of(question)
    (row,) = fetch(marks_sql(layers, question, view), is_prepared=view.source != Source.SEARCHED)
    return str(row[0])
