"""What reading leaves out or changes is said beside the table.

Belongs here: the sentences as they reach whoever reads a source. Does not belong here: what is shown of them on the
terminal or in a report.
"""

from catalogue.definition import Reading
from resources.sources.reading import read_table
from resources.sources.remarks import MOST_REMARKS, together

REPORT = b"Sales\nof May\nid,price\n1,2\n2,3\nTotal,5\nnote\n"


def test_lines_beside_the_table_are_said():
    read = read_table(REPORT, "a.csv", Reading(skip_before_header=2, footer="Total"), "a.csv", pinned=False)
    assert read.remarks == ("2 lines above the header not read", "2 lines at the end not read, from 'Total' on")


def test_of_several_files_each_is_said_once_with_the_sum_of_its_counts():
    days = {f"{day}.csv": ["1,000 values of 'x' padded", "no sheet"][: 1 + (day == 3)] for day in range(1, 6)}
    assert together(days) == ("5,000 values of 'x' padded (in '1.csv', '2.csv', '3.csv' and 2 more)", "3.csv: no sheet")


def test_a_long_list_is_cut_and_says_so():
    cut = together({"a.csv": [f"column {number} is empty" for number in range(MOST_REMARKS + 7)]})
    assert cut[-2:] == (f"column {MOST_REMARKS - 1} is empty", "7 more remarks of this kind")
