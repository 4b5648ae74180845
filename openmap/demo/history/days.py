"""When things happened in Яворин: three years of days with their weather, and how many reports each brought.

Pure: the same last day gives the same occasions.
"""

import random
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import accumulate
from typing import Final
from zoneinfo import ZoneInfo

from openmap.demo.history.spots import SPOTS, Spot

REPORTS: Final = 3000
YEARS: Final = 3
STORIES_BEGIN: Final = 47  # days before the demo is loaded: from then on stories told by hand are part of the days
FEWER_SINCE: Final = 0.5  # of the usual number, because of them

# January to December, for one of the days that nothing special happened on.
KINDS: Final[Mapping[str, Sequence[float]]] = {
    "roads": (7, 11, 20, 17, 10, 7, 6, 6, 7, 7, 7, 6),
    "sidewalks": (3, 4, 6, 6, 6, 5, 5, 5, 5, 5, 4, 3),
    "manholes": (2, 3, 4, 3, 3, 2, 2, 2, 3, 3, 3, 2),
    "lamps": (12, 10, 7, 5, 3, 2, 3, 4, 7, 10, 13, 14),
    "waste": (9, 7, 7, 8, 9, 9, 10, 9, 8, 8, 7, 9),
    "dumps": (1, 1, 4, 6, 5, 4, 3, 3, 4, 5, 3, 1),
    "water": (5, 5, 5, 5, 5, 7, 8, 7, 5, 4, 4, 5),
    "sewage": (3, 3, 4, 4, 5, 6, 5, 4, 4, 4, 4, 3),
    "heating": (9, 8, 5, 1, 0, 0, 0, 0, 1, 5, 7, 8),
    "hot-water": (2, 2, 2, 2, 4, 3, 3, 2, 2, 1, 2, 2),
    "power": (5, 4, 3, 2, 2, 2, 3, 2, 2, 3, 4, 5),
    "gas": (1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1),
    "trees": (2, 2, 4, 6, 6, 7, 7, 6, 5, 5, 3, 2),
    "playgrounds": (0, 1, 3, 5, 6, 6, 6, 5, 4, 3, 1, 0),
    "transport": (6, 6, 5, 5, 4, 4, 4, 4, 7, 6, 5, 6),
    "access": (2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2),
    "parking": (4, 4, 5, 5, 6, 6, 5, 5, 6, 5, 5, 4),
    "animals": (3, 4, 5, 5, 4, 4, 3, 3, 4, 4, 3, 3),
    "shelters": (2, 2, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2),
    "yards": (8, 8, 8, 8, 7, 6, 6, 6, 7, 8, 8, 8),
    "snow": (6, 4, 0, 0, 0, 0, 0, 0, 0, 0, 1, 5),
    "lifts": (5, 5, 5, 4, 4, 4, 4, 4, 5, 5, 5, 5),
    "signs": (2, 2, 3, 3, 3, 3, 2, 2, 3, 2, 2, 2),
    "cleaning": (2, 2, 5, 6, 4, 3, 3, 3, 4, 8, 7, 3),
    "kiosks": (1, 1, 2, 2, 3, 3, 3, 3, 2, 1, 1, 1),
    "benches": (1, 1, 2, 4, 4, 4, 3, 3, 3, 2, 1, 1),
    "building": (2, 2, 2, 3, 3, 3, 3, 3, 3, 3, 2, 2),
    "other": (3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3),
}
# How often each hour of the day, 0 to 23.
HOURS: Final = (3, 2, 1, 1, 2, 5, 18, 48, 70, 66, 58, 52, 47, 44, 42, 44, 50, 62, 76, 80, 74, 56, 32, 12)
FREE_DAY: Final = (4, 3, 2, 1, 1, 3, 8, 18, 34, 54, 66, 66, 60, 52, 48, 46, 46, 50, 56, 58, 54, 42, 26, 12)
AFTER_DARK: Final = {"lamps": (17, 23), "parking": (17, 22)}
WEEKDAYS: Final = (1.3, 1.18, 1.12, 1.08, 1.0, 0.68, 0.56)


@dataclass(frozen=True, slots=True)
class Occasion:
    """Somebody had a reason to write."""

    at: datetime
    kind: str
    spot: Spot | None = None
    district: int | None = None  # number of the one where all of the day happened, whatever it is called
    is_weather: bool = False


