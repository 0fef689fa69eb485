"""Recency, frequency, monetary value: the table of means that marketing has always used."""

import json
from pathlib import Path
from typing import Self

import numpy as np
from pydantic import Field

from modeling.core.learner import STORED, FitSummary, Fitting, Learner
from modeling.core.table import Table
from modeling.learners.checks import check
from modeling.problems.tabular.orders import OrderHyperparameters, column

GROUPS = (2, 3, 4, 5)


class RFMHyperparameters(OrderHyperparameters):
    """`groups`: of about equal size, for each of the three; None: chosen on tuning rows."""

    groups: int | None = Field(None, ge=2)


class RFM(Learner):
    """The mean target of the training customers in the same cell; of all of them, where the cell was empty.

    Source: Hughes 1994, "Strategic database marketing".
    """

    outcomes = ("binary", "regression")
    deterministic = True
    hyperparameters = RFMHyperparameters
    reads = "orders"

    _chosen: RFMHyperparameters
    _edges: list[list[float]]
    _means: np.ndarray

    def fit(self, train: Table, valid: Table, fitting: Fitting) -> FitSummary:
        """Choose the number of groups by the error of tuning rows, unless it is set."""
        chosen = RFMHyperparameters.read(fitting.parameters)
        check(self, train, valid, fitting)
        if chosen.groups is None:
            errors = {groups: self._tabulated(train, chosen, groups)._error(valid) for groups in GROUPS}
            chosen = chosen.model_copy(update={"groups": min(errors, key=errors.__getitem__)})
        self._tabulated(train, chosen, chosen.groups or GROUPS[-1])
        return FitSummary(parameters=chosen.model_dump())

    def predict(self, table: Table) -> np.ndarray:
        """float64 ``[n]``: the training mean of the row's cell."""
        return self._means[self._cells(table)]

    def save(self, folder: Path) -> None:
        """Edges of the groups and means of the cells as `rfm.json`."""
        facts = {STORED: self._chosen.model_dump(), "edges": self._edges, "means": self._means.tolist()}
        (folder / "rfm.json").write_text(json.dumps(facts))

    @classmethod
    def load(cls, folder: Path) -> Self:
        facts = json.loads((folder / "rfm.json").read_text())
        model = cls()
        model._chosen, model._edges = RFMHyperparameters(**facts[STORED]), facts["edges"]
        model._means = np.array(facts["means"])
        return model

    def _tabulated(self, train: Table, chosen: RFMHyperparameters, groups: int) -> Self:
        inner = np.linspace(0, 1, groups + 1)[1:-1]
        self._chosen = chosen.model_copy(update={"groups": groups})
        self._edges = [np.quantile(column(train, name), inner).tolist() for name in _names(chosen)]
        cells = self._cells(train)
        count, total = (np.bincount(cells, of, groups**3) for of in (None, train.target))
        self._means = np.where(count > 0, total / np.maximum(count, 1), train.target.mean())
        return self

    def _cells(self, table: Table) -> np.ndarray:
        """int64 ``[n]``: the row of the table of means."""
        of_each = [
            np.searchsorted(edges, column(table, name), side="left")
            for name, edges in zip(_names(self._chosen), self._edges, strict=True)
        ]
        return np.ravel_multi_index(tuple(of_each), (len(self._edges[0]) + 1,) * 3)

    def _error(self, valid: Table) -> float:
        return float(np.mean((self.predict(valid) - valid.target) ** 2))


def _names(chosen: RFMHyperparameters) -> tuple[str, str, str]:
    return chosen.recency, chosen.frequency, chosen.monetary


LEARNER = RFM
