"""The stages of the lineage, and when the result of one is out of date.

Belongs here: names, groups, order, and the fingerprint by which a stage knows that nothing it depends on has changed.
Does not belong here: the assets (a file each), or deciding what to run (`pipelines.freshness`).
"""

import hashlib
import json
from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

from dagster import AssetKey, AssetMaterialization, AssetRecordsFilter, DagsterInstance
from pydantic import BaseModel

from catalogue import feature_code
from catalogue.definition import UseCase
from catalogue.reader import Catalogue
from resources import sources

Group = Literal["data", "models", "evaluation", "serving", "reports"]
DATA_VERSION = "dagster/data_version"
"""The tag under which Dagster keeps the data version of a materialisation."""
FINGERPRINT = "fingerprint"
"""Metadata key under which every materialisation records its stage's fingerprint."""
LOOK = "look"
"""Metadata key under which `raw_data` records what a look at its source would find, where that is not its fingerprint.
"""
TAKEN = "taken"
"""Metadata key: the dropped files that raw data or predictions were made of, where a definition says when one is whole.
"""
OWNERS = "owners"
"""Metadata key: the owners of the partition's industry. An asset spans all industries, so Dagster's owners of an asset
can't say whose a partition is."""


@dataclass(frozen=True)
class Stage:
    """A stage of one use case.

    Attributes
    ----------
    version: raised by hand when the stage's code gives other results.
    upstream: the stages it reads.
    definition: the parts of `use_case.yaml` it depends on beyond its inputs.
    """

    name: str
    group: Group
    version: str
    upstream: tuple[str, ...]
    definition: tuple[str, ...]


_TABLE = ("target", "positive", "task", "settings", "columns", "split")
_LEARNING = ("task", "settings", "learners", "time_limit", "parameters")
STAGES = {
    stage.name: stage
    for stage in (
        Stage("raw_data", "data", "2", (), ()),
        Stage("validated_data", "data", "4", ("raw_data",), (*_TABLE, "contract", "drift")),
        Stage("features", "data", "4", ("validated_data",), (*_TABLE, "classes")),
        Stage("baseline_model", "models", "3", ("features",), _LEARNING),
        Stage("lightgbm_model", "models", "3", ("features",), _LEARNING),
        Stage("torch_model", "models", "3", ("features",), _LEARNING),
        Stage(
            "evaluation",
            "evaluation",
            "5",
            ("features", "baseline_model", "lightgbm_model", "torch_model"),
            (
                "title",
                "question",
                "source",
                "classes",
                "settings",
                "columns",
                "contract",
                "metric",
                "costs",
                "gates",
                "limits",
                "seen_of_test",
            ),
        ),
        Stage("published_model", "serving", "1", ("evaluation",), ()),
        Stage("evaluation_report", "reports", "5", ("evaluation",), ("data_dictionary",)),
    )
}
PREDICTIONS = Stage(
    "predictions", "serving", "2", ("published_model",), ("target", "classes", "columns", "settings", "contract")
)
"""The stage of those use cases only that name `predict`."""
WITH_FEATURE_CODE = ("features", "evaluation", PREDICTIONS.name)
"""The stages that run the use case's own `features`, or make a model that refuses to predict with any other."""
QUARANTINE, DRIFT = "quarantine", "drift"
BESIDE_VALIDATED_DATA = (QUARANTINE, DRIFT)
"""What the same step makes: the rows a rule set aside, and how far new rows differ from those the model learned."""
INDUSTRY_REPORT = "industry_report"
MARKET_ENTRY_REPORT = "market_entry_report"
STATUS_REPORT = "status_report"


def digest(*parts: object) -> str:
    """A digest of JSON-like values: 64 hex digits."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()


def latest(instance: DagsterInstance, asset: str, partition: str | None) -> AssetMaterialization | None:
    """The latest materialisation of an asset's partition, if there is one."""
    records = AssetRecordsFilter(AssetKey(asset), asset_partitions=[partition] if partition else None)
    found = instance.fetch_materializations(records, limit=1).records
    return found[0].asset_materialization if found else None


