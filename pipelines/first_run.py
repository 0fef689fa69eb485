"""What to expect of a first run: how long each use case takes, and which come first.

Belongs here: the seconds that the shipped use cases took (`first_run.json`, which `python -m benchmarks.first_run`
writes), and the order that follows from them. Does not belong here: running anything (`refresh`).
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

MEASURED = Path(__file__).with_name("first_run.json")
AT_A_TIME = 2
"""Use cases that were made side by side, on as many cores, when it was measured."""


@dataclass(frozen=True)
class Expected:
    """What a first run of use cases takes on two cores, `AT_A_TIME`: the seconds until all are made whose time is
    known, the quickest of them with its seconds, and those whose time is not known."""

    seconds: float
    first: str
    first_seconds: float
    unknown: tuple[str, ...]


@cache
def measured_seconds() -> dict[str, float]:
    """Seconds on two cores, each with another beside it, by use case."""
    return json.loads(MEASURED.read_text(encoding="utf-8"))


def quickest_first(keys: Sequence[str]) -> list[str]:
    """The use cases in the order in which they are made: first those known to be quick, last those of unknown time."""
    known = measured_seconds()
    return sorted(keys, key=lambda key: (known.get(key, float("inf")), key))


def expected(keys: Sequence[str]) -> Expected | None:
    """What a first run of these use cases takes; None where no time is known."""
    known = {key: seconds for key in keys if (seconds := measured_seconds().get(key))}
    if not known:
        return None
    first = min(known, key=lambda key: known[key])
    unknown = tuple(key for key in keys if key not in known)
    return Expected(sum(known.values()) / AT_A_TIME, first, known[first], unknown)