def occasions(*, at: datetime, zone: ZoneInfo) -> list[Occasion]:
    """REPORTS of them in the three years before `at`, in their order; the last was on the day before."""
    last = at.astimezone(zone).date() - timedelta(days=1)
    first = last - timedelta(days=365 * YEARS)
    days = [first + timedelta(days=step) for step in range((last - first).days + 1)]
    chance = random.Random(f"Яворин {last.isoformat()}")  # noqa: S311
    special = [*_weather(days, chance), *_of_spots(days, chance)]
    usual = _usual(days, chance, REPORTS - len(special))
    found = [_at_its_hour(day, one, chance, zone) for day, one in (*special, *usual)]
    return sorted(found, key=lambda one: (one.at, one.kind))


Dated = tuple[date, Occasion]
_SOME_TIME = datetime.min.replace(tzinfo=UTC)


def _one(kind: str, **more: object) -> Occasion:
    return Occasion(_SOME_TIME, kind, **more)  # type: ignore[arg-type]


def _usual(days: Sequence[date], chance: random.Random, count: int) -> Iterator[Dated]:
    """What happens anyway, more of it every year, as more people know where to write."""
    codes = list(KINDS)
    grows = [0.75 + 0.5 * number / len(days) for number in range(len(days))]
    quiet = len(days) - STORIES_BEGIN
    weights = [
        WEEKDAYS[day.weekday()] * grown * (FEWER_SINCE if number >= quiet else 1)
        for number, (day, grown) in enumerate(zip(days, grows, strict=True))
    ]
    by_month = {month: list(accumulate(KINDS[code][month - 1] for code in codes)) for month in range(1, 13)}
    for day in chance.choices(days, weights, k=count):
        yield day, _one(chance.choices(codes, cum_weights=by_month[day.month])[0])


def _weather(days: Sequence[date], chance: random.Random) -> Iterator[Dated]:
    """Storms, snowfalls, thaws, the first days of heating, and weeks without hot water."""
    for day in days:
        month = day.month
        if 4 <= month <= 9 and chance.random() < 0.028:
            yield from _many(day, chance, {"trees": 8, "sewage": 4, "power": 3, "yards": 2}, (7, 15))
        elif month in (12, 1, 2) and chance.random() < 0.09:
            yield from _many(day, chance, {"snow": 12, "transport": 1, "sidewalks": 1}, (5, 12))
        elif month in (2, 3) and chance.random() < 0.06:
            yield from _many(day, chance, {"roads": 9, "sewage": 2, "sidewalks": 1}, (4, 8))
        elif (month, day.day) >= (10, 14) and (month, day.day) <= (10, 24):
            yield from _many(day, chance, {"heating": 9, "yards": 1}, (1, 5))
        elif month == 5 and 12 <= day.day <= 26:
            yield from _many(day, chance, {"hot-water": 1}, (1, 3), district=(day.year + day.day // 13) % 5)


def _many(
    day: date,
    chance: random.Random,
    mix: Mapping[str, int],
    least_most: tuple[int, int],
    district: int | None = None,
) -> Iterator[Dated]:
    for kind in chance.choices(list(mix), list(mix.values()), k=chance.randint(*least_most)):
        yield day, _one(kind, district=district, is_weather=True)


def _of_spots(days: Sequence[date], chance: random.Random) -> Iterator[Dated]:
    """The places of which people write again and again."""
    for spot in SPOTS:
        months = [day for day in days if day.month in spot.months and spot.since <= (days[-1] - day).days < spot.until]
        for day in chance.choices(months, k=spot.reports) if months else []:
            yield day, _one(spot.kind, spot=spot)


def _at_its_hour(day: date, one: Occasion, chance: random.Random, zone: ZoneInfo) -> Occasion:
    hours: Sequence[int] = FREE_DAY if day.weekday() >= 5 else HOURS
    if one.kind in AFTER_DARK:
        first, last = AFTER_DARK[one.kind]
        hours = tuple(weight * 3 if first <= hour <= last else weight for hour, weight in enumerate(hours))
    hour = chance.choices(range(24), hours)[0]
    moment = datetime.combine(day, time(hour, chance.randrange(60), chance.randrange(60)), zone)
    return Occasion(moment, one.kind, one.spot, one.district, one.is_weather)


def months_of(found: Sequence[Occasion]) -> Counter[tuple[str, int]]:
    """How many of each kind each month of the year brought."""
    return Counter((one.kind, one.at.month) for one in found)
