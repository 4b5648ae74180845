"""How often the guessed category is right, on reports that were held back, and what a guess costs.

    ./misto bench suggest [FOLDER] [--rows 3000] [--json]

The reports are made up by the rules of tests/bench/_told.py. In the first trial whole ways to tell of a problem are
held back; in the second the newest fifth of all, as a community judges what it learnt. They show that word forms, slips
and mixed language are borne, and what learning adds; not how residents of a certain town write. FOLDER may hold
participatory_budget_projects.csv (title, theme, any_date): a third trial, on real titles.
"""

import csv
import random
import subprocess
import sys
import time
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from statistics import median
from typing import Any

import django

if __name__ == "__main__":
    django.setup()

from issues.fitting import EACH, HELD_BACK, Example, blended, fit
from issues.wordmodel import WordModel
from openmap.demo.city import KINDS
from routing.keywords import points_of
from routing.models import Category
from tests.bench._report import Ratio, Report, at_least, at_most
from tests.bench._told import TOLD, told

Points = Mapping[str, float]
Way = Callable[[str], Points]
TABLE = "participatory_budget_projects.csv"
THEME_ROWS = 100  # projects of a theme, to be one of the labels
TIMED = 300  # guesses
CPU_MS = 5  # milliseconds of the server that a guess may take


def main(arguments: list[str] | None = None) -> int:
    """Measures and prints; always exits with 0."""
    parser = ArgumentParser(description="How often the guessed category is right.")
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--rows", type=int, default=3000)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    many, fewer = options.rows, max(options.rows // 3, 1)
    known = [Example(text, code, str(n)) for n, (text, code) in enumerate(told(many, held_back=False, seed=1))]
    strange = [Example(text, code, "") for text, code in told(fewer, held_back=True, seed=2)]
    mixed = [*known, *(Example(one.text, one.label, f"more {n}") for n, one in enumerate(strange))]
    random.Random(3).shuffle(mixed)
    cut = len(mixed) - round(len(mixed) * HELD_BACK)
    model, unseen = trial(known, strange, keywords=_keywords())
    _model, newest = trial(mixed[:cut], mixed[cut:], keywords=_keywords())
    figures = {f"unseen ways: {name}": value for name, value in unseen.items()}
    figures |= {f"newest fifth: {name}": value for name, value in newest.items()}
    figures["cost"] = cost(model, strange)
    ratios = compare(unseen, newest, figures["cost"]["guess_us"])
    if options.folder:
        figures |= {f"titles: {name}": value for name, value in titles(options.folder / TABLE).items()}
    Report("suggest", len(mixed), figures, ratios).say(as_json=options.json)
    return 0


def trial(known: Sequence[Example], newest: Sequence[Example], *, keywords: Way) -> tuple[WordModel, dict[str, Any]]:
    """Accuracy of each way among the newest: the first guess is right, one of three is right."""
    began = time.process_time()
    model = fit(known)
    seconds = time.process_time() - began
    frequent = {label: float(many) for label, many in Counter(one.label for one in known).items()}
    ways: dict[str, Way] = {
        "most frequent": lambda _text: frequent,
        "keywords": keywords,
        "model": model.probabilities,
        "blend": lambda text: blended(keywords(text), model.probabilities(text)),
    }
    figures: dict[str, Any] = {name: accuracy(way, newest) for name, way in ways.items()}
    figures["learnt"] = {
        "rows": len(known), "held_back": len(newest), "labels": len(model.labels), "pieces": len(model.pieces),
        "kB": round(len(model.packed()) / 1000, 1), "fit_cpu_s": round(seconds, 1),
    }  # fmt: skip
    return model, figures


def compare(unseen: Mapping[str, Any], newest: Mapping[str, Any], guess_us: float) -> list[Ratio]:
    """The goals. What is told in a way that nobody learnt must not suffer much from what was learnt."""
    return [
        at_least("unseen ways: one of three is right", unseen["blend"]["top3"], 0.85),
        at_least("unseen ways: keywords over the most frequent", _over(unseen["keywords"], unseen["most frequent"]), 2),
        at_least("unseen ways: blend over keywords", _over(unseen["blend"], unseen["keywords"]), 0.95),
        at_least("newest fifth: one of three is right", newest["blend"]["top3"], 0.95),
        at_least("newest fifth: blend over keywords", _over(newest["blend"], newest["keywords"]), 1),
        at_most("a guess, ms of the server", guess_us / 1000, CPU_MS),
    ]


def accuracy(way: Way, rows: Sequence[Example]) -> dict[str, float]:
    """Shares of rows for which the first guess, or one of three, is right."""
    ranked = [[label for label, _p in sorted(way(one.text).items(), key=lambda pair: -pair[1])[:3]] for one in rows]
    first = sum(labels[:1] == [one.label] for labels, one in zip(ranked, rows, strict=True))
    among = sum(one.label in labels for labels, one in zip(ranked, rows, strict=True))
    return {"top1": round(first / len(rows), 3), "top3": round(among / len(rows), 3)}


def cost(model: WordModel, newest: Sequence[Example]) -> dict[str, float]:
    """Median microseconds of CPU for a guess; and what importing scikit-learn would cost each process."""
    keywords = _keywords()
    taken = []
    for one in newest[:TIMED]:
        began = time.process_time()
        blended(keywords(one.text), model.probabilities(one.text))
        taken.append((time.process_time() - began) * 1e6)
    seconds, megabytes = _import_of("sklearn.linear_model")
    return {"guess_us": round(median(taken)), "sklearn_import_s": seconds, "sklearn_MB": megabytes}


def _import_of(module: str) -> tuple[float, float]:
    """(seconds of CPU, megabytes of memory) that it adds to a process that has numpy."""
    code = f"{_BEFORE}import {module}\nprint(time.process_time() - began, pages() - before, resource.getpagesize())"
    said = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split()
    seconds, pages, size = map(float, said)
    return round(seconds, 2), round(pages * size / 1e6, 1)


_BEFORE = """
import numpy, resource, time
pages = lambda: int(open("/proc/self/statm").read().split()[1])
before, began = pages(), time.process_time()
"""


def titles(table: Path) -> dict[str, Any]:
    """The same learning on real titles of participatory budgets; keywords are the words of the themes."""
    with table.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["title"] and row["theme"] and row["any_date"]]
    rows.sort(key=lambda row: datetime.strptime(row["any_date"], "%d.%m.%Y"))  # noqa: DTZ007  days alone
    many = Counter(row["theme"].casefold() for row in rows)
    kept = [Example(row["title"], row["theme"].casefold(), str(n)) for n, row in enumerate(rows)]
    kept = [one for one in kept if many[one.label] >= max(THEME_ROWS, EACH)]
    cut = len(kept) - round(len(kept) * HELD_BACK)
    themes = [Category(code=label, name=label) for label in {one.label for one in kept}]
    _model, figures = trial(kept[:cut], kept[cut:], keywords=lambda text: points_of(text, themes))
    return figures


def _keywords() -> Way:
    rows = [Category(code=kind.code, name=kind.name) for kind in KINDS if kind.code in TOLD]
    return lambda text: points_of(text, rows)


def _over(one: Mapping[str, float], other: Mapping[str, float]) -> float:
    return one["top1"] / other["top1"] if other["top1"] else 0.0


if __name__ == "__main__":
    raise SystemExit(main())
