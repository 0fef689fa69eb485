"""Files that land in an append folder: the new one is blamed, set aside, and the others are taken."""

from pathlib import Path

import polars as pl
import pytest

from catalogue.definition import Files
from resources.sources import Former, SourceError
from resources.sources.appending import Dropped, appended
from resources.sources.reading import read_table
from resources.sources.remarks import ReadTable
from resources.sources.stacking import File, table_of
from resources.sources.taken import TakenFiles

GOOD = "customer,income,job,bought\nA,1200,nurse,0\nB,3400,clerk,1\n"
READING = Files(path="*.csv")


def append(
    folder: Path, former: Former | None = None, reading: Files = READING, **contents: str
) -> tuple[ReadTable, TakenFiles]:
    """The files of these contents, the newest first; `a.csv` is the oldest, and was taken before."""
    files = []
    for age, (name, content) in enumerate(({"a": GOOD} | contents).items()):
        path = folder / f"{name}.csv"
        path.write_text(content)
        files.append(Dropped(File(path.name, path.name, path.read_bytes), f"digest of {content}", age))
    files.reverse()

    def read(file: File) -> ReadTable:
        return table_of(file, reading, lambda content, *rest: read_table(content(), *rest, pinned=True))

    return appended(files, reading, read, former or Former({"a.csv": f"digest of {GOOD}"}))


@pytest.mark.parametrize(
    ("content", "parts"),
    [
        ("", ["b.csv: empty (0 bytes)", "write this one alike"]),
        ("customer,income,job,bought\n", ["b.csv: empty, no row below the header"]),
        ("customer,income,job,bought\nC,1,nurse,0\nD,2\n", ["b.csv: line 3 has 2 fields, the first line has 4"]),
        (
            GOOD.replace("job", "work"),
            ["b.csv: lacks the column 'job'", "has the column 'work' instead", "columns: drop"],
        ),
        ("customer,income,bought\nC,1,0\n", ["b.csv: lacks the column 'job', which the files before have"]),
        (
            GOOD.replace("3400", "about 9"),
            ["b.csv: line 3, column 'income': 'about 9' does not fit: the column is Int64"],
        ),
        (GOOD.replace(",", ";"), ["b.csv", 'separator: ";"', "the files before are read as `source.files` says"]),
        (GOOD.replace("1200", '"12,5"'), ["b.csv: line 2, column 'income': '12,5' does not fit"]),
    ],
    ids=["empty", "header only", "ragged", "renamed", "removed", "text", "semicolons", "decimal comma"],
)
def test_a_file_that_does_not_fit_is_set_aside_and_what_was_there_stays(tmp_path: Path, content: str, parts: list[str]):
    read, files = append(tmp_path, b=content, c=GOOD.replace("A", "C").replace("B", "D"))
    assert [one.name for one in files.set_aside] == ["b.csv"]
    assert all(part in files.set_aside[0].reason for part in parts), files.set_aside[0].reason
    assert "a.csv" not in files.set_aside[0].reason
    assert sorted(read.table["customer"]) == ["A", "B", "C", "D"]
    assert any(remark.startswith(files.set_aside[0].reason) for remark in read.remarks)


def test_another_order_of_columns_fits_and_integers_widen(tmp_path: Path):
    read, files = append(tmp_path, b="bought,job,income,customer\n1,nurse,12.5,C\n")
    assert files.set_aside == () and files.added == {}
    assert read.table.columns == ["customer", "income", "job", "bought"]
    assert read.table.filter(customer="C").row(0) == ("C", 12.5, "nurse", 1)
    assert [(one.name, one.rows) for one in files.taken] == [("b.csv", 1), ("a.csv", 2)]


def test_a_column_that_is_empty_in_one_file_stays_what_it_is_in_the_others(tmp_path: Path):
    read, _ = append(tmp_path, b="customer,income,job,bought\nC,,nurse,1\nD,,nurse,0\n")
    assert read.table.schema["income"] == pl.Int64 and read.table["income"].null_count() == 2


@pytest.mark.parametrize(
    ("before", "now", "remedy"),
    [
        ("2021-05-01T10:00:00+02:00", "2021-05-01T10:00:00", "deliver them with their offset"),
        ("2021-05-01T10:00:00", "2021-05-01T10:00:00+02:00", "deliver them without their offset"),
    ],
)
def test_moments_of_two_clocks_are_not_mixed(tmp_path: Path, before: str, now: str, remedy: str):
    old, new = f"when,x\n{before},1\n", f"when,x\n{now},2\n"
    _, files = append(tmp_path, Former({"a.csv": f"digest of {old}"}), a=old, b=new)
    (aside,) = files.set_aside
    assert aside.reason.startswith("b.csv: line 2, column 'when': '2021-05-01 ") and remedy in aside.reason


def test_a_value_of_a_file_to_predict_makes_no_other_file_unreadable(tmp_path: Path):
    read, _ = append(tmp_path, reading=READING.to_predict("bought"), b=GOOD.replace("3400", "about 9"))
    assert sorted(read.table["income"]) == ["1200", "1200", "3400", "about 9"]


def test_an_added_column_refuses_nothing_and_is_named_with_its_file(tmp_path: Path):
    read, files = append(tmp_path, b="customer,income,job,bought,channel\nC,1,nurse,0,web\n")
    assert files.set_aside == () and files.added == {"channel": "b.csv"}
    assert read.table["channel"].to_list() == ["web", None, None]


def test_a_column_that_the_definition_drops_may_be_gone(tmp_path: Path):
    former = Former({"a.csv": f"digest of {GOOD}"}, {"job"})
    read, files = append(tmp_path, former, b="customer,income,bought\nC,1,0\n")
    assert files.set_aside == () and read.table["job"].null_count() == 1


@pytest.mark.parametrize("spoilt", ["", GOOD.replace("job", "work")], ids=["empty", "renamed"])
def test_a_file_whose_rows_are_in_the_table_is_not_set_aside(tmp_path: Path, spoilt: str):
    """Without it they would be gone, and nobody asked for that."""
    with pytest.raises(SourceError, match=r"^b\.csv"):
        append(tmp_path, Former({"a.csv": f"digest of {GOOD}", "b.csv": "as it was"}), b=spoilt)


def test_at_first_the_newer_file_is_named_and_one_that_cannot_be_read_is_set_aside(tmp_path: Path):
    with pytest.raises(SourceError, match=r"^b\.csv: lacks the column 'job'"):
        append(tmp_path, Former({}), b=GOOD.replace("job", "work"))
    read, files = append(tmp_path, Former({}), b="")
    assert read.table.height == 2 and [one.name for one in files.set_aside] == ["b.csv"]


def test_where_no_file_can_be_read_all_is_refused(tmp_path: Path):
    with pytest.raises(SourceError, match="empty"):
        append(tmp_path, Former({}), a="", b="")
