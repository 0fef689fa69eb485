"""A changed result is noticed once, at the stage that changed, and only while its version is the recorded one."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from assets.stages import STAGES

from . import comparison, delivered_file
from .comparison import complaints, record
from .results import Figures, numbers

VALUES = np.random.default_rng(0).normal(size=50)


def figures(**changed: np.ndarray) -> dict[str, Figures]:
    """Of five stages; the arrays of some differ."""
    names = ("validated_data", "features", "baseline_model", "evaluation", "drift")
    return {name: {"rows": numbers(changed.get(name, VALUES))} for name in names}


@pytest.fixture
def recorded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comparison, "FOLDER", tmp_path)
    record("tiny", figures())


@pytest.mark.usefixtures("recorded")
def test_the_same_results_are_no_news():
    assert complaints("tiny", figures()) == []


@pytest.mark.usefixtures("recorded")
@pytest.mark.parametrize(
    ("stage", "change"),
    [("features", 1 + 1e-4), ("baseline_model", 1.01), ("evaluation", 0.99), ("drift", 2.0)],
)
def test_a_changed_result_names_its_stage_and_what_to_do(stage: str, change: float):
    (found,) = complaints("tiny", figures(**{stage: VALUES * change}))
    assert found.startswith(f"tiny: {stage} gives another result than recorded under version ")
    raised = {"drift": "validated_data"}.get(stage, stage)
    assert f'Stage("{raised}", …) in assets/stages.py' in found and "python -m tests.golden.record" in found
    assert "\n  rows: [50.0, 0.0, " in found or "\n  rows: [50, 0, " in found


@pytest.mark.usefixtures("recorded")
def test_what_follows_from_what_every_processor_ends_elsewhere_is_neither_kept_nor_compared(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr(comparison, "OF_PROCESSOR", {"tiny": "baseline_model"})
    record("tiny", figures())
    assert complaints("tiny", figures(baseline_model=2 * VALUES, evaluation=2 * VALUES)) == []
    assert len(complaints("tiny", figures(features=2 * VALUES))) == 1


@pytest.mark.usefixtures("recorded")
def test_another_order_of_rows_is_another_result():
    (found,) = complaints("tiny", figures(features=VALUES[::-1]))
    assert found.startswith("tiny: features gives another result")


@pytest.mark.usefixtures("recorded")
@pytest.mark.parametrize(("stage", "noise"), [("features", 1e-8), ("evaluation", 1e-5)])
def test_the_last_digits_of_another_machine_are_no_news(stage: str, noise: float):
    assert complaints("tiny", figures(**{stage: VALUES * (1 + noise)})) == []


@pytest.mark.usefixtures("recorded")
def test_stages_below_the_one_that_changed_are_not_blamed():
    below = {"baseline_model": VALUES * 3, "evaluation": VALUES * 4, "drift": VALUES * 5}
    (found,) = complaints("tiny", figures(features=VALUES * 2, **below))
    assert found.startswith("tiny: features gives another result")


@pytest.mark.usefixtures("recorded")
def test_a_raised_version_only_asks_for_the_record(monkeypatch: pytest.MonkeyPatch):
    before, changed = STAGES["evaluation"], figures(evaluation=VALUES * 4)
    monkeypatch.setitem(STAGES, "evaluation", replace(before, version="99"))
    assert complaints("tiny", changed) == [
        f"tiny: evaluation went from version {before.version} to 99: run `python -m tests.golden.record`"
    ]
    record("tiny", changed)
    assert complaints("tiny", changed) == []


@pytest.mark.usefixtures("recorded")
def test_a_task_without_a_record_asks_for_one():
    assert complaints("new", figures()) == ["new: no results are recorded: run `python -m tests.golden.record`"]


def test_a_dropped_file_is_read_as_recorded(tmp_path: Path):
    found = complaints(delivered_file.TASK, delivered_file.stages(tmp_path))
    assert not found, "\n".join(found)
