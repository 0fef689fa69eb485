"""Do rows of a later role repeat, exactly or nearly, rows of an earlier one?

Belongs here: the two findings, and the numbers of the rows that have a twin. Does not belong here: what makes two rows
twins (`twins`), or the score without them (`modeling.evaluation.without_twins`).

A share is of one role's own rows. Where rows coincide by chance, because columns are few or coarse, they do so among
training rows, too: that share is the one to be expected.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from modeling.core.leakage import twins
from modeling.core.leakage.likeness import Keys, Likeness, Vectors
from modeling.core.leakage.twins import Twins
from modeling.core.record import LeakageFinding, TwinRows
from modeling.core.table import Table

JUDGED = {"valid": "validation", "test": "test"}
"""The roles whose rows must be new, and their names for people; every earlier role may hold their twins."""
FEWEST, LET_PASS, MOST = 2, 0.005, 0.01
"""Rows of a role with a near twin, and shares of its rows: fewer are no finding, more than `MOST` always are, and
between them those that are more than training rows lead one to expect."""
TIMES = 3
"""The share among training rows, times which is more than one would expect."""
COARSE = 0.05
"""Share of the training rows that are equal to another, from which on rows may well coincide."""
EXAMPLES = 5

EXPECTING = 5_000
"""Training rows whose twins in training show what is to be expected."""

Compare = Callable[[np.ndarray, np.ndarray, np.ndarray | None], Twins]
"""The twins, among rows at some positions, of rows at others, which may be `own` ones: at these places among them."""


@dataclass(frozen=True)
class Compared:
    """Twins of a role's rows, at the positions `at` ``[n]`` in the frame, among the rows of earlier roles, `among`."""

    role: str
    at: np.ndarray
    among: np.ndarray
    twins: Twins

    def with_twin(self, found: np.ndarray) -> str:
        """In words, how many."""
        return f"{found.sum():,} of {len(self.at):,} {JUDGED[self.role]} rows ({_percent(found)})"


def exact(content: pl.Series, roles: pl.Series, numbers: np.ndarray) -> LeakageFinding:
    """Rows whose `content` ``[n]`` is that of a row of an earlier role.

    A warning, where training rows repeat each other as often: of few distinct rows, many are alike.
    """
    found = _each_role(roles, _of_keys(content))
    repeated = _in_training(_of_keys(content), roles).equal
    crossing = [one for one in found if one.twins.equal.any()]
    expected = repeated.mean() >= COARSE and not any(_exceeds(one.twins.equal, repeated) for one in found)
    counted = " and ".join(one.with_twin(one.twins.equal) for one in crossing)
    often = f"; {_percent(repeated)} of the training rows repeat another, too: few are distinct, or all are there twice"
    return LeakageFinding(
        name="duplicates_across_roles",
        passed=not crossing,
        severity="warning" if expected else "error",
        message=f"{counted} repeat a row of an earlier role{often if expected else ''}"
        if crossing
        else "no row of one role is repeated in another",
        examples=_examples(crossing, numbers, lambda one: one.twins.equal),
    )


def near(
    likeness: Likeness | None, tables: Mapping[str, Table], roles: pl.Series, numbers: np.ndarray
) -> tuple[LeakageFinding, dict[str, TwinRows]]:
    """Rows nearly like one of an earlier role, and their numbers by role.

    Rows that are equal in every feature count where training rows hardly ever are, and more often than these.
    """
    if likeness is None and not any(table.names for table in tables.values()):
        return _nothing_to_compare(), {}
    compare, by = _comparison(likeness, tables, roles)
    found = _each_role(roles, compare)
    among = _in_training(compare, roles)
    kept = [_counted(one, among) for one in found] if likeness is None else found
    usual = among.close | among.equal
    coarse = among.equal.mean() >= COARSE and likeness is None
    uncounted = f"; {_percent(among.equal)} of training rows are equal to another: equal rows are not counted"
    sampled = "" if all(len(one.at) == (roles == one.role).sum() for one in kept) else " (of a sample)"
    counted = " and ".join(one.with_twin(one.twins.close) for one in kept)
    finding = LeakageFinding(
        name="near_duplicates_across_roles",
        passed=all(_few(one.twins.close, usual) for one in kept),
        severity="warning",
        message=f"{counted}{sampled} have a near twin in an earlier role; {_percent(usual)} of the "
        f"training rows have one in training (by {by}){uncounted if coarse else ''}",
        examples=_examples(kept, numbers, lambda one: one.twins.close),
    )
    return finding, {one.role: _rows(one, roles, numbers) for one in kept}


