"""A proposed definition as YAML, with the evidence in comments.

Belongs here: the layout of the file. Does not belong here: what it says (`proposal`).
"""

from collections.abc import Iterator, Mapping
from typing import Any

import yaml

Place = tuple[str | int, ...]
"""Keys and list positions from the top of a definition to a value."""
WIDTH = 120


def written(definition: Mapping[str, Any], evidence: Mapping[Place, str], doubts: list[str]) -> str:
    """The text of a `use_case.yaml`: first the doubts, then every key, each with its evidence beside or above it.

    What has evidence inside is written a line a part, everything else on one line.
    """
    head = ["# Proposed from the data. To be confirmed by somebody who knows it:"]
    head += [f"# - {_one_line(doubt)}" for doubt in doubts]
    taken_apart = {place[:depth] for place in evidence for depth in range(1, len(place))}
    return "\n".join([*head, *_lines(definition, (), evidence, taken_apart)]) + "\n"


def _lines(value: Any, place: Place, evidence: Mapping[Place, str], taken_apart: set[Place]) -> Iterator[str]:
    indent = "  " * len(place)
    parts = value.items() if isinstance(value, Mapping) else enumerate(value)
    for key, part in parts:
        here = (*place, key)
        label = f"{indent}{_key(key)}:" if isinstance(value, Mapping) else f"{indent}-"
        if here in taken_apart:
            yield from _commented(label, evidence.get(here), indent)
            yield from _lines(part, here, evidence, taken_apart)
        else:
            yield from _commented(f"{label} {_flow(part)}", evidence.get(here), indent)


def _commented(line: str, comment: str | None, indent: str) -> Iterator[str]:
    if not comment:
        yield line
        return
    beside = f"{line} # {_one_line(comment)}"
    yield from [beside] if len(beside) <= WIDTH else [f"{indent}# {_one_line(comment)}", line]


def _one_line(text: str) -> str:
    """A name from the data must not end the comment it stands in."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())


def _flow(value: Any) -> str:
    dumped = yaml.safe_dump(value, default_flow_style=True, allow_unicode=True, sort_keys=False, width=float("inf"))
    return dumped.removesuffix("...\n").strip()


def _key(name: Any) -> str:
    """As `_flow`; on one line whatever is in it, as keys must be."""
    plain = _flow(name)
    return (
        plain
        if "\n" not in plain
        else yaml.safe_dump(name, default_style='"', allow_unicode=True, width=float("inf")).strip()
    )
