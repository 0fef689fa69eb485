"""TabM: an ensemble of networks that share most of their weights (Gorishniy et al. 2025, arXiv:2410.24210).

Belongs here: the package `tabm` behind the learner protocol, and how much of it a CPU can afford.
"""

import json
import warnings
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Self

import numpy as np
import tabm
import torch
from pydantic import Field
from rtdl_num_embeddings import PiecewiseLinearEmbeddings, compute_bins
from safetensors.torch import load_file, save_file
from sklearn.preprocessing import QuantileTransformer
from torch import Tensor, nn

from modeling.core.learner import STORED, FitSummary, Fitting, Hyperparameters, Learner
from modeling.core.table import RARE, Table
from modeling.learners import scikit_file, work
from modeling.learners.checks import check, varies
from modeling.learners.torch import training
from modeling.learners.torch.head import Head
from modeling.learners.torch.sample import sample
from modeling.learners.torch.training import Examples, Objective, Plan, outputs, session

CHUNK = 1024
NOISE = 1e-5
"""Added to numbers before their quantiles are fitted, so that no two are equal, as the authors do."""
SECONDS = 8
"""The budget of a fit on two ordinary cores."""
FULL = {"k": 32, "width": 512, "embedding": 16, "bins": 48}
SMALL = {"k": 8, "width": 64, "embedding": 8, "bins": 16}
"""The authors' size, for a GPU; and what two CPU cores train in seconds."""
EPOCHS_WANTED, MOST_EPOCHS = 12, 200
"""Passes that the budget must pay for, which is what the subsample on a CPU follows from; and most."""


class TabMHyperparameters(Hyperparameters):
    """`k` networks of `blocks` layers of `width`; numbers as piecewise-linear embeddings of size `embedding` over
    `bins` quantiles. `rows`: train on at most that many. None: by device, `rows` and `epochs` by the table's size
    too. `compile`: torch.compile on a GPU; it costs half a minute, so it pays for long training only.
    """

    k: int | None = Field(None, ge=1)
    width: int | None = Field(None, ge=1)
    embedding: int | None = Field(None, ge=1)
    bins: int | None = Field(None, ge=2)
    rows: int | None = Field(None, ge=1)
    blocks: int = Field(2, ge=1)
    dropout: float = Field(0.1, ge=0, lt=1)
    learning_rate: float = Field(2e-3, gt=0)
    weight_decay: float = Field(3e-4, ge=0)
    batch: int = Field(256, ge=1)
    epochs: int | None = Field(None, ge=1)
    patience: int = Field(16, ge=1)
    compile: bool = False


@dataclass(frozen=True)
class FeatureLayout:
    """Which columns the network reads, and their edges and cardinalities: what rebuilds it."""

    numeric: list[int]
    gappy: list[int]
    edges: list[list[float]]
    cardinalities: list[int]


class TabMNetwork(nn.Module):
    """TabM on ``numeric [n, p]`` and ``codes [n, q]``, either of which may be empty; output ``[n, k, width]``."""

    def __init__(self, layout: FeatureLayout, chosen: TabMHyperparameters, outputs: int) -> None:
        super().__init__()
        self.tabm = tabm.TabM.make(
            n_num_features=len(layout.numeric),
            cat_cardinalities=layout.cardinalities or None,
            num_embeddings=_embeddings(layout.edges, chosen),
            d_out=outputs,
            k=chosen.k,
            d_block=chosen.width,
            n_blocks=chosen.blocks,
            dropout=chosen.dropout,
        )

    def forward(self, numeric: Tensor, codes: Tensor) -> Tensor:
        """What each of k members answers ``[n, k, width]`` to numbers ``[n, numeric]`` and codes ``[n, codes]``."""
        return self.tabm(numeric if numeric.shape[1] else None, codes if codes.shape[1] else None)


