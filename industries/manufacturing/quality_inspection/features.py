"""Photographs of solar cells, and what experts said of each.

Belongs here: bringing images and labels together. Does not belong here: the meaning of the columns (`use_case.yaml`).
"""

import polars as pl

BLOCK = 60
"""Cells of one module follow each other; a module has 60 or 72 of them, and the file names none."""


def assemble(members: dict[str, pl.LazyFrame]) -> pl.LazyFrame:
    """A row a cell, in the order of the labels, with the `block` of 60 it lies in and whether it is more likely
    `defective` than not."""
    name = pl.col("path").str.split("/").list.last()
    labels = members["labels"].with_row_index("number")
    images = members["images"].select(cell=name, image="content")
    return labels.select(
        cell=name,
        kind="kind",
        block=pl.col("number") // BLOCK,
        defective=(pl.col("probability") > 0.5).cast(pl.Int64),
    ).join(images, on="cell", how="left", maintain_order="left")
