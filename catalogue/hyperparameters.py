"""What learners accept under `parameters`, read from the published schema.

Belongs here: pydantic models made from that schema, so that a misspelt or impossible hyperparameter is an error at load
and no learner, with the libraries it brings, is imported for it. Does not belong here: what a hyperparameter means, or
what only a fit can refuse (the learner), or writing the schema (`pipelines.schema`).
"""

import json
from functools import cache
from types import NoneType
from typing import Annotated, Any, Literal, Union

from pydantic import BaseModel, Field, create_model

from catalogue.definition.strict import Strict
from catalogue.schema import PUBLISHED

_PLAIN = {"string": str, "integer": int, "number": float, "boolean": bool, "null": NoneType, "object": dict[str, Any]}
_BOUNDS = {
    "minimum": "ge",
    "exclusiveMinimum": "gt",
    "maximum": "le",
    "exclusiveMaximum": "lt",
    "multipleOf": "multiple_of",
}
"""Keyword of JSON schema -> argument of pydantic's `Field`."""


@cache
def hyperparameters(learner: str) -> type[BaseModel] | None:
    """The model of a learner's hyperparameters; None where the schema does not describe them."""
    described = _described().get(learner)
    return model(learner, described) if described else None


def model(name: str, schema: dict[str, Any]) -> type[BaseModel]:
    """A model that accepts what the JSON schema of a flat model accepts."""
    fields: dict[str, Any] = {
        key: (_type(described), ... if key in schema.get("required", []) else None)
        for key, described in schema["properties"].items()
    }
    return create_model(name, __base__=Strict, **fields)


@cache
def _described() -> dict[str, dict[str, Any]]:
    """Learner -> the JSON schema of its hyperparameters."""
    published = json.loads(PUBLISHED.read_text(encoding="utf-8"))
    return published["properties"]["parameters"].get("properties", {})


def _type(schema: dict[str, Any]) -> Any:
    """The Python type, with its bounds, that a JSON schema describes."""
    if "anyOf" in schema:
        return Union[tuple(_type(variant) for variant in schema["anyOf"])]  # noqa: UP007
    if "enum" in schema:
        return Literal[tuple(schema["enum"])]
    plain = list[_type(schema["items"])] if schema["type"] == "array" else _PLAIN[schema["type"]]
    bounds = {argument: schema[keyword] for keyword, argument in _BOUNDS.items() if keyword in schema}
    return Annotated[plain, Field(**bounds)] if bounds else plain
