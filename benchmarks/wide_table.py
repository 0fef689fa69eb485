"""What proposing a use case costs for a table of many columns, stage by stage.

Run by `python -m benchmarks.wide_table [COLUMNS]`. A hundred rows of numbers and a target in two classes; the stages
of `sectorforge new`, once each, in this process. The libraries are imported before.
"""

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import numpy as np
import polars as pl

from catalogue.definition import Files, UseCase
from modeling.proposal import propose, written
from resources import contracts
from resources.sources.reading import detect_reading, read_table

ROWS = 100
SOURCE = {"files": {"path": "*.csv"}, "licence": "-", "citation": "-"}
Made = TypeVar("Made")


def content(columns: int) -> bytes:
    """The file."""
    draw = np.random.default_rng(0)
    table = pl.DataFrame({f"c{number}": draw.normal(size=ROWS).round(4) for number in range(columns - 1)})
    return table.with_columns(y=pl.Series(draw.integers(0, 2, ROWS))).write_csv().encode()


def timed(stage: str, make: Callable[[], Made]) -> Made:
    """What is made, after its seconds are printed."""
    started = time.perf_counter()
    made = make()
    print(f"{stage}: {time.perf_counter() - started:.1f} s")
    return made


def main(columns: int = 5_000) -> None:
    for number in (10, columns):
        print(f"{number:,} columns{', to import' if number == 10 else ''}")
        stages(content(number))


def stages(file: bytes) -> None:
    """What `sectorforge new` does with the file."""
    found = timed("detected", lambda: detect_reading(file, "t.csv", "t.csv"))
    reading = Files.model_validate({"path": "*", **found.options})
    table, *_ = timed("read", lambda: read_table(file, "t.csv", reading, "t.csv", pinned=False))
    made = timed("proposed", lambda: propose(table, "y", source=SOURCE, title="Wide", task=None))
    timed("written", lambda: written(made.definition, made.evidence, made.doubts))
    use_case = UseCase.model_validate(made.definition).placed("wide/table", Path())
    timed("judged", lambda: contracts.validate(table, use_case))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
