"""Places are asked side by side: one that hangs is left out, asked once, and its answer counts when it comes."""

import threading
import time
from collections.abc import Callable, Iterator

import pytest

from pipelines.polls import Polls

SECONDS = 1.0


@pytest.fixture
def released() -> Iterator[threading.Event]:
    """What those that hang wait for."""
    yield (event := threading.Event())
    event.set()


def hanging(released: threading.Event, asked: list[str]) -> Callable[[], str]:
    def ask() -> str:
        asked.append("asked")
        released.wait()
        return "late"

    return ask


def answered(polls: Polls[str], question: Callable[[], str]) -> str:
    """What a place answers at last."""
    while not (answers := polls.answers({"place": question})):
        time.sleep(0.01)
    return answers["place"]


def test_all_that_hang_are_waited_for_at_once_and_the_others_answer(released: threading.Event):
    questions: dict[str, Callable[[], str]] = {f"hangs {n}": hanging(released, []) for n in range(50)}
    began = time.monotonic()
    assert Polls[str](SECONDS).answers({**questions, "works": lambda: "now"}) == {"works": "now"}
    assert time.monotonic() - began < 50 * SECONDS / 2


def test_one_that_hangs_is_asked_once_and_its_answer_counts_when_it_comes(released: threading.Event):
    asked: list[str] = []
    polls, question = Polls[str](SECONDS), hanging(released, asked)
    assert [polls.answers({"place": question}) for _ in range(3)] == [{}] * 3
    released.set()
    assert answered(polls, question) == "late"
    assert len(asked) == 1
    assert polls.answers({"place": lambda: "new"}) == {"place": "new"}


def test_who_asks_meanwhile_gets_the_same_answer(released: threading.Event):
    asked: list[str] = []
    polls, question = Polls[str](60.0), hanging(released, asked)
    first = threading.Thread(target=lambda: polls.answers({"place": question}))
    first.start()
    while not asked:
        time.sleep(0.01)
    threading.Timer(1.0, released.set).start()
    assert polls.answers({"place": lambda: "asked twice"}) == {"place": "late"}
    first.join()


def test_what_a_question_raises_is_raised_and_the_place_is_asked_again():
    polls = Polls[str](60.0)
    with pytest.raises(OSError, match="gone"):
        polls.answers({"place": lambda: _raise(OSError("gone"))})
    assert polls.answers({"place": lambda: "back"}) == {"place": "back"}


def _raise(error: Exception) -> str:
    raise error
