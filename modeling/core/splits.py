"""Which rows train, which tune, which choose, and which are sealed.

Belongs here: giving every row of a table one role before anything is fitted. Does not belong here: what the roles are
used for (`features`, `evaluation`), or checking that nothing leaked between them (`leakage`).
"""

from typing import Literal, get_args

import numpy as np
import polars as pl
import polars.selectors as cs

from catalogue.definition import ColumnSplit, GroupSplit, RandomSplit, ScaffoldSplit, TimeSplit, UseCase
from catalogue.definition.split import AnySplit

Role = Literal["train", "tune", "valid", "test"]
ROLES: tuple[Role, ...] = get_args(Role)
ROLE_TYPE = pl.Enum(ROLES)
MAX_STRATA = 20
"""A target of more values than this is stratified by its quartiles."""
DEALS, MOST_DEALT = 500, 2_000_000
"""How often groups are dealt out anew, and how many are in all."""
TUNING = 0.15
"""The share of the declared training rows that tunes hyperparameters and stops training."""


class SplitError(ValueError):
    """The rows can't be split as declared; the message says which role or column fails."""


def assign(frame: pl.DataFrame, use_case: UseCase, scaffolds: pl.Series | None = None) -> pl.Series:
    """The role of every row, ``[n]`` of `ROLE_TYPE`.

    The split divides rows into training, validation and test; of training, `TUNING` is set apart to tune and stop by:
    dealt as the split deals, so the last moments of a split by time. A column that says `tune` itself is believed.

    `scaffolds` ``[n]``: the ring system of each row's molecule, from a task that knows molecules; a split by scaffold
    keeps each in one role.

    Raises
    ------
    SplitError: a role would be empty, the split's column holds something else, or there are no scaffolds to split by.
    """
    roles = _declared(frame, use_case, scaffolds)
    if not (roles == "tune").any():
        roles = _with_tuning(roles, blocks(frame, use_case, scaffolds), frame[use_case.target], use_case.split)
    for role in ROLES:
        if not (roles == role).any():
            counts = {name: int((roles == name).sum()) for name in ROLES}
            alike = _alike(frame, use_case)
            raise SplitError(
                f"{use_case.key}: no row is left for {role!r} ({counts}): {alike}change `split` or add data"
            )
    return roles


def _declared(frame: pl.DataFrame, use_case: UseCase, scaffolds: pl.Series | None) -> pl.Series:
    """The roles that the split itself names."""
    split = use_case.split
    match split:
        case RandomSplit():
            return _at_random(frame, use_case, split)
        case GroupSplit():
            return _by_group(frame[str(use_case.columns.group)], split)
        case ScaffoldSplit():
            if scaffolds is None:
                raise SplitError(f"{use_case.key}: the task {use_case.task} can't split by scaffold: split by group")
            return _by_group(scaffolds, split)
        case TimeSplit():
            return by_time(frame[str(use_case.columns.time)], split)
        case ColumnSplit():
            return _by_column(frame[split.column], split)


def blocks(frame: pl.DataFrame, use_case: UseCase, scaffolds: pl.Series | None = None) -> np.ndarray:
    """int64 ``[n]``: rows of one block are never divided between roles.

    Exact duplicates; whole groups or scaffolds where the split keeps those together; moments in their order where it
    is by time.
    """
    match use_case.split:
        case TimeSplit():
            return frame[str(use_case.columns.time)].rank("dense").fill_null(0).cast(pl.Int64).to_numpy()
        case GroupSplit():
            return _codes(frame[str(use_case.columns.group)].to_frame())
        case ScaffoldSplit() if scaffolds is not None:
            return _codes(scaffolds.to_frame())
        case ColumnSplit() if use_case.columns.group:
            return _codes(frame[use_case.columns.group].to_frame())
    return _codes(frame.select(cs.by_name(*distinguishing(frame.columns, use_case))))


