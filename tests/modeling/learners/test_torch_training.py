"""Interrupted training: what is kept, what is resumed, and that the result is the same as without the interruption."""

import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from modeling.core.compute import Compute
from modeling.core.learner import Fitting, LearnerError
from modeling.core.table import Table
from modeling.learners.progress import thinned, throttled
from modeling.learners.torch import training
from modeling.learners.torch.training import Examples, Objective, Plan, session
from modeling.learners.work import TimeLimit
from modeling.problems import learners

PARAMETERS = {
    "mlp": {"epochs": 12, "batch": 64},
    "tabm": {"epochs": 12, "batch": 64, "k": 4, "width": 16, "embedding": 4, "bins": 8},
}
DEEP = pytest.mark.parametrize("name", list(PARAMETERS))


def made(rows: int, seed: int) -> Table:
    rng = np.random.default_rng(seed)
    numeric = rng.normal(size=(rows, 3)).astype(np.float32)
    codes = rng.integers(2, 4, size=(rows, 1)).astype(np.int32)
    target = (numeric[:, 0] + codes[:, 0] - 2.5 + rng.normal(size=rows) > 0).astype(np.float64)
    return Table(numeric, codes, target, ("a", "b", "c"), ("x",), (4,))


TRAIN, VALID = made(400, 0), made(200, 1)


def circumstances(name: str, scratch: Path | None = None) -> Fitting:
    return Fitting("binary", 2, seed=5, parameters=PARAMETERS[name], compute=Compute(threads=1), scratch=scratch)


class Killed(BaseException):
    """Ends a fit from inside, as an interrupt would."""


def interrupted(name: str, fitting: Fitting) -> None:
    def stop(_: str) -> None:
        raise Killed

    with pytest.raises(Killed):
        learners.learner(name)().fit(TRAIN, VALID, replace(fitting, progress=stop))


@DEEP
def test_resumed_training_gives_the_same_model(name: str, tmp_path: Path) -> None:
    whole, resumed = learners.learner(name)(), learners.learner(name)()
    expected = whole.fit(TRAIN, VALID, circumstances(name))
    interrupted(name, circumstances(name, tmp_path))
    said: list[str] = []
    summary = resumed.fit(TRAIN, VALID, replace(circumstances(name, tmp_path), progress=said.append))
    assert said[0] == "resumed after epoch 1"
    assert summary == expected
    assert np.array_equal(resumed.predict(VALID), whole.predict(VALID))
    assert list(tmp_path.iterdir()) == [], "the checkpoint is removed after success"


