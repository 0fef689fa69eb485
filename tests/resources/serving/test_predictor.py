"""A published model that can't be read says so, whatever befell its folder."""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from polars.testing import assert_frame_equal

from modeling.artefacts.evaluated_model import MODEL
from resources.serving import trial
from resources.serving.errors import UnreadableModel
from resources.serving.models import Models
from resources.serving.predictor import Published
from resources.store.integrity import write_digests

from ...pipelines.sandbox import KEY, Sandbox, orders

SIDECAR = "model.json"


def no_folder(folder: Path) -> None:
    shutil.rmtree(folder)


def no_json(folder: Path) -> None:
    (folder / SIDECAR).write_text("{")


def no_text(folder: Path) -> None:
    (folder / SIDECAR).write_bytes(b"\xff\xfe\xfa")


def no_key(folder: Path) -> None:
    about = json.loads((folder / SIDECAR).read_text())
    (folder / SIDECAR).write_text(json.dumps({name: value for name, value in about.items() if name != "members"}))


def no_task(folder: Path) -> None:
    about = json.loads((folder / SIDECAR).read_text())
    (folder / SIDECAR).write_text(json.dumps({**about, "task": "divination"}))


def no_learner(folder: Path) -> None:
    about = json.loads((folder / SIDECAR).read_text())
    (folder / SIDECAR).write_text(json.dumps({**about, "members": {"renamed": 1.0}}))


def no_weights(folder: Path) -> None:
    shutil.rmtree(folder / "members")


@pytest.mark.parametrize("damage", [no_folder, no_json, no_text, no_key, no_task, no_learner, no_weights])
@pytest.mark.parametrize("listed", [False, True], ids=["the list as it was", "the list fits"])
def test_whatever_befell_the_folder_the_error_names_it_and_what_to_do(
    sandbox: Sandbox, damage: Callable[[Path], None], listed: bool
):
    place = Models(sandbox.state).serving(KEY)
    assert place
    damage(place / MODEL)
    if listed:
        write_digests(place)
    with pytest.raises(UnreadableModel, match=re.escape(str(place / MODEL))) as raised:
        Published.load(place, sandbox.use_case())
    assert f"sectorforge models pin {KEY} VERSION" in str(raised.value)


@pytest.mark.slow
def test_a_model_is_tried_in_another_process_before_a_command_reads_it(sandbox: Sandbox):
    place = Models(sandbox.state).serving(KEY)
    assert place
    frame = orders(5).drop("returned")
    tried, loaded = (make(place, sandbox.use_case()) for make in (Published.tried, Published.load))
    assert_frame_equal(tried.answers(frame), loaded.answers(frame))
    no_task(place / MODEL)
    write_digests(place)
    with pytest.raises(UnreadableModel, match="divination"):
        Published.tried(place, sandbox.use_case())


class Source:
    """What arrives in the other process as the function that it says."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return eval, (self._text,)


@pytest.mark.parametrize(
    ("use", "seconds", "message"),
    [
        ("lambda folder: __import__('signal').raise_signal(11)", 60, r"ends the process that does it \(SIGSEGV\)"),
        ("lambda folder: __import__('signal').raise_signal(9)", 60, "takes more than the .* of memory that it may"),
        ("lambda folder: __import__('os')._exit(3)", 60, r"ends the process that does it \(status 3, \)"),
        ("lambda folder: __import__('time').sleep(600)", 1, "takes longer than the .* minutes that it may"),
    ],
    ids=["a fault of memory", "killed", "an end", "no end"],
)
def test_a_model_that_another_process_does_not_live_through_is_unreadable(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, use: str, seconds: float, message: str
):
    """No file is known that our own checks let through and that does so: what uses the model does it here."""
    place = Models(sandbox.state).serving(KEY)
    assert place
    monkeypatch.setattr(trial, "_use", Source(use))
    monkeypatch.setattr(trial, "SECONDS", seconds)
    with pytest.raises(UnreadableModel, match=rf"trying it {message}.*sectorforge models pin {KEY} VERSION"):
        Published.tried(place, sandbox.use_case())