def _with_tuning(roles: pl.Series, block: np.ndarray, target: pl.Series, split: AnySplit) -> pl.Series:
    """`roles` ``[n]`` with `TUNING` of the training rows set apart."""
    train = np.flatnonzero(roles == "train")
    tune = held_out(block[train], TUNING, split, strata(target.gather(train), split)) if len(train) else train
    return roles.scatter(train[tune], "tune")


def _alike(frame: pl.DataFrame, use_case: UseCase) -> str:
    """That the split's moments or groups are all one, which can't be divided; empty where they are not."""
    whole = {"time": ("moment", use_case.columns.time), "group": ("group", use_case.columns.group)}
    what, name = whole.get(use_case.split.by, ("", None))
    if name is None or name not in frame.columns or frame[name].n_unique() > 1:
        return ""
    return f"all rows are of one {what}, {frame[name][0]}, which is not divided: "


def strata(target: pl.Series, split: AnySplit) -> np.ndarray:
    """int64 ``[n]``: what rows are held out in equal shares of; all alike unless the split is stratified."""
    stratified = isinstance(split, RandomSplit) and split.stratify
    return _levels(target) if stratified else np.zeros(len(target), dtype=np.int64)


def held_out(block: np.ndarray, share: float, split: AnySplit, stratum: np.ndarray, seed: int = 0) -> np.ndarray:
    """bool ``[n]``: about `share` of the rows of every stratum, whole blocks together; the last of a split by time.

    At least one block, where there are two, and never all.
    """
    _, first, code, size = np.unique(block, return_index=True, return_inverse=True, return_counts=True)
    order = np.arange(len(size))[::-1]
    if not isinstance(split, TimeSplit):
        order = np.random.default_rng([seed, _seed(split)]).permutation(len(size))
    chosen = np.zeros(len(size), dtype=bool)
    for value in np.unique(stratum[first]):
        mine = order[stratum[first][order] == value]
        middle = (np.cumsum(size[mine]) - size[mine] / 2) / size[mine].sum()
        chosen[mine[middle < share]] = True
    if not chosen.any() and len(size) > 1:
        chosen[order[0]] = True
    return chosen[code]


def _seed(split: AnySplit) -> int:
    return 0 if isinstance(split, (TimeSplit, ColumnSplit)) else split.seed


def distinguishing(columns: list[str], use_case: UseCase) -> list[str]:
    """The columns that say something about a row: all but its identifier and the target."""
    return [column for column in columns if column not in (use_case.target, *use_case.columns.identifier)]


def _at_random(frame: pl.DataFrame, use_case: UseCase, split: RandomSplit) -> pl.Series:
    """Sets of exact duplicates at random; every level of a stratifying target is cut at the same shares."""
    unit = _codes(frame.select(cs.by_name(*distinguishing(frame.columns, use_case))))
    _, first, size = np.unique(unit, return_index=True, return_counts=True)
    stratum = _levels(frame[use_case.target])[first] if split.stratify else np.zeros(len(size))
    shuffled = np.random.default_rng(split.seed).permutation(len(size))
    role = np.empty(len(size), dtype=np.int64)
    for value in np.unique(stratum):
        order = shuffled[stratum[shuffled] == value]
        role[order] = _dealt(size[order], split)
    return _roles(role[unit])


