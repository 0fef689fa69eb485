"""A sentence in the documents that promises something names the test that holds it, and that test is there."""

import re
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[1]
NAMED = re.compile(r"`(?:…|(tests/[\w/]+\.py))?(?:::(\w+))?`")
"""A file of tests, one of its tests, or with `…` or nothing before it one of the file that was named last."""
DOCUMENTS = ["SECURITY.md", "docs/operations.md", "docs/security.md", "docs/serving.md"]


def named_tests(text: str) -> list[tuple[str, str]]:
    found, last = [], ""
    for file, test in NAMED.findall(text):
        last = file or last
        found += [(last, test)] if file or test else []
    return found


@pytest.mark.parametrize("document", DOCUMENTS)
def test_the_tests_that_it_names_are_there(document: str):
    named = named_tests((PROJECT / document).read_text(encoding="utf-8"))
    missing = [
        f"{file}::{test}"
        for file, test in named
        if not (PROJECT / file).is_file() or (test and f"def {test}(" not in (PROJECT / file).read_text("utf-8"))
    ]
    assert named
    assert missing == []
