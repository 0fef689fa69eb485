"""What a million rows of CSV cost to read, as programs write them and as people send them.

Run by `python -m benchmarks.csv_dialects [ROWS]`. Three files hold the same eight columns; of each
the dialect is detected and the rows are read, once, in this process.
"""

import sys
import time

import numpy as np
import polars as pl

from catalogue.definition import Files
from resources.sources.reading import detect_reading, read_table


def table(rows: int) -> pl.DataFrame:
    """Eight columns of every kind that people send."""
    draw = np.random.default_rng(0)
    days = pl.Series(draw.integers(15_000, 20_000, rows)).cast(pl.Int32).cast(pl.Date)
    amounts = {f"amount_{number}": draw.gamma(1, 3000, rows).round(2) for number in range(4)}
    place, last = draw.choice(["Köln", "Zürich", "Wien"], rows), pl.Series(draw.integers(0, 2, rows))
    frame = pl.DataFrame({"id": range(rows), "day": days, **amounts, "place": place, "last": last})
    return frame.with_columns(pl.col("last").replace(0, None))


def german(plain: pl.DataFrame) -> bytes:
    """Semicolons, decimal commas, points between thousands, dates with points, cp1252, a title and a footer."""
    grouped = pl.selectors.starts_with("amount").cast(pl.String).str.replace(".", ",", literal=True)
    grouped = grouped.str.replace(r"(\d)(\d{3},)", "$1.$2").str.replace(r"(\d)(\d{3}\.)", "$1.$2")
    text = plain.with_columns(grouped, pl.col("day").dt.to_string("%d.%m.%Y")).write_csv(separator=";")
    return f"Report\n\n{text}Total;;;;;;;\n".encode("cp1252")


def quoted(plain: pl.DataFrame) -> bytes:
    """Quoted text with line ends, and a last field that is often empty."""
    return plain.with_columns(place=pl.col("place") + "\n, west").write_csv().encode()


def main(rows: int = 1_000_000) -> None:
    plain = table(rows)
    files = {"plain": plain.write_csv().encode(), "german": german(plain), "quoted": quoted(plain)}
    for name, content in files.items():
        started = time.perf_counter()
        found = detect_reading(content, "t.csv", name)
        between = time.perf_counter()
        read = read_table(
            content, "t.csv", Files.model_validate({"path": "*", **found.options}), name, pinned=False
        ).table
        ended = time.perf_counter()
        assert read.drop("place").equals(plain.drop("place")), f"{name} is not what was written"
        detected_in, read_in = between - started, ended - between
        print(f"{name}: {len(content) / 2**20:.0f} MB, detected in {detected_in:.1f} s, read in {read_in:.1f} s")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
