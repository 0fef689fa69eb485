"""The bridge to Great Expectations: a polars table in, findings out.

Belongs here: everything that knows Great Expectations or pandas. Does not belong here: which rules there are
(`clauses`), those judged without it (`conditions`), or what follows from a finding (`verdict`).
"""

import os
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING, Any

import polars as pl

from catalogue.definition import ContractRule
from resources.contracts.clauses import Clause, ClauseResult, reads, words
from resources.contracts.moments import moment, zone
from resources.contracts.probes import Probed

if TYPE_CHECKING:
    from types import ModuleType

    import pandas as pd
    from great_expectations.core import ExpectationValidationResult
    from great_expectations.expectations.expectation import Expectation

EXACT = 2**53
"""Up to here float64 holds every integer."""
NEEDS_SQL = ("like_pattern", "query_results", "other_table")
RESULT_FORMAT = {
    "result_format": "COMPLETE",
    "exclude_unexpected_values": True,
    "return_unexpected_index_query": False,
}
"""All row numbers and no values: those are read from the polars table, where they stand as in the source."""
OBSERVED = {
    "observed_value": "observed",
    "partial_unexpected_list": "not expected",
    "partial_missing_list": "missing",
}


def _library() -> "ModuleType":
    """Great Expectations, with its telemetry off."""
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    import great_expectations

    return great_expectations


@cache
def known() -> "dict[str, type[Expectation]]":
    """Great Expectations' own rules, by name, as far as they work without an SQL database."""
    from_core = vars(_library().expectations.core).values()
    expectations = {kind.expectation_type: kind for kind in from_core if hasattr(kind, "expectation_type")}
    return {
        name: kind
        for name, kind in expectations.items()
        if name.startswith("expect_") and not any(part in name for part in NEEDS_SQL)
    }


def judge(probed: Probed, clauses: list[Clause]) -> Iterator[ClauseResult]:
    """What Great Expectations finds. Rules about names see the raw columns only.

    Only the columns whose values clauses read are converted.
    """
    import pandas as pd

    of_names = [clause for clause in clauses if clause.about_names]
    of_values = [clause for clause in clauses if not clause.about_names]
    names = pd.DataFrame(columns=pd.Index(probed.raw.columns))
    frame, needed = probed.frame, reads(clauses)
    read = [column for column in frame.columns if needed(column)]
    values = pd.DataFrame({column: _to_pandas(frame[column]) for column in read}, index=pd.RangeIndex(frame.height))
    for table, source, applied in ((names, probed.raw, of_names), (values, frame, of_values)):
        for clause, result in _validated(table, applied, source.schema):
            yield _finding(clause, result, source)


def about_rows(expectation: str) -> bool:
    """Whether single rows can break it."""
    from great_expectations.expectations import expectation as kinds

    of_rows = kinds.ColumnMapExpectation, kinds.ColumnPairMapExpectation, kinds.MulticolumnMapExpectation
    return issubclass(known()[expectation], of_rows)


def rule_error(rule: ContractRule) -> str | None:
    """What is wrong with the rule itself, as far as can be seen without data."""
    implementation = known()[rule.expectation]
    from pydantic.v1 import ValidationError

    try:
        implementation(**rule.arguments)
    except ValidationError as error:
        refused = {str(part["loc"][0]): part["msg"] for part in error.errors()}
        return "; ".join(f"{'arguments' if name == '__root__' else name}: {why}" for name, why in refused.items())
    if "$PARAMETER" in str(rule.arguments):
        return "suite parameters have no source here; write the value itself"
    if rule.on_failure == "block":
        return None
    if not about_rows(rule.expectation):
        return "it is not about single rows, so nothing can be quarantined; use `on_failure: block`"
    if "mostly" in rule.arguments:
        return "quarantine takes every row that breaks the rule; leave `mostly` out, or use `on_failure: block`"
    return None


def _to_pandas(column: pl.Series) -> "pd.Series":
    """The values as Great Expectations judges them best: plain numpy, where missing is NaN and a rule is one operation.

    Integers with missing values become float64 where that is exact, else Arrow's integers. Dates become moments with
    a time zone: only those does Great Expectations compare as a whole column, whatever their unit.
    """
    dtype = column.dtype
    if isinstance(dtype, pl.Categorical | pl.Enum):
        return column.cast(pl.String).to_pandas()
    if isinstance(dtype, pl.Date | pl.Datetime):
        return column.cast(pl.Datetime("us", zone(dtype))).to_pandas()
    if dtype.is_float() or dtype.is_decimal():
        return column.cast(pl.Float64).to_pandas()
    if not column.null_count() or not (dtype.is_integer() or dtype == pl.Boolean):
        return column.to_pandas()
    if dtype == pl.Boolean or column.cast(pl.Int128).is_between(-EXACT, EXACT).all():
        return column.cast(pl.Float64).to_pandas()
    return column.to_pandas(use_pyarrow_extension_array=True)


def _validated(
    table: "pd.DataFrame", clauses: list[Clause], schema: pl.Schema
) -> "Iterator[tuple[Clause, ExpectationValidationResult]]":
    """Results come in an order of their own, so each expectation carries the position of its clause."""
    gx = _library()
    from great_expectations.data_context.types.base import ProgressBarsConfig

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False, metric_calculations=False)
    batch = context.data_sources.pandas_default.read_dataframe(table)
    suite = gx.ExpectationSuite(
        name="contract",
        expectations=[
            known()[clause.rule.expectation](**_arguments(clause, schema), meta={"position": position})
            for position, clause in enumerate(clauses)
        ],
    )
    for result in batch.validate(suite, result_format=RESULT_FORMAT).results:
        yield clauses[result.expectation_config.meta["position"]], result


def _arguments(clause: Clause, schema: pl.Schema) -> dict[str, Any]:
    """The rule's arguments, with every bound on a column of dates as a moment that pandas compares with it."""
    arguments = {name: value for name, value in clause.rule.arguments.items() if name != "meta"}
    dtype = schema.get(arguments.get("column", ""))
    if not isinstance(dtype, pl.Date | pl.Datetime):
        return arguments
    bounds = {"min_value", "max_value", "value_set"} & arguments.keys()
    return arguments | {name: _moments(arguments[name], dtype) for name in bounds}


def _moments(value: Any, dtype: pl.DataType) -> Any:
    """What can't be read as one stays as it is, for Great Expectations to judge."""
    if isinstance(value, list):
        return [_moments(item, dtype) for item in value]
    return moment(value, dtype) or value


def _finding(clause: Clause, result: "ExpectationValidationResult", frame: pl.DataFrame) -> ClauseResult:
    if error := _error(result.exception_info):
        types = words({column: frame.schema[column] for column in clause.columns})
        message = f"it can't be judged on this table ({types}): {error}"
        return ClauseResult(clause, clause.columns, False, frame.height, message=message, judged=False)
    found = result.result
    checked = found["element_count"] - found.get("missing_count", 0) if "element_count" in found else frame.height
    passed = bool(result.success)  # the rule about quantiles answers with a bool of numpy's
    seen = {title: found[name] for name, title in OBSERVED.items() if found.get(name) is not None}
    rows = found.get("unexpected_index_list", [])
    if not passed and not rows and not seen:
        seen = {"the table has the columns": frame.columns}
    return ClauseResult(clause, clause.columns, passed, checked, rows, "" if passed else words(seen))


def _error(info: dict[str, Any]) -> str:
    """What was raised: Great Expectations reports one exception, or one by metric."""
    reports = [info] if "raised_exception" in info else info.values()
    return next((report["exception_message"] for report in reports if report["raised_exception"]), "")
