"""Whatever table people write, what is read is what they meant, or it is said.

Belongs here: the fuzzer. Does not belong here: what it found, of which an example stands beside the others of its kind
(`test_numbers`, `test_dates`, …).
"""

import re
from dataclasses import replace

import pytest
from hypothesis import given, note
from hypothesis import strategies as st

from resources.sources import SourceError
from tests.resources.sources.fuzzing.columns import KINDS
from tests.resources.sources.fuzzing.comparison import AsRead, as_read, differences, read_as_written
from tests.resources.sources.fuzzing.tables import (
    Table,
    as_csv,
    as_excel,
    as_json,
    dresses,
    for_excel,
    for_json,
    tables,
)

pytestmark = [pytest.mark.slow, pytest.mark.parametrize("kind", KINDS)]
ANY_LINE_END = "\r\n|\r|\n"


def check(table: Table, read: AsRead) -> None:
    note("\n".join(map(str, [read.table, *read.said])))
    found = list(differences(table, read))
    assert not found, "\n".join(found)


@given(data=st.data())
def test_csv(kind: str, data: st.DataObject):
    table = data.draw(tables(kind))
    dress = data.draw(dresses(table))
    text = as_csv(table, dress)
    note(text)
    check(table, read_as_written(text.encode(dress.encoding), "a.csv", dress.encoding))


@given(data=st.data())
def test_a_ragged_row_is_refused_with_its_line(kind: str, data: st.DataObject):
    table = data.draw(tables(kind))
    dress = data.draw(dresses(table))
    ragged = data.draw(st.integers(0, len(table.rows) - 1))
    make = data.draw(st.sampled_from([lambda row: row[:-1], lambda row: [*row, "more"]]))
    text = as_csv(table, dress, lambda number, row: make(row) if number == ragged else row)
    note(text)
    until = as_csv(table.until(ragged), replace(dress, footer=None, ends_in_line_end=False))
    with pytest.raises(SourceError, match=rf"^the file: line {len(re.split(ANY_LINE_END, until))} has \d+ fields, the"):
        as_read(text.encode(dress.encoding), "a.csv", {"encoding": dress.encoding})


@given(data=st.data())
def test_excel(kind: str, data: st.DataObject):
    table = data.draw(tables(kind).map(for_excel))
    dress = data.draw(dresses(table))
    check(table, read_as_written(as_excel(table, dress), "a.xlsx", "utf-8"))


@given(data=st.data())
def test_json(kind: str, data: st.DataObject):
    table = data.draw(tables(kind).map(for_json))
    text = as_json(table)
    note(text)
    check(table, read_as_written(text.encode(), "a.json", "utf-8"))
