"""Tables of features, and the rows of a role, as folders.

Belongs here: the files of `Table` and `Rows`. Does not belong here: the values (`modeling.core.table`), or the feature
set they are parts of (`feature_set`).

A folder of rows::

    table/arrays.npz        features and target
    table/names.json        names of the features, and how many codes a categorical one has
    table/content.parquet   text, image bytes, SMILES; only where there is some
    table/shared.*.parquet  tables that all rows refer to
    beside.npz              row numbers, groups and blocks
    slices.parquet          the columns that the evaluation is sliced by
"""

import json
from pathlib import Path

import numpy as np
import polars as pl

from modeling.core.table import Rows, Table

NAMES = ("numeric_names", "categorical_names", "cardinalities")


def save(rows: Rows, folder: Path) -> None:
    """Make `folder`, which must not exist, of rows."""
    (folder / "table").mkdir(parents=True)
    _save_table(rows.table, folder / "table")
    beside = {"number": rows.number, "group": rows.group, "block": rows.block}
    known = {name: array for name, array in beside.items() if array is not None}
    np.savez(folder / "beside.npz", allow_pickle=False, **known)
    rows.slices.write_parquet(folder / "slices.parquet")


def load(folder: Path) -> Rows:
    """The rows that `save` wrote."""
    with np.load(folder / "beside.npz", allow_pickle=False) as beside:
        slices = pl.read_parquet(folder / "slices.parquet")
        return Rows(_load_table(folder / "table"), beside["number"], beside.get("group"), slices, beside.get("block"))


def _save_table(table: Table, folder: Path) -> None:
    arrays = {"numeric": table.numeric, "categorical": table.categorical, "target": table.target}
    np.savez(folder / "arrays.npz", allow_pickle=False, **arrays)
    names = {name: getattr(table, name) for name in NAMES}
    (folder / "names.json").write_text(json.dumps(names, ensure_ascii=False), encoding="utf-8")
    if table.content.width:
        table.content.write_parquet(folder / "content.parquet")
    for name, shared in table.shared.items():
        shared.write_parquet(folder / f"shared.{name}.parquet")


def _load_table(folder: Path) -> Table:
    names = json.loads((folder / "names.json").read_text(encoding="utf-8"))
    content = folder / "content.parquet"
    with np.load(folder / "arrays.npz", allow_pickle=False) as arrays:
        return Table(
            numeric=arrays["numeric"],
            categorical=arrays["categorical"],
            target=arrays["target"],
            content=pl.read_parquet(content) if content.exists() else pl.DataFrame(),
            shared={path.name.split(".")[1]: pl.read_parquet(path) for path in folder.glob("shared.*.parquet")},
            **{name: tuple(names[name]) for name in NAMES},
        )
