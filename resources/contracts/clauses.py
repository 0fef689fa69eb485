"""What a contract demands: the rules written in the YAML, and those its declared columns imply.

Belongs here: clauses, and deriving them. Does not belong here: judging a table by them (`expectations`, `conditions`),
or what follows (`verdict`).
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

import polars as pl
import polars.selectors as cs

from catalogue.definition import ColumnSplit, ContractRule, OnFailure, TimeSplit, UseCase
from modeling.core import splits
from modeling.core.features import TEXT, feature_columns
from modeling.problems import tasks
from resources.contracts import probes

MIN_ROWS = 50
"""A table with fewer is refused."""
TYPES = {name: kind for name, kind in vars(pl).items() if isinstance(kind, type) and issubclass(kind, pl.DataType)}
"""The polars types by name, as a contract writes them."""
NUMBERS = [name for name, kind in TYPES.items() if kind.is_numeric()]
FEATURES = [*NUMBERS, *(kind.__name__ for kind in (pl.Boolean, *TEXT, pl.Date, pl.Datetime, pl.Null))]
"""Names of the polars types a feature may have."""

DERIVED_EXPECTATIONS = frozenset(
    f"expect_{name}"
    for name in (
        "table_row_count_to_be_between",
        "column_to_exist",
        "column_values_to_be_unique",
        "compound_columns_to_be_unique",
        "column_values_to_be_null",
        "column_values_to_not_be_null",
        "column_values_to_be_in_set",
        "column_proportion_of_non_null_values_to_be_between",
        "column_values_to_be_in_type_list",
        "column_unique_value_count_to_be_between",
        "columns_to_be_in_type_list",
        "values_to_be_finite",
        "levels_to_be_few",
    )
)
"""Every expectation that `rules` may derive from declared columns."""


@dataclass(frozen=True)
class Clause:
    """A rule of a contract. `advice` says what to do about data that breaks it."""

    rule: ContractRule
    derived: bool = False
    """Implied by the declared columns rather than written in the YAML."""
    advice: str = ""

    @property
    def about_names(self) -> bool:
        """It is about which columns there are, and reads no value."""
        return self.rule.expectation.startswith(("expect_column_to_exist", "expect_table_column"))

    @property
    def columns(self) -> list[str]:
        """The columns it is about."""
        arguments = self.rule.arguments
        single = [arguments[key] for key in ("column", "column_A", "column_B") if key in arguments]
        return [*single, *arguments.get("column_list", [])]

    def reads(self, column: str) -> bool:
        """Judging it needs the values of this column."""
        if self.about_names:
            return False
        return column in self.columns or column in str(self.rule.arguments.get("row_condition", ""))

    @property
    def text(self) -> str:
        """The rule as a line for people; its single column is named elsewhere."""
        arguments = {name: value for name, value in self.rule.arguments.items() if name != "column"}
        written = (f"{name}={_bracketed(value)}" for name, value in arguments.items())
        return f"{self.rule.expectation}({', '.join(written)})"


@dataclass(frozen=True)
class ClauseResult:
    """What judging a clause found.

    Attributes
    ----------
    columns: those the finding is about.
    checked: rows that were judged.
    rows: numbers of all rows that break the rule, for a rule about rows.
    judged: false where the rule could not be judged on this table; that blocks, whatever the rule says.
    """

    clause: Clause
    columns: list[str]
    passed: bool
    checked: int
    rows: list[int] = field(default_factory=list)
    message: str = ""
    judged: bool = True


def reads(clauses: list[Clause]) -> Callable[[str], bool]:
    """Whether judging one of the clauses needs the values of a column."""
    of_values = [clause for clause in clauses if not clause.about_names]
    named = {name for clause in of_values for name in clause.columns}
    conditions = {str(clause.rule.arguments.get("row_condition", "")) for clause in of_values}
    return lambda column: column in named or any(column in condition for condition in conditions)


def words(value: Any, most: int = 5) -> str:
    """Any value as text for people; of a long list the first `most`."""
    if isinstance(value, dict):
        return "; ".join(f"{key}: {words(item)}" for key, item in value.items())
    if isinstance(value, list | tuple):
        more = f" and {len(value) - most:,} more" if len(value) > most else ""
        return ", ".join(words(item) for item in value[:most]) + more
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return as_text(value)


def as_text(value: Any) -> str:
    """A single value as it stands in the source; of bytes only how many they are."""
    return f"{len(value):,} bytes" if isinstance(value, bytes) else str(value)


def _bracketed(value: Any) -> str:
    return f"[{words(value)}]" if isinstance(value, list | dict) else words(value)


def nearest(name: str, names: Iterable[str]) -> str:
    """A hint, or nothing."""
    spelled = {known.lower(): known for known in names}
    close = get_close_matches(name.lower(), spelled, n=1)
    return f"; did you mean {spelled[close[0]]!r}?" if close else ""


def rules(use_case: UseCase, schema: pl.Schema) -> list[Clause]:
    """Every clause that a table of this schema must meet: first the derived ones, then those of the YAML."""
    declared = (_of_columns, _of_target, _of_features, _of_content)
    derived = [clause for of_part in declared for clause in of_part(use_case, schema)]
    return [*derived, *(Clause(rule) for rule in use_case.contract)]


def _derived(expectation: str, arguments: dict[str, Any], advice: str = "", on_failure: OnFailure = "block") -> Clause:
    rule = ContractRule(expectation=f"expect_{expectation}", arguments=arguments, on_failure=on_failure)
    return Clause(rule, derived=True, advice=advice)


def declared_columns(use_case: UseCase) -> dict[str, str]:
    """Each column that has a role -> the keys of the YAML that give it."""
    roles = use_case.columns.model_dump()
    named = [(column, f"columns.{role}") for role, held in roles.items() for column in _listed(held)]
    if isinstance(use_case.split, ColumnSplit):
        named.append((use_case.split.column, "split.column"))
    declared = {use_case.target: "target"}
    for column, role in named:
        declared[column] = f"{declared[column]}, {role}" if column in declared else role
    return declared


def named(use_case: UseCase) -> set[str]:
    """The columns that the definition names: by a role, in a rule, or in its settings."""
    ruled = (column for rule in use_case.contract for column in Clause(rule).columns)
    return {*declared_columns(use_case), *ruled, *_texts(use_case.settings)}


def _texts(value: Any) -> Iterator[str]:
    """Every text in settings."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        parts = [*value, *value.values()] if isinstance(value, dict) else value
        yield from (text for part in parts for text in _texts(part))


