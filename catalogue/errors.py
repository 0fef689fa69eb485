"""What is wrong in the catalogue, in the words of the file.

Belongs here: an error, and turning pydantic's errors into ones a data engineer can act on without knowing pydantic.
Does not belong here: finding the files (`reader`), or what is checked in them (`checks`).
"""

import difflib
import re
from collections.abc import Collection
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from catalogue.visible import visible
from catalogue.yaml import Place, YamlDocument

_EXPECTED = {
    "string": "text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "list": "a list, like [a, b]",
    "dict": "`key: value` lines",
    "model": "`key: value` lines",
    "finite": "a finite number",
    "date": "a date, like 2024-12-31",
    "datetime": "a date and time, like 2024-12-31 23:59:00",
}
"""What to write, by the first word of the type of a pydantic error that ends in one of `_KINDS`."""
_KINDS = ("type", "parsing", "inexact", "float", "number")


@dataclass(frozen=True)
class DefinitionError:
    """Something wrong in the catalogue: where, and what to write instead."""

    path: Path
    message: str
    line: int = 1
    column: int = 1

    def __str__(self) -> str:
        return visible(f"{self.path}:{self.line}:{self.column}: {self.message}")


def suggestion(word: str, known: Collection[str]) -> str:
    """What to write instead of an unknown `word`."""
    if not known:
        return "none is known here"
    near = difflib.get_close_matches(word, known, n=1)
    return f"did you mean {near[0]!r}?" if near else f"known: {', '.join(sorted(known))}"


def definition_errors(
    path: Path, document: YamlDocument, model: type[BaseModel], error: ValidationError, under: Place = ()
) -> list[DefinitionError]:
    """An error for every place in the file where pydantic found something wrong, in the order of the file. The model
    describes what stands `under` a place in it; by default the whole."""
    places: dict[Place, list[ErrorDetails]] = {}
    for details in error.errors():
        places.setdefault(_place(document, details, under), []).append(details)
    found = [
        DefinitionError(path, f"{'.'.join(map(str, place))}: {_message(model, errors)}", *document.position(place))
        for place, errors in places.items()
    ]
    return sorted(found, key=lambda one: (one.line, one.column))


def _place(document: YamlDocument, details: ErrorDetails, under: Place) -> Place:
    """The path in the file: pydantic's, without the names of the variants it tried."""
    place = document.existing((*under, *details["loc"]))
    if details["type"] == "missing":
        return (*place, details["loc"][-1])
    if details["type"] in ("union_tag_invalid", "union_tag_not_found"):
        return (*place, details.get("ctx", {})["discriminator"].strip("'"))
    return place


def _message(model: type[BaseModel], errors: list[ErrorDetails]) -> str:
    """One sentence for the errors of one place: several where each variant of a union refused the value."""
    first = errors[0]
    context = first.get("ctx", {})
    match first["type"]:
        case "extra_forbidden":
            word, removed = str(first["loc"][-1]), getattr(model, "removed", {})
            if len(first["loc"]) == 1 and word in removed:
                return removed[word]
            return f"unknown key; {suggestion(word, _keys_at(model, first['loc'][:-1]))}"
        case "missing" | "union_tag_not_found":
            return "is missing: add it"
        case "union_tag_invalid":
            return f"must be one of {context['expected_tags']}; found {context['tag']!r}"
        case "value_error":
            return first["msg"].removeprefix("Value error, ")
    expected = " or ".join(dict.fromkeys(map(_expected, errors)))
    return f"must be {expected}; found {_short(first['input'])}{_hint(errors, first['input'])}"


def _expected(details: ErrorDetails) -> str:
    """What stands after "must be"."""
    subject, _, kind = details["type"].rpartition("_")
    subject = subject.partition("_")[0]
    if kind in _KINDS and subject in _EXPECTED:
        return _EXPECTED[subject]
    if details["type"] == "string_pattern_mismatch":
        return f"text that matches {details.get('ctx', {})['pattern']}"
    return details["msg"].removeprefix("Input should be ")


def _hint(errors: list[ErrorDetails], value: Any) -> str:
    if errors[0]["type"] == "string_type" and not isinstance(value, dict | list):
        return ": put it in quotes"
    return ""


def _short(value: Any) -> str:
    """What was found, without the user and the password of an address in it."""
    text = "nothing" if value is None else repr(value) if isinstance(value, str | list | dict) else str(value)
    text = re.sub(r"://.*@", "://…@", text)
    return text if len(text) <= 80 else text[:77] + "…"


@cache
def _schema(model: type[BaseModel]) -> dict[str, Any]:
    return model.model_json_schema()


def _keys_at(model: type[BaseModel], location: Place) -> list[str]:
    """The keys that may stand at a pydantic `location`; those of every variant where it names none."""
    schema = _schema(model)
    nodes = [schema]
    for part in location:
        nodes = [inner for node in nodes for inner in _inner(node, part, schema.get("$defs", {}))]
    return sorted({key for node in nodes for key in node.get("properties", {})})


def _inner(node: dict[str, Any], part: str | int, definitions: dict[str, Any]) -> list[dict[str, Any]]:
    """The nodes of a JSON schema below `node`, one for each variant that `part` may be."""
    tagged = node.get("discriminator", {}).get("mapping", {}).get(part)
    child = {"$ref": tagged} if tagged else node.get("properties", {}).get(part)
    child = child or (node.get("items") if isinstance(part, int) else node.get("additionalProperties"))
    if not isinstance(child, dict):
        return []
    if "discriminator" in child:
        return [child]
    variants = [child, *child.get("anyOf", [])]
    return [definitions[v["$ref"].rpartition("/")[2]] if "$ref" in v else v for v in variants]
