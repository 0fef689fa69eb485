"""Reads a YAML file and records where everything stood.

Belongs here: safe parsing (no tags, no aliases, no duplicate keys) and finding the line of a value. Does not belong
here: what the file means (`definition`).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

MAX_BYTES = 1_000_000
MAX_DEPTH = 50
LONGEST_NUMBER = 100
"""Characters of a scalar that is no text: of longer ones, YAML 1.1 knows kinds that take minutes to work out."""
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""libyaml where PyYAML was built with it: the same events, several times faster."""
_TEXT = "tag:yaml.org,2002:str"
_RESOLVER, _CONSTRUCTOR = yaml.resolver.Resolver(), yaml.constructor.SafeConstructor()

Place = tuple[str | int, ...]
"""Keys and list indices from the top of a file to a value."""


class YamlError(ValueError):
    """The file is not the plain YAML we accept. `line` and `column` count from 1."""

    def __init__(self, message: str, line: int = 1, column: int = 1) -> None:
        super().__init__(message)
        self.line, self.column = line, column

    @classmethod
    def at(cls, mark: yaml.Mark | None, message: str) -> "YamlError":
        """An error at a place of the file, where that is known."""
        return cls(message, *_position(mark)) if mark else cls(message)


@dataclass(frozen=True)
class YamlDocument:
    """A parsed file: its plain value, and the line and column of every key and every item of a list."""

    value: dict[str, Any]
    positions: dict[Place, tuple[int, int]]

    def existing(self, path: Iterable[str | int]) -> Place:
        """The parts of `path` that are in the file; the others are passed over."""
        place: Place = ()
        for part in path:
            if (*place, part) in self.positions:
                place = (*place, part)
        return place

    def position(self, path: Iterable[str | int]) -> tuple[int, int]:
        """Line and column (from 1) of what stands at `path`, or of the nearest part of the path that exists."""
        return self.positions[self.existing(path)]


def parse(path: Path) -> YamlDocument:
    """Parse `path`, whose top level must be a mapping.

    Raises
    ------
    OSError: the file can't be read. YamlError: too large or nested too deep, not UTF-8, not YAML, an alias, a tag, a
    key twice or that is neither text nor a whole number, an impossible date, or no mapping.
    """
    text = _text(path)
    try:
        return _Reader(iter(LOADER(text).get_event, None)).document()
    except yaml.MarkedYAMLError as error:
        raise YamlError.at(error.problem_mark or error.context_mark, f"not YAML: {error.problem}") from None
    except yaml.reader.ReaderError as error:
        line = text.encode()[: error.position].count(b"\n") + 1
        raise YamlError(f"not YAML: {error.reason}", line) from None


def _text(path: Path) -> str:
    with path.open("rb") as file:
        data = file.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise YamlError(f"the file has more than {MAX_BYTES:,} bytes, the most that is read: is it the right file?")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        column = error.start - data.rfind(b"\n", 0, error.start)
        raise YamlError(f"not UTF-8 at byte {error.start}: save the file as UTF-8", line, column) from None


def _position(mark: yaml.Mark) -> tuple[int, int]:
    return mark.line + 1, mark.column + 1


@dataclass
class _Reader:
    """Builds a document from libyaml's events in one pass, so that nothing costly is built before it is refused."""

    events: Iterator[Any]
    positions: dict[Place, tuple[int, int]] = field(default_factory=dict)

    def document(self) -> YamlDocument:
        value = None
        for event in self.events:
            if isinstance(event, yaml.DocumentStartEvent):
                if self.positions:
                    raise YamlError.at(event.start_mark, "a second document begins: keep one")
                value = self._value(next(self.events), ())
        if not isinstance(value, dict):
            raise YamlError("the file must hold `key: value` lines")
        return YamlDocument(value, self.positions)

    def _value(self, event: Any, place: Place) -> Any:
        self.positions.setdefault(place, _position(event.start_mark))
        if isinstance(event, yaml.AliasEvent) or event.anchor or event.tag:
            raise YamlError.at(event.start_mark, "anchors, aliases and tags are not accepted: write the value out")
        if isinstance(event, yaml.ScalarEvent):
            return _scalar(event)
        if len(place) > MAX_DEPTH:
            raise YamlError.at(event.start_mark, f"nested more than {MAX_DEPTH} deep")
        return self._mapping(place) if isinstance(event, yaml.MappingStartEvent) else self._sequence(place)

    def _sequence(self, place: Place) -> list[Any]:
        items: list[Any] = []
        while not isinstance(event := next(self.events), yaml.SequenceEndEvent):
            items.append(self._value(event, (*place, len(items))))
        return items

    def _mapping(self, place: Place) -> dict[str, Any]:
        mapping: dict[str, Any] = {}
        while not isinstance(event := next(self.events), yaml.MappingEndEvent):
            key = _key(event)
            if key in mapping:
                raise YamlError.at(event.start_mark, f"the key {key!r} stands twice: keep one")
            self.positions[(*place, key)] = _position(event.start_mark)
            mapping[key] = self._value(next(self.events), (*place, key))
        return mapping


def _key(event: Any) -> str:
    """The text of a key; that of a whole number such as `0` is how it is written."""
    value = _scalar(event) if isinstance(event, yaml.ScalarEvent) else None
    if not isinstance(value, str) and not (type(value) is int and str(value) == event.value):
        found = f"{event.value!r} is not" if isinstance(event, yaml.ScalarEvent) else "this is not"
        raise YamlError.at(event.start_mark, f"a key must be text, and to YAML {found}: put it in quotes")
    return event.value


def _scalar(event: yaml.ScalarEvent) -> Any:
    """Text, number, truth value, date or None, as YAML 1.1 reads it."""
    if len(event.value) > LONGEST_NUMBER:
        if _tag(event.value, event.implicit) == _TEXT:
            return event.value
        message = f"a number of {len(event.value):,} characters: put it in quotes if it is text"
        raise YamlError.at(event.start_mark, message)
    try:
        return _plain(event.value, event.implicit)
    except ValueError as error:
        raise YamlError.at(event.start_mark, f"{event.value!r}: {error}; put it in quotes if it is text") from None


@lru_cache(maxsize=10_000)
def _plain(value: str, implicit: tuple[bool, bool]) -> Any:
    """What a short scalar stands for. The same keys and words come in every file."""
    tag = _tag(value, implicit)
    return value if tag == _TEXT else _CONSTRUCTOR.construct_object(yaml.ScalarNode(tag, value))


def _tag(value: str, implicit: tuple[bool, bool]) -> str:
    return _RESOLVER.resolve(yaml.ScalarNode, value, implicit)
