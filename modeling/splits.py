"""Which rows train, which choose, and which are sealed.

Belongs here: giving every row of a table one role before anything is fitted. Does not belong here: what the roles are
used for (`features`, `evaluation`), or checking that nothing leaked between them (`leakage`).
"""

from typing import Literal, get_args

import numpy as np
import polars as pl

from industries.definition import ColumnSplit, GroupSplit, RandomSplit, TimeSplit, UseCase

Role = Literal["train", "valid", "test"]
ROLES: tuple[Role, ...] = get_args(Role)
ROLE_TYPE = pl.Enum(ROLES)
MAX_STRATA = 20
"""Units whose mean target takes more values than this are stratified by its quartiles."""


class SplitError(ValueError):
    """The rows can't be split as declared; the message says which role or column fails."""


def assign(frame: pl.DataFrame, use_case: UseCase) -> pl.Series:
    """The role of every row, ``[n]`` of `ROLE_TYPE`.

    Raises
    ------
    SplitError: a role would be empty, or the split's column holds something else.
    """
    split = use_case.split
    match split:
        case RandomSplit():
            strata = frame[use_case.target] if split.stratify else None
            roles = _fill(_duplicates(frame, use_case), strata, split)
        case GroupSplit():
            roles = _fill(_codes(frame[str(use_case.columns.group)]), frame[use_case.target], split)
        case TimeSplit():
            roles = _by_time(frame[str(use_case.columns.time)], split)
        case ColumnSplit():
            roles = _by_column(frame[split.column], split)
    for role in ROLES:
        if not (roles == role).any():
            counts = {name: int((roles == name).sum()) for name in ROLES}
            raise SplitError(f"{use_case.key}: no row is left for {role!r} ({counts}): change `split` or add data")
    return roles


def distinguishing(columns: list[str], use_case: UseCase) -> list[str]:
    """The columns that say something about a row: all but its identifier and the target."""
    return [column for column in columns if column not in (use_case.target, *use_case.columns.identifier)]


def _duplicates(frame: pl.DataFrame, use_case: UseCase) -> np.ndarray:
    """A code per distinct row content ``[n]``, so that exact duplicates share one."""
    return _codes(frame.select(content=pl.struct(distinguishing(frame.columns, use_case)).hash())["content"])


def _codes(values: pl.Series) -> np.ndarray:
    """0, 1, 2… in order of first appearance ``[n]``."""
    return (values.rank("dense") - 1).fill_null(-1).cast(pl.Int64).to_numpy() + int(values.has_nulls())


def _fill(unit: np.ndarray, strata: pl.Series | None, split: RandomSplit | GroupSplit) -> pl.Series:
    """Fill test, then valid, then train with whole units, in a random order.

    A unit is a group, or a set of exact duplicates. Units are dealt within strata of similar mean target, and each
    stratum is cut at the same shares of its rows, so that the roles stay alike.
    """
    shuffled = np.random.default_rng(split.seed).permutation(unit.max() + 1)
    size = np.bincount(unit)
    stratum = _stratum_of_unit(unit, size, strata)
    role_of_unit = np.full(len(size), "train", dtype=object)
    for value in np.unique(stratum):
        members = shuffled[stratum[shuffled] == value]
        filled = (np.cumsum(size[members]) - size[members] / 2) / size[members].sum()
        role_of_unit[members[filled < split.test + split.valid]] = "valid"
        role_of_unit[members[filled < split.test]] = "test"
    return pl.Series("role", role_of_unit[unit], dtype=ROLE_TYPE)


def _stratum_of_unit(unit: np.ndarray, size: np.ndarray, strata: pl.Series | None) -> np.ndarray:
    if strata is None:
        return np.zeros(len(size), dtype=np.int64)
    target = _codes(strata) if not strata.dtype.is_float() else strata.fill_null(0).to_numpy()
    mean = np.bincount(unit, weights=target) / size
    levels, level = np.unique(mean, return_inverse=True)
    if len(levels) <= MAX_STRATA:
        return level
    return np.searchsorted(np.quantile(mean, [0.25, 0.5, 0.75]), mean)


def _by_time(time: pl.Series, split: TimeSplit) -> pl.Series:
    """Cut at moments, so that rows of one moment stay together."""
    if time.has_nulls():
        raise SplitError(f"the time column {time.name!r} is empty in {time.null_count():,} rows: quarantine them")
    if split.valid_from is None or split.test_from is None:
        ordered = time.sort()
        valid_from = ordered[int(len(time) * (1 - split.test - split.valid))]
        test_from = ordered[int(len(time) * (1 - split.test))]
    else:
        valid_from, test_from = split.valid_from, split.test_from
    role = pl.when(pl.col(time.name) >= pl.lit(test_from)).then(pl.lit("test"))
    role = role.when(pl.col(time.name) >= pl.lit(valid_from)).then(pl.lit("valid")).otherwise(pl.lit("train"))
    return time.to_frame().select(role=role.cast(ROLE_TYPE))["role"]


def _by_column(values: pl.Series, split: ColumnSplit) -> pl.Series:
    unknown = set(values.unique().to_list()) - set(ROLES)
    if unknown:
        raise SplitError(f"the column {split.column!r} holds {sorted(map(str, unknown))}; a role is one of {ROLES}")
    return values.cast(ROLE_TYPE).rename("role")
