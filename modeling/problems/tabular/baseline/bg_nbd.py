"""BG/NBD with gamma-gamma spend: what a customer's past orders alone say about the money to come.

Belongs here: the two likelihoods and the expectation that follows. The target is never read: both models describe
how customers order, drop out and pay, and are fitted to the orders known so far.

Source: Fader, Hardie and Lee 2005, "'Counting your customers' the easy way: an alternative to the Pareto/NBD model",
Marketing Science 24(2), equations 6 and 10; Fader and Hardie 2013, "The gamma-gamma model of monetary value".
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from pydantic import Field
from scipy.optimize import minimize
from scipy.special import betaln, gammaln, hyp2f1

from modeling.core.digits import number
from modeling.core.learner import STORED, FitSummary, Fitting, Learner, LearnerError
from modeling.core.table import Table
from modeling.learners.checks import check_target
from modeling.problems.tabular.orders import OrderHyperparameters, column

WEEK = 7.0


class BGNBDHyperparameters(OrderHyperparameters):
    """`age`: the column of the days since the first order. `horizon`: the days ahead that the target adds up."""

    age: str = "days_since_first"
    horizon: float = Field(gt=0)

    @property
    def columns(self) -> tuple[str, str, str, str]:
        """Orders, spend, days since the last order and since the first."""
        return self.frequency, self.monetary, self.recency, self.age


@dataclass(frozen=True)
class History:
    """Orders so far, ``[n]`` each: `repeats` after the first, the last of them `last` weeks after it, the first `age`
    weeks ago; `value` is the mean of an order."""

    repeats: np.ndarray
    last: np.ndarray
    age: np.ndarray
    value: np.ndarray

    @classmethod
    def of(cls, table: Table, chosen: BGNBDHyperparameters) -> Self:
        """Of customers ``[n]``: repeat orders, weeks from the first order to the last and until now, mean spend."""
        orders, spend, since, age = (column(table, name) for name in chosen.columns)
        return cls(orders - 1, np.maximum(age - since, 0) / WEEK, age / WEEK, spend / orders)


class BGNBD(Learner):
    """Expected orders in the horizon times the expected value of an order."""

    outcomes = ("regression",)
    deterministic = True
    hyperparameters = BGNBDHyperparameters
    reads = "orders"

    _chosen: BGNBDHyperparameters
    _orders: tuple[float, ...]
    _value: tuple[float, ...]

    def fit(self, train: Table, valid: Table, fitting: Fitting) -> FitSummary:
        """Fit both models by maximum likelihood on training rows; tuning rows are not read."""
        self._chosen = BGNBDHyperparameters.read(fitting.parameters)
        check_target(self, train, valid, fitting)
        _check(train, self._chosen)
        history = History.of(train, self._chosen)
        self._orders = _most_likely(lambda *of: order_likelihood(history, *of), parameters=4)
        paid = History.of(train.rows(history.value > 0), self._chosen)
        self._value = _most_likely(lambda *of: value_likelihood(paid, *of), parameters=3)
        fitted = zip(("r", "alpha", "a", "b", "p", "q", "gamma"), (*self._orders, *self._value), strict=True)
        note = "maximum likelihood, in weeks: " + ", ".join(f"{name} {number(value)}" for name, value in fitted)
        return FitSummary(parameters=self._chosen.model_dump(), notes=[note])

    def predict(self, table: Table) -> np.ndarray:
        """float64 ``[n]``: orders expected within the horizon, times the expected value of one."""
        history = History.of(table, self._chosen)
        orders = expected_orders(history, self._chosen.horizon / WEEK, *self._orders)
        return orders * expected_value(history, *self._value)

    def save(self, folder: Path) -> None:
        """Columns, horizon and the parameters of both models as `bg_nbd.json`."""
        facts = {STORED: self._chosen.model_dump(), "orders": self._orders, "value": self._value}
        (folder / "bg_nbd.json").write_text(json.dumps(facts))

    @classmethod
    def load(cls, folder: Path) -> Self:
        facts = json.loads((folder / "bg_nbd.json").read_text())
        model = cls()
        model._chosen = BGNBDHyperparameters(**facts[STORED])
        model._orders, model._value = tuple(facts["orders"]), tuple(facts["value"])
        return model


def order_likelihood(history: History, r: float, alpha: float, a: float, b: float) -> np.ndarray:
    """Log likelihood ``[n]`` of BG/NBD: a customer orders at a rate drawn from Gamma(r, alpha), and after each repeat
    order is lost with a probability drawn from Beta(a, b). Equation 6."""
    x = history.repeats
    rate = gammaln(r + x) - gammaln(r) + r * np.log(alpha)
    active = betaln(a, b + x) - betaln(a, b) - (r + x) * np.log(alpha + history.age)
    lost = betaln(a + 1, b + np.maximum(x, 1) - 1) - betaln(a, b) - (r + x) * np.log(alpha + history.last)
    return rate + np.where(x > 0, np.logaddexp(active, lost), active)


def expected_orders(history: History, weeks: float, r: float, alpha: float, a: float, b: float) -> np.ndarray:
    """Orders ``[n]`` in the `weeks` to come. Equation 10."""
    x, until = history.repeats, alpha + history.age
    fading = (until / (until + weeks)) ** (r + x) * hyp2f1(r + x, b + x, a + b + x - 1, weeks / (until + weeks))
    odds_lost = a / (b + np.maximum(x, 1) - 1) * (until / (alpha + history.last)) ** (r + x)
    return (a + b + x - 1) / (a - 1) * (1 - fading) / (1 + np.where(x > 0, odds_lost, 0))


def value_likelihood(history: History, p: float, q: float, gamma: float) -> np.ndarray:
    """Log likelihood ``[n]`` of a customer's mean order, above 0, if orders are Gamma(p, nu) and nu Gamma(q, gamma)."""
    shape, total = p * (history.repeats + 1), (history.repeats + 1) * history.value
    of_total = q * np.log(gamma) + shape * np.log(total) - (shape + q) * np.log(gamma + total)
    return of_total - np.log(history.value) - betaln(shape, q)


def expected_value(history: History, p: float, q: float, gamma: float) -> np.ndarray:
    """Value ``[n]`` of a future order: between the customer's own mean and everybody's."""
    orders = history.repeats + 1
    return p * (gamma + orders * history.value) / (p * orders + q - 1)


def _check(train: Table, chosen: BGNBDHyperparameters) -> None:
    """Raises
    ------
    LearnerError: a column is missing, or holds what no orders can.
    """
    orders, spend, since, age = (column(train, name) for name in chosen.columns)
    impossible = (orders < 1) | (spend < 0) | (since > age) | (age <= 0)
    if impossible.any():
        raise LearnerError(
            f"{impossible.sum():,} of {len(train):,} training rows have no order, negative spend, or a last order "
            f"before the first (columns {', '.join(chosen.columns)}): quarantine them"
        )


def _most_likely(likelihood: Callable[..., np.ndarray], parameters: int) -> tuple[float, ...]:
    """The parameters, all above 0, of the greatest mean log likelihood.

    Raises
    ------
    LearnerError: none was found.
    """
    found = minimize(lambda log: -likelihood(*np.exp(log)).mean(), np.zeros(parameters), method="L-BFGS-B")
    if not np.isfinite(found.fun):
        raise LearnerError(f"no parameters make these orders likely: {found.message}")
    return tuple(np.exp(found.x).tolist())


LEARNER = BGNBD
