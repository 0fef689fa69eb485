"""What the check reports: a row a measurement.

Belongs here: the record, its file of JSON lines, the times faster than the reference, the printed table. Does not
belong here: measuring (`measurement`).
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Literal

Status = Literal["ok", "not run", "failed", "cut"]
COLUMNS = ("section", "case", "variant", "status", "seconds", "times faster", "peak MB", "Wh", "figures")
SHOWN = ("seconds", "times_faster", "peak_mb", "kwh")
"""Figures with a column of their own."""


@dataclass(frozen=True)
class MeasuredRow:
    """One measurement. `status` is `not run` where something it needs is not here, `failed` where it raised, `cut`
    where it took too long; `reason` then says what. `figures` by name, without those that could not be measured."""

    section: str
    case: str = ""
    variant: str = ""
    status: Status = "ok"
    reason: str = ""
    figures: dict[str, float] = field(default_factory=dict)


def append(file: Path, row: MeasuredRow) -> None:
    with file.open("a", encoding="utf-8") as lines:
        lines.write(json.dumps(asdict(row)) + "\n")


def read(file: Path) -> list[MeasuredRow]:
    """The rows of a file that may not be there yet."""
    if not file.exists():
        return []
    return [MeasuredRow(**json.loads(line)) for line in file.read_text(encoding="utf-8").splitlines()]


def compared(rows: Sequence[MeasuredRow], reference: str) -> list[MeasuredRow]:
    """The rows of one section, with `times_faster` than the variant `reference` of the same case where both were
    measured."""
    seconds = {row.case: row.figures["seconds"] for row in rows if row.variant == reference and row.status == "ok"}

    def beside(row: MeasuredRow) -> MeasuredRow:
        if row.status != "ok" or row.variant == reference or row.case not in seconds:
            return row
        return replace(row, figures=row.figures | {"times_faster": seconds[row.case] / row.figures["seconds"]})

    return [beside(row) for row in rows]


def table(rows: Iterable[MeasuredRow]) -> str:
    """Markdown."""
    lines = [COLUMNS, ["---"] * len(COLUMNS), *(_cells(row) for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _cells(row: MeasuredRow) -> list[str]:
    seconds, faster, peak, kwh = (row.figures.get(name) for name in SHOWN)
    others = (f"{name} {value:.4g}" for name, value in row.figures.items() if name not in SHOWN)
    return [
        row.section,
        row.case,
        row.variant,
        row.status,
        "" if seconds is None else f"{seconds:.2f}",
        "" if faster is None else f"{faster:.2f}",
        "" if peak is None else f"{peak:,.0f}",
        "" if kwh is None else f"{1000 * kwh:.3f}",
        row.reason or ", ".join(others),
    ]
