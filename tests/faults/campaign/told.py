"""The report of a campaign, as Markdown for people."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from tests.bench._report import table
from tests.faults.campaign.actors import Actors
from tests.faults.campaign.chaos import Struck
from tests.faults.campaign.ledger import Entry
from tests.faults.campaign.reading import Message
from tests.faults.campaign.reporters import Reporters, Told
from tests.faults.campaign.verdicts import MOST_NAMED, Verdict, after_each, first_moments


@dataclass(frozen=True, slots=True, kw_only=True)
class Campaign:
    """Everything that is known at the end. Moments in seconds since 1970."""

    rate: float
    seed: int
    began_at: float
    over_at: float
    reporters: Reporters
    actors: Actors
    struck: Sequence[Struck]
    messages: Sequence[Message]
    entries: Sequence[Entry]
    verdicts: Sequence[Verdict]
    strange: Sequence[str]

    @property
    def is_kept(self) -> bool:
        """Whether every promise was kept and nothing is unexplained."""
        return all(verdict.is_kept for verdict in self.verdicts) and not self.strange


def told(one: Campaign) -> str:
    """The whole report."""
    parts = [_verdicts(one), _counts(one), _acceptance(one), _delivery(one), _faults(one)]
    if one.strange:
        parts.insert(1, "**Not explained by any fault:**\n\n" + "\n".join(f"- {words}" for words in one.strange[:20]))
    return "\n\n".join(parts) + "\n"


def _verdicts(one: Campaign) -> str:
    rows = [[verdict.promise, f"{verdict.of:,}", _said(verdict)] for verdict in one.verdicts]
    return "### Promises\n\n" + table(["promise", "asked of", "kept"], rows)


def _said(verdict: Verdict) -> str:
    if verdict.is_kept:
        return "yes"
    named = "; ".join(verdict.broken[:MOST_NAMED]) or "nothing to ask it of"
    return f"**no**, {len(verdict.broken)} times: {named}"


def _counts(one: Campaign) -> str:
    reporters, accepted = one.reporters, one.reporters.accepted()
    statuses = Counter(status for _moment, status in reporters.failed if status)
    errors = ", ".join(f"{count:,} × {status}" for status, count in sorted(statuses.items())) or "none"
    rows: list[list[object]] = [
        ["reports offered / accepted", f"{len(reporters.told):,} / {len(accepted):,}"],
        ["rate", f"{one.rate:g} a second, seed {one.seed}"],
        ["tries without an answer", f"{sum(not status for _moment, status in reporters.failed):,}"],
        ["answers that were errors", errors],
        ["reports that had to be sent more than once", f"{sum(told.tries > 1 for told in accepted):,}"],
        ["faults", len(one.struck)],
        ["messages written / acknowledged", f"{len(one.messages):,} / {len(first_moments(one.entries)):,}"],
        ["sent again with the same key", f"{sum(entry.again for entry in one.entries):,}"],
        ["tries that failed and were made again", f"{sum(max(row.attempts - 1, 0) for row in one.messages):,}"],
        ["acts done", ", ".join(f"{what}: {count:,}" for what, count in sorted(one.actors.done.items()))],
        ["acts that heard no answer, or an error", sum(one.actors.unanswered.values())],
        ["from the first report to the last message", _minutes(one.over_at - one.began_at)],
    ]
    return "### Counts\n\n" + table(["what", "figure"], rows)


def _acceptance(one: Campaign) -> str:
    accepted = one.reporters.accepted()
    hit = [told for told in accepted if _is_during(told, one.struck)]
    calm = [told for told in accepted if not _is_during(told, one.struck)]
    rows = [
        [name, f"{len(group):,}", *_percentiles([told.accepted_at - told.offered_at for told in group])]
        for name, group in (("while no fault lasted", calm), ("while one lasted", hit), ("all", accepted))
    ]
    return "### Seconds from the first try until accepted\n\n" + table(["offered", "reports", *NAMES], rows)


def _delivery(one: Campaign) -> str:
    moments = first_moments(one.entries)
    lags: dict[str, list[float]] = {}
    for row in one.messages:
        if row.key in moments:
            lags.setdefault(row.channel, []).append(moments[row.key] - row.written_at)
    rows = [[channel, f"{len(found):,}", *_percentiles(found)] for channel, found in sorted(lags.items())]
    return "### Seconds from being written until acknowledged\n\n" + table(["channel", "messages", *NAMES], rows)


def _faults(one: Campaign) -> str:
    moments = first_moments(one.entries)
    rows = [
        [
            number,
            struck.name,
            f"{struck.began_at - one.began_at:.0f}",
            f"{struck.ended_at - struck.began_at:.1f}",
            f"{struck.whole_at - struck.ended_at:.1f}",
            sum(struck.began_at <= moment <= struck.whole_at for moment, _status in one.reporters.failed),
            f"{after_each(one.messages, moments, whole_at=struck.whole_at):.0f}",
        ]
        for number, struck in enumerate(one.struck, start=1)
    ]
    names = ["№", "fault", "at, s", "held, s", "whole after, s", "tries that failed", "all delivered after, s"]
    meant = (
        "“All delivered after”: seconds from this recovery until everything written before it was acknowledged, "
        "although the next faults struck meanwhile."
    )
    return f"### Faults in turn\n\n{meant}\n\n{table(names, rows)}"


NAMES = ("p50", "p95", "p99", "longest")


def _percentiles(values: Sequence[float]) -> list[str]:
    ordered = sorted(values)
    if not ordered:
        return ["–"] * len(NAMES)
    chosen = [ordered[min(int(share * len(ordered)), len(ordered) - 1)] for share in (0.5, 0.95, 0.99, 1.0)]
    return [f"{value:.2f}" if value < 10 else f"{value:.0f}" for value in chosen]


def _is_during(report: Told, struck: Sequence[Struck]) -> bool:
    """Whether a fault lasted, or was being recovered from, when the report was first sent."""
    return any(one.began_at - 1 <= report.offered_at <= one.whole_at for one in struck)


def _minutes(seconds: float) -> str:
    return f"{int(seconds // 60)} min {int(seconds % 60)} s"
