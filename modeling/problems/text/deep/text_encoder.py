"""A pretrained text network, fine-tuned: all of it, its last layers, adapters in it, or a new layer on top of it."""

import json
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, ClassVar, Literal, Self

import numpy as np
import torch
from pydantic import Field
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from modeling.core.learner import Fitting, Outcome, Told
from modeling.core.table import Table
from modeling.learners.checks import check_target, read_knobs
from modeling.learners.progress import thinned
from modeling.learners.torch import training as _training
from modeling.learners.torch.head import Head
from modeling.learners.torch.training import Objective, Plan, Rows, outputs, session
from modeling.problems.text import language, texts
from modeling.problems.text.language import Encoder, LanguageKnobs

CHUNK = 256
LAYERS = 3
"""Most layers that learn on a CPU."""
EPOCHS_WANTED = 2
"""Fewer are not worth it on a CPU: the new layer alone then learns, as often as it likes."""
OPERATIONS_PER_SECOND = 6e10
"""Of one CPU core, as networks of this kind reach them; what is affordable on a CPU is computed from it."""
TOKENS_A_WORD = 4 / 3
EPOCHS = {"full": 10, "lora": 10, "frozen": 100}
"""Most, where nothing else limits them."""


class TextEncoderKnobs(LanguageKnobs):
    """`tuning`: full, of the last `layers` (None: all); lora, adapters of `rank` in every layer (Hu et al. 2022,
    arXiv:2106.09685); frozen, only the new layers on top learn. None: full on a GPU or from scratch, on a CPU what the
    budget affords. `learning_rate` is the new layers', the published ones' is `body_rate` of it. `epochs`: at most
    (None: by `tuning` and budget); the best on validation rows is kept.
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


class Network(nn.Module):
    """The mean of the encoder's last layer, a dense layer with tanh, and the last layer. An encoder that does not learn
    is no part of it: embeddings go in."""

    def __init__(self, encoder: Encoder, width: int, knobs: TextEncoderKnobs) -> None:
        super().__init__()
        self.body: Any = None if knobs.tuning == "frozen" else _learning(encoder.network, knobs)
        self.head = nn.Sequential(
            nn.Linear(encoder.width, encoder.width),
            nn.Tanh(),
            nn.Dropout(knobs.dropout),
            nn.Linear(encoder.width, width),
        )
        self._padding = encoder.padding

    def forward(self, inputs: Tensor) -> Tensor:
        """Tokens ``[n, length]``, or embeddings ``[n, features]`` -> ``[n, width]``."""
        read = inputs if self.body is None else language.pooled(self.body, inputs, self._padding)
        return self.head(read).float()


class Model:
    """A pretrained encoder with two new layers on top."""

    outcomes: ClassVar[tuple[Outcome, ...]] = ("binary", "multiclass")
    default_seconds: ClassVar[float] = 40
    extra: ClassVar[str | None] = "text"
    reads: ClassVar[str | None] = "text"

    _head: Head
    _knobs: TextEncoderKnobs
    _encoder: Encoder
    _network: Network

    def fit(self, train: Table, valid: Table, fitting: Fitting) -> Told:
        start, compute = time.monotonic(), fitting.compute
        knobs = read_knobs(TextEncoderKnobs, fitting.parameters).settled(compute)
        check_target(self, train, valid, fitting)
        self._head = Head.of(train, fitting)
        learned, judged = texts.texts(train), texts.texts(valid)
        with session(fitting, compute.threads):
            self._encoder = language.opened(knobs, fitting.weights, learned, compute.device)
            self._knobs = _affordable(knobs, self._encoder, learned, fitting)
            inputs = self._inputs((*learned, *judged))
            self._network = Network(self._encoder, self._head.width, self._knobs).to(compute.device)
            trained = _training.train(
                self._network,
                _optimiser(self._network, self._knobs),
                Objective(self._head.cross_entropy, self._head.cross_entropy),
                self._rows(inputs[: len(train)], train),
                None if fitting.fixed else self._rows(inputs[len(train) :], valid),
                self._plan(start),
                fitting,
            )
        if self._knobs.tuning == "lora":
            self._network.body = self._network.body.merge_and_unload()
        parameters = self._knobs.model_dump() | {"epochs": trained.epochs}
        return Told(parameters, thinned(trained.curve), [_told(self._knobs, fitting), *trained.notes])

    def predict(self, table: Table) -> np.ndarray:
        inputs = self._inputs(texts.texts(table)).to(next(self._network.parameters()).device)
        responses = [self._head.response(output) for output in outputs(self._network, (inputs,), CHUNK)]
        return self._head.prediction(torch.cat(responses))

    def save(self, folder: Path) -> None:
        self._encoder.save(folder / "encoder")
        save_file(self._network.head.state_dict(), folder / "head.safetensors")
        facts = {"head": asdict(self._head), "knobs": self._knobs.model_dump()}
        (folder / "text_encoder.json").write_text(json.dumps(facts))

    @classmethod
    def load(cls, folder: Path) -> Self:
        facts = json.loads((folder / "text_encoder.json").read_text())
        model = cls()
        model._head, model._knobs = Head(**facts["head"]), TextEncoderKnobs(**facts["knobs"])
        assert model._knobs.max_length, "settled before"
        model._encoder = Encoder.load(folder / "encoder", model._knobs.max_length)
        whole = model._knobs.model_copy(update={"tuning": "frozen" if model._knobs.tuning == "frozen" else "full"})
        model._network = Network(model._encoder, model._head.width, whole)
        model._network.head.load_state_dict(load_file(folder / "head.safetensors"))
        return model

    def _plan(self, start: float) -> Plan:
        knobs = self._knobs
        assert knobs.epochs, "settled before"
        return Plan("text_encoder", knobs.model_dump(), start, knobs.epochs, knobs.batch, knobs.patience, CHUNK)

    def _rows(self, inputs: Tensor, table: Table) -> Rows:
        device = next(self._network.parameters()).device
        return Rows((inputs,), self._head.target(table)).to(str(device))

    def _inputs(self, read: tuple[str, ...]) -> Tensor:
        """What the network takes: tokens, or embeddings where the encoder does not learn."""
        if self._knobs.tuning == "frozen":
            return torch.from_numpy(language.embeddings(self._encoder, read))
        return self._encoder.tokens(read)


def _learning(network: Any, knobs: TextEncoderKnobs) -> nn.Module:
    """The encoder with the part that learns marked, or with adapters."""
    if knobs.tuning == "lora":
        from peft import LoraConfig, get_peft_model

        return get_peft_model(network, LoraConfig(r=knobs.rank, target_modules="all-linear"))
    layers = _layers(network)
    still = layers[: -knobs.layers] if knobs.layers else []
    if len(still):
        network.requires_grad_(False)
        layers[len(still) :].requires_grad_(True)
    return network


def _layers(network: nn.Module) -> nn.ModuleList:
    """The encoder's layers: its longest list of modules."""
    return max((part for part in network.modules() if isinstance(part, nn.ModuleList)), key=len)


