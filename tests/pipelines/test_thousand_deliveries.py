"""The thousand deliveries of `benchmarks/deliveries.py`, in small."""

from pathlib import Path

import pytest

from benchmarks import deliveries
from benchmarks.deliveries import differences, live, replay
from pipelines.vocabulary import read_catalogue

pytestmark = pytest.mark.slow


def test_after_everything_that_goes_wrong_what_is_published_equals_a_clean_replay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(deliveries, "KILLED", 0.2)
    monkeypatch.setattr(deliveries, "LONGEST_LIFE_SECONDS", 1.5)
    monkeypatch.setattr(deliveries, "RESTARTED", 0.5)
    root, lived, replayed = (tmp_path / name for name in ("industries", "lived", "replayed"))
    root.mkdir()
    outcome = live(root, lived, count=12, use_cases=2, seed=1, workers=2, progress=print)
    replay(root, replayed, workers=2)
    assert outcome.restarts
    assert outcome.stale == []
    assert differences(lived, replayed, list(read_catalogue(root).use_cases)) == []
