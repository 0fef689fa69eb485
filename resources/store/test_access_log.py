"""The test access log: each access to a sealed test, for good, and how often each of its rows was opened.

Belongs here: recording an access, and counting by rows: a test of which one row is new is not a new test. Does not
belong here: opening a sealed test (`modeling.core.feature_set`), or what makes two rows the same
(`modeling.core.row_digests`).

Beside the log, which has a line an access, lies a table of row digests with the number of accesses to each: 16 bytes a
row before compression, whatever the number of accesses.
"""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl

from resources.store.atomic import StorageError, make_folder, replacing, writing

MOST_ROWS = 5_000_000
"""The rows opened last that are counted; those of a test that nobody opened for so long are new again."""
SCHEMA = pl.Schema({"row": pl.UInt64, "times": pl.UInt32, "last": pl.UInt32})
ROWS = "rows"
"""The key of a line that says how many rows were opened, which the table counts. Lines of before there was a table lack
it."""
ROWS_THEN = "rows_then"
"""The same of a line from before the table was lost: the table that took its place does not count them."""


@dataclass(frozen=True)
class Accesses:
    """How often the rows of one test have been opened.

    Attributes
    ----------
    times: how often the median row has been, this time included: half of the rows were opened as often, or more often.
    before: the share of the rows that had been opened ``times - 1`` times or more before; 1 where it is the first time.
    """

    times: int
    before: float


def record_access(log: Path, snapshot: str, rows: np.ndarray, run_id: str) -> Accesses:
    """Record that the sealed test, whose rows have the digests `rows` uint64 ``[n]``, is about to be opened.

    Of accesses that the table does not count, because there was none or it was lost, it is known which snapshot they
    were to: those to this one opened these rows.

    Raises
    ------
    StorageError: it can't be recorded, so the test must stay closed.
    """
    lines, known = _lines(log), _known(_table(log))
    if not _table(log).exists() and any(ROWS in line for line in lines):
        lines = [{ROWS_THEN if key == ROWS else key: value for key, value in line.items()} for line in lines]
        _write(log, lines)  # before there is a table that does not count them
    uncounted = sum(line["snapshot"] == snapshot and ROWS not in line for line in lines)
    opened = pl.DataFrame({"row": np.unique(rows)}, schema={"row": pl.UInt64}).join(known, on="row", how="left")
    opened = opened.select("row", pl.col("times").fill_null(uncounted) + 1, last=pl.lit(len(lines))).cast(SCHEMA)
    former = known.join(opened, on="row", how="anti")
    moment = datetime.now(UTC).isoformat(timespec="seconds")
    entry = {"snapshot": snapshot, "run": run_id, "at": moment, ROWS: opened.height}
    with writing(log):
        make_folder(log.parent)
    with replacing(_table(log)) as draft:
        pl.concat([opened, former]).sort("last", descending=True).head(MOST_ROWS).write_parquet(draft)
    _write(log, [*lines, entry])
    return _counted(opened["times"].to_numpy())


def _write(log: Path, lines: list[dict[str, str | int]]) -> None:
    with replacing(log) as draft:  # appending leaves half a line behind when the process is killed
        draft.write_text("".join(f"{json.dumps(line)}\n" for line in lines), encoding="utf-8")


def _counted(times: np.ndarray) -> Accesses:
    median = int(np.quantile(times, 0.5, method="higher")) if len(times) else 1
    return Accesses(median, float((times >= median).mean()) if len(times) else 1.0)


def _table(log: Path) -> Path:
    return log.with_suffix(".rows.parquet")


def _known(table: Path) -> pl.DataFrame:
    """How often each row was opened, and in which access last."""
    if not table.exists():
        return pl.DataFrame(schema=SCHEMA)
    try:
        return pl.read_parquet(table, schema=SCHEMA)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise StorageError(
            f"{table} can't be read, so that the sealed test stays closed: {str(error).splitlines()[0]}. Restore it "
            "from a backup; without one remove it: then each access in the log counts for the rows of its snapshot"
        ) from error


def check_log(log: Path) -> None:
    """Raises
    ------
    StorageError: the log, or what is counted beside it, can't be read; the message says what to do.
    """
    _lines(log)
    _known(_table(log))


def _lines(log: Path) -> list[dict[str, str | int]]:
    content = log.read_bytes().splitlines() if log.exists() else []
    return [_line(log, number, line) for number, line in enumerate(content, start=1)]


def _line(log: Path, number: int, line: bytes) -> dict[str, str | int]:
    try:
        entry = json.loads(line)
        if isinstance(entry, dict) and isinstance(entry.get("snapshot"), str):
            return entry
    except (ValueError, RecursionError):
        pass
    raise StorageError(
        f"{log}:{number}: no record of an access, so that the sealed test stays closed. Restore the file from a "
        "backup; without one remove that line: how often each row was opened is counted beside it"
    )
