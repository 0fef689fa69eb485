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
    """The mean of the encoder's last layer, a dense layer with tanh, and the last layer. What does not learn is no part
    of it where it can be left out: embeddings go in, or what the layers below the learning ones make of tokens."""

    def __init__(self, encoder: Encoder, width: int, body: nn.Module | None, dropout: float) -> None:
        super().__init__()
        self.body: Any = body
        self.head = nn.Sequential(
            nn.Linear(encoder.width, encoder.width),
            nn.Tanh(),
            nn.Dropout(dropout),
            nn.Linear(encoder.width, width),
        )
        self._padding = encoder.padding

    def forward(self, inputs: Tensor, mask: Tensor | None = None) -> Tensor:
        """Tokens ``[n, length]``, embeddings ``[n, features]``, or states ``[n, length, features]`` with the `mask`
        ``[n, length]`` of what is no padding -> ``[n, width]``."""
        if self.body is None:
            return self.head(inputs).float()
        return self.head(language.pooled(self.body, inputs, inputs != self._padding if mask is None else mask)).float()


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
            body, inputs = self._learning((*read, *texts.texts(valid)))
            self._network = TextNetwork(self._encoder, self._head.width, body, chosen.dropout).to(compute.device)
            settings = chosen.model_dump()
            assert chosen.epochs, "filled in above"
            trained = training.train(
                self._network,
                _optimiser(self._network, chosen),
                Objective(self._head.cross_entropy, self._head.cross_entropy),
                self._examples([part[: len(train)] for part in inputs], train),
                None if fitting.fixed else self._examples([part[len(train) :] for part in inputs], valid),
                Plan("text_encoder", settings, limit, chosen.epochs, chosen.batch, chosen.patience, CHUNK),
                fitting,
            )
        self._network.body = _learned(self._network.body, self._encoder, chosen)
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
        body = None if model._chosen.tuning == "frozen" else model._encoder.network
        model._network = TextNetwork(model._encoder, model._head.width, body, model._chosen.dropout)
        model._network.head.load_state_dict(load_file(folder / "head.safetensors"))
        return model

    def _examples(self, inputs: Sequence[Tensor], table: Table) -> Examples:
        return Examples(tuple(inputs), self._head.target(table)).to(str(device_of(self._network)))

    def _learning(self, read: tuple[str, ...]) -> tuple[nn.Module | None, tuple[Tensor, ...]]:
        """What learns of the encoder, and what it reads of the texts."""
        chosen, encoder = self._chosen, self._encoder
        if chosen.tuning == "frozen":
            return None, (self._inputs(read),)
        if chosen.tuning == "lora":
            return _with_adapters(encoder.network, chosen.rank), (self._inputs(read),)
        layers = _layers(encoder.network)
        still = max(len(layers) - (chosen.layers or len(layers)), 0)
        if still and language.can_be_divided(encoder, len(read)):
            return language.layers_above(encoder.network, still), language.states(encoder, read, still)
        if still:
            encoder.network.requires_grad_(False)
            layers[still:].requires_grad_(True)
        return encoder.network, (self._inputs(read),)

    def _inputs(self, read: tuple[str, ...]) -> Tensor:
        """What the network takes: tokens, or embeddings where the encoder does not learn."""
        if self._chosen.tuning == "frozen":
            return torch.from_numpy(language.embeddings(self._encoder, read))
        return self._encoder.tokens(read)


def _with_adapters(network: Any, rank: int) -> nn.Module:
    from peft import LoraConfig, get_peft_model

    return get_peft_model(network, LoraConfig(r=rank, target_modules="all-linear"))


def _learned(body: Any, encoder: Encoder, chosen: TextEncoderHyperparameters) -> nn.Module | None:
    """The encoder's network with what its `body` learned; None where nothing of it learned."""
    if body is None or body is encoder.network:
        return body
    if chosen.tuning == "lora":
        return body.merge_and_unload()
    learned = _layers(body)
    _layers(encoder.network)[-len(learned) :].load_state_dict(learned.state_dict())
    return encoder.network


def _layers(network: nn.Module) -> nn.ModuleList:
    """The encoder's layers: its longest list of modules."""
    return max((part for part in network.modules() if isinstance(part, nn.ModuleList)), key=len)


def _affordable(
    chosen: TextEncoderHyperparameters, encoder: Encoder, read: Sequence[str], fitting: Fitting
) -> TextEncoderHyperparameters:
    """With every None filled in.

    An epoch takes at most one pass forward through all layers, and as much as two through those that learn.
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
        fused=True,
    )


LEARNER = TextEncoder
