"""The automation conditions: what Dagster requests by itself once new data is there, and why.

Belongs here: a named `AutomationCondition` for every asset that follows another. Does not belong here: noticing new
data (`sensors.new_deliveries`), the sensor that evaluates the conditions (`sensors.follow_new_data`), or what a job is
made of (`jobs`).

Edge and level. A condition is evaluated at every tick, partition by partition. Some operands are *edges*, true for the
one tick after an event: `newly_updated()`, `newly_requested()`, `data_version_changed()`, `will_be_requested()`. Others
are *levels*, true for as long as a state lasts: `in_progress()`, `any_deps_in_progress()`. `A.since(B)` turns two edges
into a level: true from the tick of A until the tick of B. So a change that comes while a dependency is in progress is
kept until that has ended, instead of being lost with its tick. Every condition here is `change.since(handled)` while
nothing is in progress: a level that no edge resets would request a run at every tick.

The edge of a change is `data_version_changed()` where one data version stands for the same content: what was made again
and came out the same requests nothing. Models have a new data version for each run, so what follows them uses
`newly_updated()`.
"""

from dagster import AssetsDefinition, AssetSelection, AssetSpec, AutomationCondition

from assets.stages import INDUSTRY_REPORT, MARKET_ENTRY_REPORT, STAGES, STATUS_REPORT

REQUESTED = AutomationCondition.newly_requested()
UPDATED = AutomationCondition.newly_updated()
HANDLED = REQUESTED | UPDATED
"""A request resets the condition whether or not its run succeeds: a run that fails is not requested again and again."""
UPDATED_BY_CONDITION = AutomationCondition.all_new_updates_have_run_tags(tag_keys={"dagster/from_automation_condition"})
UPDATED_OTHERWISE = AutomationCondition.newly_updated() & ~UPDATED_BY_CONDITION
"""The end of a run that a condition requested resets nothing: what changed while it ran may have come too late for it.
"""
IN_THIS_RUN = AutomationCondition.will_be_requested()

ROWS_CHANGED = AutomationCondition.any_deps_match(AutomationCondition.data_version_changed())
# Where both edges fall on one tick `since` lets the reset win. The second operand keeps rows that changed between the
# request and the tick that sees both.
NEW_FEATURES = (
    (
        ROWS_CHANGED.since(REQUESTED | UPDATED_OTHERWISE)
        | (ROWS_CHANGED & REQUESTED).since((REQUESTED & ~ROWS_CHANGED) | UPDATED_OTHERWISE)
    )
    & ~AutomationCondition.any_deps_in_progress()
    & ~AutomationCondition.in_progress()
).with_label("the features hold other rows than the models were trained on")

NEW_MODELS = (
    AutomationCondition.any_deps_match(UPDATED | IN_THIS_RUN)
    .ignore(AssetSelection.assets("features", "validated_data"))
    .since(HANDLED)
    & ~AutomationCondition.any_deps_in_progress()
    & ~AutomationCondition.in_progress()
).with_label("candidates were trained since the last judgement")

# Reports follow the reports they sum up, not the evaluations below those. Two `since` and not `.since(A | B)`:
# through `|` Dagster loses the times by which it separates a change before the request from one after it.
MEMBER_WRITTEN = AutomationCondition.any_deps_match(UPDATED).ignore(AssetSelection.assets("evaluation"))
NEW_MEMBER = (
    MEMBER_WRITTEN.since(REQUESTED)
    & MEMBER_WRITTEN.since(UPDATED_OTHERWISE)
    & ~AutomationCondition.any_deps_in_progress()
    & ~AutomationCondition.in_progress()
).with_label("a report that this one sums up was written anew, and no other is being written")

# Where a use case stands: its report was written, or a delivery was refused. The market's comes last of those above.
# The second operand keeps a refusal that falls on one tick with the end of the page's own run.
REFUSED = AutomationCondition.any_deps_match(AutomationCondition.execution_failed().newly_true())
STANDING_CHANGED = REFUSED | AutomationCondition.any_deps_match(UPDATED).ignore(
    AssetSelection.assets("raw_data", "validated_data", "evaluation", INDUSTRY_REPORT)
)
NEW_STANDING = (
    (STANDING_CHANGED.since(HANDLED) | (REFUSED & HANDLED).since(HANDLED & ~REFUSED))
    & ~AutomationCondition.any_deps_in_progress()
    & ~AutomationCondition.in_progress()
).with_label("a report was written, or a run failed, since the start page was written")

CONDITIONS = {
    **{name: NEW_FEATURES for name, stage in STAGES.items() if stage.group == "models"},
    "evaluation": NEW_MODELS,
    "published_model": NEW_MODELS.with_label("a champion was judged"),
    "evaluation_report": NEW_MODELS.with_label("the judgement was made anew"),
    INDUSTRY_REPORT: NEW_MEMBER,
    MARKET_ENTRY_REPORT: NEW_MEMBER,
    STATUS_REPORT: NEW_STANDING,
}
"""By asset. Raw data, validated data and features have none: one run, requested for a delivery, makes all three."""


def automated(assets: AssetsDefinition) -> AssetsDefinition:
    """The same assets, each with its condition."""
    return assets.map_asset_specs(_with_condition)


def _with_condition(spec: AssetSpec) -> AssetSpec:
    condition = CONDITIONS.get(spec.key.to_user_string())
    return spec.replace_attributes(automation_condition=condition) if condition else spec
