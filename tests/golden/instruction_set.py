"""The processor's instructions by which results are made that are compared with recorded ones.

Belongs here: choosing them. Does not belong here: comparing (`comparison`). torch and MKL take the widest that a
processor has, and a network that adds in another order ends elsewhere in the third digit.
"""

import os

COMMON = {"ATEN_CPU_CAPABILITY": "avx2", "MKL_CBWR": "AVX2"}
"""What any x86 processor since 2013 has. MKL_CBWR: Intel's conditional numerical reproducibility."""


def choose() -> None:
    """Before torch computes anything in this process; its children inherit it."""
    os.environ.update(COMMON)
