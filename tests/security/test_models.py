"""A model folder that an attacker may write to: it is refused before what is in it is trusted."""

import json
import os
import pickle
import struct
from pathlib import Path

import numpy as np
import pytest
import skops.io
from safetensors import SafetensorError
from safetensors.torch import load_file
from skops.io.exceptions import UntrustedTypesFoundException

from modeling.artefacts.errors import ModelError
from modeling.artefacts.storage import load, save
from modeling.core.blend import Blend
from modeling.core.learner import Fitting
from modeling.core.model import Model
from modeling.learners import encoding

from ..modeling.small_data import card, fitted, prepared


@pytest.fixture(scope="module")
def model() -> Model:
    features = prepared()
    quick = Fitting("binary", classes=2, parameters={"trials": 1, "rounds": 5})
    candidate = fitted("lightgbm", features, quick)
    champion = Blend({"lightgbm": candidate.learner}, {"lightgbm": 1.0})
    return Model(features.recipe, champion, card(), np.empty(0, dtype=np.uint64))


@pytest.fixture
def folder(model: Model, tmp_path: Path) -> Path:
    save(model, tmp_path)
    return tmp_path


def refused(folder: Path) -> str:
    with pytest.raises(ModelError) as caught:
        load(Model, folder)
    return str(caught.value)


def rewrite(folder: Path, **changes: object) -> None:
    sidecar = folder / "model.json"
    sidecar.write_text(json.dumps(json.loads(sidecar.read_text()) | changes))


def test_it_loads_as_long_as_nobody_touched_it(folder: Path):
    assert load(Model, folder).champion.weights == {"lightgbm": 1.0}


def test_weights_that_would_crash_the_process_are_refused_before_they_are_read(folder: Path):
    weights = folder / "members" / "lightgbm" / "lightgbm.txt"
    weights.write_text(weights.read_text().replace("num_leaves=", "num_leaves=99999"))
    assert refused(folder) == f"{weights}: not as it was saved; train again"


def test_a_file_that_is_gone_is_refused(folder: Path):
    (folder / "recipe.json").unlink()
    assert refused(folder) == f"{folder / 'recipe.json'}: not as it was saved; train again"


def test_a_pickle_that_lies_there_is_never_read(folder: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(folder)
    (folder / "members" / "lightgbm" / "model.pkl").write_bytes(pickle.dumps(Trap()))
    load(Model, folder)
    assert not (folder / "ran").exists()


def test_a_symbolic_link_is_refused(folder: Path, tmp_path_factory: pytest.TempPathFactory):
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "recipe.json"
    (folder / "recipe.json").rename(elsewhere)
    (folder / "recipe.json").symlink_to(elsewhere)
    assert refused(folder) == f"{folder / 'recipe.json'}: not as it was saved; train again"


def test_a_listed_path_that_escapes_reads_nothing_outside(folder: Path):
    listed = json.loads((folder / "model.json").read_text())["files"]
    rewrite(folder, files={**listed, "../../../etc/passwd": "0" * 64})
    assert refused(folder).endswith("etc/passwd: not as it was saved; train again")


@pytest.mark.parametrize("name", ["../../../etc", "/etc", "os", "__init__", "lightgbm/../lightgbm"])
def test_a_member_that_is_no_learner_is_refused(folder: Path, name: str):
    rewrite(folder, members={name: 1.0})
    assert refused(folder).endswith(f"no learner is called {name!r}")


class Trap:
    def __reduce__(self):
        return os.system, ("touch ran",)


def test_a_skops_file_of_other_types_is_refused(tmp_path: Path):
    skops.io.dump(Trap(), tmp_path / "trap.skops")
    with pytest.raises(UntrustedTypesFoundException, match="Trap"):
        encoding.read(tmp_path / "trap.skops")


def test_a_pickle_that_is_called_skops_runs_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "trap.skops").write_bytes(pickle.dumps(Trap()))
    with pytest.raises(Exception, match="not a zip file"):
        encoding.read(tmp_path / "trap.skops")
    assert not (tmp_path / "ran").exists()


def test_an_object_array_is_no_way_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """numpy would unpickle it where that is allowed."""
    monkeypatch.chdir(tmp_path)
    np.save(tmp_path / "x.npy", np.array([Trap()], dtype=object), allow_pickle=True)
    with pytest.raises(ValueError, match="allow_pickle=False"):
        np.load(tmp_path / "x.npy")
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    "content",
    [
        struct.pack("<Q", 2**62) + b"{}",
        struct.pack("<Q", 2) + b"{}"[:1],
        struct.pack("<Q", 70)
        + json.dumps({"a": {"dtype": "F32", "shape": [10**9], "data_offsets": [0, 4]}}).encode().ljust(70)
        + b"1234",
    ],
    ids=["a header of exabytes", "a header cut off", "a tensor larger than the file"],
)
def test_safetensors_whose_header_lies_are_refused(tmp_path: Path, content: bytes):
    (tmp_path / "weights.safetensors").write_bytes(content)
    with pytest.raises(SafetensorError):
        load_file(tmp_path / "weights.safetensors")
