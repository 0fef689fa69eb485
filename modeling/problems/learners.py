"""Finds learners by name, without importing any.

Belongs here: names, families, and the import of one learner on demand. A learner is the module `<family>/<name>.py` in
`modeling/learners` or in a problem's folder (`modeling.core.learner.Learner`); there is no other list to keep.
"""

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from itertools import product
from pathlib import Path
from typing import NamedTuple

from modeling.core.candidate import FAMILIES, Family
from modeling.core.learner import Learner

MODELING = Path(__file__).parents[1]


class _Place(NamedTuple):
    family: Family
    module: str


@cache
def _places() -> Mapping[str, _Place]:
    """Where each learner lies, family by family.

    Raises
    ------
    ValueError: two have one name.
    """
    found: dict[str, _Place] = {}
    for family, folder in product(FAMILIES, ("learners", "problems/*")):
        for path in sorted(MODELING.glob(f"{folder}/{family}/[!_]*.py")):
            module = ".".join(path.relative_to(MODELING.parent).with_suffix("").parts)
            if path.stem in found:
                raise ValueError(f"two learners are called {path.stem!r}: {found[path.stem].module} and {module}")
            found[path.stem] = _Place(family, module)
    return found


def families() -> dict[str, Family]:
    """Every learner's name and the family it belongs to."""
    return {name: place.family for name, place in _places().items()}


def learner(name: str) -> type[Learner]:
    """The learner called `name`.

    Raises
    ------
    KeyError: there is none.
    """
    return import_module(_places()[name].module).LEARNER
