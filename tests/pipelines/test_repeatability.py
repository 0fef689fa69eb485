"""The same data, definition, code and seed give the same evaluation, however busy the machine."""

from pathlib import Path

import pytest

from benchmarks import repeatability

from .sandbox import KEY, Sandbox, orders

WORK = {
    "learners": ["logistic", "lightgbm", "mlp", "tabm"],
    "parameters": {"lightgbm": {"trials": 3, "rounds": 60}, "mlp": {"epochs": 4}, "tabm": {"epochs": 3}},
}


def _made(folder: Path) -> Path:
    sandbox = Sandbox(folder)
    sandbox.place(frame=orders(), **WORK)
    with sandbox.instance() as instance:
        sandbox.make(instance)
    return sandbox.home


@pytest.mark.slow
def test_a_busy_machine_changes_no_figure(tmp_path: Path) -> None:
    alone = _made(tmp_path / "alone")
    with repeatability.burning():
        beside = _made(tmp_path / "beside")
    assert list(repeatability.compared(alone, beside)) == []


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ({"seconds": 1, "provenance": {"run_id": "a", "finished_at": "now"}}, {"seconds": 2, "provenance": {}}, []),
        ({"rows": [1, {"value": 2}]}, {"rows": [1, {"value": 3}]}, [f"{KEY}.rows.1.value: 2 is 3"]),
        ({"rows": [1]}, {"rows": [1, 2]}, [f"{KEY}.rows: [1] is [1, 2]"]),
        ({"note": ""}, {}, [f"{KEY}.note: '' is None"]),
        ({"name": "min_metric", "measured": 1}, {"name": "min_metric", "measured": 2}, [f"{KEY}.measured: 1 is 2"]),
        (
            {"name": "min_predictions_per_second", "measured": 1, "passed": True},
            {"name": "min_predictions_per_second", "measured": 2, "passed": False},
            [f"{KEY}.passed: True is False"],
        ),
    ],
)
def test_only_what_a_machine_took_may_differ(one: dict, other: dict, expected: list[str]) -> None:
    assert list(repeatability.differences(one, other, KEY)) == expected


def test_a_use_case_that_only_one_folder_holds_is_named(tmp_path: Path) -> None:
    record = tmp_path / "one" / "artefacts" / "evaluation" / KEY / "current" / "evaluation.json"
    record.parent.mkdir(parents=True)
    record.write_text("{}")
    assert list(repeatability.compared(tmp_path / "one", tmp_path / "other")) == [f"{KEY}: only in {tmp_path / 'one'}"]


def test_two_folders_without_an_evaluation_are_not_the_same(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert repeatability.main([str(tmp_path / "one"), str(tmp_path / "other")]) == 1
    assert "holds an evaluation" in capsys.readouterr().out
