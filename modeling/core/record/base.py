"""What every part of a record is, changing its texts, and a measured value.

Belongs here: what the other parts are built of. Does not belong here: any part (the other modules here).
"""

from collections.abc import Callable
from typing import Annotated, Any, Literal, TypeVar, get_origin

from pydantic import BaseModel, BeforeValidator, ConfigDict

Value = TypeVar("Value")


class Record(BaseModel):
    """A part of a record: its fields and no others."""

    model_config = ConfigDict(extra="forbid")


def with_texts(value: Value, change: Callable[[str], str]) -> Value:
    """A record, or lists and mappings of records and texts, with `change` made to every text, keys too. A word that is
    one of those the schema lists (`Literal`) stays."""
    return _changed(value, change)


def _changed(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, Record):
        listed = {name for name, field in type(value).model_fields.items() if get_origin(field.annotation) is Literal}
        return value.model_copy(update={k: _changed(v, change) for k, v in value if k not in listed})
    if isinstance(value, dict):
        return {_changed(key, change): _changed(item, change) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_changed(item, change) for item in value)
    return change(value) if isinstance(value, str) else value


class Interval(Record):
    """A measured value with its 95 % interval. `low` and `high` are absent where it could not be made."""

    value: float
    low: float | None = None
    high: float | None = None

    def carrying(self, spread: "Spread | None") -> "Interval":
        """The interval that also carries the variance of seeds and splits, where that is known."""
        if spread is None or spread.low is None:
            return self
        return Interval(value=self.value, low=spread.low, high=spread.high)


def _with_ends(value: Any) -> Any:
    return {"value": value} if isinstance(value, int | float) else value


OnceANumber = Annotated[Interval, BeforeValidator(_with_ends)]
"""An interval where older records hold the value alone."""


class Lift(Interval):
    """A paired difference champion - other on the same test rows, signed so that more is better.

    `decisive` is false when the interval includes zero, and below ten independent clusters. `note` says the second, or
    that one cluster holds most of what is scored.
    """

    over: str
    decisive: bool
    clusters: int | None = None
    """How many were drawn: the rows themselves where they stand alone."""
    note: str = ""


class Spread(Record):
    """Why a score would be another one next time: standard deviations, and the 95 % interval of all of them together.

    A part that was not measured is absent.
    """

    rows: float | None
    """Other test rows of the same kind."""
    seeds: float | None
    """The same rows trained again with another seed."""
    splits: float | None
    """Another division of the rows, beyond what their number explains."""
    low: float | None
    high: float | None

    @property
    def shares(self) -> dict[str, float]:
        """The share of the variance by part, of those measured; empty where nothing varies."""
        variances = {name: (getattr(self, name) or 0.0) ** 2 for name in ("rows", "seeds", "splits")}
        total = sum(variances.values())
        return {name: variance / total for name, variance in variances.items()} if total else {}
