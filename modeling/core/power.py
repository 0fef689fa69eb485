"""How many units a gate that was set beforehand needs.

Belongs here: the arithmetic of sample sizes. Does not belong here: what was measured in a test, which must not enter:
the power of an observed difference is its p-value in other words (Hoenig & Heisey 2001).
"""

from math import ceil
from statistics import NormalDist

from modeling.core.intervals import TAIL


def units_needed(relevant: float, variance: float, power: float = 0.8) -> int:
    """Units with which the lower end of a 95 % interval exceeds the gate's bound in a share `power` of the tests.

    relevant: by how much the truth exceeds the bound: the smallest difference that matters, settled before the test.
    variance: of the measured value's influence per unit, so that variance / units is the square of its standard error.

    Source: normal theory, n = variance ((z(0.975) + z(power)) / relevant)² (Chow, Shao & Wang 2008, chapter 3).

    Raises
    ------
    ValueError: `relevant` is not above 0.
    """
    if relevant <= 0:
        raise ValueError(f"the smallest difference that matters is {relevant}; it must be above 0")
    z = NormalDist().inv_cdf
    return ceil(variance * ((z(1 - TAIL) + z(power)) / relevant) ** 2)
