"""What a column of a table holds, whatever its name.

Belongs here: counts of a column's values, and what kind they are. Does not belong here: the role a column has
(`modeling.proposal.columns`).
"""

from dataclasses import dataclass

import polars as pl

from modeling.core.features import TEXT


@dataclass(frozen=True)
class ColumnFacts:
    """A column: `distinct` counts its values, not null."""

    name: str
    values: pl.Series
    nulls: int
    distinct: int

    @classmethod
    def of(cls, values: pl.Series) -> "ColumnFacts":
        """Count what a column holds; NaN counts as missing, and a decimal as the float it is learned as."""
        if values.dtype.is_decimal():
            values = values.cast(pl.Float64)
        if values.dtype.is_float():
            values = values.fill_nan(None)
        distinct = values.drop_nulls().n_unique() if not values.dtype.is_nested() else values.len()
        return cls(values.name, values, values.null_count(), distinct)

    @property
    def rows(self) -> int:
        """How many, missing values among them."""
        return len(self.values)

    @property
    def is_text(self) -> bool:
        """Strings or levels."""
        return self.values.dtype in TEXT

    @property
    def is_usable(self) -> bool:
        """Of a type that a feature may have."""
        dtype = self.values.dtype
        return dtype.is_numeric() or self.is_text or dtype in (pl.Boolean, pl.Date, pl.Datetime)

    @property
    def is_whole(self) -> bool:
        """Integers of any width."""
        return self.values.dtype.is_integer()