def _in_training(compare: Compare, roles: pl.Series) -> Twins:
    """Of some training rows, their twins in training."""
    among = _sample(np.flatnonzero((roles == "train").to_numpy()), twins.MOST_REFERENCE)
    own = _sample(np.arange(len(among)), EXPECTING)
    return compare(among, among[own], own)


def _nothing_to_compare() -> LeakageFinding:
    message = "there are no plain features to compare rows by"
    return LeakageFinding(name="near_duplicates_across_roles", passed=True, severity="warning", message=message)


def _few(found: np.ndarray, expected: np.ndarray) -> bool:
    share = found.mean()
    return found.sum() < FEWEST or share <= LET_PASS or (share <= MOST and not _exceeds(found, expected))


def _percent(found: np.ndarray) -> str:
    share = 100 * found.mean() if len(found) else 0
    return f"{share:.2g} %" if share < 99 else f"{share:.0f} %"


def _counted(one: Compared, among: Twins) -> Compared:
    """With the equal rows among the close ones, if they are too many for chance."""
    if among.equal.mean() >= COARSE or not _exceeds(one.twins.equal, among.equal):
        return one
    return replace(one, twins=replace(one.twins, close=one.twins.close | one.twins.equal))


def _exceeds(found: np.ndarray, expected: np.ndarray) -> bool:
    return bool(found.mean() > TIMES * expected.mean())


def _comparison(likeness: Likeness | None, tables: Mapping[str, Table], roles: pl.Series) -> tuple[Compare, str]:
    """How to find twins by positions in the frame, and by what, in words."""
    if isinstance(likeness, Keys):
        return _of_keys(likeness.values), likeness.by
    if isinstance(likeness, Vectors):
        values, metric, within = likeness.values, likeness.metric, likeness.within
        return lambda among, at, own: twins.by_vectors(values[among], values[at], metric, within, own), likeness.by
    stacked = Table.stacked([replace(table, content=pl.DataFrame()) for table in tables.values()])
    order = np.concatenate([np.flatnonzero((roles == role).to_numpy()) for role in tables])
    place = np.argsort(order)
    return (
        lambda among, at, own: twins.by_features(stacked.rows(place[among]), stacked.rows(place[at]), own),
        "their features: alike in every code, and nearer in every number than chance puts rows",
    )


def _of_keys(keys: pl.Series) -> Compare:
    return lambda among, at, own: twins.by_keys(keys.gather(among), keys.gather(at), own)


def _each_role(roles: pl.Series, compare: Compare) -> list[Compared]:
    """The judged roles, each compared with all earlier ones."""
    order = list(roles.dtype.categories)
    found = []
    for role in JUDGED:
        earlier = roles.is_in(order[: order.index(role)]).to_numpy()
        among = _sample(np.flatnonzero(earlier), twins.MOST_REFERENCE)
        at = _sample(np.flatnonzero((roles == role).to_numpy()), twins.MOST_EXAMINED)
        found.append(Compared(role, at, among, compare(among, at, None)))
    return found


def _sample(positions: np.ndarray, most: int) -> np.ndarray:
    if len(positions) <= most:
        return positions
    return np.sort(np.random.default_rng(0).choice(positions, most, replace=False))


def _rows(one: Compared, roles: pl.Series, numbers: np.ndarray) -> TwinRows:
    examined = None if len(one.at) == (roles == one.role).sum() else numbers[one.at].tolist()
    return TwinRows(with_twin=numbers[one.at[one.twins.close]].tolist(), examined=examined)


def _examples(found: list[Compared], numbers: np.ndarray, which: Callable[[Compared], np.ndarray]) -> list[str]:
    pairs = [
        f"rows [{numbers[one.among[one.twins.partner[place]]]}, {numbers[one.at[place]]}]"
        for one in found
        for place in np.flatnonzero(which(one))[:EXAMPLES]
    ]
    return pairs[:EXAMPLES]
