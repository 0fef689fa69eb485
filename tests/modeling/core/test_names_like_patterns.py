"""Columns are called as somebody called them; polars reads `*` as all columns, and `^…$` as a pattern."""

import ast
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from catalogue.definition import UseCase
from modeling.core import splits
from modeling.core.features import FeatureRecipe
from modeling.proposal import propose

PROJECT = Path(__file__).parents[3]
CALLS = {"col", "select", "drop", "sort", "group_by", "over", "unique", "drop_nulls"}
NAMES = ("*", "count", "rows", 'say "hi"', "<b>bold</b>", "{x}", "a", "😀", " x", "a.b", "x" * 300)
SOURCE = {"files": {"path": "*.csv"}, "licence": "-", "citation": "-"}


def awkward(target: str = "order by") -> pl.DataFrame:
    draw = np.random.default_rng(0)
    columns = {name: draw.normal(size=200).round(3) for name in NAMES if name != target}
    return pl.DataFrame(columns | {target: (columns["a"] + draw.normal(size=200) > 0).astype(int)})


@pytest.mark.parametrize("target", ["order by", "*", "count", "rows"])
def test_a_column_means_itself_whatever_it_is_called(target: str):
    table = awkward(target)
    found = propose(table, target, source=SOURCE, title="A title", task=None)
    use_case = UseCase.model_validate(found.definition).placed("x/y", Path())
    roles = splits.assign(table, use_case)
    recipe = FeatureRecipe.fit(table.filter(roles == "train"), use_case)
    features = [name for name in table.columns if name != target]
    assert recipe.numeric == features
    values = recipe.transform(table).numeric
    for place, name in enumerate(features):
        np.testing.assert_allclose(values[:, place], table[name].cast(pl.Float32))


def names_from_data(tree: ast.AST) -> Iterator[int]:
    """Lines on which polars is given a name that was not written there."""
    for call in ast.walk(tree):
        if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Attribute) or call.func.attr not in CALLS:
            continue
        for argument in call.args:
            if "use_case." in ast.unparse(argument) and "by_name" not in ast.unparse(argument):
                yield call.lineno


def test_polars_is_given_names_of_a_definition_as_names_only():
    files = [file for room in ("modeling", "resources", "assets") for file in (PROJECT / room).rglob("*.py")]
    found = [
        f"{file.relative_to(PROJECT)}:{line}"
        for file in files
        for line in names_from_data(ast.parse(file.read_text(encoding="utf-8")))
    ]
    assert not found, f"polars reads these names as patterns; write cs.by_name(…): {found}"
