"""The thousand deliveries of `benchmarks/deliveries.py`, in small."""

from pathlib import Path

import pytest

from benchmarks import deliveries, installation
from benchmarks.deliveries import differences, live, replay

pytestmark = pytest.mark.slow


def test_after_everything_that_goes_wrong_what_is_published_equals_a_clean_replay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(deliveries, "KILLED", 0.2)
    monkeypatch.setattr(installation, "LONGEST_LIFE_SECONDS", 1.5)
    monkeypatch.setattr(deliveries, "RESTARTED", 0.5)
    monkeypatch.setattr(deliveries, "SILENT", 0.5)
    root = tmp_path / "industries"
    root.mkdir()
    outcome = live(root, tmp_path / "lived", 12, use_cases=2, seed=1, workers=2, progress=print)
    assert outcome.ticks["restarts"] and outcome.ticks["silent database"]
    assert outcome.stale == [] and outcome.notices_lost == 0
    assert differences(outcome.published, replay(root, tmp_path / "replayed", workers=2)) == []
