"""The five fields of a cron line: numbers, ranges, lists, steps; or "@every 90s"."""
import re
from datetime import timedelta

LIMITS = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 6))


def field(text, low, high):
    allowed = set()
    for part in text.split(","):
        span, _, step = part.partition("/")
        first, _, last = span.partition("-")
        start = low if first == "*" else int(first)
        end = int(last) if last else high if first == "*" or step else start
        if not low <= start <= end <= high:
            raise ValueError(f"'{text}' is not within {low}-{high}")
        allowed.update(range(start, end + 1, int(step or 1)))
    return allowed


def next_after(line, moment):
    """The first minute after moment that matches, or so many seconds after it; ValueError when the line is wrong or never
    matches."""
    every = re.fullmatch("@every ([1-9][0-9]{0,5})s", line)
    if every:
        return moment + timedelta(seconds=int(every[1]))
    parts = line.split()
    if len(parts) != 5:
        raise ValueError(f"'{line}' does not have five fields")
    minutes, hours, days, months, weekdays = (field(part, *limit) for part, limit in zip(parts, LIMITS))
    first = (moment + timedelta(minutes=1)).replace(second=0, microsecond=0)
    for offset in range(4 * 366):
        day = first + timedelta(days=offset)
        if day.month not in months or day.day not in days or day.isoweekday() % 7 not in weekdays:
            continue
        for hour in sorted(hours):
            for minute in sorted(minutes):
                found = day.replace(hour=hour, minute=minute)
                if found >= first:
                    return found
    raise ValueError(f"'{line}' never matches")
