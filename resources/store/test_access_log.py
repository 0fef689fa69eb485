"""The test access log: each access to a sealed test, for good.

Belongs here: recording one, and counting them. Does not belong here: opening a sealed test
(`modeling.core.feature_set`).
"""

import json
from datetime import UTC, datetime
from pathlib import Path

from resources.store.atomic import replacing, writing


def record_access(log: Path, snapshot: str, run_id: str) -> int:
    """Record that the sealed test of a snapshot is about to be opened; returns how often it was, this time included.

    Raises
    ------
    StorageError: it can't be recorded, so the test must stay closed.
    """
    entry = {"snapshot": snapshot, "run": run_id, "at": datetime.now(UTC).isoformat(timespec="seconds")}
    with writing(log):
        log.parent.mkdir(parents=True, exist_ok=True)
        lines = [*_lines(log), json.dumps(entry)]
    with replacing(log) as draft:  # appending leaves half a line behind when the process is killed
        draft.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return sum(json.loads(line)["snapshot"] == snapshot for line in lines)


def _lines(log: Path) -> list[str]:
    return log.read_text(encoding="utf-8").splitlines() if log.exists() else []