class TabM(Learner):
    """TabM with piecewise-linear embeddings; the loss is the mean over members, the prediction their mean."""

    outcomes = ("binary", "multiclass", "regression")
    hyperparameters = TabMHyperparameters

    _head: Head
    _chosen: TabMHyperparameters
    _layout: FeatureLayout
    _quantiles: QuantileTransformer | None
    _network: TabMNetwork

    def fit(self, train: Table, valid: Table, fitting: Fitting) -> FitSummary:
        """Train on at most `rows` rows, with early stopping by the loss of tuning rows."""
        limit = work.TimeLimit(fitting)
        chosen = TabMHyperparameters.read(fitting.parameters)
        check(self, train, valid, fitting)
        self._chosen = chosen = _sized(chosen, train, fitting)
        sampled = sample(train, chosen.rows, fitting.seed)
        self._head = Head.of(sampled, fitting)
        self._prepare(sampled, fitting.seed)
        device, settings = fitting.compute.device, chosen.model_dump()
        assert chosen.epochs, "filled in above"
        with session(fitting):
            self._network = TabMNetwork(self._layout, chosen, self._head.width).to(device)
            if chosen.compile and device == "cuda":
                self._network.compile()
            trained = training.train(
                self._network,
                training.adamw(self._network, chosen.learning_rate, chosen.weight_decay),
                Objective(self._members_loss, self._ensemble_loss),
                self._examples(sampled).to(device),
                None if fitting.fixed else self._examples(valid).to(device),
                Plan("tabm", settings, limit, chosen.epochs, chosen.batch, chosen.patience, CHUNK),
                fitting,
            )
        size = f"{device}: {len(sampled):,} of {len(train):,} rows, k={chosen.k}, width {chosen.width}"
        return trained.summary(settings, size)

    def predict(self, table: Table) -> np.ndarray:
        """The mean over the ensemble's members: float64 ``[n]``, or ``[n, classes]`` for classes."""
        means = [self._mean(output) for output in outputs(self._network, self._inputs(table), CHUNK)]
        return self._head.prediction(torch.cat(means))

    def save(self, folder: Path) -> None:
        """Weights (`weights.safetensors`), quantiles of the numbers (`quantiles.skops`), and the rest (`tabm.json`)."""
        if self._quantiles is not None:
            scikit_file.write(self._quantiles, folder / "quantiles.skops")
        save_file(self._network.state_dict(), folder / "weights.safetensors")
        facts = {
            "head": asdict(self._head),
            STORED: self._chosen.model_dump(),
            "layout": asdict(self._layout),
        }
        (folder / "tabm.json").write_text(json.dumps(facts))

    @classmethod
    def load(cls, folder: Path) -> Self:
        facts = json.loads((folder / "tabm.json").read_text())
        model = cls()
        model._head, model._chosen = Head(**facts["head"]), TabMHyperparameters(**facts[STORED])
        model._layout = FeatureLayout(**facts["layout"])
        model._quantiles = scikit_file.read(folder / "quantiles.skops") if model._layout.numeric else None
        model._network = TabMNetwork(model._layout, model._chosen, model._head.width)
        model._network.load_state_dict(load_file(folder / "weights.safetensors"))
        return model

    def _prepare(self, train: Table, seed: int) -> None:
        """Fit quantiles and bins; columns that don't vary are left out, gaps become a code of their own."""
        gaps = np.isnan(train.numeric)
        numeric = [index for index, column in enumerate(train.numeric.T) if varies(column)]
        gappy = np.flatnonzero(gaps.any(axis=0) & ~gaps.all(axis=0)).tolist()
        self._quantiles = _quantiles(train.numeric[:, numeric], seed) if numeric else None
        self._layout = FeatureLayout(numeric, gappy, [], [*train.cardinalities, *(2 for _ in gappy)])
        if numeric:
            edges = _edges(self._inputs(train)[0], self._chosen)
            self._layout = replace(self._layout, edges=edges)

    def _examples(self, table: Table) -> Examples:
        return Examples(self._inputs(table), self._head.target(table))

    def _inputs(self, table: Table) -> tuple[Tensor, Tensor]:
        """float32 numbers ``[n, p]``, a gap at the median, and int64 codes ``[n, q + gappy]``."""
        numeric = table.numeric[:, self._layout.numeric]
        if self._quantiles is not None:
            numeric = np.nan_to_num(self._quantiles.transform(numeric.astype(np.float64))).astype(np.float32)
        codes = np.hstack([table.categorical, np.isnan(table.numeric[:, self._layout.gappy])]).astype(np.int64)
        codes[codes >= np.array(self._layout.cardinalities, dtype=np.int64)] = RARE
        return torch.from_numpy(numeric), torch.from_numpy(codes)

    def _members_loss(self, output: Tensor, target: Tensor) -> Tensor:
        """Mean loss of the members, each on its own: they must stay different."""
        return self._head.cross_entropy(output.flatten(0, 1).float(), target.repeat_interleave(output.shape[1]))

    def _ensemble_loss(self, output: Tensor, target: Tensor) -> Tensor:
        return self._head.negative_log_likelihood(self._mean(output), target)

    def _mean(self, output: Tensor) -> Tensor:
        """The members' mean response, of `output` ``[n, k, width]``."""
        return self._head.response(output).mean(1)


def _sized(chosen: TabMHyperparameters, train: Table, fitting: Fitting) -> TabMHyperparameters:
    """`chosen` without a None. A weight takes six operations an example: two forward, four backward.

    On a CPU the rows are as many as `EPOCHS_WANTED` passes over them fit the budget; on a GPU, all.
    """
    cpu = fitting.compute.device == "cpu"
    size = SMALL if cpu else FULL
    sized = chosen.model_copy(update={name: value for name, value in size.items() if getattr(chosen, name) is None})
    assert sized.k and sized.width and sized.embedding
    inputs = len(train.numeric_names) * sized.embedding + sum(train.cardinalities)
    operations = 6 * sized.k * sized.width * (inputs + sized.width * (sized.blocks - 1))
    wanted = work.affordable(SECONDS, operations * EPOCHS_WANTED, fewest=1000, most=len(train)) if cpu else len(train)
    rows = min(sized.rows or wanted, len(train))
    most = work.epochs(SECONDS, rows, operations, sized.batch, MOST_EPOCHS) if cpu else MOST_EPOCHS
    return sized.model_copy(update={"rows": rows, "epochs": sized.epochs or most})


def _quantiles(numeric: np.ndarray, seed: int) -> QuantileTransformer:
    noise = np.random.default_rng(seed).normal(0.0, NOISE, numeric.shape)
    return QuantileTransformer(
        n_quantiles=min(max(len(numeric) // 30, 10), 1000, len(numeric)),
        output_distribution="normal",
        subsample=10**9,
        random_state=seed,
    ).fit(numeric + noise)


def _edges(numeric: Tensor, chosen: TabMHyperparameters) -> list[list[float]]:
    assert chosen.bins, "sized before"
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*just two bin edges")
        return [edges.tolist() for edges in compute_bins(numeric, n_bins=min(chosen.bins, len(numeric) - 1))]


def _embeddings(edges: list[list[float]], chosen: TabMHyperparameters) -> PiecewiseLinearEmbeddings | None:
    if not edges:
        return None
    assert chosen.embedding, "sized before"
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*just two bin edges")
        tensors = [torch.tensor(of_column) for of_column in edges]
        return PiecewiseLinearEmbeddings(tensors, chosen.embedding, activation=False, version="B")


LEARNER = TabM
