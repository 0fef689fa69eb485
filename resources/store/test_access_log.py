"""The log of sealed tests that were opened.

Belongs here: recording each opening for good, and counting them. Does not belong here: opening one
(`modeling.core.feature_set`).
"""

import json
from datetime import UTC, datetime
from pathlib import Path

from resources.store.atomic import writing


def record_access(log: Path, snapshot: str, run_id: str) -> int:
    """Note that a snapshot's sealed test is being opened; returns how often it has been, this time included.

    Raises
    ------
    StorageError: it can't be noted, so the test must stay closed.
    """
    entry = {"snapshot": snapshot, "run": run_id, "at": datetime.now(UTC).isoformat(timespec="seconds")}
    with writing(log):
        log.parent.mkdir(parents=True, exist_ok=True)
        written = log.read_text(encoding="utf-8") if log.exists() else ""
        _replace(log, f"{written}{json.dumps(entry)}\n")
    openings = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    return sum(opening["snapshot"] == snapshot for opening in openings)


def _replace(log: Path, text: str) -> None:
    """In one step: appending leaves half a line behind when the disk is full, or the process is killed."""
    partial = log.with_suffix(".partial")
    try:
        partial.write_text(text, encoding="utf-8")
        partial.replace(log)
    finally:
        partial.unlink(missing_ok=True)
