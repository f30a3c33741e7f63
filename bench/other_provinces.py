"""Provinces made otherwise than those on which the forecast was tuned: agency by agency, by orders with a date, as a rumour spreads, by
days on which officers travel. Each function tells (day, people who reached, people) for some days from a seed."""

import math
import random
from collections.abc import Callable
from datetime import date, timedelta

History = list[tuple[date, int, int]]


def _kept(draw: random.Random, start: date, levels: list[float], people: int) -> History:
    """Whole numbers, a few days missing, between nobody and everybody."""
    days = ((start + timedelta(days=number), level) for number, level in enumerate(levels))
    return [(day, max(0, min(people, int(level))), people) for day, level in days if draw.random() > 0.05]


def agencies(seed: int, start: date, days: int) -> History:
    """Some dozens of agencies of very different size, each with a day on which it begins and a pace of its own; a tenth never begin."""
    draw = random.Random(f"agencies {seed}")
    sizes = [int(draw.lognormvariate(4.2, 0.9)) + 5 for _agency in range(draw.randint(30, 160))]
    begins = [draw.triangular(-120, days * 1.1, days * 0.3) if draw.random() > 0.1 else math.inf for _size in sizes]
    paces = [draw.lognormvariate(math.log(0.012), 0.6) for _size in sizes]
    levels, reached = [], [0.0] * len(sizes)
    for number in range(days):
        works = (start + timedelta(days=number)).weekday() < 5
        for place, size in enumerate(sizes):
            if number >= begins[place] and works:
                wanted = (size - reached[place]) * paces[place]
                reached[place] += sum(draw.random() < wanted for _one in range(1)) if wanted < 1 else wanted * draw.uniform(0.4, 1.6)
            reached[place] -= reached[place] * draw.uniform(0, 0.001)
        levels.append(sum(reached))
    return _kept(draw, start, levels, sum(sizes))


def orders(seed: int, start: date, days: int) -> History:
    """A slow drift, and from time to time an order with a date: people hurry before it, and hardly anybody comes after it."""
    draw = random.Random(f"orders {seed}")
    people, level, drift, levels = draw.randint(1_500, 40_000), 0.02, draw.uniform(0.0002, 0.0012), []
    dates = sorted(draw.uniform(0, days) for _order in range(draw.randint(2, 7)))
    for number in range(days):
        hurry = sum(0.006 * math.exp((number - day) / 12) for day in dates if day - 40 <= number <= day)
        tired = 0.3 if any(day < number < day + 20 for day in dates) else 1.0
        works = 1.35 if (start + timedelta(days=number)).weekday() < 5 else 0.1
        level += (1 - level) * (drift * tired + hurry) * works * draw.uniform(0.3, 1.7) - 0.0006 * level * draw.random()
        levels.append(level * people)
    return _kept(draw, start, levels, people)


def rumour(seed: int, start: date, days: int) -> History:
    """People enrol because colleagues did: an S-shaped rise to a ceiling that is not everybody."""
    draw = random.Random(f"rumour {seed}")
    people, ceiling, rate = draw.randint(900, 60_000), draw.uniform(0.4, 0.97), draw.lognormvariate(math.log(0.013), 0.35)
    level, mood, levels = ceiling / (1 + math.exp(rate * draw.uniform(100, 400))), 0.0, []
    for number in range(days):
        mood = 0.97 * mood + draw.gauss(0, 0.08)
        works = 1.3 if (start + timedelta(days=number)).weekday() < 5 else 0.25
        level += rate * level * (1 - level / ceiling) * math.exp(mood) * works
        levels.append(min(ceiling, level) * people)
    return _kept(draw, start, levels, people)


def travelling(seed: int, start: date, days: int) -> History:
    """Officers travel: on some days a year's part of a district enrols at once, between them next to nothing; signing in lapses."""
    draw = random.Random(f"travelling {seed}")
    people, level, levels, often = draw.randint(2_000, 20_000), 0.05, [], draw.uniform(0.08, 0.3)
    for number in range(days):
        day = start + timedelta(days=number)
        visit = day.weekday() < 5 and draw.random() < often * (0.4 if day.month in (1, 2, 7) else 1.0)
        level += (1 - level) * (draw.uniform(0.002, 0.015) if visit else 0.0002 * draw.random()) - level * 0.0007
        levels.append(level * people)
    return _kept(draw, start, levels, people)


KINDS: dict[str, Callable[[int, date, int], History]] = {
    "agencies": agencies, "orders": orders, "rumour": rumour, "travelling": travelling,
}  # fmt: skip