def _by_group(group: pl.Series, split: GroupSplit | ScaffoldSplit) -> pl.Series:
    """Whole groups, dealt out at random many times: the deal whose roles come nearest to their shares of the rows and
    of the groups is kept. The target is not looked at: roles that were made alike would all be easy together.
    """
    unit = _codes(group.to_frame())
    size = np.bincount(unit)
    content = np.column_stack([size, np.ones(len(size))])
    content = content / content.sum(axis=0)
    random = np.random.default_rng(split.seed)

    def deal() -> np.ndarray:
        order = random.permutation(len(size))
        role = np.empty(len(size), dtype=np.int64)
        role[order] = _dealt(size[order], split)
        return role

    deals = (deal() for _ in range(max(1, min(DEALS, MOST_DEALT // len(size)))))
    return _roles(min(deals, key=lambda role: _unlikeness(role, content, split))[unit])


def _dealt(size: np.ndarray, split: RandomSplit | GroupSplit | ScaffoldSplit) -> np.ndarray:
    """The index in `ROLES` of every unit ``[units]``: the first fill test, the next valid, the rest train.

    A unit across a border goes to the side on which more than half of it lies.
    """
    middle = (np.cumsum(size) - size / 2) / size.sum()
    test, valid = ROLES.index("test"), ROLES.index("valid")
    return np.select([middle < split.test, middle < split.test + split.valid], [test, valid], ROLES.index("train"))


def _unlikeness(role: np.ndarray, content: np.ndarray, split: GroupSplit | ScaffoldSplit) -> float:
    """The distance (chi-squared) of what the roles hold from their shares; `content` ``[units, columns]`` sums to 1."""
    dealt = [ROLES.index(name) for name in ("train", "valid", "test")]
    share = np.array([[1 - split.valid - split.test], [split.valid], [split.test]])
    held = np.eye(len(ROLES))[role].T[dealt] @ content
    return float(((held - share) ** 2 / share).sum())


def _codes(columns: pl.DataFrame) -> np.ndarray:
    """0, 1, 2… for every distinct row ``[n]``, in order of first appearance."""
    row = "number of the row"
    first = columns.with_row_index(row).select(pl.col(row).min().over([cs.by_name(name) for name in columns.columns]))[
        row
    ]
    return first.rank("dense").cast(pl.Int64).to_numpy() - 1


def _levels(target: pl.Series) -> np.ndarray:
    """A code per value of the target ``[n]``, or per quartile where there are more than `MAX_STRATA`."""
    if target.n_unique() <= MAX_STRATA:
        return _codes(target.to_frame())
    rank = target.rank().to_numpy()
    return np.searchsorted(np.quantile(rank, [0.25, 0.5, 0.75]), rank)


def _roles(index: np.ndarray) -> pl.Series:
    return pl.Series("role", np.array(ROLES)[index], dtype=ROLE_TYPE)


def by_time(time: pl.Series, split: TimeSplit) -> pl.Series:
    """Cut at moments, so that rows of one moment stay together: the role of every row, ``[n]``.

    Raises
    ------
    SplitError: a moment is missing, or can't be compared with those that the split names.
    """
    time = time.fill_nan(None) if time.dtype.is_float() else time
    if time.has_nulls():
        raise SplitError(f"the time column {time.name!r} is empty in {time.null_count():,} rows: quarantine them")
    if split.valid_from is None or split.test_from is None:
        ordered = time.sort()
        valid_from = ordered[int(len(time) * (1 - split.test - split.valid))]
        test_from = ordered[int(len(time) * (1 - split.test))]
    else:
        valid_from, test_from = split.valid_from, split.test_from
    role = pl.when(cs.by_name(time.name) >= pl.lit(test_from)).then(pl.lit("test"))
    role = role.when(cs.by_name(time.name) >= pl.lit(valid_from)).then(pl.lit("valid")).otherwise(pl.lit("train"))
    try:
        return time.to_frame().select(role=role.cast(ROLE_TYPE))["role"]
    except pl.exceptions.PolarsError:
        found = f"the time column {time.name!r} holds {time.dtype}"
        raise SplitError(
            f"{found}, which can't be compared with {valid_from!r}: give both one type and time zone"
        ) from None


def _by_column(values: pl.Series, split: ColumnSplit) -> pl.Series:
    unknown = set(values.unique().to_list()) - set(ROLES)
    if unknown:
        raise SplitError(f"the column {split.column!r} holds {sorted(map(str, unknown))}; a role is one of {ROLES}")
    return values.cast(ROLE_TYPE).rename("role")
