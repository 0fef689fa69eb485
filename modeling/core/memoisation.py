"""What was worked out of a content and is asked for again: by other learners, with other seeds, for the report.

Belongs here: remembering within the process what a text, an image or a molecule alone decides, such as the answer of a
network that does not learn. Does not belong here: anything that depends on other rows, or on what was learned.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol, TypeVar

BYTES = 2**30
"""Kept at most; what was not asked for longest goes first."""


class Answer(Protocol):
    """An array, or what is made of arrays."""

    @property
    def nbytes(self) -> int: ...


Content = TypeVar("Content", str, bytes)
Kind = TypeVar("Kind", bound=Answer)


class _Memory:
    def __init__(self) -> None:
        self._kept: OrderedDict[bytes, Any] = OrderedDict()
        self._bytes = 0

    def __contains__(self, key: bytes) -> bool:
        return key in self._kept

    def recall(self, key: bytes) -> Any:
        self._kept.move_to_end(key)
        return self._kept[key]

    def keep(self, key: bytes, answer: Answer) -> None:
        self._kept[key] = answer
        self._bytes += answer.nbytes
        while self._bytes > BYTES:
            self._bytes -= self._kept.popitem(last=False)[1].nbytes


_memory = _Memory()


def each(question: str, contents: Sequence[Content], work_out: Callable[[list[Content]], Iterable[Kind]]) -> list[Kind]:
    """The answer to every content ``[n]``; `work_out` is called with the distinct ones whose answer is not known.

    question: what is asked of a content and of whom; two that are equal have equal answers.
    """
    keys = [_key(question, content) for content in contents]
    unknown = {key: content for key, content in zip(keys, contents, strict=True) if key not in _memory}
    answers = {key: _memory.recall(key) for key in keys if key not in unknown}
    if unknown:
        answers |= dict(zip(unknown, work_out(list(unknown.values())), strict=True))
    for key in unknown:
        _memory.keep(key, answers[key])
    return [answers[key] for key in keys]


@contextmanager
def afresh() -> Iterator[None]:
    """Inside, nothing is remembered from before: what is timed there takes as long as it does with new contents."""
    global _memory
    before, _memory = _memory, _Memory()
    try:
        yield
    finally:
        _memory = before


def _key(question: str, content: str | bytes) -> bytes:
    raw = content if isinstance(content, bytes) else content.encode()
    return hashlib.sha256(question.encode() + b"\0" + raw).digest()