def test_under_bfloat16_the_loss_is_reckoned_in_float32() -> None:
    network, seen = torch.nn.Linear(3, 1), set()

    def loss(output: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        seen.add(output.dtype)
        return (output.squeeze(-1) - target).square().mean()

    rows = Examples((torch.randn(20, 3),), torch.randn(20))
    fitting = Fitting("regression", 0, compute=Compute(precision="bfloat16"))
    plan = Plan("linear", {}, TimeLimit(fitting), epochs=1, batch=8, patience=None, chunk=8)
    optimizer = torch.optim.SGD(network.parameters(), 0.01)
    training.train(network, optimizer, Objective(loss, loss), rows, None, plan, fitting)
    assert seen == {torch.float32}


@DEEP
@pytest.mark.parametrize("change", ["seed", "hyperparameter", "rows"])
def test_a_checkpoint_of_another_fit_is_ignored(name: str, change: str, tmp_path: Path) -> None:
    fitting, train = circumstances(name, tmp_path), TRAIN
    interrupted(name, fitting)
    if change == "seed":
        fitting = replace(fitting, seed=6)
    elif change == "hyperparameter":
        fitting = replace(fitting, parameters=fitting.parameters | {"learning_rate": 0.005})
    else:
        train = made(400, 2)
    said: list[str] = []
    learners.learner(name)().fit(train, VALID, replace(fitting, progress=said.append))
    assert said and not any("resumed" in line for line in said)


@DEEP
@pytest.mark.parametrize("bytes_left", [0, 5, 1000])
def test_a_checkpoint_that_a_power_cut_spoiled_is_ignored(name: str, bytes_left: int, tmp_path: Path) -> None:
    interrupted(name, circumstances(name, tmp_path))
    (checkpoint,) = tmp_path.iterdir()
    checkpoint.write_bytes(checkpoint.read_bytes()[:bytes_left])
    said: list[str] = []
    learners.learner(name)().fit(TRAIN, VALID, replace(circumstances(name, tmp_path), progress=said.append))
    assert said and not any("resumed" in line for line in said)


VICTIM = """
import sys, time
from dataclasses import replace
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from test_torch_training import TRAIN, VALID, circumstances, learners
fitting = replace(circumstances("mlp", Path(sys.argv[2])), progress=lambda _: time.sleep(600))
learners.learner("mlp")().fit(TRAIN, VALID, fitting)
"""


@pytest.mark.slow
def test_a_killed_process_is_resumed(tmp_path: Path) -> None:
    process = subprocess.Popen([sys.executable, "-c", VICTIM, str(Path(__file__).parent), str(tmp_path)])
    while not (tmp_path / "mlp.safetensors").exists():
        assert process.poll() is None, "ended before its first checkpoint"
        time.sleep(0.05)
    process.kill()
    process.wait()
    whole, resumed = learners.learner("mlp")(), learners.learner("mlp")()
    whole.fit(TRAIN, VALID, circumstances("mlp"))
    said: list[str] = []
    resumed.fit(TRAIN, VALID, replace(circumstances("mlp", tmp_path), progress=said.append))
    assert said[0] == "resumed after epoch 1"
    assert np.array_equal(resumed.predict(VALID), whole.predict(VALID))
    assert list(tmp_path.iterdir()) == []


def test_training_that_diverges_says_so() -> None:
    fitting = replace(circumstances("mlp"), parameters={"optimiser": "sgd", "learning_rate": 1e30, "epochs": 3})
    with pytest.raises(LearnerError, match="never finite: lower learning_rate"):
        learners.learner("mlp")().fit(TRAIN, VALID, fitting)


def test_the_best_epoch_is_kept() -> None:
    summary = learners.learner("mlp")().fit(TRAIN, VALID, circumstances("mlp"))
    losses = [row["valid"] for row in summary.curve]
    assert summary.parameters["epochs"] == losses.index(min(losses)) + 1


def test_a_session_leaves_torch_as_it_was() -> None:
    threads, state = torch.get_num_threads(), torch.get_rng_state()
    with session(circumstances("mlp"), 1):
        torch.rand(3)
    assert torch.get_num_threads() == threads
    assert torch.equal(torch.get_rng_state(), state)


def test_progress_lines_are_throttled() -> None:
    lines: list[str] = []
    say = throttled(lines.append)
    for number in range(1000):
        say(str(number))
    assert lines == ["0"]


@pytest.mark.parametrize(("rows", "kept"), [(0, 0), (1, 1), (200, 200), (201, 101), (5000, 200)])
def test_curves_are_thinned_and_keep_their_end(rows: int, kept: int) -> None:
    curve = [{"step": float(step)} for step in range(1, rows + 1)]
    assert len(thinned(curve)) == kept
    assert thinned(curve)[-1:] == curve[-1:]


def test_a_gradient_to_which_many_rows_add_is_the_same_every_time():
    """Of a tensor this size torch lets two threads add to one place in the order in which they come."""
    draw = torch.Generator().manual_seed(0)
    weights = torch.randn(50, 64, generator=draw).requires_grad_()
    index, of_row = torch.randint(50, (20_000,), generator=draw), torch.randn(20_000, 64, generator=draw)
    gradients = set()
    with session(Fitting("binary", 2)):
        for _ in range(10):
            weights.grad = None
            (weights[index] * of_row).sum().backward()
            assert weights.grad is not None
            gradients.add(weights.grad.numpy().tobytes())
    assert len(gradients) == 1
    assert not torch.are_deterministic_algorithms_enabled()
