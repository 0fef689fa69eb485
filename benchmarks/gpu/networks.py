"""TabM at its authors' size as a bare network, with data and loss: what is measured without the learner around it.

Belongs here: the parts of a training step. Does not belong here: loops over them (`sections`).
"""

from dataclasses import dataclass

import torch
from rtdl_num_embeddings import compute_bins
from torch import Tensor, nn
from torch.nn import functional

from benchmarks.gpu.cases import AUTHORS_SIZE, SMALL
from benchmarks.gpu.measurement import Setting
from modeling.learners.deep.tabm import FeatureLayout, TabMHyperparameters, TabMNetwork
from modeling.learners.torch.training import Batchable

NUMBERS = 40
CARDINALITIES = [20] * 8
BATCH = 256


@dataclass(frozen=True)
class Parts:
    """A network on the device, and rows that are still on the CPU."""

    network: nn.Module
    rows: Batchable

    def optimizer(self) -> torch.optim.Optimizer:
        return torch.optim.AdamW(self.network.parameters(), 2e-3, weight_decay=3e-4, fused=True)


def tabm(rows: int, setting: Setting) -> Parts:
    """With `rows` random rows of 40 numbers and 8 codes, and a binary target."""
    torch.manual_seed(0)
    numeric = torch.randn(rows, NUMBERS)
    codes = torch.randint(0, CARDINALITIES[0], (rows, len(CARDINALITIES)))
    target = (numeric[:, 0] * numeric[:, 1] + torch.randn(rows) > 0).float()
    hyperparameters = TabMHyperparameters(**(SMALL if setting.quick else AUTHORS_SIZE))
    edges = [column.tolist() for column in compute_bins(numeric, n_bins=hyperparameters.bins or 2)]
    layout = FeatureLayout(list(range(NUMBERS)), [], edges, CARDINALITIES)
    return Parts(TabMNetwork(layout, hyperparameters, 1).to(setting.device), Batchable((numeric, codes), target))


def members_loss(output: Tensor, target: Tensor) -> Tensor:
    """The mean loss of the members, of `output` ``[n, k, 1]`` and `target` ``[n]``."""
    logits = output.squeeze(-1)
    return functional.binary_cross_entropy_with_logits(logits.float(), target[:, None].expand_as(logits))
