"""What an answer hangs on is found by deleting parts, and the finding is put to the test."""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import polars as pl
import pytest

from modeling.core.metrics import roc_auc
from modeling.core.table import Table
from modeling.core.task import Metric
from modeling.evaluation import occlusion
from modeling.evaluation.occlusion import effects_of, explain

METRIC = Metric("roc_auc", "ROC AUC", True, roc_auc)


@dataclass(frozen=True)
class Words:
    column: str = "note"

    def parts(self, value: str) -> list[str]:
        return value.split()

    def without(self, value: str, dropped: Collection[int]) -> str:
        return " ".join(word for position, word in enumerate(value.split()) if position not in dropped)


@dataclass(frozen=True)
class Reader:
    """Believes in the event where a note holds one of `words`."""

    words: tuple[str, ...]

    def predict(self, table: Table) -> np.ndarray:
        return np.array([0.9 if set(self.words) & set(note.split()) else 0.1 for note in table.content["note"]])


def notes(*, words: int = 8, empty: int = 0) -> Table:
    """A hundred notes of some words, half of them with the word that tells; `empty` more hold no word at all."""
    draw = np.random.default_rng(0)
    fillers = ["so", "it", "was", "and", "very", "then", "again", "here", "there", "maybe"]
    text = [
        " ".join(draw.permutation([*draw.choice(fillers, words - 1, replace=False), "good" if n % 2 else "bad"]))
        for n in range(100)
    ]
    text += [""] * empty
    target = np.array([n % 2 for n in range(len(text))], dtype=np.float64)
    none = np.empty((len(text), 0))
    return Table(none.astype(np.float32), none.astype(np.int32), target, (), (), (), pl.DataFrame({"note": text}))


def test_the_part_that_decides_comes_first_and_holds() -> None:
    found = explain(Words(), [Reader(("good",)), Reader(("good",))], notes(), METRIC)
    assert found.importances[0].feature == "good" and found.importances[0].loss == pytest.approx(0.8)
    assert all(part.loss == 0 for part in found.importances[1:])
    assert found.holds and found.deletion_top == pytest.approx(0.5) and found.deletion_random < found.deletion_top
    assert found.stability == pytest.approx(1)


def test_of_a_content_of_few_parts_one_is_deleted() -> None:
    found = explain(Words(), [Reader(("good",))], notes(words=3), METRIC)
    assert found.deleted == 1
    assert found.holds and found.deletion_top == pytest.approx(0.5)


def test_a_model_that_reads_nothing_has_no_explanation_that_holds() -> None:
    found = explain(Words(), [Reader(())], notes(), METRIC)
    assert not found.holds and found.deletion_top == found.deletion_random == 0
    assert found.stability is None


def test_models_that_read_differently_are_not_stable() -> None:
    same, other = Reader(("good", "so")), Reader(("bad", "it"))
    stable = explain(Words(), [same, same], notes(), METRIC).stability
    unstable = explain(Words(), [same, other], notes(), METRIC).stability
    assert stable is not None and unstable is not None and unstable < 0.5 < stable


def test_contents_without_parts_are_no_obstacle() -> None:
    found = explain(Words(), [Reader(("good",)), Reader(("good",))], notes(empty=6), METRIC)
    assert found.importances[0].feature == "good" and found.holds


def test_effects_of_each_row_are_in_the_order_of_its_parts() -> None:
    table = notes().rows(slice(0, 2))
    for note, effects in zip(table.content["note"], effects_of(Words(), Reader(("good",)), table), strict=True):
        assert effects.tolist() == pytest.approx([0.8 if word == "good" else 0.0 for word in note.split()])


def test_a_part_that_a_no_hangs_on_has_an_effect_as_one_that_a_yes_hangs_on() -> None:
    class Doubter(Reader):
        def predict(self, table: Table) -> np.ndarray:
            return 1 - super().predict(table)

    table = notes().rows(slice(1, 2))
    (effects,) = effects_of(Words(), Doubter(("good",)), table)
    words = table.content["note"][0].split()
    assert effects.tolist() == pytest.approx([0.8 if word == "good" else 0.0 for word in words])


@pytest.mark.parametrize("models", [1, 3])
def test_an_explanation_predicts_as_many_contents_as_are_allowed(models: int, monkeypatch) -> None:
    predicted: list[int] = []

    class Counted(Reader):
        def predict(self, table: Table) -> np.ndarray:
            predicted.append(len(table))
            return super().predict(table)

    monkeypatch.setattr(occlusion, "PREDICTIONS", 750 * models)
    explain(Words(), [Counted(("good",))] * models, notes(), METRIC)
    assert 0.95 * 750 * models < sum(predicted) <= 750 * models
