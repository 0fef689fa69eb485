"""What is said to be kept of interrupted training is there after a power cut."""

from pathlib import Path

import torch

from modeling.learners.torch.checkpoint import Checkpoint, TrainingState

from ...resources.store.power_cut import cut_everywhere


def test_a_checkpoint_survives_a_power_cut(tmp_path: Path):
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    network = torch.nn.Linear(2, 1)
    optimizer = torch.optim.SGD(network.parameters(), 0.01)
    with cut_everywhere(scratch, tmp_path / "images") as cuts:
        for epoch in (1, 2):
            Checkpoint(scratch, "mlp", "this").write(TrainingState(epoch), network, {}, optimizer)
        images = cuts()
    found = [Checkpoint(image, "mlp", "this").restore(network, optimizer) for image in images]
    epochs = [state.epoch if state else 0 for state, _ in (one or (None, None) for one in found)]
    assert epochs == sorted(epochs) and epochs[-1] == 2 and set(epochs) == {0, 1, 2}
