"""What six monthly statements say about a card holder.

Belongs here: undoing the one-hot columns of the packaged file, and ratios within one row. Does not belong here: the
meaning of the columns for learning (`use_case.yaml`), or anything fitted. Months run backwards: the first column of a
kind is September 2005, the last April.
"""

import polars as pl

SEX = {0: "man", 1: "woman"}
OTHER = "other or unknown"
EDUCATION = {1: "graduate school", 2: "university", 3: "high school", 4: OTHER, 0: OTHER, 5: OTHER, 6: OTHER}
MARRIAGE = {1: "married", 2: "single", 3: OTHER, 0: OTHER}

STATUS = ["PAY_0", "PAY_2", "PAY_3", "PAY_4", "PAY_5", "PAY_6"]
BILLS = [f"BILL_AMT{month}" for month in range(1, 7)]
PAYMENTS = [f"PAY_AMT{month}" for month in range(1, 7)]
UNUSED, PAID_IN_FULL, MINIMUM_PAID = -2, -1, 0
"""Codes of a month's repayment status; above them, the months of delay."""


def assemble(members: dict[str, pl.LazyFrame]) -> pl.LazyFrame:
    """The clients with sex, education and marriage as words, one column each."""
    one_hot = [*(f"EDUCATION_{code}" for code in EDUCATION), *(f"MARRIAGE_{code}" for code in MARRIAGE)]
    return (
        members["clients"]
        .with_columns(
            SEX=pl.col("SEX").replace_strict(SEX, default=None, return_dtype=pl.String),
            EDUCATION=_chosen("EDUCATION", EDUCATION),
            MARRIAGE=_chosen("MARRIAGE", MARRIAGE),
        )
        .drop(one_hot)
    )


def features(frame: pl.LazyFrame) -> pl.LazyFrame:
    """Arrears, use of the limit, and what share of the bills was paid."""
    limit, newest_bill, total_paid = pl.col("LIMIT_BAL"), pl.col(BILLS[0]), pl.sum_horizontal(PAYMENTS)
    return frame.with_columns(
        worst_status=pl.max_horizontal(STATUS),
        worst_status_quarter=pl.max_horizontal(STATUS[:3]),
        status_change=pl.col(STATUS[0]) - pl.col(STATUS[1]),
        months_behind=pl.sum_horizontal(pl.col(STATUS).clip(0)),
        months_late=_months(pl.col(STATUS) > MINIMUM_PAID),
        months_unused=_months(pl.col(STATUS) == UNUSED),
        months_paid_in_full=_months(pl.col(STATUS) == PAID_IN_FULL),
        months_minimum_paid=_months(pl.col(STATUS) == MINIMUM_PAID),
        months_nothing_paid=_months(pl.col(PAYMENTS) == 0),
        utilisation=newest_bill / limit,
        utilisation_mean=pl.mean_horizontal(BILLS) / limit,
        utilisation_highest=pl.max_horizontal(BILLS) / limit,
        utilisation_rise=(newest_bill - pl.col(BILLS[-1])) / limit,
        room=limit - newest_bill,
        least_paid=pl.min_horizontal(PAYMENTS),
        paid_of_bills=total_paid / pl.sum_horizontal(BILLS).clip(lower_bound=1),
        paid_of_limit=total_paid / limit,
    )


def _chosen(prefix: str, names: dict[int, str]) -> pl.Expr:
    """The name of the one-hot column that is set."""
    return pl.coalesce(pl.when(pl.col(f"{prefix}_{code}") == 1).then(pl.lit(name)) for code, name in names.items())


def _months(condition: pl.Expr) -> pl.Expr:
    """In how many of the six months a condition on several columns holds."""
    return pl.sum_horizontal(condition.cast(pl.Int8))
