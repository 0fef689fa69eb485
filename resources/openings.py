"""The ledger of sealed tests that were opened.

Belongs here: recording each opening for good, and counting them. Does not belong here: opening one
(`modeling.feature_set`).
"""

import json
from datetime import UTC, datetime
from pathlib import Path


def record_opening(folder: Path, use_case: str, snapshot: str, run_id: str) -> int:
    """Note that a snapshot's sealed test is being opened; returns how often it has been, this time included."""
    folder.mkdir(parents=True, exist_ok=True)
    ledger = folder / f"{use_case.replace('/', '.')}.jsonl"
    entry = {"snapshot": snapshot, "run": run_id, "at": datetime.now(UTC).isoformat(timespec="seconds")}
    with ledger.open("a", encoding="utf-8") as file:
        file.write(json.dumps(entry) + "\n")
    openings = [json.loads(line) for line in ledger.read_text(encoding="utf-8").splitlines()]
    return sum(opening["snapshot"] == snapshot for opening in openings)
