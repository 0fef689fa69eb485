"""Marks that usually stand for a missing value, and are a value where they are a large part of a column."""

import polars as pl

from catalogue.definition import Files
from resources.sources.reading import detect_reading, read_table


def table(rows: list[str]):
    content = "\n".join(rows).encode()
    found = detect_reading(content, "t.csv", "t.csv")
    reading = Files.model_validate({"path": "*", **found.options})
    return read_table(content, "t.csv", reading, "t.csv", pinned=False)[0], found.doubts


def test_a_mark_that_is_a_large_part_of_a_category_is_a_level_and_that_is_doubted():
    read, doubts = table(["id,alarm,load"] + [f"{n},{'-' if n % 5 else 'E7'},{n}.5" for n in range(50)])
    assert dict(read["alarm"].value_counts().iter_rows()) == {"-": 40, "E7": 10}
    assert any("'-' in column 'alarm' (80.0% of its values) is read as a value" in doubt for doubt in doubts)


def test_a_mark_that_is_rare_among_levels_is_a_gap_and_that_is_doubted():
    read, doubts = table(["id,job"] + [f"{n},{'?' if n == 7 else 'nurse' if n % 2 else 'driver'}" for n in range(50)])
    assert read["job"].null_count() == 1
    assert any("'?' in column 'job' (2.0% of its values) is read as a gap" in doubt for doubt in doubts)


def test_a_mark_is_a_level_in_one_column_and_a_gap_among_the_numbers_of_another():
    rows = [f"{n},{'-' if n % 2 else 'E7'},{'-' if n == 3 else n}" for n in range(50)]
    read, _ = table(["id,alarm,load", *rows])
    assert read["alarm"].null_count() == 0
    assert read["load"].to_list() == [None if n == 3 else n for n in range(50)]


def test_a_gap_among_numbers_that_may_mean_one_is_doubted():
    read, doubts = table(["id,discount"] + [f"{n},{'-' if n % 2 else n / 4}" for n in range(50)])
    assert read["discount"].null_count() == 25
    assert any("if it means a number, such as 0" in doubt for doubt in doubts)


def test_a_mark_that_is_a_level_is_a_gap_among_numbers_with_units_too():
    read, _ = table(
        ["id,alarm,load"] + [f"{n},{'-' if n % 2 else 'E7'},{'-' if n == 3 else f'{n} kg'}" for n in range(50)]
    )
    assert read["alarm"].null_count() == 0
    assert read["load"].to_list() == [None if n == 3 else n for n in range(50)]


def test_a_mark_among_dates_is_a_gap_however_often_it_stands_there():
    rows = [f"{n},2024-01-{n % 28 + 1:02},{'-' if n % 2 else '2024-02-01'},{'-' if n % 3 else 'E7'}" for n in range(50)]
    read, doubts = table(["id,start,end,alarm", *rows])
    assert read["end"].dtype == pl.Date and read["end"].null_count() == 25
    assert read["alarm"].null_count() == 33
    assert any("'-' in column 'alarm' (66.0% of its values) is read as a gap" in doubt for doubt in doubts)


def test_a_column_of_nothing_but_marks_is_empty():
    read, _ = table(["id,remark,job"] + [f"{n},-,{'-' if n == 7 else 'nurse'}" for n in range(50)])
    assert read["remark"].null_count() == 50 and read["job"].null_count() == 1


def test_what_spells_that_there_is_nothing_is_no_level_and_doubted_where_it_is_a_large_part():
    read, doubts = table(["id,fence"] + [f"{n},{'n/a' if n % 2 else 'wood'}" for n in range(50)])
    assert read["fence"].null_count() == 25
    assert any("'n/a' in column 'fence' (50.0% of its values) is read as a gap" in doubt for doubt in doubts)
