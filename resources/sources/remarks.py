"""What reading a source left out or changed, in sentences.

Belongs here: how they travel beside a table, and those of several files in one list. Does not belong here: writing one,
which whatever leaves something out does (`formats`, `notation`).
"""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import polars as pl

from catalogue.visible import listed
from resources.sources.taken import TakenFiles

MOST_REMARKS = 100
"""Of one table."""
_COUNT = re.compile(r"^[\d,]+(?= )")


class ReadTable(NamedTuple):
    """A table, and what reading it left out or changed: `3 lines above the header are not read`.

    A sentence that begins with a count is added up over files.
    """

    table: pl.DataFrame
    remarks: tuple[str, ...] = ()


class Delivered(NamedTuple):
    """The tables of a source by name, what reading them left out or changed, and the dropped files they are made of."""

    members: dict[str, pl.LazyFrame]
    remarks: tuple[str, ...] = ()
    files: TakenFiles = TakenFiles()


def together(found: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """The remarks on several files (or tables) of those names in one list: what is said of several stands there once,
    with their names and the sum of its counts. Of very many, how many more there are."""
    if len(found) == 1:
        return _bounded(list(next(iter(found.values()))))
    counts, names = defaultdict[str, int](int), defaultdict[str, list[str]](list)
    for name, remarks in found.items():
        for remark in remarks:
            count = _COUNT.match(remark)
            said = _COUNT.sub("", remark)
            counts[said] += int(count[0].replace(",", "")) if count else 0
            names[said].append(name)
    return _bounded([_of(names[said], f"{counts[said]:,}{said}" if counts[said] else said) for said in names])


def _of(names: list[str], remark: str) -> str:
    return f"{remark} (in {listed(names)})" if len(names) > 1 else f"{names[0]}: {remark}"


def _bounded(remarks: list[str]) -> tuple[str, ...]:
    more = [f"{len(remarks) - MOST_REMARKS:,} more remarks of this kind"] if len(remarks) > MOST_REMARKS else []
    return (*remarks[:MOST_REMARKS], *more)
