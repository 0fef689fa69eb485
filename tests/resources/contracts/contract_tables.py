"""Small tables and contracts on them, for the tests of contracts."""

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from catalogue.definition import UseCase
from modeling.core.record import ContractResult
from resources.contracts import ContractViolation, Verdict
from resources.errors import PermanentError

ROWS = 60


def use_case(*contract: dict[str, Any], task: str = "binary_classification", **more: Any) -> UseCase:
    source = {"files": {"path": "data/*.csv"}, "licence": "CC0", "citation": "made up"}
    content = {"title": "t", "task": task, "source": source, "target": "bought", "contract": list(contract)}
    return UseCase.model_validate(content | more).placed("shop/again", Path("shop/again"))


def table(**columns: Any) -> pl.DataFrame:
    """A good table; `columns` are added or replace its own."""
    bought = pl.Series("bought", [0, 1] * (ROWS // 2))
    return pl.DataFrame({"bought": bought, "visits": range(ROWS)}).with_columns(**columns)


def planted(good: Any, faults: dict[int, Any], dtype: Any = None) -> pl.Series:
    return pl.Series([faults.get(row, good) for row in range(ROWS)], dtype=dtype)


def written(verdict: Verdict) -> ContractResult:
    """The result of the first rule of the YAML."""
    return next(result for result in verdict.results if not result.derived)


def broken(verdict: Verdict) -> dict[str, ContractResult]:
    return {result.expectation: result for result in verdict.results if not result.passed}


def refusal(verdict: Verdict) -> str:
    with pytest.raises(ContractViolation) as caught:
        verdict.raise_if_blocked()
    assert isinstance(caught.value, PermanentError)
    return str(caught.value)
