"""A pretrained text network, fine-tuned: all of it, its last layers, adapters in it, or a new layer on top of it."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
import torch
from pydantic import Field
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from modeling.core.learner import STORED, FitSummary, Fitting, Learner
from modeling.core.table import Table
from modeling.learners import work
from modeling.learners.checks import check_target
from modeling.learners.torch import training
from modeling.learners.torch.head import Head
from modeling.learners.torch.training import Examples, Objective, Plan, device_of, outputs, session
from modeling.problems.text import language, texts
from modeling.problems.text.language import Encoder, LanguageHyperparameters

CHUNK = 256
LAYERS = 3
"""Most layers that learn on a CPU."""
SECONDS = 40
"""The budget of a fit on two ordinary cores."""
EPOCHS_WANTED = 2
"""Fewer are not worth it on a CPU: the new layer alone then learns, as often as it likes."""
SPEED = 3
"""Times as many operations a second as `work` reckons with: the products of such networks are large."""
TOKENS_A_WORD = 4 / 3
EPOCHS = {"full": 10, "lora": 10, "frozen": 100}
"""Most, where nothing else limits them."""


class TextEncoderHyperparameters(LanguageHyperparameters):
    """`tuning`: full, of the last `layers` (None: all); lora, adapters of `rank` in every layer (Hu et al. 2022,
    arXiv:2106.09685); frozen, only the new layers on top learn. None: full on a GPU or from scratch, on a CPU what the
    texts' size affords. `learning_rate` is the new layers', the published ones' is `body_rate` of it. `epochs`: at most
    (None: by `tuning` and the texts' size); the best on tuning rows is kept.
    """

    tuning: Literal["full", "lora", "frozen"] | None = None
    layers: int | None = Field(None, ge=1)
    rank: int = Field(8, ge=1)
    learning_rate: float = Field(1e-3, gt=0)
    body_rate: float = Field(0.05, gt=0, le=1)
    weight_decay: float = Field(0.01, ge=0)
    dropout: float = Field(0.1, ge=0, lt=1)
    batch: int = Field(32, ge=1)
    epochs: int | None = Field(None, ge=1)
    patience: int = Field(3, ge=1)


class TextNetwork(nn.Module):
    """The mean of the encoder's last layer, a dense layer with tanh, and the last layer. An encoder that does not learn
    is no part of it: embeddings go in."""

    def __init__(self, encoder: Encoder, width: int, chosen: TextEncoderHyperparameters) -> None:
        super().__init__()
        self.body: Any = None if chosen.tuning == "frozen" else _learning(encoder.network, chosen)
        self.head = nn.Sequential(
            nn.Linear(encoder.width, encoder.width),
            nn.Tanh(),
            nn.Dropout(chosen.dropout),
            nn.Linear(encoder.width, width),
        )
        self._padding = encoder.padding

    def forward(self, inputs: Tensor) -> Tensor:
        """Tokens ``[n, length]``, or embeddings ``[n, features]`` -> ``[n, width]``."""
        read = inputs if self.body is None else language.pooled(self.body, inputs, self._padding)
        return self.head(read).float()


class TextEncoder(Learner):
    """A pretrained encoder with two new layers on top."""

    outcomes = ("binary", "multiclass")
    hyperparameters = TextEncoderHyperparameters
    extra = "text"
    reads = "text"

    _head: Head
    _chosen: TextEncoderHyperparameters
    _encoder: Encoder
    _network: TextNetwork

    def fit(self, train: Table, valid: Table, fitting: Fitting) -> FitSummary:
        limit, compute = work.TimeLimit(fitting), fitting.compute
        chosen = TextEncoderHyperparameters.read(fitting.parameters).settled(compute)
        check_target(self, train, valid, fitting)
        self._head = Head.of(train, fitting)
        read = texts.texts(train)
        with session(fitting):
            self._encoder = language.opened(chosen, fitting.weights, read, compute.device)
            self._chosen = chosen = _affordable(chosen, self._encoder, read, fitting)
            inputs = self._inputs((*read, *texts.texts(valid)))
            self._network = TextNetwork(self._encoder, self._head.width, chosen).to(compute.device)
            settings = chosen.model_dump()
            assert chosen.epochs, "filled in above"
            trained = training.train(
                self._network,
                _optimiser(self._network, chosen),
                Objective(self._head.cross_entropy, self._head.cross_entropy),
                self._examples(inputs[: len(train)], train),
                None if fitting.fixed else self._examples(inputs[len(train) :], valid),
                Plan("text_encoder", settings, limit, chosen.epochs, chosen.batch, chosen.patience, CHUNK),
                fitting,
            )
        if chosen.tuning == "lora":
            self._network.body = self._network.body.merge_and_unload()
        return trained.summary(settings, _described(chosen, fitting))

    def predict(self, table: Table) -> np.ndarray:
        """float64 probability of the event ``[n]``, or of each class ``[n, classes]``."""
        inputs = self._inputs(texts.texts(table))
        return self._head.predictions(outputs(self._network, (inputs,), CHUNK))

    def save(self, folder: Path) -> None:
        """Encoder and tokenizer (`encoder/`), head (`head.safetensors`), and the rest (`text_encoder.json`)."""
        self._encoder.save(folder / "encoder")
        save_file(self._network.head.state_dict(), folder / "head.safetensors")
        facts = {"head": asdict(self._head), STORED: self._chosen.model_dump()}
        (folder / "text_encoder.json").write_text(json.dumps(facts))

    @classmethod
    def load(cls, folder: Path) -> Self:
        facts = json.loads((folder / "text_encoder.json").read_text())
        model = cls()
        model._head, model._chosen = Head(**facts["head"]), TextEncoderHyperparameters(**facts[STORED])
        assert model._chosen.max_length, "settled before"
        model._encoder = Encoder.load(folder / "encoder", model._chosen.max_length)
        whole = model._chosen.model_copy(update={"tuning": "frozen" if model._chosen.tuning == "frozen" else "full"})
        model._network = TextNetwork(model._encoder, model._head.width, whole)
        model._network.head.load_state_dict(load_file(folder / "head.safetensors"))
        return model

    def _examples(self, inputs: Tensor, table: Table) -> Examples:
        return Examples((inputs,), self._head.target(table)).to(str(device_of(self._network)))

    def _inputs(self, read: tuple[str, ...]) -> Tensor:
        """What the network takes: tokens, or embeddings where the encoder does not learn."""
        if self._chosen.tuning == "frozen":
            return torch.from_numpy(language.embeddings(self._encoder, read))
        return self._encoder.tokens(read)


def _learning(network: Any, chosen: TextEncoderHyperparameters) -> nn.Module:
    """The encoder with the part that learns marked, or with adapters."""
    if chosen.tuning == "lora":
        from peft import LoraConfig, get_peft_model

        return get_peft_model(network, LoraConfig(r=chosen.rank, target_modules="all-linear"))
    layers = _layers(network)
    still = layers[: -chosen.layers] if chosen.layers else []
    if len(still):
        network.requires_grad_(False)
        layers[len(still) :].requires_grad_(True)
    return network


def _layers(network: nn.Module) -> nn.ModuleList:
    """The encoder's layers: its longest list of modules."""
    return max((part for part in network.modules() if isinstance(part, nn.ModuleList)), key=len)


def _affordable(
    chosen: TextEncoderHyperparameters, encoder: Encoder, read: Sequence[str], fitting: Fitting
) -> TextEncoderHyperparameters:
    """With every None filled in.

    An epoch takes one pass forward through all layers, and as much as two through those that learn.
    """
    layers, most = _layers(encoder.network), EPOCHS[chosen.tuning or "full"]
    if chosen.tuning is None and (fitting.compute.device == "cuda" or chosen.init == "random"):
        chosen = chosen.model_copy(update={"tuning": "full"})
    if fitting.compute.device == "cpu" and chosen.tuning != "frozen":
        passes = _passes(layers, read, encoder.length)
        if chosen.tuning is None:
            learning = min(int((passes / EPOCHS_WANTED - 1) / 2 * len(layers)), LAYERS)
            tuned = {"tuning": "full", "layers": learning} if learning > 0 else {"tuning": "frozen"}
            chosen = chosen.model_copy(update=tuned)
        learning = chosen.layers or len(layers)
        most = min(max(int(passes / (1 + 2 * learning / len(layers))), 1), most)
    most = EPOCHS["frozen"] if chosen.tuning == "frozen" else most
    return chosen.model_copy(update={"epochs": chosen.epochs or most})


def _passes(layers: nn.ModuleList, read: Sequence[str], length: int) -> float:
    """How many passes forward over the texts fill the budget. A weight takes two operations a token."""
    tokens = sum(min(len(text.split()) * TOKENS_A_WORD + 2, length) for text in read)
    weights = sum(weight.numel() for weight in layers.parameters())
    return SPEED * work.operations(SECONDS) / (2 * tokens * weights)


def _described(chosen: TextEncoderHyperparameters, fitting: Fitting) -> str:
    """What learns, for people."""
    full = f"the last {chosen.layers} layers learn" if chosen.layers else "all layers learn"
    tuning = {
        "full": full,
        "lora": f"adapters of rank {chosen.rank} learn",
        "frozen": "only the new layers learn",
    }
    return f"{chosen.description(fitting.compute)}; {tuning[chosen.tuning or 'full']}: {fitting.compute.precision}"


def _optimiser(network: TextNetwork, chosen: TextEncoderHyperparameters) -> torch.optim.Optimizer:
    body = [] if network.body is None else [weight for weight in network.body.parameters() if weight.requires_grad]
    of_body = chosen.learning_rate * (chosen.body_rate if chosen.init == "pretrained" else 1)
    groups = [{"params": list(network.head.parameters())}, {"params": body, "lr": of_body}]
    return torch.optim.AdamW(
        [group for group in groups if group["params"]],
        chosen.learning_rate,
        weight_decay=chosen.weight_decay,
    )


LEARNER = TextEncoder
