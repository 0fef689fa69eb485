"""An encoder, then trees: what holds whatever the encoder."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from modeling.core.compute import Compute
from modeling.core.learner import Fitting, LearnerError
from modeling.core.table import Table
from modeling.learners.boosting.lightgbm import LightGBMHyperparameters
from modeling.learners.encoder_trees import Encoded, EncoderTrees


class LetterHyperparameters(LightGBMHyperparameters):
    letter: str = "a"


class Letters(EncoderTrees):
    """Counts one letter of a text."""

    outcomes = ("binary",)
    hyperparameters = LetterHyperparameters

    _letter: str

    def _fit_encoder(self, chosen: LetterHyperparameters, tables: Sequence[Table], fitting: Fitting) -> Encoded:
        self._letter = chosen.letter
        return Encoded(chosen, [self._encode(table) for table in tables], [f"{len(tables)} tables"])

    def _encode(self, table: Table) -> np.ndarray:
        return np.array([[text.count(self._letter)] for text in table.content["text"]], dtype=np.float32)

    def _save_encoder(self, folder: Path) -> None:
        (folder / "letter.json").write_text(json.dumps(self._letter))

    def _load_encoder(self, folder: Path) -> None:
        self._letter = json.loads((folder / "letter.json").read_text())


def table(rows: int, seed: int) -> Table:
    """Texts whose target is whether they hold more than two b."""
    draw = np.random.default_rng(seed)
    texts = ["".join(draw.choice(list("ab"), 5)) for _ in range(rows)]
    return Table(
        numeric=draw.normal(size=(rows, 1)).astype(np.float32),
        categorical=np.empty((rows, 0), dtype=np.int32),
        target=np.array([float(text.count("b") > 2) for text in texts]),
        numeric_names=("noise",),
        categorical_names=(),
        cardinalities=(),
        content=pl.DataFrame({"text": texts}),
    )


TRAIN, VALID, TEST = table(200, 0), table(80, 1), table(40, 2)
FITTING = Fitting(
    "binary",
    2,
    compute=Compute(threads=1),
    parameters={"letter": "b", "trials": 1, "rounds": 30, "min_data_in_leaf": 5},
)


def test_trees_learn_from_what_the_encoder_gives_and_answer_the_same_from_their_folder(tmp_path: Path) -> None:
    model = Letters()
    summary = model.fit(TRAIN, VALID, FITTING)
    assert ((model.predict(TEST) > 0.5) == TEST.target).all()
    assert summary.notes == ["2 tables"]
    assert summary.parameters.keys() == LetterHyperparameters.model_fields.keys()
    model.save(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"lightgbm.txt", "letter.json"}
    np.testing.assert_array_equal(Letters.load(tmp_path).predict(TEST), model.predict(TEST))


def test_a_fixed_fit_repeats_the_choice_and_reads_no_validation_rows() -> None:
    model, again = Letters(), Letters()
    summary = model.fit(TRAIN, VALID, FITTING)
    unreadable = replace(VALID, content=pl.DataFrame())
    repeated = again.fit(TRAIN, unreadable, replace(FITTING, parameters=summary.parameters, fixed=True))
    assert (repeated.parameters, repeated.notes) == (summary.parameters, ["1 tables"])
    np.testing.assert_allclose(again.predict(TEST), model.predict(TEST), atol=1e-6)


def test_hyperparameters_of_the_encoder_and_of_the_trees_are_known() -> None:
    with pytest.raises(LearnerError, match=r"unknown hyperparameter 'leter'\. Known hyperparameters:.*rounds.*letter"):
        Letters().fit(TRAIN, VALID, replace(FITTING, parameters={"leter": "b"}))
