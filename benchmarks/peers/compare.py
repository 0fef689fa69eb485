"""Our champion against each of the other tools, as Markdown.

Belongs here: scoring all answers on the same sealed rows, paired intervals, ranks. Does not belong here: getting the
answers (`ours`, `peer`).

Sources: Demšar 2006, "Statistical comparisons of classifiers over multiple data sets", JMLR 7 (mean ranks, and the
critical difference of Nemenyi's test); the intervals are those of every evaluation (`modeling.core.intervals`).
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from scipy import stats

from benchmarks.peers.ours import ANSWERED, TASK, TEST, TRAIN
from modeling.core import metrics
from modeling.core.digits import number
from modeling.core.intervals import scored
from modeling.core.record import Interval
from modeling.core.task import Metric, by_name

METRICS = by_name(
    Metric("roc_auc", "ROC AUC", True, metrics.roc_auc),
    Metric("log_loss", "log loss", False, metrics.log_loss),
    Metric("rmse", "RMSE", False, metrics.rmse),
)
LEVEL = 0.05
OURS = "ours"


@dataclass(frozen=True)
class Compared:
    """One table: what was asked, every tool's score, and how much better ours is than each (negative: worse)."""

    name: str
    task: dict[str, Any]
    scores: Mapping[str, Interval]
    ahead: Mapping[str, Interval]


def compare(folder: Path) -> Compared:
    """The answers that lie in `folder`, ours against each other tool's."""
    task = json.loads((folder / TASK).read_text())
    kept = pl.read_parquet(folder / ANSWERED)
    group = kept["group"].to_numpy() if "group" in kept.columns else None
    others = sorted(path.stem for path in folder.glob("*.parquet") if path.name not in (TRAIN, TEST, ANSWERED))
    answers = {OURS: kept["champion"].to_numpy()} | {tool: _answers(folder / f"{tool}.parquet") for tool in others}
    metric = METRICS[task["metric"]]
    result = scored({metric.name: metric}, kept["truth"].to_numpy(), answers, group)
    return Compared(
        name=folder.name,
        task=task,
        scores={tool: result.intervals(tool)[metric.name] for tool in answers},
        ahead={tool: result.lift(OURS, tool, metric.name) for tool in others},
    )


def _answers(path: Path) -> np.ndarray:
    columns = pl.read_parquet(path)
    return columns.to_numpy() if columns.width > 1 else columns.to_series().to_numpy()


def mean_ranks(tables: list[Compared]) -> dict[str, float]:
    """Of the tools that answered every table: 1 is the best of a table, equals share their ranks."""
    tools = sorted(set.intersection(*(set(one.scores) for one in tables)))
    ranks = stats.rankdata([[_cost(one, tool) for tool in tools] for one in tables], axis=1)
    return dict(zip(tools, ranks.mean(axis=0).tolist(), strict=True))


def critical_difference(tools: int, tables: int) -> float:
    """Mean ranks of as many `tools` on as many `tables` that lie so far apart differ by more than chance."""
    q = stats.studentized_range.ppf(1 - LEVEL, tools, np.inf) / np.sqrt(2)
    return float(q * np.sqrt(tools * (tools + 1) / (6 * tables)))


def _cost(one: Compared, tool: str) -> float:
    value = one.scores[tool].value
    return -value if METRICS[one.task["metric"]].greater_is_better else value


def markdown(tables: list[Compared]) -> str:
    """Every score, who is decisively better than whom on how many tables, and the mean ranks."""
    tools = sorted({tool for one in tables for tool in one.ahead})
    head = ["table", "rows", "metric", "seconds", OURS, *tools]
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    for one in tables:
        cells = [
            one.name,
            f"{sum(one.task['rows']):,}",
            METRICS[one.task["metric"]].title,
            f"{one.task['seconds']:.0f}",
        ]
        cells += [number(one.scores[OURS].value), *(_cell(one, tool) for tool in tools)]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join([*lines, "", *_counted(tables, tools), "", *_ranked(tables)])


def _cell(one: Compared, tool: str) -> str:
    """The other's score, marked where the interval of the paired difference leaves no doubt."""
    if tool not in one.scores:
        return "–"
    mark = {1: " ▽", -1: " ▲", 0: ""}[decisive(one.ahead[tool])]
    return f"{number(one.scores[tool].value)}{mark}"


def decisive(ahead: Interval) -> int:
    """1: ours is better, -1: worse, 0: the interval of the difference holds zero or is unknown."""
    if ahead.low is None or ahead.high is None:
        return 0
    return int(ahead.low > 0) - int(ahead.high < 0)


def _counted(tables: list[Compared], tools: list[str]) -> list[str]:
    lines = [
        "| tool | decisively better than ours (▲) | no difference shown | decisively worse (▽) |",
        "|---|---|---|---|",
    ]
    for tool in tools:
        verdicts = [decisive(one.ahead[tool]) for one in tables if tool in one.ahead]
        lines.append(f"| {tool} | {verdicts.count(-1)} | {verdicts.count(0)} | {verdicts.count(1)} |")
    return lines


def _ranked(tables: list[Compared]) -> list[str]:
    ranks = mean_ranks(tables)
    difference = critical_difference(len(ranks), len(tables))
    listed = ", ".join(f"{tool} {rank:.2f}" for tool, rank in sorted(ranks.items(), key=lambda item: item[1]))
    return [f"Mean rank over {len(tables)} tables: {listed}; critical difference {difference:.2f} (Nemenyi, 5 %)."]
