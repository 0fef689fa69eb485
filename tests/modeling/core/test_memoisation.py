"""What was computed of a content once is not computed again, and does not fill the machine."""

from collections.abc import Iterator

import numpy as np
import pytest

from modeling.core import memoisation


@pytest.fixture(autouse=True)
def empty() -> Iterator[None]:
    with memoisation.afresh():
        yield


class Reader:
    """Notes every request."""

    def __init__(self) -> None:
        self.read: list[list[str]] = []

    def __call__(self, contents: list[str]) -> list[np.ndarray]:
        self.read.append(contents)
        return [np.full(4, len(content), dtype=np.uint8) for content in contents]


def lengths(question: str, contents: list[str], reader: Reader) -> list[int]:
    return [int(answer[0]) for answer in memoisation.each(question, contents, reader)]


def test_only_what_is_new_is_computed_each_content_once_and_every_row_gets_its_answer():
    reader = Reader()
    assert lengths("how long", ["a", "bb", "a"], reader) == [1, 2, 1]
    assert lengths("how long", ["ccc", "bb", "ccc", "a"], reader) == [3, 2, 3, 1]
    assert lengths("how long", ["bb"], reader) == [2]
    assert lengths("how long", [], reader) == []
    assert reader.read == [["a", "bb"], ["ccc"]]


def test_questions_do_not_share_answers():
    one, other = Reader(), Reader()
    lengths("one", ["a"], one)
    lengths("other", ["a"], other)
    assert one.read == other.read == [["a"]]


def test_the_least_recently_used_goes_first_and_all_of_a_large_request_is_answered(monkeypatch):
    monkeypatch.setattr(memoisation, "BYTES", 8)
    reader = Reader()
    with memoisation.afresh():
        assert lengths("how long", ["a", "bb", "ccc"], reader) == [1, 2, 3]
        assert lengths("how long", ["bb", "ccc"], reader) == [2, 3]
        assert lengths("how long", ["a", "ccc"], reader) == [1, 3]
        assert lengths("how long", ["bb"], reader) == [2]
    assert reader.read == [["a", "bb", "ccc"], ["a"], ["bb"]]


def test_an_answer_larger_than_the_cache_is_given_and_not_kept(monkeypatch):
    monkeypatch.setattr(memoisation, "BYTES", 3)
    reader = Reader()
    with memoisation.afresh():
        assert lengths("how long", ["a", "bb"], reader) == [1, 2]
        assert lengths("how long", ["a"], reader) == [1]
    assert reader.read == [["a", "bb"], ["a"]]


def test_afresh_nothing_is_known_and_what_was_known_is_known_again_afterwards():
    reader = Reader()
    lengths("how long", ["a"], reader)
    with memoisation.afresh():
        assert lengths("how long", ["a", "bb"], reader) == [1, 2]
    lengths("how long", ["a", "bb"], reader)
    assert reader.read == [["a"], ["a", "bb"], ["bb"]]
