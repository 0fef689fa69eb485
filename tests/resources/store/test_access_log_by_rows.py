"""Accesses to a sealed test are counted by its rows: a test of which a row is new is not a new one."""

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from resources.store import test_access_log as access_log
from resources.store.atomic import StorageError
from resources.store.test_access_log import Accesses, record_access

FIRST = np.arange(1_000, dtype=np.uint64) + 2**63


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "openings" / "retail.returns.jsonl"


def test_a_row_more_is_no_new_test(log: Path):
    """By snapshots, as before, each of these five would have been the first."""
    for count in range(4):
        grown = np.append(FIRST, np.arange(10 * count, dtype=np.uint64))
        record_access(log, f"snapshot {count}", grown, f"run {count}")
    last = np.append(FIRST[:970], np.arange(100, 130, dtype=np.uint64))
    assert record_access(log, "snapshot 4", last, "run 4") == Accesses(times=5, before=0.97)


def test_a_test_of_other_rows_is_opened_for_the_first_time(log: Path):
    assert record_access(log, "a", FIRST, "1") == Accesses(1, 1.0)
    assert record_access(log, "b", FIRST - np.uint64(10_000), "2") == Accesses(1, 1.0)
    assert record_access(log, "a", FIRST, "3") == Accesses(2, 1.0)


def test_what_few_rows_have_been_through_is_not_what_the_test_has(log: Path):
    for run in range(3):
        record_access(log, "a", FIRST[:100], str(run))
    assert record_access(log, "b", FIRST, "3") == Accesses(1, 1.0)


def test_accesses_of_before_rows_were_counted_opened_the_rows_of_their_snapshot(log: Path):
    log.parent.mkdir()
    entries = [{"snapshot": name, "run": "r", "at": "2026-01-01T00:00:00+00:00"} for name in ("a", "a", "b")]
    log.write_text("".join(f"{json.dumps(entry)}\n" for entry in entries))
    assert record_access(log, "a", FIRST, "1").times == 3
    assert record_access(log, "c", np.append(FIRST, np.uint64(1)), "2").times == 4, "the rows keep their count"
    assert len(log.read_text().splitlines()) == 5


def test_without_the_table_the_log_counts_for_the_rows_of_each_snapshot(log: Path):
    """Also long after a new one took its place."""
    for run in range(3):
        record_access(log, "a", FIRST, str(run))
    record_access(log, "b", FIRST - np.uint64(10_000), "3")
    log.with_suffix(".rows.parquet").unlink()
    access_log.check_log(log)
    assert record_access(log, "c", FIRST - np.uint64(20_000), "4") == Accesses(1, 1.0)
    assert record_access(log, "a", FIRST, "5").times == 4
    assert record_access(log, "a", FIRST, "6").times == 5
    assert record_access(log, "b", FIRST - np.uint64(10_000), "7").times == 2
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert [line.get("rows") or line["rows_then"] for line in lines] == [1_000] * 8


def test_the_table_does_not_grow_without_bound(log: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(access_log, "MOST_ROWS", 1_500)
    for run in range(5):
        record_access(log, str(run), FIRST + np.uint64(1_000 * run), str(run))
    kept = pl.read_parquet(log.with_suffix(".rows.parquet"))
    assert kept.height == 1_500 and set(FIRST + np.uint64(4_000)) <= set(kept["row"].to_numpy())


def test_a_damaged_table_keeps_the_test_closed_and_says_what_to_do(log: Path):
    record_access(log, "a", FIRST, "1")
    log.with_suffix(".rows.parquet").write_bytes(b"PAR1")
    with pytest.raises(StorageError, match="Restore it from a backup"):
        record_access(log, "a", FIRST, "2")
    assert len(log.read_text().splitlines()) == 1
