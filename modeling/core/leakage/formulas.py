"""Is the target a formula of a few columns?

Belongs here: sums, differences, products and ratios of two columns, and linear combinations, of values or of their
logarithms, that give the target all but exactly. Does not belong here: one column alone (`alone`).

The work is bounded: a sample of the rows, the first `MOST_COLUMNS` columns, all pairs of these.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import polars as pl
import polars.selectors as cs

from modeling.core.leakage.known import Known
from modeling.core.record import LeakageFinding

EXACT = 0.9999
"""R² of the formula, or the ROC AUC of a class, from which on the target is one."""
SAMPLE, MOST_COLUMNS, MOST_CLASSES = 2_000, 60, 20
FEWEST_ROWS, FEWEST_OF_A_CLASS = 50, 20
MOST_TERMS = 8
NAME = "formula_of_features"

OPERATIONS: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "{0} - {1}": np.subtract,
    "{0} + {1}": np.add,
    "{0} * {1}": np.multiply,
    "{0} / {1}": np.divide,
    "{1} / {0}": lambda one, other: other / one,
}


@dataclass(frozen=True)
class Formula:
    """The target in words, of these columns."""

    words: str
    columns: tuple[str, ...]


def formula(train: pl.DataFrame, columns: list[str], target: str, classes: list[str], known: Known) -> LeakageFinding:
    """The formula that gives the target, if there is one: an error, unless its columns are known in time."""
    found = find(train, columns, target, is_classes=bool(classes))
    limited = f" (of the first {MOST_COLUMNS} columns)" if len(columns) > MOST_COLUMNS else ""
    if found is None:
        message = f"no sum, difference, product, ratio or linear combination of features is the target{limited}"
        return LeakageFinding(name=NAME, passed=True, severity="error", message=message)
    return LeakageFinding(
        name=NAME,
        passed=False,
        severity=known.severity(found.columns),
        message=f"{found.words}: {known.question(found.columns)}",
        examples=list(found.columns),
    )


def find(frame: pl.DataFrame, columns: list[str], target: str, *, is_classes: bool) -> Formula | None:
    """The simplest formula of `columns` that gives the target, to within `EXACT`; None without one."""
    sample = frame if frame.height <= SAMPLE else frame.sample(SAMPLE, seed=0, shuffle=False)
    values = _numbers(sample.select(cs.by_name(*columns)))
    if is_classes:
        return next(_of_classes(sample[target], target, values), None)
    truth = sample[target].cast(pl.Float64).fill_null(np.nan).to_numpy()
    usable = {name: column for name, column in values.items() if not _fits(column, truth)}
    return next(_of_two(truth, target, usable), None) or _linear(truth, target, usable) or _power(truth, target, usable)


def _numbers(frame: pl.DataFrame) -> dict[str, np.ndarray]:
    """Columns as float64 ``[n]``, moments as days; those of one value left out."""
    found = {}
    for column in frame.iter_columns():
        if len(found) == MOST_COLUMNS:
            break
        if column.dtype in (pl.Date, pl.Datetime):
            values = column.cast(pl.Datetime("us")).dt.timestamp("us") / 86_400e6
        elif column.dtype.is_numeric() or column.dtype in (pl.Boolean, pl.Duration):
            values = column.to_physical() if column.dtype == pl.Duration else column
        else:
            continue
        array = values.cast(pl.Float64).fill_null(np.nan).to_numpy()
        if len(np.unique(array[np.isfinite(array)])) > 1:
            found[column.name] = array
    return found


def _of_two(truth: np.ndarray, target: str, values: dict[str, np.ndarray]) -> Iterator[Formula]:
    for names, words, result in _pairs(values):
        if _fits(result, truth):
            yield Formula(f"{target} = {_affine(result, truth, words)}", names)


def _pairs(values: dict[str, np.ndarray]) -> Iterator[tuple[tuple[str, str], str, np.ndarray]]:
    """Every operation on every two columns: their names, the words, the result ``[n]``."""
    with np.errstate(all="ignore"):
        for one, other in combinations(values, 2):
            for words, operation in OPERATIONS.items():
                yield (one, other), words.format(one, other), operation(values[one], values[other])


def _fits(result: np.ndarray, truth: np.ndarray) -> bool:
    """Whether the target is the result, but for a factor and a constant."""
    known = np.isfinite(result) & np.isfinite(truth)
    if known.sum() < FEWEST_ROWS:
        return False
    one, other = result[known], truth[known]
    scale = one.std() * other.std()
    return bool(scale > 0) and float(((one - one.mean()) * (other - other.mean())).mean() / scale) ** 2 > EXACT


def _affine(result: np.ndarray, truth: np.ndarray, words: str) -> str:
    known = np.isfinite(result) & np.isfinite(truth)
    factor, constant = np.polyfit(result[known], truth[known], 1)
    spread = truth[known].std()
    text = words if abs(factor - 1) < 0.01 else f"{factor:.4g} * ({words})"
    return text if abs(constant) < 0.01 * spread else f"{text} {constant:+.4g}"


def _linear(truth: np.ndarray, target: str, values: dict[str, np.ndarray]) -> Formula | None:
    """Least squares on all columns that are nearly complete, then on the fewest that do."""
    terms = _fewest_terms(truth, values)
    if terms is None:
        return None
    sign = " + ".join(f"{factor:.4g} * {name}" for name, factor in terms.items())
    return Formula(f"{target} = {sign} + constant", tuple(terms))


def _power(truth: np.ndarray, target: str, values: dict[str, np.ndarray]) -> Formula | None:
    """The same of logarithms: a product of powers."""
    if not (truth[np.isfinite(truth)] > 0).all():
        return None
    positive = {name: np.log(column) for name, column in values.items() if (column[np.isfinite(column)] > 0).all()}
    terms = _fewest_terms(np.log(truth), positive)
    if terms is None:
        return None
    product = " * ".join(f"{name}^{power:.3g}" for name, power in terms.items())
    return Formula(f"{target} = constant * {product}", tuple(terms))


def _fewest_terms(truth: np.ndarray, values: dict[str, np.ndarray]) -> dict[str, float] | None:
    """Column -> factor of the linear combination that gives the truth on rows it was not fitted on."""
    complete = {name: column for name, column in values.items() if np.isfinite(column).mean() > 0.95}
    matrix = np.column_stack([*complete.values()]) if complete else np.empty((len(truth), 0))
    known = np.isfinite(matrix).all(axis=1) & np.isfinite(truth)
    if matrix.shape[1] < 2 or known.sum() < max(FEWEST_ROWS, 4 * matrix.shape[1]):
        return None
    x, y, names = matrix[known], truth[known], np.array(list(complete))
    factors, score = _least_squares(x, y)
    if score <= EXACT:
        return None
    order = np.argsort(-np.abs(factors * x.std(axis=0)), kind="stable")
    for count in range(2, min(MOST_TERMS, len(order)) + 1):
        kept = order[:count]
        factors, score = _least_squares(x[:, kept], y)
        if score > EXACT:
            return {str(name): float(factor) for name, factor in zip(names[kept], factors, strict=True)}
    return None


def _least_squares(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, float]:
    """Factors ``[p]`` fitted on every other row, and R² on the rest."""
    scale, centre = x.std(axis=0), x.mean(axis=0)
    scaled = np.column_stack([(x - centre) / np.where(scale > 0, scale, 1), np.ones(len(x))])
    solution = np.linalg.lstsq(scaled[::2], y[::2], rcond=None)[0]
    rest = y[1::2]
    left = ((rest - scaled[1::2] @ solution) ** 2).mean()
    return solution[:-1] / np.where(scale > 0, scale, 1), float(1 - left / rest.var()) if rest.var() > 0 else 0.0


def _of_classes(labels: pl.Series, target: str, values: dict[str, np.ndarray]) -> Iterator[Formula]:
    """A difference, sum, product or ratio of two columns that orders one class apart from the others."""
    counts = labels.alias("label").drop_nulls().value_counts(name="rows").sort("label")
    members = {
        name: (labels == name).fill_null(False).to_numpy()
        for name, rows in counts.iter_rows()
        if min(rows, len(labels) - rows) >= FEWEST_OF_A_CLASS
    }
    classes = dict(list(members.items())[:MOST_CLASSES])
    usable = {n: column for n, column in values.items() if not any(_parts(column, of) for of in classes.values())}
    for names, words, result in _pairs(usable):
        for name, member in classes.items():
            if _parts(result, member):
                yield Formula(f"{target} is {name!r} by {words}", names)


def _parts(result: np.ndarray, member: np.ndarray) -> bool:
    """Whether the result is larger (or smaller) for nearly all members than for others: by ROC AUC."""
    from scipy.stats import rankdata

    known = np.isfinite(result)
    one, other = result[known & member], result[known & ~member]
    if min(len(one), len(other)) < FEWEST_OF_A_CLASS:
        return False
    if one.min() < np.median(other) < one.max() or other.min() < np.median(one) < other.max():
        return False
    ranks = rankdata(np.concatenate([one, other]))[: len(one)]
    area = (ranks.sum() - len(one) * (len(one) + 1) / 2) / (len(one) * len(other))
    return max(area, 1 - area) > EXACT
