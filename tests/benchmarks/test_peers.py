"""The comparison with other tools: what its table says of scores that are known."""

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from benchmarks.peers import compare
from modeling.core.record import Interval

ROWS = 400


@pytest.fixture
def answered(tmp_path: Path) -> Path:
    """A regression whose answers err by 1 on average (ours), by as much with other errors, by 2, and by 0.2."""
    rng = np.random.default_rng(0)
    truth = rng.normal(size=ROWS)
    erring = {"ours": 1.0, "alike": 1.0, "worse": 2.0, "better": 0.2}
    for tool, error in erring.items():
        answers = truth + rng.normal(size=ROWS) * error
        columns = {"row": range(ROWS), "truth": truth, "champion": answers} if tool == "ours" else {"answer_0": answers}
        pl.DataFrame(columns).write_parquet(tmp_path / f"{tool}.parquet")
    (tmp_path / "task.json").write_text(json.dumps({"metric": "rmse", "rows": [1000, ROWS], "seconds": 60.0}))
    for rows in ("train", "test"):
        pl.DataFrame({"x": [1]}).write_parquet(tmp_path / f"{rows}.parquet")
    return tmp_path


def test_a_tool_is_better_or_worse_only_where_the_interval_of_the_difference_says_so(answered: Path):
    compared = compare.compare(answered)
    assert {tool: compare.decisive(ahead) for tool, ahead in compared.ahead.items()} == {
        "alike": 0,
        "better": -1,
        "worse": 1,
    }
    assert compared.scores["worse"].value == pytest.approx(2.0, rel=0.1)


def test_the_table_marks_who_won_and_counts_it(answered: Path):
    text = compare.markdown([compare.compare(answered)])
    (row,) = [line for line in text.splitlines() if line.startswith(f"| {answered.name} |")]
    alike, better, worse = row.strip("| ").split(" | ")[-3:]
    assert better.endswith("▲") and worse.endswith("▽") and "▲" not in alike and "▽" not in alike
    assert "| better | 1 | 0 | 0 |" in text and "| worse | 0 | 0 | 1 |" in text
    assert "better 1.00" in text and "worse 4.00" in text


def test_equals_share_their_rank():
    def one(**scores: float) -> compare.Compared:
        intervals = {tool: Interval(value=value) for tool, value in scores.items()}
        return compare.Compared("table", {"metric": "roc_auc"}, intervals, {})

    tables = [one(a=0.9, b=0.8, c=0.8), one(a=0.5, b=0.7, c=0.6)]
    assert compare.mean_ranks(tables) == {"a": 2.0, "b": 1.75, "c": 2.25}


def test_the_critical_difference_is_that_of_the_paper():
    """Demšar 2006, 3.2.2: four classifiers on 14 data sets, q = 2.569."""
    assert compare.critical_difference(4, 14) == pytest.approx(2.569 * np.sqrt(4 * 5 / (6 * 14)), rel=1e-3)
