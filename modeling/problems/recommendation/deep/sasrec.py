"""SASRec: self-attention over what a user took, in order, predicts what comes next.

Source: Kang & McAuley 2018, "Self-attentive sequential recommendation"; trained with cross-entropy over all items
instead of sampled negatives (Klenitskiy & Vasilev 2023, "Turning dross into gold loss").
"""

import json
from pathlib import Path
from typing import Self

import numpy as np
import polars as pl
import torch
from pydantic import Field
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn import functional

from modeling.core.learner import STORED, FitSummary, Fitting, Learner
from modeling.core.table import Table
from modeling.learners.torch import training
from modeling.learners.torch.training import Examples, Objective, Plan, outputs, session
from modeling.learners.work import TimeLimit, epochs
from modeling.problems.recommendation.ranking import (
    HISTORY,
    ITEMS,
    NO_ITEM,
    RecommenderHyperparameters,
    best_on,
    check_histories,
    popular,
    ranked,
)

CHUNK = 256
PRIORS = (0.0, 0.25, 0.5, 1.0)
SECONDS, MOST_EPOCHS = 15, 60
"""The budget of the training on two ordinary cores, and most epochs."""


class SASRecHyperparameters(RecommenderHyperparameters):
    """`length`: most recent items read. `prior`: how much of the logarithm of what is popular lately is added to
    the scores; None: chosen on tuning users. `epochs`: at most; None: by the histories' size. `patience`: epochs
    without a better validation loss."""

    length: int = Field(30, ge=2)
    width: int = Field(64, ge=2)
    heads: int = Field(2, ge=1)
    blocks: int = Field(2, ge=1)
    dropout: float = Field(0.3, ge=0, lt=1)
    learning_rate: float = Field(5e-3, gt=0)
    batch: int = Field(32, ge=1)
    epochs: int | None = Field(None, ge=1)
    patience: int = Field(3, ge=1)
    prior: float | None = Field(None, ge=0)


class SASRec(Learner):
    """A causal transformer whose item embeddings are also its output layer."""

    outcomes = ("ranking",)
    hyperparameters = SASRecHyperparameters
    reads = "recommendation"

    _chosen: SASRecHyperparameters
    _network: "_Network"
    _popular: np.ndarray
    _prior: float

    def fit(self, train: Table, valid: Table, fitting: Fitting) -> FitSummary:
        """Train on windows of the histories; `prior`, unless set, is chosen by the lists of tuning users."""
        limit = TimeLimit(fitting)
        chosen = SASRecHyperparameters.read(fitting.parameters)
        check_histories(self, train, fitting)
        self._popular, half_life = popular(train, valid, chosen, limit)
        pieces, device = windows(train, chosen.length), fitting.compute.device
        self._chosen = chosen = _scheduled(chosen, len(pieces.target), train.shared[ITEMS].height)
        settings = chosen.model_dump(mode="json")
        assert chosen.epochs, "filled in above"
        wanted = None if fitting.fixed else Examples((self._recent(valid),), torch.from_numpy(valid.target)).to(device)
        patience = None if fitting.fixed else chosen.patience
        with session(fitting):
            self._network = _Network(train.shared[ITEMS].height, chosen).to(device)
            trained = training.train(
                self._network,
                torch.optim.AdamW(self._network.parameters(), lr=chosen.learning_rate),
                Objective(_next_item, _wanted_items),
                pieces.to(device),
                wanted,
                Plan("sasrec", settings, limit, chosen.epochs, chosen.batch, patience, CHUNK),
                fitting,
            )

        def lists(prior: float) -> np.ndarray:
            self._prior = prior
            return self.predict(valid)

        priors = PRIORS if chosen.prior is None else (chosen.prior,)
        self._prior = best_on(valid, priors, lists, limit)
        return trained.summary(settings | {"half_life": half_life, "prior": self._prior})

    def predict(self, table: Table) -> np.ndarray:
        """int64 ``[n, k]``: the codes of the best items of each user, best first."""
        return ranked(self._scores, self._popular, table)

    def save(self, folder: Path) -> None:
        """Weights (`weights.safetensors`), popularity (`popularity.npz`), and the rest (`sasrec.json`)."""
        save_file(self._network.state_dict(), folder / "weights.safetensors")
        np.savez(folder / "popularity.npz", allow_pickle=False, popular=self._popular)
        facts = {STORED: self._chosen.model_dump(mode="json"), "prior": self._prior}
        (folder / "sasrec.json").write_text(json.dumps(facts))

    @classmethod
    def load(cls, folder: Path) -> Self:
        facts = json.loads((folder / "sasrec.json").read_text())
        model = cls()
        model._chosen, model._prior = SASRecHyperparameters(**facts[STORED]), facts["prior"]
        with np.load(folder / "popularity.npz", allow_pickle=False) as arrays:
            model._popular = arrays["popular"]
        model._network = _Network(len(model._popular), model._chosen)
        model._network.load_state_dict(load_file(folder / "weights.safetensors"))
        return model

    def _scores(self, table: Table) -> np.ndarray:
        logits = torch.cat(list(outputs(self._network, (self._recent(table),), CHUNK))).double().cpu().numpy()
        new = (table.content[HISTORY].list.len() == 0).to_numpy()
        return np.where(new[:, None], self._popular, logits + self._prior * np.log1p(self._popular))

    def _recent(self, table: Table) -> Tensor:
        return _filled(table.content[HISTORY].list.tail(self._chosen.length), self._chosen.length)


