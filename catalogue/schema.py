"""JSON schemas of `industry.yaml` and `use_case.yaml`, for editors.

Belongs here: describing the files as people write them. The checks are pydantic's (`definition`); a schema says what
JSON schema can say of them. Does not belong here: writing the schemas (`pipelines.schema`).
"""

import os
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, get_args

from catalogue.definition import SOURCES, ContractRule, Industry, OnFailure, UseCase

PUBLISHED = Path(__file__).parent / "schemas" / "use_case.schema.json"
"""The schema of a `use_case.yaml`, as it is committed and installed."""
DIALECT = {"$schema": "https://json-schema.org/draft/2020-12/schema"}


def editor_line(folder: Path) -> str:
    """The line at the top of the `use_case.yaml` in a folder by which editors find the schema: a relative path in the
    catalogue that lies beside it, the schema's address in any other."""
    beside = PUBLISHED.is_relative_to(folder.parents[2])
    place = os.path.relpath(PUBLISHED, folder) if beside else PUBLISHED.as_uri()
    return f"# yaml-language-server: $schema={place}\n"


def industry_schema() -> dict[str, Any]:
    """The schema of an `industry.yaml`."""
    return DIALECT | Industry.model_json_schema()


def use_case_schema(
    tasks: Collection[str], learners: Collection[str], hyperparameters: Mapping[str, dict[str, Any]]
) -> dict[str, Any]:
    """The schema of a `use_case.yaml` that may name these tasks and learners; `hyperparameters`: a schema a learner."""
    schema = UseCase.model_json_schema()
    keys, types = schema["properties"], schema["$defs"]
    known = {"enum": sorted(learners)}
    keys["task"] |= {"enum": sorted(tasks)}
    keys["learners"]["anyOf"][0]["items"] = known
    keys["parameters"] |= {"propertyNames": known, "properties": dict(hyperparameters)}
    types["ContractRule"] = _rule()
    types["RandomSplit"]["required"] = ["by"]
    types["Source"]["oneOf"] = [{"required": [kind]} for kind in SOURCES]
    return DIALECT | schema


def _rule() -> dict[str, Any]:
    """`{expect_x: {column: A}, on_failure: quarantine}`: the short form, which is the one that is written."""
    return {
        "type": "object",
        "description": ContractRule.__doc__,
        "properties": {"on_failure": {"enum": list(get_args(OnFailure)), "default": "block"}},
        "patternProperties": {"^expect_[a-z_]+$": {"type": ["object", "null"], "description": "its arguments"}},
        "additionalProperties": False,
        "minProperties": 1,
        "maxProperties": 2,
        "if": {"required": ["on_failure"]},
        "then": {"minProperties": 2},
        "else": {"maxProperties": 1},
    }
