"""Impressions of six logs, each with what is known of the item shown.

Belongs here: stacking the logs and naming whose they are. Does not belong here: policies, which the task makes.

The hashed item features differ between the logs' own files, so both logs of a campaign take those of the random one.
"""

import polars as pl

POLICIES = ("random", "bts")
CAMPAIGNS = ("all", "men", "women")


def assemble(members: dict[str, pl.LazyFrame]) -> pl.LazyFrame:
    """One row an impression; `affinity_<item>` is null where the campaign has no such item."""
    logs = [_log(members, policy, campaign) for policy in POLICIES for campaign in CAMPAIGNS]
    return pl.concat(logs, how="diagonal").sort("timestamp", maintain_order=True)


def _log(members: dict[str, pl.LazyFrame], policy: str, campaign: str) -> pl.LazyFrame:
    impressions, items = members[f"{policy}_{campaign}"], members[f"items_{campaign}"]
    return (
        impressions.rename(lambda name: name.removeprefix("user-item_"))
        .with_columns(pl.col("timestamp").cast(pl.String).str.to_datetime(time_zone="UTC", time_unit="us"))
        .join(items, on="item_id", how="left", maintain_order="left")
        .with_columns(policy=pl.lit(policy), campaign=pl.lit(campaign))
    )
