"""What runs by itself once new data is there, and why.

Belongs here: a named condition for every asset that follows another, each with its reason, and the sensor that looks at
them. Does not belong here: noticing new data (`deliveries`), or what a job is made of (`jobs`).

Conditions follow data versions, which are digests of content: what was made again and came out the same starts nothing.
"""

from dagster import (
    AssetsDefinition,
    AssetSelection,
    AssetSpec,
    AutomationCondition,
    AutomationConditionSensorDefinition,
)

from assets.stages import INDUSTRY_REPORT, MARKET_ENTRY_REPORT, STAGES

HANDLED = AutomationCondition.newly_requested() | AutomationCondition.newly_updated()
"""Once asked for, a partition waits for the next change: a run that fails is not started again and again."""
ASKED_FOR_HERE = AutomationCondition.all_new_updates_have_run_tags(tag_keys={"dagster/from_automation_condition"})
MADE_BY_OTHERS = AutomationCondition.newly_updated() & ~ASKED_FOR_HERE
"""The end of a run that was asked for here says nothing: what changed while it ran may have come too late for it."""
IN_THIS_RUN = AutomationCondition.will_be_requested()

ROWS_CHANGED = AutomationCondition.any_deps_match(AutomationCondition.data_version_changed())
REQUESTED = AutomationCondition.newly_requested()
# The second half is for rows that came between a request and the next look. Alone, `since` lets the request win.
NEW_FEATURES = (
    (
        ROWS_CHANGED.since(REQUESTED | MADE_BY_OTHERS)
        | (ROWS_CHANGED & REQUESTED).since((REQUESTED & ~ROWS_CHANGED) | MADE_BY_OTHERS)
    )
    & ~AutomationCondition.any_deps_in_progress()
    & ~AutomationCondition.in_progress()
).with_label("the features hold other rows than the models were trained on")

NEW_MODELS = (
    AutomationCondition.any_deps_match(AutomationCondition.newly_updated() | IN_THIS_RUN)
    .ignore(AssetSelection.assets("features", "validated_data"))
    .since(HANDLED)
    & ~AutomationCondition.any_deps_in_progress()
    & ~AutomationCondition.in_progress()
).with_label("candidates were trained since the last judgement")

# Reports wait for the reports they sum up, not for the judgements below those. Two conditions and not one with `|`,
# which loses the moments by which Dagster tells a change before the request from one after it.
MEMBER_WRITTEN = AutomationCondition.any_deps_match(AutomationCondition.newly_updated()).ignore(
    AssetSelection.assets("evaluation")
)
NEW_MEMBER = (
    MEMBER_WRITTEN.since(AutomationCondition.newly_requested())
    & MEMBER_WRITTEN.since(MADE_BY_OTHERS)
    & ~AutomationCondition.any_deps_in_progress()
    & ~AutomationCondition.in_progress()
).with_label("a report that this one sums up was written anew, and no other is being written")

CONDITIONS = {
    **{name: NEW_FEATURES for name, stage in STAGES.items() if stage.group == "models"},
    "evaluation": NEW_MODELS,
    "published_model": NEW_MODELS.with_label("a champion was judged"),
    "evaluation_report": NEW_MODELS.with_label("the judgement was made anew"),
    INDUSTRY_REPORT: NEW_MEMBER,
    MARKET_ENTRY_REPORT: NEW_MEMBER,
}
"""By asset. Raw data, validated data and features have none: a delivery asks for all three in one run."""


def automated(assets: AssetsDefinition) -> AssetsDefinition:
    """The same assets, each with its condition."""
    return assets.map_asset_specs(_with_condition)


def _with_condition(spec: AssetSpec) -> AssetSpec:
    condition = CONDITIONS.get(spec.key.to_user_string())
    return spec.replace_attributes(automation_condition=condition) if condition else spec


def sensor(seconds: int) -> AutomationConditionSensorDefinition:
    """Looks at the conditions, `seconds` between two looks. Stopped until switched on."""
    return AutomationConditionSensorDefinition(
        name="follow_new_data",
        target=list(CONDITIONS),
        minimum_interval_seconds=seconds,
        description="Train, judge and report anew where the data changed. Nothing runs where it did not.",
    )
