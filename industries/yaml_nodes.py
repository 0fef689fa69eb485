"""Reads a YAML file and remembers where everything stood.

Belongs here: safe parsing (no tags, no aliases, no duplicate keys) and finding the line of a value. Does not belong
here: what the file means (`definition`).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

MAX_BYTES = 1_000_000


class YamlError(ValueError):
    """The file is not the plain YAML we accept. `line` and `column` count from 1."""

    def __init__(self, message: str, line: int, column: int = 1) -> None:
        super().__init__(message)
        self.line, self.column = line, column


@dataclass(frozen=True)
class Document:
    """A parsed file: its plain value and the node tree that knows the lines."""

    value: dict[str, Any]
    root: yaml.Node

    def position(self, path: Iterable[str | int]) -> tuple[int, int]:
        """Line and column (from 1) of the value at `path`, or of the nearest part of the path that exists."""
        node, mark = self.root, self.root.start_mark
        for part in path:
            found = _child(node, part)
            if found is not None:
                node, mark = found
        return mark.line + 1, mark.column + 1


def parse(path: Path) -> Document:
    """Parse `path`, whose top level must be a mapping.

    Raises
    ------
    YamlError: too large, not UTF-8, not YAML, an alias, a tag, a key twice, or no mapping.
    """
    data = path.read_bytes()
    if len(data) > MAX_BYTES:
        raise YamlError(f"the file has {len(data):,} bytes; at most {MAX_BYTES:,} are read", 1)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise YamlError(f"not UTF-8 at byte {error.start}: save the file as UTF-8", line) from None
    try:
        _refuse_aliases(text)
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        if not isinstance(root, yaml.MappingNode):
            raise YamlError("the file must hold `key: value` lines", 1)
        _refuse_duplicates(root)
        return Document(yaml.safe_load(text), root)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        raise YamlError(f"not YAML: {error.problem}", line, column) from None


def _refuse_aliases(text: str) -> None:
    for token in yaml.scan(text, Loader=yaml.SafeLoader):
        if isinstance(token, yaml.AliasToken | yaml.AnchorToken | yaml.TagToken):
            mark = token.start_mark
            raise YamlError("anchors, aliases and tags are not accepted: write the value out", mark.line + 1)


def _refuse_duplicates(node: yaml.Node) -> None:
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            if key.value in seen:
                raise YamlError(f"the key {key.value!r} stands twice", key.start_mark.line + 1)
            seen.add(key.value)
            _refuse_duplicates(value)
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            _refuse_duplicates(item)


def _child(node: yaml.Node, part: str | int) -> tuple[yaml.Node, yaml.Mark] | None:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == str(part):
                return value, key.start_mark
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        return node.value[part], node.value[part].start_mark
    return None
