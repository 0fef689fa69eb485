"""What a `use_case.yaml` may say of a database, and what it may not: above all, no password."""

from pathlib import Path

import pytest

from ..pipelines.sandbox import KEY, Sandbox

GOOD = {"url": "WAREHOUSE_URL", "query": "select * from orders"}
ADDRESS = "postgresql://reader:hunter2@warehouse:5432/sales"


def refused(sandbox: Sandbox, sql: object, code: str = "") -> str:
    """The one error that a source leads to."""
    folder = sandbox.place(source={"sql": sql, "licence": "CC0", "citation": "made by the test"})
    if code:
        (folder / "features.py").write_text(code)
    (error,) = sandbox.catalogue().errors
    assert Path(error.path).name == "use_case.yaml" and error.line > 1
    return str(error)


def test_a_query_or_a_table_is_a_source(empty: Sandbox):
    for sql in (GOOD, {"url": "W", "table": "sales.Orders", "incremental": {"column": "id"}}):
        empty.place(source={"sql": sql, "licence": "CC0", "citation": "made by the test"})
        assert list(empty.catalogue().use_cases) == [KEY]


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        (
            {**GOOD, "url": ADDRESS},
            "url: holds an address, which may hold a password: put it into an environment variable",
        ),
        ({**GOOD, "url": "host=warehouse password=hunter2"}, "is not the name of an environment variable: write one"),
        (ADDRESS, "must be `key: value` lines; found 'postgresql://…@warehouse:5432/sales'"),
        ({**GOOD, "url": [ADDRESS]}, "must be text; found ['postgresql://…@warehouse:5432/sales']"),
        ({**GOOD, "table": "orders"}, "give either a `query` or a `table`"),
        ({"url": "W"}, "give either a `query` or a `table`"),
        ({"url": "W", "query": " "}, "give either a `query` or a `table`"),
        ({"url": "W", "table": "sales."}, "'sales.' names no table: write `table` or `schema.table`"),
        (
            {**GOOD, "incremental": {"column": "id"}, "changed_by": "id"},
            "`incremental` names the column that shows changes: delete `changed_by`",
        ),
        ({**GOOD, "incremental": "id"}, "must be `key: value` lines; found 'id'"),
        ({**GOOD, "incremental": {"column": "id", "generaton": 1}}, "did you mean 'generation'?"),
    ],
)
def test_anything_else_is_refused_with_its_line_and_without_a_password(empty: Sandbox, sql, message):
    fault = refused(empty, sql)
    assert message in fault and "hunter2" not in fault


def test_incremental_rows_can_not_be_assembled(empty: Sandbox):
    code = "def assemble(members):\n    return members['rows']\n"
    fault = refused(empty, {**GOOD, "incremental": {"column": "id"}}, code)
    assert "so nothing may `assemble` them in features.py: join in the query" in fault
