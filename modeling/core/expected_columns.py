"""Which raw columns a model can't do without, said before any of them is read.

Belongs here: finding what a delivery lacks, and naming it beside what it has instead. Does not belong here: types
(`column_types`), or values (`resources.contracts`).
"""

import unicodedata
from collections.abc import Collection

import polars as pl

from modeling.core.features import Derive, FeatureError, derived
from modeling.core.model import Model


def require(columns: list[str], model: Model, derive: Derive | None, identifiers: Collection[str]) -> None:
    """Refuse rows of these columns where one is missing that the model, its `features.py` or the answer needs.

    Raises
    ------
    FeatureError: the message names each, and what the rows have that differs from it by case or spaces only.
    """
    lacking = [name for name in identifiers if name not in columns]
    lacking += [name for name in _lacking(columns, model, derive) if name not in lacking]
    if not lacking:
        return
    there = {spelled(name): name for name in columns}
    alike = {name: there[spelled(name)] for name in lacking if spelled(name) in there}
    told = [f"they have {other!r}, the model knows {name!r}: write it exactly so" for name, other in alike.items()]
    rest = "; ".join(told) or f"the rows have {columns}"
    raise FeatureError(f"the columns {lacking} are missing; {rest}")


def spelled(name: str) -> str:
    """The same for names that differ by case, spaces or the writing of accents only."""
    return "".join(unicodedata.normalize("NFKC", name).casefold().split())


def _lacking(columns: list[str], model: Model, derive: Derive | None) -> list[str]:
    if derive is None or not model.columns:
        return [
            name for name in model.recipe.inputs if name not in columns and (derive is None or name in model.columns)
        ]
    absent = [name for name in model.columns if name not in columns]
    if not absent or not _enough(model, derive, without=""):
        return []
    return [name for name in absent if not _enough(model, derive, without=name)]


def _enough(model: Model, derive: Derive, without: str) -> bool:
    """Whether `features.py` makes what the recipe reads from no rows of all columns but one."""
    rows = pl.DataFrame(schema={name: dtype for name, dtype in model.columns.items() if name != without})
    try:
        return set(model.recipe.inputs) <= set(derived(rows, derive).columns)
    except Exception:  # noqa: BLE001  it is not ours, and says no more than that here
        return False
