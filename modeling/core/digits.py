"""Numbers as people read them, in reports, messages and the terminal alike: four significant digits.

Belongs here: how a number is written, alone or with its interval. Does not belong here: words (`modeling.reports`), or
numbers for programs, which keep every digit.
"""

import math
from collections.abc import Sequence
from typing import Literal, TypeGuard

SIGNIFICANT = 4
SMALLEST = 1e-6
"""A number nearer to zero is written with an exponent; all others without one."""

Sign = Literal["-", "+"]


def is_measured(value: float | None) -> TypeGuard[float]:
    """Neither missing nor NaN or infinite."""
    return value is not None and math.isfinite(value)


def number(value: float, sign: Sign = "-") -> str:
    """``39,750``, ``0.7843``, ``0.00001234``, ``1.234e−07``; `sign="+"` writes the plus too."""
    if not math.isfinite(value):
        return str(value)
    if 0 < abs(value) < SMALLEST:
        return f"{value:{sign}.{SIGNIFICANT - 1}e}".replace("-", "−")
    return together([value], sign)[0]


def together(values: Sequence[float], sign: Sign = "-", scale: float | None = None) -> list[str]:
    """Each with the decimals that a number as large as `scale` needs, by default the largest of them, less those that
    are zero in all."""
    places = _decimals(scale or max(map(abs, values)))
    written = [_fixed(value, places, sign) for value in values]
    zeros = min(len(one) - len(one.rstrip("0")) for one in written) if places > 0 else 0
    return [one[: len(one) - zeros].rstrip(".") for one in written]


def with_interval(value: float, low: float | None, high: float | None, sign: Sign = "-") -> str:
    """``0.7843 (0.7726 to 0.7960)``; the value alone where it has no interval."""
    if not is_measured(value) or not is_measured(low) or not is_measured(high):
        return number(value, sign)
    middle, lower, upper = together([value, low, high], sign)
    return f"{middle} ({lower} to {upper})"


def _decimals(scale: float) -> int:
    """Digits after the point that leave four significant ones in a number as large as `scale`; negative before it."""
    return SIGNIFICANT - 1 - math.floor(math.log10(scale)) if scale else 0


def _fixed(value: float, places: int, sign: Sign) -> str:
    """Thousands in groups, and a minus that is as wide as a plus."""
    return f"{round(value, places) + 0.0:{sign},.{max(places, 0)}f}".replace("-", "−")
