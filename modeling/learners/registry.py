"""Finds learners by name, without importing any.

Belongs here: the names, their family and the import of one on demand. A learner is the file
`modeling/learners/<family>/<name>.py`; there is no other list to keep.
"""

from importlib import import_module
from pathlib import Path
from typing import Literal, get_args

from modeling.learners.protocol import Learner

Family = Literal["baseline", "boosting", "deep"]
TRIVIAL = "trivial"
"""The learner every use case is compared with; it always runs."""


def _names(family: Family) -> list[str]:
    folder = Path(__file__).parent / family
    return sorted(path.stem for path in folder.glob("*.py") if not path.stem.startswith("_"))


def families() -> dict[str, Family]:
    """Every learner's name and the family it belongs to."""
    return {name: family for family in get_args(Family) for name in _names(family)}


def learner(name: str) -> type[Learner]:
    """The learner called `name`.

    Raises
    ------
    KeyError: there is none.
    """
    return import_module(f"modeling.learners.{families()[name]}.{name}").Model
