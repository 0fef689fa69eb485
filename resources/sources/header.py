"""The names in a header.

Belongs here: those of a header of several lines, refusing those that are missing or repeated, and mending them. Does
not belong here: finding a header.
"""

import re
from collections import Counter
from collections.abc import Sequence
from itertools import count, zip_longest

from resources.sources.errors import SourceError

PATTERN = re.compile(r"\^.*\$", re.DOTALL)
"""A name that polars takes for a pattern of others."""
_REPAIR = "mend it, or write `repair_header: true`"


def check_names(names: Sequence[str | None], where: str, start: int = 1) -> None:
    """Refuse a header that can't name columns; `start` is the number of the first.

    Raises
    ------
    SourceError: a column has no name, or two have the same, or one is a pattern.
    """
    nameless = [position for position, name in enumerate(names, start) if not (name and name.strip())]
    if nameless:
        listed = ", ".join(map(str, nameless))
        raise SourceError(f"{where}: the header has no name for column {listed}; {_REPAIR}")
    repeated = [name for name, count in Counter(names).items() if count > 1]
    if repeated:
        listed = ", ".join(map(repr, repeated))
        raise SourceError(f"{where}: the header repeats {listed}; names must be unique: {_REPAIR}")
    check_patterns(names, where, _REPAIR)


def check_patterns(names: Sequence[str | None], where: str, remedy: str = "rename it") -> None:
    """Refuse names that polars takes for patterns of others. Raises SourceError."""
    if patterns := [name for name in names if name and PATTERN.fullmatch(name)]:
        raise SourceError(f"{where}: a column can't be called {patterns[0]!r}, a pattern of names: {remedy}")


def repaired(names: Sequence[str | None]) -> list[str]:
    """Every column named, and named once: by its number where it has no name, with a number where others have it. A
    pattern loses its `^` and `$`."""
    repaired: dict[str, None] = {}
    for position, name in enumerate(names, start=1):
        name = " ".join((name or "").split())
        name = (name.strip("^$ ") if PATTERN.fullmatch(name) else name) or f"column_{position}"
        numbered = (f"{name}_{number}" for number in count(2))
        repaired[name if name not in repaired else next(one for one in numbered if one not in repaired)] = None
    return list(repaired)


def joined(lines: Sequence[Sequence[str | None]]) -> list[str]:
    """One name a column, of all that header lines say of it: where a cell is merged, its text stands at the left."""
    if len(lines) < 2:
        return [name or "" for line in lines for name in line]
    *upper, lowest = lines
    columns = zip_longest(*(_carried(line, lowest) for line in upper), lowest, fillvalue="")
    return [" ".join(dict.fromkeys(filter(None, ((part or "").strip() for part in parts)))) for parts in columns]


def _carried(line: Sequence[str | None], lowest: Sequence[str | None]) -> list[str]:
    """A line in which what stands at the left is said of each column that has a name of its own below."""
    carried, last = list[str](), ""
    for part, below in zip_longest(line, lowest, fillvalue=""):
        last = part or last
        carried.append(part or (last if below else ""))
    return carried
