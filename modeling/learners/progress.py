"""What a learner says while it trains, in bounded amounts.

Belongs here: throttling of progress lines and thinning of curves. Does not belong here: where the lines go
(`Fitting.progress`).
"""

import time
from collections.abc import Callable

SECONDS = 2.0
CURVE_ROWS = 200


def throttled(say: Callable[[str], None]) -> Callable[[str], None]:
    """`say`, at most every two seconds; a line that comes too early is dropped."""
    last = time.monotonic() - SECONDS

    def speak(line: str) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last >= SECONDS:
            last = now
            say(line)

    return speak


def thinned(curve: list[dict[str, float]]) -> list[dict[str, float]]:
    """At most 200 rows of `curve`, evenly spread, the last one included.

    >>> [row["step"] for row in thinned([{"step": step} for step in range(1, 601)])][-2:]
    [597, 600]
    """
    stride = -(-len(curve) // CURVE_ROWS)
    return curve[::-1][::stride][::-1] if curve else []
