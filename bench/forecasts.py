"""Whether the forecast's range holds: simulated provinces, each asked on a day what it will be weeks later, and then looked at.

`python -m bench.forecasts [provinces]` prints, for each number of weeks ahead, in how many the truth lay between p10 and p90. The
forecast was tuned on provinces of the first kind ("waves"); those of `bench.other_provinces` are made otherwise and tuned nothing.
"""

import math
import random
import sys
from collections.abc import Callable, Sequence
from datetime import date, timedelta

from bench.other_provinces import KINDS
from idp.enrollment.forecast import forecast

START = date(2025, 1, 1)
DAYS = 560
WEEKS_AHEAD = (2, 4, 8, 13, 26)
ASKED_ON = (150, 220, 290)
History = list[tuple[date, int, int]]


def province(seed: int) -> History:
    """(day, people who reached, people) for 18 months: enrolment in waves of very different strength, weekends, a new year's pause,
    people who fall again, joiners and leavers, days without a snapshot."""
    draw = random.Random(seed)
    people = draw.choice([800, 3_000, 12_480, 50_000])
    reached, wave, weekly = draw.uniform(0, 0.1) * people, 0, 0.0
    yearly = draw.choice([0.3, 0.6, 0.9])  # of those left, at the usual pace
    falls = draw.uniform(0.0002, 0.0015)  # of those who reached it, a day
    found = []
    for number in range(DAYS):
        day = START + timedelta(days=number)
        if number % 7 == 0:
            weekly = 0.6 * weekly + draw.gauss(0, 0.35)
            if wave:
                wave -= 1
            elif draw.random() < 0.05:
                wave = draw.randint(3, 8)
        pace = -math.log(1 - yearly) / 365 * (people - reached) * math.exp(weekly) * (draw.choice([2.0, 3.0]) if wave else 1.0)
        pace *= 0 if day.month == 2 and day.day < 8 else 0.1 if day.weekday() > 4 else 1.36
        reached += sum(draw.random() < pace / 20 for _try in range(20)) if pace < 20 else draw.gauss(pace, math.sqrt(pace))
        reached = min(people, max(0.0, reached - falls * reached * draw.uniform(0.5, 1.5)))
        people += draw.choice([-1, 0, 0, 1])
        if draw.random() > 0.03:
            found.append((day, int(reached), people))
    return found


def held(history: Sequence[tuple[date, int, int]], asked_on: date, weeks: int) -> bool | None:
    """Whether the range of this many weeks ahead contained what came; None when it cannot be asked."""
    known = [one for one in history if one[0] <= asked_on]
    then = asked_on + timedelta(weeks=weeks)
    truth = next((reached for day, reached, _people in history if day >= then), None)
    if truth is None or not known:
        return None
    (told,) = forecast(known, [(then, 100)]).targets
    return told.on_the_day.low <= truth <= told.on_the_day.high if told.on_the_day else None


def measure(name: str, make: Callable[[int], History], provinces: int) -> tuple[int, int]:
    """Print the shares of one kind of province; return in how many the range held, of how many, over all weeks ahead."""
    histories = [make(seed) for seed in range(provinces)]
    told, all_held, all_asked = [], 0, 0
    for weeks in WEEKS_AHEAD:
        answers = [held(history, START + timedelta(days=asked), weeks) for history in histories for asked in ASKED_ON]
        asked = [answer for answer in answers if answer is not None]
        all_held, all_asked = all_held + sum(asked), all_asked + len(asked)
        told.append(f"{weeks} weeks {1000 * sum(asked) // max(1, len(asked)) / 10} %")
    print(f"{name:12} {all_held} of {all_asked} ({1000 * all_held // max(1, all_asked) / 10} %): " + ", ".join(told))
    return all_held, all_asked


def main(provinces: int) -> None:
    """Print the shares."""
    measure("waves", province, provinces)
    found = [measure(name, lambda seed, make=make: make(seed, START, DAYS), provinces) for name, make in KINDS.items()]  # type: ignore[misc]
    part, whole = (sum(numbers) for numbers in zip(*found, strict=True))
    print(f"made otherwise, together: {part} of {whole} ({1000 * part // whole / 10} %)")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200)
