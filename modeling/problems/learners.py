"""Finds learners by name, without importing any.

Belongs here: the names, their family and the import of one on demand. A learner is the file `<family>/<name>.py` in
`modeling/learners` or in a problem's folder; there is no other list to keep.
"""

from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Literal, get_args

from modeling.core.learner import Learner

Family = Literal["baseline", "boosting", "deep"]
ROOT = Path(__file__).parents[2]
FOLDERS = ("modeling/learners", "modeling/problems/*")


@cache
def _modules() -> dict[str, str]:
    """Learner -> its module, family by family."""
    patterns = [f"{folder}/{family}/[!_]*.py" for family in get_args(Family) for folder in FOLDERS]
    found = [path.relative_to(ROOT) for pattern in patterns for path in sorted(ROOT.glob(pattern))]
    return {path.stem: ".".join(path.with_suffix("").parts) for path in found}


def families() -> dict[str, Family]:
    """Every learner's name and the family it belongs to."""
    return {name: module.split(".")[-2] for name, module in _modules().items()}  # pyright: ignore[reportReturnType]


def learner(name: str) -> type[Learner]:
    """The learner called `name`.

    Raises
    ------
    KeyError: there is none.
    """
    return import_module(_modules()[name]).LEARNER