def data_version(materialization: AssetMaterialization | None) -> str:
    """The data version of a materialisation; empty where there is none.

    Assets that name no `DataVersion` have no `code_version` either: with one, Dagster would take the version from the
    code and the inputs, and what was made again under another definition would pass for the same.
    """
    return (materialization.tags or {}).get(DATA_VERSION, "") if materialization else ""


def recorded_fingerprint(materialization: AssetMaterialization | None) -> str:
    """The fingerprint a materialisation recorded; empty where there is none."""
    value = materialization.metadata.get(FINGERPRINT) if materialization else None
    return str(value.value) if value else ""


def fingerprint(stage: Stage, use_case: UseCase, instance: DagsterInstance) -> str:
    """What a stage's result depends on now: its code, its part of the definition, the data versions of its inputs.

    For `raw_data`, what the source would deliver, and what its `assemble` is audited by.

    Raises
    ------
    SourceError: the source's files can't be read.
    """
    if not stage.upstream:
        taken = recorded_files(latest(instance, stage.name, use_case.key))
        return _of_source(stage, use_case, partial(sources.fingerprint, taken=taken))
    inputs = {name: data_version(latest(instance, name, use_case.key)) for name in stage.upstream}
    code = feature_code.load(use_case.folder).digest if stage.name in WITH_FEATURE_CODE else ""
    return digest(stage.version, as_written(use_case, stage.definition), inputs, code)


def recorded_files(materialization: AssetMaterialization | None) -> frozenset[str]:
    """The names of the dropped files that a materialisation was made of, as far as it recorded them."""
    value: Any = materialization.metadata.get(TAKEN) if materialization else None
    return frozenset(value.value) if value else frozenset()


def look(use_case: UseCase, instance: DagsterInstance, *, patient: bool = False) -> str:
    """As the fingerprint of `raw_data`, for who asks twice a minute: see `sources.look`. Raises as `fingerprint`."""
    taken = recorded_files(latest(instance, "raw_data", use_case.key))
    return _of_source(STAGES["raw_data"], use_case, partial(sources.look, taken=taken, patient=patient))


def recorded_look(materialization: AssetMaterialization | None) -> str:
    """The `look` that a materialisation of `raw_data` recorded; its fingerprint where both are the same."""
    value = materialization.metadata.get(LOOK) if materialization else None
    return str(value.value) if value else recorded_fingerprint(materialization)


def _of_source(stage: Stage, use_case: UseCase, of: Callable[[UseCase], str]) -> str:
    code = feature_code.load(use_case.folder)
    audited = [use_case.model_dump(mode="json", include={"target", "columns"})] if code.assemble else []
    return digest(stage.version, of(use_case), code.digest, *audited)


def as_written(definition: BaseModel, parts: Collection[str] | None = None) -> dict[str, Any]:
    """What a definition says, or some `parts` of it, without what it leaves to defaults: a key that is new to the code
    changes no fingerprint. Who changes a default raises the stage that reads it."""
    return definition.model_dump(mode="json", include=None if parts is None else set(parts), exclude_unset=True)


def industry_fingerprint(catalogue: Catalogue, industry: str, instance: DagsterInstance) -> str:
    """What an industry's report depends on now: its words, the evaluations of its use cases, which are retired."""
    members = catalogue.members(industry)
    evaluations = _versions("evaluation_report", members, instance)
    retired = {key: why for key, why in catalogue.retired.items() if key in members}
    return digest(as_written(catalogue.industries[industry]), evaluations, retired)


def market_fingerprint(catalogue: Catalogue, instance: DagsterInstance) -> str:
    """What the market entry report depends on now: the industry reports, and which use cases are retired."""
    return digest(_versions(INDUSTRY_REPORT, list(catalogue.industries), instance), catalogue.retired)


def _versions(asset: str, partitions: list[str], instance: DagsterInstance) -> dict[str, str]:
    return {key: data_version(latest(instance, asset, key)) for key in partitions}
