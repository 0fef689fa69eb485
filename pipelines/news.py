"""What runs that went well bring that people do not know yet.

Belongs here: what is news of a run, held against the runs before it, and the notices that say so. Does not belong
here: which runs are looked at, and when (`sensors.results`), runs that failed (`sensors.failed_runs`), or how a notice
reaches people (`resources.notification`).

A verdict is news when it differs from the one before, or when other gates hold the champion back. A check is news when
it fails and did not fail before. Rows that row rules set aside are none: how many may be is for the definition to say
(`max_quarantine_share`), and beyond it the delivery is refused.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from dagster import (
    AssetCheckEvaluation,
    AssetCheckSeverity,
    AssetKey,
    AssetRecordsFilter,
    DagsterEventType,
    DagsterInstance,
    DagsterRun,
    DagsterRunStatus,
    EventLogRecord,
    RunsFilter,
    TableMetadataValue,
)
from dagster._core.event_api import PartitionKeyFilter
from dagster._core.storage.asset_check_execution_record import COMPLETED_ASSET_CHECK_EXECUTION_RECORD_STATUSES

from assets import evaluation, features, published_model, raw_data, validated_data
from catalogue.reader import Catalogue
from modeling.core.record import Evaluation
from modeling.reports.wording import metric_title, number
from pipelines.current_artefacts import current_evaluations
from pipelines.notices import asked_of, links
from pipelines.run_events import subject
from resources.notification.notice import Notice, Severity
from resources.store.io_manager import PARTITION

MOST_RECORDS, MOST_RUNS = 100, 20
"""Records of one asset or check that are gone through for those of a run and the one before it, and runs of a use case
that was made for the first time."""
AUDITED = AssetKey(features.STAGE.name)
"""The record of a judgement has the leakage audit too."""
NEAR_TWINS = "near_duplicates_across_roles"
ASKED = {
    "published": "nothing is asked",
    "gain not shown": "decide whether a model that is not shown to be better than the simple one is worth serving",
    "held back": "mend the data or the definition, or leave the model of before in its place; the report says why",
}
"""What a verdict asks of the owners of its industry."""


@dataclass(frozen=True)
class Judged:
    """What the judgement of one run says, as its materialisation has it."""

    run_id: str
    outcome: str
    reason: str
    held_back_by: str
    champion: str
    score: str

    @classmethod
    def of(cls, record: EventLogRecord) -> "Judged | None":
        """None where the record is no materialisation."""
        made = record.asset_materialization
        if made is None:
            return None
        said = {key: str(value.value) for key, value in made.metadata.items()}
        metric = said.get(evaluation.METRIC, "")
        return cls(
            run_id=record.run_id,
            outcome=said.get(evaluation.VERDICT, ""),
            reason=said.get(evaluation.REASON, ""),
            held_back_by=said.get(evaluation.HELD_BACK_BY, ""),
            champion=said.get("champion", ""),
            score=f"{metric_title(metric)} {number(float(said[metric]))}" if metric in said else "",
        )


def is_first(run: DagsterRun, instance: DagsterInstance) -> bool:
    """Whether a run made data or a judgement for the first time: people are told of it with others (`digest`)."""
    now, before = _judged(run, instance)
    if now is None and _had_data(run, instance):
        return False
    return before is None and (now is not None or bool(_failed(run, instance)))


def notice_of(run: DagsterRun, instance: DagsterInstance, catalogue: Catalogue) -> Notice | None:
    """What a run brings that differs from before; None where nothing does, or there was nothing before."""
    if is_first(run, instance):
        return None
    now, before = _judged(run, instance)
    checks = [check for check in _failed(run, instance) if _points(check) - _failed_before(check, run, instance)]
    changed = [*_changed(now, before)] if now and before else []
    if not changed and not checks:
        return None
    title = f"{before.outcome} → {now.outcome}" if changed and now and before else "checks fail that did not before"
    asked = ASKED.get(now.outcome, "") if changed and now else "look at what changed in the data"
    text = [*changed, *(f"{check.check_name}: {check.description}" for check in checks)]
    return Notice(
        f"{subject(run)}: {title}",
        "\n".join([*text, asked_of(subject(run), catalogue, asked), *links(subject(run), run.run_id)]),
        severity=_severity(now.outcome if changed and now else "", checks),
    )


def digest(keys: Sequence[str], catalogue: Catalogue, instance: DagsterInstance) -> Notice:
    """One notice on use cases that were made for the first time: for each its verdict with the reason, and the checks
    of its data that fail."""
    found = current_evaluations(catalogue, [key for key in keys if key in catalogue.use_cases]).evaluations
    outcomes = [judged.verdict.outcome for judged in found.values()]
    counts = ", ".join(f"{outcomes.count(outcome)} {outcome}" for outcome in ASKED if outcome in outcomes)
    lines = [line for key in keys for line in (*first_lines(key, found.get(key)), *_failing_data(key, instance))]
    return Notice(
        f"{len(keys)} use cases were made for the first time: {counts or 'none is judged'}",
        "\n".join([*lines, *links()]),
        severity="info",
    )


def first_lines(key: str, judged: Evaluation | None) -> Iterator[str]:
    if judged is None:
        yield f"{key}: its data are there, it is not judged yet"
        return
    score = judged.champion.test[judged.metric].value
    yield f"{key}: {judged.verdict.outcome} ({judged.champion.learner}, {metric_title(judged.metric)} {number(score)})"
    if judged.verdict.outcome != "published":
        yield f"  {judged.verdict.reason}"
    for finding in judged.leakage:
        if not finding.passed and (finding.name != NEAR_TWINS or _twins_matter(judged)):
            yield f"  {finding.name}: {finding.message}"


def _failing_data(key: str, instance: DagsterInstance) -> Iterator[str]:
    runs = instance.get_runs(RunsFilter(tags={PARTITION: key}, statuses=[DagsterRunStatus.SUCCESS]), limit=MOST_RUNS)
    failed = [check for run in runs for check in _failed(run, instance) if check.asset_key != AUDITED]
    yield from dict.fromkeys(f"  {check.check_name}: {check.description}" for check in failed)


def _twins_matter(judged: Evaluation) -> bool:
    """Whether rows without a near twin are scored otherwise than all: the score of all lies outside their interval."""
    rest = judged.without_twins.metric if judged.without_twins else None
    if rest is None or rest.low is None or rest.high is None:
        return True
    return not rest.low <= judged.champion.test[judged.metric].value <= rest.high


def _had_data(run: DagsterRun, instance: DagsterInstance) -> bool:
    """Whether another run before this one took data in."""
    of = AssetRecordsFilter(AssetKey(raw_data.STAGE.name), asset_partitions=[run.tags.get(PARTITION, "")])
    makers = [record.run_id for record in instance.fetch_materializations(of, limit=MOST_RECORDS).records]
    before = makers[makers.index(run.run_id) + 1 :] if run.run_id in makers else makers
    return any(maker != run.run_id for maker in before)


def _judged(run: DagsterRun, instance: DagsterInstance) -> tuple[Judged | None, Judged | None]:
    """The judgement that a run made, if it made one, and the one before it."""
    of = AssetRecordsFilter(AssetKey(evaluation.STAGE.name), asset_partitions=[run.tags.get(PARTITION, "")])
    records = instance.fetch_materializations(of, limit=MOST_RECORDS).records
    judged = [found for record in records if (found := Judged.of(record))]
    place = next((place for place, one in enumerate(judged) if one.run_id == run.run_id), None)
    if place is None:
        return None, judged[0] if judged else None
    return judged[place], judged[place + 1] if place + 1 < len(judged) else None


def _changed(now: Judged, before: Judged) -> Iterator[str]:
    if (now.outcome, now.held_back_by) == (before.outcome, before.held_back_by):
        return
    yield now.reason
    yield f"{before.champion}, {before.score} → {now.champion}, {now.score}"


def _failed(run: DagsterRun, instance: DagsterInstance) -> list[AssetCheckEvaluation]:
    """The checks that failed in a run. Not among them: gates, which the verdict sums up, and row rules whose rows were
    set aside as the definition says."""
    entries = instance.all_logs(run.run_id, of_type=DagsterEventType.ASSET_CHECK_EVALUATION)
    checks = [entry.dagster_event.asset_check_evaluation_data for entry in entries if entry.dagster_event]
    return [check for check in checks if not check.passed and not _gate(check) and not _expected(check)]


def _gate(check: AssetCheckEvaluation) -> bool:
    return check.asset_key.path[-1] == evaluation.STAGE.name or check.check_name == published_model.TAKES_OVER


def _expected(check: AssetCheckEvaluation) -> bool:
    return check.check_name == validated_data.CONTRACT and check.severity == AssetCheckSeverity.WARN


def _points(check: AssetCheckEvaluation) -> set[str]:
    """What a check that failed found: the points of a leakage audit that are not passed, else the check itself."""
    points = check.metadata.get("points")
    rows = [row.data for row in points.records] if isinstance(points, TableMetadataValue) else []
    return {str(row["point"]) for row in rows if not row["passed"]} or {check.check_name}


def _failed_before(check: AssetCheckEvaluation, run: DagsterRun, instance: DagsterInstance) -> set[str]:
    """What the evaluation of a check before the run's found; nothing where it passed."""
    history = instance.event_log_storage.get_asset_check_execution_history(
        check.asset_check_key, limit=MOST_RECORDS, partition_filter=PartitionKeyFilter(key=run.tags.get(PARTITION))
    )
    places = [place for place, record in enumerate(history) if record.run_id == run.run_id]
    before = history[max(places) + 1 :] if places else []
    done = (record for record in before if record.status in COMPLETED_ASSET_CHECK_EXECUTION_RECORD_STATUSES)
    found = [record.event.dagster_event for record in done if record.event]
    latest = next((event.asset_check_evaluation_data for event in found if event), None)
    return set() if latest is None or latest.passed else _points(latest)


def _severity(outcome: str, checks: Sequence[AssetCheckEvaluation]) -> Severity:
    if any(check.severity == AssetCheckSeverity.ERROR for check in checks):
        return "error"
    return "info" if outcome == "published" and not checks else "warning"
