"""The names in a header.

Belongs here: refusing those that are missing or repeated, and mending them. Does not belong here: finding a header.
"""

from collections import Counter
from collections.abc import Sequence
from itertools import count

from resources.sources.errors import SourceError

_REPAIR = "mend it, or write `repair_header: true`"


def check_names(names: Sequence[str | None], where: str, start: int = 1) -> None:
    """Refuse a header that can't name columns; `start` is the number of the first.

    Raises
    ------
    SourceError: a column has no name, or two have the same.
    """
    nameless = [position for position, name in enumerate(names, start) if not (name and name.strip())]
    if nameless:
        listed = ", ".join(map(str, nameless))
        raise SourceError(f"{where}: the header has no name for column {listed}; {_REPAIR}")
    repeated = [name for name, count in Counter(names).items() if count > 1]
    if repeated:
        listed = ", ".join(map(repr, repeated))
        raise SourceError(f"{where}: the header repeats {listed}; names must be unique: {_REPAIR}")


def repaired(names: Sequence[str | None]) -> list[str]:
    """Every column named, and named once: by its number where it has no name, with a number where others have it."""
    repaired: list[str] = []
    for position, name in enumerate(names, start=1):
        name = " ".join((name or "").split()) or f"column_{position}"
        numbered = (f"{name}_{number}" for number in count(2))
        repaired.append(name if name not in repaired else next(one for one in numbered if one not in repaired))
    return repaired
