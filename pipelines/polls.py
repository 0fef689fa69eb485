"""Asks places side by side, so that one that hangs keeps no other waiting.

Belongs here: that each place is asked once at a time, in a thread of its own, and waited for only so long. Does not
belong here: what is asked, or what follows from the answer (`sensors.new_deliveries`).
"""

import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, wait
from dataclasses import dataclass
from typing import Generic, TypeVar

Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Poll(Generic[Answer]):
    """A question that was asked: the answer that comes, and until when (`time.monotonic`) it is waited for."""

    answer: Future[Answer]
    until: float


class Polls(Generic[Answer]):
    """The questions asked of places, by the place's name; each place has so many `seconds` for an answer.

    A place that has not answered by then is not asked again before it does, so one that hangs holds one thread, which
    keeps no process from ending. What it answers at last is the answer to the next question.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._polls: dict[str, Poll[Answer]] = {}
        self._lock = threading.Lock()

    def answers(self, questions: Mapping[str, Callable[[], Answer]]) -> dict[str, Answer]:
        """The answers of those places that answered in time. Raises whatever a question raises."""
        with self._lock:
            until = time.monotonic() + self._seconds
            for name, question in questions.items():
                if name not in self._polls:
                    self._polls[name] = Poll(_asked(question), until)
            polls = {name: self._polls[name] for name in questions}
        answered = {name: poll for name, poll in polls.items() if _is_answered(poll)}
        with self._lock:
            self._polls = {name: poll for name, poll in self._polls.items() if poll is not answered.get(name)}
        return {name: poll.answer.result() for name, poll in answered.items()}


def _asked(question: Callable[[], Answer]) -> Future[Answer]:
    answer: Future[Answer] = Future()

    def ask() -> None:
        try:
            answer.set_result(question())
        except BaseException as error:  # noqa: BLE001  it is raised where the answer is read
            answer.set_exception(error)

    threading.Thread(target=ask, daemon=True).start()
    return answer


def _is_answered(poll: Poll[Answer]) -> bool:
    """Whether there is an answer, for which it waits as long as the poll may take."""
    return bool(wait([poll.answer], max(0.0, poll.until - time.monotonic())).done)
