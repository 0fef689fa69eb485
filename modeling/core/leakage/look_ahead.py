"""Does `assemble` give a row what only came after it? Change the future, compare the past.

Belongs here: running `assemble` again without what came after some moments, and the finding. Does not belong here:
reading members (`resources.sources`), or whether `features` looks at other rows (`findings`).

A row of the raw table must be the same whether or not later rows of the members exist. Not compared are the target,
which may come later, and columns that are no feature or that the use case states to be known in time
(`columns.known_at`). A row may be made of what came before the next moment of the table: it may sum up the hour it is
named by. Columns of one member's row that were known at different moments can't be told apart here.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from catalogue.definition import UseCase
from modeling.core.record import LeakageFinding

Assemble = Callable[[dict[str, pl.LazyFrame]], pl.LazyFrame]

NAME = "look_ahead"
CUTS = (0.5, 0.75, 0.9)
"""The moments after which everything is left out, as quantiles of the moments there are."""
MOST_ROWS = 1_000_000
"""Of all members together: with more it takes too long to run `assemble` again."""
DATED = 0.95
"""Share of a column's values that must be dates for it to be a time."""
FORMATS = ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%d")
CALLED = re.compile("time|date", re.IGNORECASE)
EXAMPLES = 5
_NUMBER, _AGAIN = "number among rows alike", " made again"


def look_ahead(
    members: Mapping[str, pl.LazyFrame], frame: pl.DataFrame, assemble: Assemble | None, use_case: UseCase
) -> LeakageFinding:
    """The finding about the `members` and the raw table `frame` that `assemble` made of them.

    Where rows have a moment, those up to a cut are made again without what came after it: a difference is an error.
    Where they have none, all are about one moment: from it on, the future may change the target and nothing else.
    """
    if assemble is None:
        return _passed("there is no `assemble`: no row is made of others")
    tables = {name: member.collect() for name, member in members.items()}
    replay = _Replay(tables, _moments(tables, use_case), frame, assemble, use_case)
    if not replay.moments:
        return _passed("no member has a column of time: look-ahead of `assemble` can't be seen in the data")
    if (rows := sum(table.height for table in tables.values())) > MOST_ROWS:
        return _passed(f"not tried: the members have {rows:,} rows, and `assemble` is run again up to {MOST_ROWS:,}")
    return _of_dated_rows(replay) if use_case.columns.time in frame.columns else _of_one_moment(replay)


def _passed(message: str) -> LeakageFinding:
    return LeakageFinding(name=NAME, passed=True, severity="warning", message=message)


def _of_dated_rows(replay: "_Replay") -> LeakageFinding:
    moment = replay.moment(replay.frame)
    if moment is None:
        return _passed(f"the moments in {replay.use_case.columns.time!r} can't be compared with those of the members")
    known, changed, compared, gone = moment.drop_nulls().unique().sort(), set[str](), 0, 0
    for cut in CUTS:
        last = max(0, min(int(cut * len(known)), len(known) - 2))
        again = replay.until(known[last + 1]) if len(known) > 1 else None
        after = None if again is None else replay.moment(again)
        if again is None or after is None:
            continue
        before = replay.frame.filter(moment <= known[last])
        one, other = replay.matched(before, again.filter(after <= known[last]))
        changed |= replay.changed(one, other)
        compared, gone = compared + one.height, gone + before.height - one.height
    if not compared:
        return _passed("`assemble` makes no rows of members that end earlier: look-ahead can't be seen in the data")
    told = f"{compared:,} rows made again without what came later" + f" ({gone:,} more were not made)" * bool(gone)
    told += f"; not compared, as stated to be known in time: {', '.join(stated)}" if (stated := replay.stated) else ""
    return LeakageFinding(
        name=NAME,
        passed=not changed,
        severity="error",
        message=f"`assemble` looks ahead: some are others of {told}. Make them of what was known at their moment, or "
        "state under `columns.known_at` what is known before, as a timetable is"
        if changed
        else f"the past does not change with the future: {told}",
        examples=sorted(changed)[:EXAMPLES],
    )


def _of_one_moment(replay: "_Replay") -> LeakageFinding:
    every = pl.concat(list(replay.moments.values())).drop_nulls().unique().sort()
    changed: set[str] = set()
    for cut in CUTS:
        end = every[int(cut * len(every))]
        again = replay.until(end)
        if again is None:
            continue
        one, other = replay.matched(replay.frame, again)
        changed = replay.changed(one, other)
        if not changed and one.height == replay.frame.height:
            target = replay.use_case.target
            said = "is made of it" if target in other and not _alike(one[target], other[target]) else "neither"
            return _passed(f"no feature changes without what came from {end} on; the target {said}")
    return LeakageFinding(
        name=NAME,
        passed=False,
        severity="warning",
        message="features are made of rows up to the end of the members, where the target may be, too: name the moment "
        "of each row in `columns.time`, or end the features before the target begins",
        examples=sorted(changed)[:EXAMPLES],
    )


