"""JSON schemas of `industry.yaml` and `use_case.yaml`, for editors.

Belongs here: describing the files as people write them. The checks are pydantic's (`definition`); a schema says what
JSON schema can say of them. Does not belong here: where the schemas are kept (`pipelines.schema`).
"""

from collections.abc import Collection, Mapping
from typing import Any, get_args

from catalogue.definition import SOURCES, ContractRule, Industry, OnFailure, UseCase

DIALECT = {"$schema": "https://json-schema.org/draft/2020-12/schema"}


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
    for by_learner in ("seconds", "parameters"):
        keys[by_learner]["propertyNames"] = known
    keys["parameters"]["properties"] = dict(hyperparameters)
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
