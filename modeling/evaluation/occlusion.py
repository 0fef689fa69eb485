"""What a champion's answer hangs on in one column of content: words, patches of an image, atoms.

Belongs here: deleting parts of a content, the deletion test, and how stable the ranking of parts is over seeds. Does
not belong here: what the parts of a text or an image are (a problem's own `Occluder`), features (`explanation`), or
drawing.

Source: Zeiler & Fergus 2014 (occlusion); Samek et al. 2017 (deletion). A part's effect is how much the model's own
answer changes without it; the deletion test asks whether deleting the leading parts together costs more of the metric,
which knows the truth, than deleting as many at random.
"""

from collections.abc import Collection, Sequence
from dataclasses import replace
from itertools import chain, combinations

import numpy as np
import polars as pl
from scipy.stats import rankdata

from modeling.core.metrics import unweighted
from modeling.core.record import Explanation, Importance
from modeling.core.table import Table
from modeling.core.task import Metric, Occluder, Predictor
from modeling.evaluation.explanation import DELETED_SHARE

PREDICTIONS = 4000
"""What the whole explanation may take; a champion that reads is slow."""
FEWEST_ROWS, MOST_ROWS = 12, 200
RANDOM_DELETIONS = 3
_SEEN_IN = 3
"""A part that fewer of the rows have is not listed."""
_LISTED = 30


def explain(occluder: Occluder, models: Sequence[Predictor], table: Table, metric: Metric) -> Explanation:
    """The parts that move the first of `models` most, over a sample of rows, with the deletion test; the other models,
    trained with other seeds, only show how stable the effects are."""
    rng = np.random.default_rng(0)
    sample = _sample(occluder, table, len(models), rng)
    contents = sample.content[occluder.column].to_list()
    names = [occluder.parts(content) for content in contents]
    effects = [_effects(occluder, model, sample, names) for model in models]
    leading, drawn = _deleted(effects[0], rng)
    before = unweighted(metric, sample.target, models[0].predict(sample))
    sign = 1 if metric.greater_is_better else -1

    def lost(dropped: Sequence[Collection[int]]) -> float:
        return sign * (
            before - unweighted(metric, sample.target, models[0].predict(_without(occluder, sample, dropped)))
        )

    of_leading, of_random = lost(leading), float(np.mean([lost(dropped) for dropped in drawn]))
    return Explanation(
        importances=_importances(names, effects[0]),
        deleted=round(float(np.mean([len(dropped) for dropped in leading]))),
        deletion_top=of_leading,
        deletion_random=of_random,
        holds=of_leading > of_random,
        stability=_stability(effects),
    )


def effects_of(occluder: Occluder, model: Predictor, table: Table) -> list[np.ndarray]:
    """For every row, how much the probability of the model's own answer falls without each part ``[parts]``."""
    names = [occluder.parts(content) for content in table.content[occluder.column].to_list()]
    return _effects(occluder, model, table, names)


def _sample(occluder: Occluder, table: Table, models: int, rng: np.random.Generator) -> Table:
    """As many rows as the predictions allow, each class equally often where there are classes."""
    first = rng.permutation(len(table))[:FEWEST_ROWS]
    parts = np.mean([len(occluder.parts(content)) for content in table.rows(first).content[occluder.column]])
    affordable = PREDICTIONS / (models * (1 + parts) + RANDOM_DELETIONS + 2)
    rows = int(np.clip(affordable, FEWEST_ROWS, MOST_ROWS))
    order = pl.Series(rng.permutation(len(table)))
    within_class = (
        pl.Series(table.target)[order].to_frame("class").select(pl.int_range(pl.len()).over("class")).to_series()
    )
    return table.rows(np.sort(order.gather(within_class.arg_sort()).head(rows).to_numpy()))


def _effects(occluder: Occluder, model: Predictor, table: Table, names: list[list[str]]) -> list[np.ndarray]:
    """One prediction for every row and part; all of them at once."""
    row = np.repeat(np.arange(len(table)), [len(parts) for parts in names])
    part = np.concatenate([np.arange(len(parts)) for parts in names])
    whole = model.predict(table)
    occluded = model.predict(_without(occluder, table.rows(row), [{int(one)} for one in part]))
    fall = _belief(whole, whole)[row] - _belief(occluded, whole[row])
    return np.split(fall, np.cumsum([len(parts) for parts in names])[:-1])


def _belief(predicted: np.ndarray, answer: np.ndarray) -> np.ndarray:
    """How probable the class that `answer` calls is under `predicted`; a number is taken as it is."""
    if predicted.ndim == 2:
        return np.take_along_axis(predicted, answer.argmax(axis=1)[:, None], axis=1)[:, 0]
    return np.where(answer >= 0.5, predicted, 1 - predicted)


def _without(occluder: Occluder, table: Table, dropped: Sequence[Collection[int]]) -> Table:
    column = table.content[occluder.column]
    values = [occluder.without(content, parts) for content, parts in zip(column.to_list(), dropped, strict=True)]
    return replace(table, content=table.content.with_columns(pl.Series(column.name, values, dtype=column.dtype)))


def _deleted(effects: list[np.ndarray], rng: np.random.Generator) -> tuple[list[set[int]], list[list[set[int]]]]:
    """For every row its leading fifth of parts (at least one), and as many drawn at random, three times."""
    counts = [min(len(effect), max(1, int(DELETED_SHARE * len(effect)))) for effect in effects]
    leading = [set(np.argsort(-effect)[:count].tolist()) for effect, count in zip(effects, counts, strict=True)]
    drawn = [
        [set(rng.permutation(len(effect))[:count].tolist()) for effect, count in zip(effects, counts, strict=True)]
        for _ in range(RANDOM_DELETIONS)
    ]
    return leading, drawn


def _importances(names: list[list[str]], effects: list[np.ndarray]) -> list[Importance]:
    """The mean effect of the parts that several rows share, largest first."""
    rows = np.repeat(np.arange(len(names)), [len(parts) for parts in names])
    every = pl.DataFrame({"row": rows, "part": list(chain(*names)), "effect": np.concatenate(effects)})
    in_row = every.group_by("row", "part", maintain_order=True).agg(pl.mean("effect"))
    shared = (
        in_row.group_by("part", maintain_order=True)
        .agg(pl.mean("effect"), spread=pl.std("effect"), rows=pl.len())
        .filter(pl.col("rows") >= _SEEN_IN)
        .sort("effect", "part", descending=[True, False])
        .head(_LISTED)
    )
    return [
        Importance(feature=part, loss=effect, spread=spread)
        for part, effect, spread in shared.select("part", "effect", "spread").iter_rows()
    ]


def _stability(effects: Sequence[list[np.ndarray]]) -> float | None:
    """Mean rank correlation (Spearman) of the effects within a row, over rows and pairs of models."""
    pairs = [
        float(np.corrcoef(rankdata(one), rankdata(other))[0, 1])
        for first, second in combinations(effects, 2)
        for one, other in zip(first, second, strict=True)
        if len(one) > 1 and np.ptp(one) > 0 and np.ptp(other) > 0
    ]
    return float(np.mean(pairs)) if pairs else None