def _moments(tables: Mapping[str, pl.DataFrame], use_case: UseCase) -> dict[str, pl.Series]:
    """When each row of a member was known, by member: dates where any has them, else the declared time, a number."""
    dated = {name: dates for name, table in tables.items() if (dates := _latest(table)) is not None}
    declared = str(use_case.columns.time)
    return dated or {
        name: table[declared].cast(pl.Float64)
        for name, table in tables.items()
        if declared in table.columns and table[declared].dtype.is_numeric()
    }


def _latest(table: pl.DataFrame) -> pl.Series | None:
    """Of several columns of dates, the latest: a row is known once all of it is. None: there is no such column."""
    dated = [dates for column in table if (dates := _dates(column)) is not None]
    return pl.select(pl.max_horizontal(dated)).to_series() if dated else None


def _dates(column: pl.Series) -> pl.Series | None:
    """The column as UTC moments: dates, their text, numbers like 19970131, or seconds since 1970 in a column that is
    called a time or a date. None: it holds none."""
    if column.dtype in (pl.Date, pl.Datetime):
        return column.cast(pl.Datetime("us"))
    if column.dtype == pl.String:
        text = column.str.slice(0, 19).str.replace("T", " ")
        tried = [text.str.to_datetime(form, strict=False, time_unit="us") for form in FORMATS]
    elif column.dtype.is_integer() and column.cast(pl.Float64).is_between(19_000_101, 21_001_231).all():
        tried = [column.cast(pl.String).str.to_datetime("%Y%m%d", strict=False, time_unit="us")]
    elif (
        column.dtype.is_numeric()
        and CALLED.search(column.name)
        and column.cast(pl.Float64).is_between(1e8, 4.2e9).all()
    ):
        tried = [pl.from_epoch(column.cast(pl.Int64), "s").cast(pl.Datetime("us"))]
    else:
        return None
    best = min(tried, key=pl.Series.null_count)
    known = len(column) - column.null_count()
    return best if known and len(best) - best.null_count() >= DATED * known else None


@dataclass(frozen=True)
class _Replay:
    """`assemble`, run again on members that end earlier.

    `moments`: by member, where it has any. `frame`: the raw table as it was made of all rows.
    """

    tables: Mapping[str, pl.DataFrame]
    moments: Mapping[str, pl.Series]
    frame: pl.DataFrame
    assemble: Assemble
    use_case: UseCase

    @property
    def stated(self) -> list[str]:
        """The columns that the use case states to be known in time."""
        said = self.use_case.columns.known_at
        return [name for name in self.frame.columns if said.get(name, "after") != "after"]

    def moment(self, frame: pl.DataFrame) -> pl.Series | None:
        """Of each row of a raw table, in the unit of the members' moments; None where it has another."""
        column = frame[str(self.use_case.columns.time)]
        numeric = next(iter(self.moments.values())).dtype.is_numeric()
        return _dates(column) if not numeric else column.cast(pl.Float64) if column.dtype.is_numeric() else None

    def until(self, end: object) -> pl.DataFrame | None:
        """The raw table of members that end before `end`; None where `assemble` can't make it of so little."""
        cut = {
            name: table.filter(self.moments[name] < end) if name in self.moments else table
            for name, table in self.tables.items()
        }
        try:
            made = self.assemble({name: table.lazy() for name, table in cut.items()}).collect()
        except Exception:  # noqa: BLE001  a use case's own code may fail anyhow on a table that is cut short
            return None
        return made if made.height else None

    def matched(self, one: pl.DataFrame, other: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
        """The rows that both hold, in one order: alike in identifier, group and time, and which of several it is."""
        columns = self.use_case.columns
        keys = [
            name
            for name in dict.fromkeys([*columns.identifier, columns.group, columns.time])
            if name in one.columns and name in other.columns
        ]
        number = pl.int_range(pl.len()).over(keys) if keys else pl.int_range(pl.len())
        both = one.with_columns(number.alias(_NUMBER)).join(
            other.with_columns(number.alias(_NUMBER)),
            on=[*keys, _NUMBER],
            nulls_equal=True,
            suffix=_AGAIN,
            maintain_order="left",
        )
        again = {name: f"{name}{_AGAIN}" for name in one.columns if f"{name}{_AGAIN}" in both.columns}
        return both.select(list(again)), both.select(pl.col(later).alias(name) for name, later in again.items())

    def changed(self, one: pl.DataFrame, other: pl.DataFrame) -> set[str]:
        """The features that differ."""
        compared = set(one.columns) - {self.use_case.target, *self.use_case.columns.drop, *self.stated}
        return {name for name in compared if not _alike(one[name], other[name])}


def _alike(one: pl.Series, other: pl.Series) -> bool:
    """Equal; floats but for rounding, which depends on the order they are summed in."""
    if one.dtype.is_float() and other.dtype.is_float():
        return np.allclose(one.to_numpy(), other.to_numpy(), rtol=1e-9, atol=1e-12, equal_nan=True)
    return one.equals(other, null_equal=True)