def _listed(held: str | list[str] | None) -> list[str]:
    return [held] if isinstance(held, str) else held or []


def _of_columns(use_case: UseCase, schema: pl.Schema) -> Iterator[Clause]:
    yield _derived("table_row_count_to_be_between", {"min_value": MIN_ROWS}, "Fewer rows can't be learned from.")
    for column, roles in declared_columns(use_case).items():
        advice = f"It is declared as {roles} in use_case.yaml{nearest(column, schema)}"
        yield _derived("column_to_exist", {"column": column}, advice)

    identifier = [column for column in use_case.columns.identifier if column in schema]
    advice = "Remove the repeated rows, or declare more columns.identifier: they are unique together."
    if len(identifier) == 1:
        yield _derived("column_values_to_be_unique", {"column": identifier[0]}, advice)
    elif identifier:
        yield _derived("compound_columns_to_be_unique", {"column_list": identifier}, advice)

    task, group = tasks.task_type(use_case.task), use_case.columns.group
    if task.fewest_groups and group in schema:
        least = {"column": group, "min_value": task.fewest_groups}
        advice = f"A score of fewer than {task.fewest_groups} {task.unit} is of persons and not of a model."
        yield _derived("column_unique_value_count_to_be_between", least, advice)

    split = use_case.split
    if isinstance(split, TimeSplit) and use_case.columns.time in schema:
        yield _derived("column_values_to_not_be_null", {"column": use_case.columns.time}, on_failure="quarantine")
    if isinstance(split, ColumnSplit) and split.column in schema:
        yield _derived("column_values_to_not_be_null", {"column": split.column}, on_failure="quarantine")
        yield _derived("column_values_to_be_in_set", {"column": split.column, "value_set": list(splits.ROLES)})


def _of_target(use_case: UseCase, schema: pl.Schema) -> Iterator[Clause]:
    target, holds = use_case.target, tasks.task_type(use_case.task).target_holds
    if target not in schema:
        return
    column = {"column": target}
    some = {**column, "min_value": 0, "strict_min": True}
    yield _derived("column_proportion_of_non_null_values_to_be_between", some, "The target is empty in every row.")
    yield _derived("column_values_to_not_be_null", column, on_failure="quarantine")
    if holds == "a number":
        yield _derived("column_values_to_be_in_type_list", {**column, "type_list": NUMBERS}, "The target is a number.")
        yield _derived("values_to_be_finite", {"column_list": [target]})
        return
    if holds == "anything":
        return
    classes = {"min_value": 2, "max_value": 2} if holds == "two classes" else {"min_value": 2}
    advice = "With one class there is nothing to learn"
    advice += ", with more than two the task is another one." if holds == "two classes" else "."
    yield _derived("column_unique_value_count_to_be_between", {**column, **classes}, advice)


def _of_features(use_case: UseCase, schema: pl.Schema) -> Iterator[Clause]:
    features = pl.DataFrame(schema={name: schema[name] for name in feature_columns(list(schema), use_case)})
    if features.columns:
        advice = "Declare it under columns.drop, or take it apart into plain columns in features.py."
        arguments = {"column_list": features.columns, "type_list": FEATURES}
        yield _derived("columns_to_be_in_type_list", arguments, advice)
    if floats := features.select(cs.float()).columns:
        advice = "Write a missing value as an empty cell, or declare the column under columns.drop."
        yield _derived("values_to_be_finite", {"column_list": floats}, advice)
    texts = [name for name in features.select(cs.by_dtype(*TEXT)).columns if name not in use_case.columns.categorical]
    if texts:
        advice = "Declare it under columns.categorical, columns.identifier or columns.drop."
        yield _derived("levels_to_be_few", {"column_list": texts}, advice)


def _of_content(use_case: UseCase, schema: pl.Schema) -> Iterator[Clause]:
    for column, kind in probes.content(use_case).items():
        if column not in schema:
            continue
        stored = {"column": column, "type_list": [kind.stored.__name__]}
        yield _derived("column_values_to_be_in_type_list", stored, kind.advice)
        if schema[column] == kind.stored:
            arguments = {"column": f"{column}.{probes.FAULT}"}
            yield _derived("column_values_to_be_null", arguments, on_failure="quarantine")
