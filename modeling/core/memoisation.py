"""What a content alone decides, computed once in a process: by other learners, with other seeds, for the report.

Belongs here: memoised answers about a text, an image or a molecule, such as those of a network that does not learn.
Does not belong here: anything that depends on other rows, or on what was learned.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol, TypeVar

from cachetools import LRUCache

BYTES = 2**30
"""Memoised at most; the least recently used goes first."""


class Answer(Protocol):
    """An array, or what is made of arrays."""

    @property
    def nbytes(self) -> int: ...


Content = TypeVar("Content", str, bytes)
Kind = TypeVar("Kind", bound=Answer)


def _empty() -> LRUCache[bytes, Any]:
    return LRUCache(BYTES, getsizeof=lambda answer: answer.nbytes)


_cache = _empty()


def each(question: str, contents: Sequence[Content], compute: Callable[[list[Content]], Iterable[Kind]]) -> list[Kind]:
    """The answer to every content ``[n]``; `compute` is called with the distinct ones whose answer is not memoised.

    question: names what is computed, and by whom; where two are equal, so are their answers.
    """
    keys = [_key(question, content) for content in contents]
    new = {key: content for key, content in zip(keys, contents, strict=True) if key not in _cache}
    answers = {key: _cache[key] for key in keys if key not in new}
    if new:
        computed = dict(zip(new, compute(list(new.values())), strict=True))
        _cache.update({key: answer for key, answer in computed.items() if answer.nbytes <= _cache.maxsize})
        answers |= computed
    return [answers[key] for key in keys]


@contextmanager
def afresh() -> Iterator[None]:
    """Inside, nothing is memoised from before: what is timed there takes as long as it does with new contents."""
    global _cache
    before, _cache = _cache, _empty()
    try:
        yield
    finally:
        _cache = before


def _key(question: str, content: str | bytes) -> bytes:
    raw = content if isinstance(content, bytes) else content.encode()
    return hashlib.sha256(question.encode() + b"\0" + raw).digest()
