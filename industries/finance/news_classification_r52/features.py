"""The two published halves as one table, with roles and without what they share (`two_halves`)."""

import polars as pl

from ..shared import two_halves


def assemble(members: dict[str, pl.LazyFrame]) -> pl.LazyFrame:
    return two_halves(members)
