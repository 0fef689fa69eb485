"""Ever larger batches until the GPU's memory ends: the largest that trains, and the fastest."""

import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional

from benchmarks.gpu import data, encoders
from benchmarks.gpu.measurement import Measurement, Setting, synchronise
from benchmarks.gpu.networks import members_loss, tabm
from modeling.learners.torch.training import Batchable

LENGTH, SIDE = 256, 224
CASES: tuple[tuple[str, int], ...] = (("TabM", 1024), ("text encoder, mpnet", 32), ("image encoder", 32))
"""Name and first batch."""
SECONDS = 8.0
"""Of doubling, a case."""
Step = Callable[[], None]


def measurements(setting: Setting) -> Iterator[Measurement]:
    makers = (partial(_tabm, setting), partial(_text, setting), partial(_image, setting))
    for (name, first), maker in zip(CASES, makers, strict=True):
        yield Measurement(name, "bfloat16", partial(_grown, setting, maker, first))


def _grown(setting: Setting, maker: Callable[[int], Step], batch: int) -> dict[str, float]:
    """Doubled until memory, or the time for it, ends; `memory_ended` says which."""
    setting.need_gpu()
    rates, began = {}, time.perf_counter()
    torch.cuda.reset_peak_memory_stats()
    ended = False
    while not ended and time.perf_counter() - began < SECONDS:
        try:
            rates[batch] = _rows_per_second(maker(batch), batch)
            peak = torch.cuda.max_memory_allocated() / 2**20
        except torch.cuda.OutOfMemoryError:
            ended = True
        torch.cuda.empty_cache()
        batch *= 2
    fastest = max(rates, key=rates.__getitem__)
    return {
        "seconds": time.perf_counter() - began,
        "peak_mb": peak,
        "largest_batch": max(rates),
        "fastest_batch": fastest,
        "rows_per_second": rates[fastest],
        "memory_ended": ended,
    }


def _rows_per_second(step: Step, batch: int) -> float:
    """Of the second of two steps."""
    step()
    synchronise("cuda")
    started = time.perf_counter()
    step()
    synchronise("cuda")
    return batch / (time.perf_counter() - started)


def _tabm(setting: Setting, batch: int) -> Step:
    parts = tabm(batch, setting)
    return _step(parts.network, parts.rows.to(setting.device), members_loss)


def _text(setting: Setting, batch: int) -> Step:
    from modeling.problems.text.deep.text_encoder import TextEncoderHyperparameters, TextNetwork
    from modeling.problems.text.language import Encoder

    folder = encoders.folder(setting.folder, "mpnet", data.VOCABULARY, quick=setting.quick)
    encoder = Encoder.load(Path(folder), LENGTH)
    network = TextNetwork(encoder, 1, TextEncoderHyperparameters(tuning="full")).to(setting.device)
    tokens = torch.randint(len(encoders.SPECIAL), data.VOCABULARY, (batch, LENGTH))
    return _step(network, _binary(tokens).to(setting.device), _loss)


def _image(setting: Setting, batch: int) -> Step:
    from modeling.problems.image import backbone
    from modeling.problems.image.augmentation import Augment
    from modeling.problems.image.deep.image_encoder import EncoderHyperparameters, ImageNetwork

    hyperparameters = EncoderHyperparameters(init="random", side=SIDE)
    stages = backbone.stages(hyperparameters, None)
    augment = Augment(hyperparameters.flips, hyperparameters.shift)
    network = ImageNetwork(stages, augment, backbone.width(stages), 1, hyperparameters).to(setting.device)
    pixels = torch.randint(0, 256, (batch, 3, SIDE, SIDE), dtype=torch.uint8)
    return _step(network, _binary(pixels).to(setting.device), _loss)


def _step(network: torch.nn.Module, rows: Batchable, loss: Callable[[Tensor, Tensor], Tensor]) -> Step:
    optimizer = torch.optim.AdamW(network.parameters(), fused=True)
    network.train()

    def step() -> None:
        with torch.autocast("cuda", torch.bfloat16):
            value = loss(network(*rows.inputs), rows.target)
        optimizer.zero_grad()
        value.backward()
        optimizer.step()

    return step


def _binary(inputs: Tensor) -> Batchable:
    return Batchable((inputs,), torch.randint(0, 2, (len(inputs),)).float())


def _loss(output: Tensor, target: Tensor) -> Tensor:
    return functional.binary_cross_entropy_with_logits(output.squeeze(-1).float(), target)
