"""Ratings with what is known of the film and of the person.

Belongs here: joining the three files. Does not belong here: histories, which the task makes.
"""

import polars as pl

AGES = (21, 29, 39)
AGE_GROUPS = ("to 21", "22 to 29", "30 to 39", "from 40")


def assemble(members: dict[str, pl.LazyFrame]) -> pl.LazyFrame:
    """One row a rating."""
    ratings, films, people = (_plain(members[name]) for name in ("ratings", "films", "people"))
    return (
        ratings.with_columns(pl.from_epoch(pl.col("timestamp").cast(pl.Int64)))
        .join(films, on="item_id", how="left", maintain_order="left")
        .join(people.drop("zip_code"), on="user_id", how="left", maintain_order="left")
        .with_columns(
            pl.col("release_year").cast(pl.Int32, strict=False),
            pl.col("age").cut(list(AGES), labels=AGE_GROUPS).cast(pl.String).alias("age_group"),
        )
        .rename({"movie_title": "title", "class": "genres"})
    )


def _plain(table: pl.LazyFrame) -> pl.LazyFrame:
    """Column names without the type that RecBole writes behind them: `user_id:token`."""
    return table.rename(lambda name: name.partition(":")[0])
