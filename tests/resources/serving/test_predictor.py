"""A published model that can't be read says so, whatever befell its folder."""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from modeling.artefacts.evaluated_model import MODEL
from resources.serving.models import Models, UnreadableModel
from resources.serving.predictor import Published

from ...pipelines.sandbox import KEY, Sandbox

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
def test_whatever_befell_the_folder_the_error_names_it_and_what_to_do(sandbox: Sandbox, damage: Callable[[Path], None]):
    place = Models(sandbox.state).serving(KEY)
    assert place
    damage(place / MODEL)
    with pytest.raises(UnreadableModel, match=re.escape(str(place / MODEL))) as raised:
        Published.load(place / MODEL, place.name, sandbox.use_case())
    assert f"sectorforge models pin {KEY} VERSION" in str(raised.value)
