"""Values that only case or spaces tell apart are named.

Belongs here: which are found, and how often each stands there.
"""

import polars as pl

from modeling.core.spellings import alike


def test_spellings_of_one_word_are_named_with_their_counts():
    answers = ["Yes"] * 3 + ["yes"] * 2 + ["YES "] + ["No"] * 4 + [None]
    table = pl.DataFrame({"outcome": answers, "colour": ["red", "blue"] * 5 + ["red"], "n": range(11)})
    assert list(alike(table)) == [
        "'outcome' holds values that differ only in case or spaces, and count as different: 'Yes' (3), 'yes' (2), "
        "'YES ' (1)"
    ]


def test_names_and_sentences_are_no_levels():
    assert not list(alike(pl.DataFrame({"name": [f"{'aA'[n % 2]}{n // 2}" for n in range(4000)]})))
