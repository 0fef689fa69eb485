"""The ledger of sealed tests that were opened.

Belongs here: recording each opening for good, and counting them. Does not belong here: opening one
(`modeling.core.feature_set`).
"""

import json
from datetime import UTC, datetime
from pathlib import Path

from resources.store.atomic import writing


def record_access(folder: Path, use_case: str, snapshot: str, run_id: str) -> int:
    """Note that a snapshot's sealed test is being opened; returns how often it has been, this time included.

    Raises
    ------
    StorageError: it can't be noted, so the test must stay closed.
    """
    ledger = folder / f"{use_case.replace('/', '.')}.jsonl"
    entry = {"snapshot": snapshot, "run": run_id, "at": datetime.now(UTC).isoformat(timespec="seconds")}
    with writing(ledger):
        folder.mkdir(parents=True, exist_ok=True)
        written = ledger.read_text(encoding="utf-8") if ledger.exists() else ""
        _replace(ledger, f"{written}{json.dumps(entry)}\n")
    openings = [json.loads(line) for line in ledger.read_text(encoding="utf-8").splitlines()]
    return sum(opening["snapshot"] == snapshot for opening in openings)


def _replace(ledger: Path, text: str) -> None:
    """In one step: appending leaves half a line behind when the disk is full, or the process is killed."""
    partial = ledger.with_suffix(".partial")
    try:
        partial.write_text(text, encoding="utf-8")
        partial.replace(ledger)
    finally:
        partial.unlink(missing_ok=True)
