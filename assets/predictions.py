"""`predictions`: what the published model answers to deliveries without a target.

Belongs here: the asset, and whether there is anything to predict. Does not belong here: predicting
(`resources.serving.predictor`), or which model serves (`published_model`).
"""

from collections.abc import Callable, Collection, Iterator

import polars as pl
from dagster import (
    AssetCheckResult,
    AssetCheckSeverity,
    AssetExecutionContext,
    AssetObservation,
    AssetsDefinition,
    DagsterInstance,
    DataVersion,
    MetadataValue,
    Output,
    ResourceParam,
    asset,
)

from assets import metadata
from assets.installation import check_installed
from assets.partitions import Partitions
from assets.published_model import NOTHING
from assets.raw_data import snapshot
from assets.stages import FINGERPRINT, PREDICTIONS, TAKEN, data_version, digest, fingerprint, latest, recorded_files
from catalogue.definition import UseCase
from catalogue.reader import Catalogue
from modeling.core.predictions import Predictions
from resources import sources
from resources.errors import UnreachableError
from resources.serving.models import Models
from resources.serving.predictor import Published
from resources.store.state import State

EVERY_ROW = "every_row_is_predicted"
NOT_MADE = "not made"
"""Metadata key of the observation that says why there are no new predictions."""


class NothingToPredict(UnreachableError):
    """No model serves, or nothing was delivered to it; the message says which."""


def build(catalogue: Catalogue, partitions: Partitions) -> AssetsDefinition:
    """The asset `predictions`."""

    @asset(
        partitions_def=partitions.use_cases,
        deps=PREDICTIONS.upstream,
        group_name=PREDICTIONS.group,
        code_version=PREDICTIONS.version,
        kinds={"polars", "parquet", "csv"},
        output_required=False,
        check_specs=[partitions.check(EVERY_ROW, PREDICTIONS.name, "no delivered row breaks a rule of the contract")],
        description="What the published model answers to rows delivered without a target, for use cases that name "
        "`predict`. Where no model serves or nothing was delivered, the reason is an observation.",
    )
    def predictions(
        context: AssetExecutionContext, home: ResourceParam[State]
    ) -> Iterator[Output[Predictions] | AssetCheckResult]:
        use_case = catalogue.use_cases[context.partition_key]
        if use_case.predict is None:
            yield _check("this use case names nothing to predict")
            return
        try:
            check_installed(use_case)
            settle(use_case)
            as_it_was = predictions_fingerprint(use_case, context.instance)
            before = recorded_files(latest(context.instance, PREDICTIONS.name, use_case.key))
            files = sources.delivered(use_case.unlabelled, before)
            delivered = _delivered(use_case, home, context.log.info, before)
        except UnreachableError as error:
            context.log.warning(f"no new predictions: {error}")
            context.log_event(
                AssetObservation(PREDICTIONS.name, partition=use_case.key, metadata={NOT_MADE: str(error)})
            )
            yield _check(str(error))
            return
        place = Models(home).serving(use_case.key)
        assert place, "there is a version that serves, or else nothing to predict"
        made = Published.load(place, use_case).predictions(delivered)
        yield Output(
            made,
            data_version=DataVersion(digest(made.version, made.delivery)),
            metadata={
                FINGERPRINT: as_it_was,
                "model version": made.version,
                "delivery": made.delivery,
                **({TAKEN: files} if files else {}),
                "rows set aside": made.set_aside["row"].n_unique(),
                **metadata.table(made.rows),
            },
        )
        yield _check_of(made)

    return predictions


def predictions_fingerprint(use_case: UseCase, instance: DagsterInstance) -> str:
    """What predictions depend on now: the model that serves, the contract, and what was delivered.

    Raises
    ------
    NothingToPredict: no model serves, or nothing was delivered. SourceError, LandingError: what was can't be read.
    """
    serving = data_version(latest(instance, "published_model", use_case.key))
    if serving == NOTHING:
        report = "`sectorforge report` names the report that says why"
        raise NothingToPredict(f"{use_case.key}: no model serves, for the one judged last was held back: {report}")
    if not serving:
        raise NothingToPredict(f"{use_case.key}: no model of it was published yet")
    try:
        taken = recorded_files(latest(instance, PREDICTIONS.name, use_case.key))
        return digest(fingerprint(PREDICTIONS, use_case, instance), sources.fingerprint(use_case.unlabelled, taken))
    except sources.NothingDelivered as error:
        raise NothingToPredict(f"{use_case.key}: {error}") from error


def settle(use_case: UseCase) -> None:
    """Wait, a second at most, until rows dropped just now to be predicted count as whole.

    Raises
    ------
    NothingToPredict: nothing was delivered. SourceError, LandingError: what was can't be read.
    """
    try:
        sources.settle(use_case.unlabelled)
    except sources.NothingDelivered as error:
        raise NothingToPredict(f"{use_case.key}: {error}") from error


def _delivered(use_case: UseCase, home: State, progress: Callable[[str], None], taken: Collection[str]) -> pl.DataFrame:
    """The delivered rows; assembled like those learned from where these are dropped files too."""
    cache = sources.Cache.from_environment(home.cache)
    if use_case.source.files:
        return snapshot(use_case.unlabelled, cache, progress, taken=taken)
    (rows,) = sources.read(use_case.unlabelled, cache, progress, taken=taken).members.values()
    return rows.collect()


def _check_of(made: Predictions) -> AssetCheckResult:
    rows = made.set_aside["row"].n_unique()
    if not rows:
        return _check(f"all {made.delivered:,} rows are predicted")
    reasons = made.set_aside.group_by("column", "rule").agg(rows=pl.col("row").n_unique()).sort("rows", descending=True)
    text = f"{rows:,} of {made.delivered:,} rows break a rule and have no prediction"
    return _check(text, passed=False, rules=metadata.records(reasons.to_dicts()))


def _check(text: str, passed: bool = True, **found: MetadataValue) -> AssetCheckResult:
    return AssetCheckResult(
        check_name=EVERY_ROW, passed=passed, severity=AssetCheckSeverity.WARN, description=text, metadata=found
    )