def _affordable(knobs: TextEncoderKnobs, encoder: Encoder, read: Sequence[str], fitting: Fitting) -> TextEncoderKnobs:
    """With every None filled in. A rule and not a measurement, so that a resumed fit gets the same.

    An epoch takes one pass forward through all layers, and as much as two through those that learn.
    """
    if knobs.tuning is None and (fitting.compute.device == "cuda" or knobs.init == "random"):
        knobs = knobs.model_copy(update={"tuning": "full"})
    if knobs.tuning is None:
        layers = _layers(encoder.network)
        tokens = sum(min(len(text.split()) * TOKENS_A_WORD + 2, encoder.length) for text in read)
        forward = 2 * tokens * sum(weight.numel() for weight in layers.parameters())
        passes = fitting.seconds * fitting.compute.threads * OPERATIONS_PER_SECOND / forward
        learning = min(int((passes / EPOCHS_WANTED - 1) / 2 * len(layers)), LAYERS)
        chosen = {"tuning": "full", "layers": learning, "epochs": int(passes / (1 + 2 * learning / len(layers)))}
        knobs = knobs.model_copy(update=chosen if learning > 0 else {"tuning": "frozen"})
    assert knobs.tuning, "chosen above"
    return knobs.model_copy(update={"epochs": knobs.epochs or EPOCHS[knobs.tuning]})


def _told(knobs: TextEncoderKnobs, fitting: Fitting) -> str:
    full = f"the last {knobs.layers} layers learn" if knobs.layers else "all layers learn"
    tuning = {"full": full, "lora": f"adapters of rank {knobs.rank} learn", "frozen": "only the new layers learn"}
    budget = f"{fitting.seconds:.0f} s, {fitting.compute.threads} threads, {fitting.compute.precision}"
    return f"{knobs.told(fitting.compute)}; {tuning[knobs.tuning or 'full']}: {budget}"


def _optimiser(network: Network, knobs: TextEncoderKnobs) -> torch.optim.Optimizer:
    body = [] if network.body is None else [weight for weight in network.body.parameters() if weight.requires_grad]
    of_body = knobs.learning_rate * (knobs.body_rate if knobs.init == "pretrained" else 1)
    groups = [{"params": list(network.head.parameters())}, {"params": body, "lr": of_body}]
    return torch.optim.AdamW(
        [group for group in groups if group["params"]], knobs.learning_rate, weight_decay=knobs.weight_decay
    )