def _scheduled(chosen: SASRecHyperparameters, pieces: int, items: int) -> SASRecHyperparameters:
    """With `epochs` filled in. A weight takes six operations at every place of a piece, the output layer among them."""
    if chosen.epochs is not None:
        return chosen
    operations = 6 * chosen.length * chosen.width * (12 * chosen.width * chosen.blocks + items)
    return chosen.model_copy(update={"epochs": epochs(SECONDS, pieces, operations, chosen.batch, MOST_EPOCHS)})


def windows(table: Table, length: int) -> Examples:
    """Every history cut from its end into pieces of `length`: the items, and for each the one that follows it."""
    histories = [np.array(history) for history in table.content[HISTORY] if len(history) > 1]
    pieces = [
        history[max(end - length - 1, 0) : end] for history in histories for end in range(len(history), 1, -length)
    ]
    inputs = _filled(pl.Series([piece[:-1] for piece in pieces], dtype=pl.List(pl.Int32)), length)
    following = _filled(pl.Series([piece[1:] for piece in pieces], dtype=pl.List(pl.Int32)), length)
    return Examples((inputs,), following)


def _filled(lists: pl.Series, length: int) -> Tensor:
    """int64 ``[n, length]``: the codes, then `NO_ITEM`."""
    filled = lists.list.concat(pl.Series([[NO_ITEM] * length], dtype=lists.dtype)).list.head(length)
    return torch.from_numpy(filled.list.to_array(length).to_numpy().astype(np.int64))


def _next_item(output: Tensor, target: Tensor) -> Tensor:
    """`output` ``[b, length, items]`` against the following items ``[b, length]``."""
    return functional.cross_entropy(output.flatten(0, 1), target.flatten(), ignore_index=NO_ITEM)


def _wanted_items(output: Tensor, target: Tensor) -> Tensor:
    """`output` ``[b, items]`` against each user's wanted items ``[b, k]``."""
    wanted = target != NO_ITEM
    likelihood = output.log_softmax(-1).gather(1, target.clamp_min(0))
    return -((likelihood * wanted).sum(1) / wanted.sum(1)).mean()


class _Network(nn.Module):
    """Logits of the next item: after every item of a sequence in training, after its last otherwise."""

    def __init__(self, items: int, chosen: SASRecHyperparameters) -> None:
        super().__init__()
        self.items = nn.Embedding(items + 1, chosen.width, padding_idx=items)
        self.places = nn.Embedding(chosen.length, chosen.width)
        self.bias = nn.Parameter(torch.zeros(items))
        block = nn.TransformerEncoderLayer(
            chosen.width,
            chosen.heads,
            chosen.width,
            chosen.dropout,
            activation="gelu",
            batch_first=True,
            norm_first=True,
        )
        self.blocks = nn.TransformerEncoder(
            block, chosen.blocks, nn.LayerNorm(chosen.width), enable_nested_tensor=False
        )
        self.dropout = nn.Dropout(chosen.dropout)
        nn.init.normal_(self.items.weight, std=0.02)
        nn.init.normal_(self.places.weight, std=0.02)

    def forward(self, sequence: Tensor) -> Tensor:
        """`sequence` ``[b, length]`` -> ``[b, length, items]`` in training, else ``[b, items]``."""
        length = sequence.shape[1]
        known = sequence != NO_ITEM
        embedded = self.items(sequence.where(known, len(self.bias))) + self.places.weight
        mask = nn.Transformer.generate_square_subsequent_mask(length, device=sequence.device)
        states = self.blocks(self.dropout(embedded), mask=mask, is_causal=True)
        if not self.training:
            last = (known.sum(1) - 1).clamp_min(0)
            states = states[torch.arange(len(states), device=sequence.device), last]
        return states @ self.items.weight[:-1].T + self.bias


LEARNER = SASRec
