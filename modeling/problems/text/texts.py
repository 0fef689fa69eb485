"""Texts as tasks and learners need them: joined, taken apart.

Belongs here: what can be said of a text without a model. Does not belong here: what may be delivered (the contract's
probes), comparing texts (`modeling.problems.text.resemblance`), networks that read (`modeling.problems.text.language`),
or what is reported (`modeling.problems.text.task`).
"""

import re
from collections.abc import Collection
from dataclasses import dataclass

import polars as pl
import polars.selectors as cs

from modeling.core.features import FeatureError
from modeling.core.table import Table

WORD = re.compile(r"\w+(?:['’-]\w+)*")
MOST_WORDS = 40
"""How many words of a text are its parts: what a text is about is said early, and every word costs a prediction."""
EXCERPT = 160


def texts(table: Table) -> tuple[str, ...]:
    """Every row's text ``[n]``; several columns one below the other. A missing one is empty.

    Raises
    ------
    FeatureError: the rows hold no text.
    """
    columns = table.content.select(cs.string())
    if not columns.width:
        raise FeatureError(f"the rows have no text, only {table.content.columns}; name it as `columns: {{text: […]}}`")
    joined = pl.concat_str(pl.all(), separator="\n", ignore_nulls=True)
    return tuple(columns.select(joined).to_series())


def excerpt(text: str) -> str:
    """The beginning of a text, on one line, at most 160 characters."""
    line = " ".join(text.split())
    return line if len(line) <= EXCERPT else f"{line[: EXCERPT - 1]}…"


@dataclass(frozen=True)
class WordOccluder:
    """The first words of a text, each of which can be deleted."""

    column: str

    def parts(self, value: str | None) -> list[str]:
        """The words, in lower case, in their order."""
        return [found[0].lower() for found in _words(value)]

    def without(self, value: str | None, dropped: Collection[int]) -> str:
        """The text with the words at these positions cut out."""
        text = value or ""
        for position, found in reversed(list(enumerate(_words(value)))):
            if position in dropped:
                text = text[: found.start()] + text[found.end() :]
        return text


def _words(text: str | None) -> list[re.Match[str]]:
    return list(WORD.finditer(text or ""))[:MOST_WORDS]
