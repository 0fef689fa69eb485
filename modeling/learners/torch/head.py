"""What a network's last layer means: targets, losses and predictions for each outcome.

Belongs here: the step from outputs to losses and predictions. Does not belong here: networks, training.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from modeling.core.learner import Fitting, Outcome
from modeling.core.table import Table


@dataclass(frozen=True)
class Head:
    """One logit (binary), a logit a class (multiclass), one value in units of the training target (regression), or a
    risk (survival).

    A regression target is learned as ``(target - mean) / std``.
    """

    outcome: Outcome
    width: int
    mean: float = 0.0
    std: float = 1.0

    @classmethod
    def of(cls, train: Table, fitting: Fitting) -> Self:
        """For the outcome of `fitting`; a regression target is scaled by that of `train`."""
        if fitting.outcome == "regression":
            return cls("regression", 1, float(train.target.mean()), float(train.target.std()) or 1.0)
        return cls(fitting.outcome, fitting.classes if fitting.outcome == "multiclass" else 1)

    def target(self, table: Table) -> Tensor:
        """``[n]``: int64 class indices (multiclass) or float32."""
        if self.outcome == "multiclass":
            return torch.from_numpy(table.target.astype(np.int64))
        return torch.from_numpy(((table.target - self.mean) / self.std).astype(np.float32))

    def cross_entropy(self, output: Tensor, target: Tensor) -> Tensor:
        """Mean loss of `output` ``[n, width]`` against `target` ``[n]``; squared error for regression, the partial
        likelihood for survival."""
        if self.outcome == "multiclass":
            return functional.cross_entropy(output, target)
        if self.outcome == "binary":
            return functional.binary_cross_entropy_with_logits(output.squeeze(-1), target)
        if self.outcome == "survival":
            return partial_likelihood(output.squeeze(-1), target)
        return functional.mse_loss(output.squeeze(-1), target)

    def squared_error(self, output: Tensor, target: Tensor) -> Tensor:
        """Mean squared error of the response; for classes of the probabilities (Brier 1950)."""
        if self.outcome == "multiclass":
            return functional.mse_loss(output.softmax(-1), functional.one_hot(target, self.width).to(output.dtype))
        return functional.mse_loss(self.response(output), target)

    def response(self, output: Tensor) -> Tensor:
        """``[..., width]`` -> probabilities ``[..., classes]`` or ``[...]``, or standardised values ``[...]``."""
        if self.outcome == "multiclass":
            return output.softmax(-1)
        return output.squeeze(-1).sigmoid() if self.outcome == "binary" else output.squeeze(-1)

    def negative_log_likelihood(self, response: Tensor, target: Tensor) -> Tensor:
        """As `cross_entropy`, of a `response`."""
        if self.outcome == "multiclass":
            return functional.nll_loss(response.clamp_min(1e-12).log(), target)
        if self.outcome == "binary":
            return functional.binary_cross_entropy(response, target)
        return functional.mse_loss(response, target)

    def predictions(self, outputs: Iterable[Tensor]) -> np.ndarray:
        """As `prediction`, of all `outputs` ``[n, width]`` one after the other."""
        return self.prediction(torch.cat([self.response(output) for output in outputs]))

    def prediction(self, response: Tensor) -> np.ndarray:
        """float64 ``[n]`` or ``[n, classes]``, in the target's units."""
        return response.double().cpu().numpy() * self.std + self.mean


def partial_likelihood(risk: Tensor, target: Tensor) -> Tensor:
    """The negative log partial likelihood (Cox 1972, ties as in Breslow 1974) of `risk` ``[n]``, a mean over events;
    the batch is the risk set. `target` ``[n]`` as in `modeling.learners.censoring`."""
    shortest_last = target.abs().argsort(descending=True)
    risk, target = risk[shortest_last], target[shortest_last]
    last_of_equal = torch.searchsorted(-target.abs(), -target.abs(), right=True) - 1
    log_total = risk.logcumsumexp(0)[last_of_equal]
    event = target > 0
    return ((log_total - risk) * event).sum() / event.sum().clamp_min(1)
